import { GateError } from "../model/error.ts";
import type { SignedCheckpoint } from "./checkpoint.ts";
import { cosignatureTime } from "./cosignature.ts";
import { formatSignature, type NoteSignature, parseSignature, verifyNote } from "./note.ts";
import type { Witness } from "./witness-policy.ts";

/** Having others see each tree before it can be taken back: c2sp.org/tlog-witness v1.0.0. */

/** A witness may be this far ahead of us. */
export const CLOCK_SKEW_SECONDS = 300;
/** Room for several cosignatures, post-quantum ones too. */
export const ANSWER_BYTES_MAX = 64 * 1024;
const SIZE = /^(0|[1-9][0-9]{0,15})\n$/;

/** What a witness is asked with; the shells hand in `fetch`. */
export interface WitnessWorld {
  post(url: string, body: Uint8Array): Promise<WitnessAnswer>;
  now(): Date;
}

export interface WitnessAnswer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** The checkpoint that is to be seen, and proofs that it extends what the witness has seen. */
export interface Submission {
  readonly checkpoint: SignedCheckpoint;
  /** The note, verbatim. */
  readonly note: Uint8Array;
  /** Size that the witness cosigned last, as far as we know; 0 if we do not. */
  readonly seen: number;
  proveConsistency(from: number): Promise<readonly Uint8Array[]>;
}

export type WitnessOutcome =
  | { readonly kind: "cosigned"; readonly signatures: readonly NoteSignature[] }
  /** No answer, or one that says nothing of the log: the trail goes on without it for now. */
  | { readonly kind: "unavailable"; readonly cause: GateError }
  /** The witness has seen another tree than ours: halt, and look. */
  | { readonly kind: "forked"; readonly message: string };

/**
 * Asks a witness to cosign. A witness that has seen a smaller tree is sent the proof from there. One that has seen a
 * larger tree, or another of the same size, means that we were rolled back or that two writers hold our key.
 */
export async function submit(
  world: WitnessWorld,
  witness: Witness,
  submission: Submission,
): Promise<WitnessOutcome> {
  const { size } = submission.checkpoint;
  let { seen } = submission;
  const forked = (state: string): WitnessOutcome => ({
    kind: "forked",
    message: `witness ${witness.name} has seen ${state}, ours has ${size}`,
  });
  // Twice: with what we believe, then with the size that the witness says.
  for (let turn = 0; turn < 2; turn++) {
    if (seen > size) return forked(`a tree of ${seen}`);
    const answer = await ask(world, witness, { ...submission, seen });
    if (answer instanceof GateError) return { kind: "unavailable", cause: answer };
    if (answer.status === 200) return cosigned(world, witness, submission, answer.body);
    if (answer.status === 422) return forked("another tree");
    const known = answer.status === 409 ? sizeIn(answer.body) : undefined;
    if (known === undefined) return unavailable(witness, `answered ${answer.status}`);
    // It knows our size, we proved from there, and it still refuses: its root is another.
    if (known === seen && known === size) return forked(`another tree of ${size}`);
    seen = known;
  }
  return seen > size
    ? forked(`a tree of ${seen}`)
    : unavailable(witness, "contradicts itself about what it has seen");
}

/** The note with the cosignatures after its own signatures: the file `checkpoint.witnessed`. */
export function withCosignatures(note: Uint8Array, signatures: readonly NoteSignature[]): Uint8Array {
  return Buffer.concat([note, Buffer.from(signatures.map(formatSignature).join(""), "utf8")]);
}

async function ask(
  { post }: WitnessWorld,
  { name, url }: Witness,
  { seen, note, proveConsistency }: Submission,
): Promise<WitnessAnswer | GateError> {
  if (url === undefined) return failure(name, "has no URL");
  const proof = await proveConsistency(seen);
  const lines = proof.map((hash) => `${Buffer.from(hash).toString("base64")}\n`).join("");
  const body = Buffer.concat([Buffer.from(`old ${seen}\n${lines}\n`, "utf8"), note]);
  try {
    const answer = await post(`${url.replace(/\/$/, "")}/add-checkpoint`, body);
    return answer.body.length <= ANSWER_BYTES_MAX
      ? answer
      : failure(name, `answered ${answer.body.length} bytes`);
  } catch (cause) {
    return failure(name, "does not answer", cause);
  }
}

function cosigned(
  world: WitnessWorld,
  witness: Witness,
  submission: Submission,
  body: Uint8Array,
): WitnessOutcome {
  try {
    const signatures = parseCosignatures(body, witness);
    const note = { text: submission.checkpoint.text, signatures };
    const known = verifyNote(note, [witness.verifier], `cosignature of ${witness.name}`);
    const latest = Math.floor(world.now().getTime() / 1000) + CLOCK_SKEW_SECONDS;
    const future = known.find(({ signature }) => cosignatureTime(signature) > latest);
    if (future !== undefined) return unavailable(witness, "signed for a time to come");
    return { kind: "cosigned", signatures: known };
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    return { kind: "unavailable", cause };
  }
}

function parseCosignatures(body: Uint8Array, { name }: Witness): readonly NoteSignature[] {
  const lines = Buffer.from(body).toString("utf8").split("\n");
  if (lines.pop() !== "") throw failure(name, "answered without a newline at the end");
  return lines.map((line) => parseSignature(line, `answer of witness ${name}`));
}

function sizeIn(body: Uint8Array): number | undefined {
  const [, size] = SIZE.exec(Buffer.from(body).toString("latin1")) ?? [];
  return size === undefined || !Number.isSafeInteger(Number(size)) ? undefined : Number(size);
}

function unavailable({ name }: Witness, state: string): WitnessOutcome {
  return { kind: "unavailable", cause: failure(name, state) };
}

function failure(name: string, state: string, cause?: unknown): GateError {
  return new GateError("TRAIL_WITNESS_UNAVAILABLE", `Cannot use witness ${name}: it ${state}`, { cause });
}
