import { GateError } from "../model/error.ts";
import { WITNESSED_FILE } from "./batch.ts";
import { parseWitnessVkey } from "./cosignature.ts";
import { type NoteSignature, parseNote, parseVkey, type Verifier } from "./note.ts";

/** Which witnesses a log needs: c2sp.org/tlog-policy. */
export interface WitnessPolicy {
  /** vkeys of the log, if the policy names them. */
  readonly logs: readonly Verifier[];
  readonly witnesses: readonly Witness[];
  /** True if the witnesses with these vkeys are enough. */
  isMetBy(vkeys: ReadonlySet<string>): boolean;
}

/** The witnesses whose signatures are among these; that they verify is looked at elsewhere. */
export function witnessesAmong(
  { witnesses }: WitnessPolicy,
  signatures: readonly NoteSignature[],
): readonly Witness[] {
  return witnesses.filter(({ verifier: { name, keyId } }) =>
    signatures.some((signature) => signature.name === name && signature.keyId === keyId),
  );
}

export interface Witness {
  readonly name: string;
  readonly verifier: Verifier;
  /** Prefix of its submission URL. */
  readonly url?: string;
}

const NAME = /^[A-Za-z0-9._-]{1,64}$/;
const LINES_MAX = 200;

/** The policy that the text states. Throws `TRAIL_POLICY_INVALID`. */
export function parseWitnessPolicy(text: string): WitnessPolicy {
  const lines = text.split("\n").map((line) => line.trim());
  if (lines.length > LINES_MAX) throw invalid(`it has ${lines.length} lines, limit is ${LINES_MAX}`);
  const parser = new PolicyParser();
  for (const line of lines) if (line !== "" && !line.startsWith("#")) parser.take(line.split(/[ \t]+/), line);
  return parser.finish();
}

/**
 * Whether enough of the witnesses that a policy names stand under a note; that they signed it is not looked at again.
 * False for a policy that does not parse, which is nobody's to meet.
 */
export function isCosigned(note: Uint8Array, policy: string | undefined): boolean {
  if (policy === undefined) return false;
  try {
    const parsed = parseWitnessPolicy(policy);
    const present = witnessesAmong(parsed, parseNote(note, WITNESSED_FILE).signatures);
    return parsed.isMetBy(new Set(present.map(({ verifier }) => verifier.vkey)));
  } catch (cause) {
    if (cause instanceof GateError) return false;
    throw cause;
  }
}

type Quorum = (vkeys: ReadonlySet<string>) => boolean;

class PolicyParser {
  readonly #logs: Verifier[] = [];
  readonly #witnesses: Witness[] = [];
  /** Witnesses and groups by name: one space of names, and nothing is named before it is defined. */
  readonly #members = new Map<string, Quorum>();
  #quorum: Quorum | undefined;

  take([keyword, ...words]: readonly string[], line: string): void {
    if (keyword === "log") this.#log(words, line);
    else if (keyword === "witness") this.#witness(words, line);
    else if (keyword === "group") this.#group(words, line);
    else if (keyword === "quorum") this.#setQuorum(words, line);
    else throw invalid(`'${line}' begins with none of log, witness, group, quorum`);
  }

  finish(): WitnessPolicy {
    if (this.#quorum === undefined) throw invalid("it states no quorum");
    return { logs: this.#logs, witnesses: this.#witnesses, isMetBy: this.#quorum };
  }

  #log([vkey, _url, ...rest]: readonly string[], line: string): void {
    if (vkey === undefined || rest.length > 0) throw invalid(`'${line}' is not log <vkey> [url]`);
    this.#logs.push(parseVkey(vkey));
  }

  #witness([name, vkey, url, ...rest]: readonly string[], line: string): void {
    if (name === undefined || vkey === undefined || rest.length > 0) {
      throw invalid(`'${line}' is not witness <name> <vkey> [url]`);
    }
    const verifier = parseWitnessVkey(vkey);
    if (this.#witnesses.some((witness) => witness.verifier.vkey === vkey))
      throw invalid(`${vkey} stands there twice`);
    this.#define(name, (vkeys) => vkeys.has(vkey));
    this.#witnesses.push({ name, verifier, ...(url === undefined ? {} : { url }) });
  }

  #group([name, rule, ...names]: readonly string[], line: string): void {
    if (
      name === undefined ||
      rule === undefined ||
      names.length === 0 ||
      new Set(names).size < names.length
    ) {
      throw invalid(`'${line}' is not group <name> all|any|<k> <names>`);
    }
    const needed = rule === "all" ? names.length : rule === "any" ? 1 : Number(rule);
    if (!/^(?:all|any|[1-9][0-9]?)$/.test(rule) || needed > names.length) {
      throw invalid(`'${line}' asks for ${rule} of ${names.length}`);
    }
    const members = names.map((member) => this.#member(member));
    this.#define(name, (vkeys) => members.filter((isMet) => isMet(vkeys)).length >= needed);
  }

  #setQuorum([name, ...rest]: readonly string[], line: string): void {
    if (name === undefined || rest.length > 0 || this.#quorum !== undefined) {
      throw invalid(`'${line}' is not the one quorum <name>|none`);
    }
    this.#quorum = name === "none" ? () => true : this.#member(name);
  }

  #member(name: string): Quorum {
    const member = this.#members.get(name);
    if (member === undefined) throw invalid(`'${name}' is not defined above`);
    return member;
  }

  #define(name: string, quorum: Quorum): void {
    if (!NAME.test(name) || name === "none" || this.#members.has(name))
      throw invalid(`'${name}' cannot be a name here`);
    this.#members.set(name, quorum);
  }
}

function invalid(state: string): GateError {
  return new GateError("TRAIL_POLICY_INVALID", `Cannot use the witness policy: ${state}`);
}
