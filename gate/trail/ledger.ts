import type { LogEntry } from "./read.ts";

/** Entries may be this much off the time stamps around them: clocks differ. */
export const ANCHOR_SKEW_MS = 5 * 60_000;

/** Kinds after which their subjects run: a rollback is a deployment of what it brings back. */
const DEPLOYED: ReadonlySet<string> = new Set(["deploy.succeeded", "deploy.rolled_back"]);

/** What an entry says once an hour. */
interface Heartbeat {
  readonly seq: number;
  /** When it was written, milliseconds since 1970. */
  readonly time: number;
  readonly hour: string;
  /** Digest of the rules of the governed branch; absent where they were not told. */
  readonly rules?: string;
}

/** What the entries of a trail claim, put so that it can be held against the governed repository. */
export class Ledger {
  /** Entries that recorded a move of the governed branch, in order. */
  readonly moves: Move[] = [];
  readonly deployed: Claim[] = [];
  /** Entries that name an id that no earlier entry has. */
  readonly danglingRefs: { readonly seq: number; readonly ref: string }[] = [];
  /** Commits whose change of policy is recorded. */
  readonly policyCommits = new Set<string>();
  readonly heartbeats: Heartbeat[] = [];
  readonly anchors: { readonly seq: number; readonly size: number; readonly time: number }[] = [];
  readonly #times: number[] = [];
  readonly #ids = new Set<string>();
  /** Whether the last decision about a head on its base passed: a later one, by another policy, takes it back. */
  readonly #decided = new Map<string, boolean>();
  /** Digests of subjects that some decision passed. */
  readonly #passedDigests = new Set<string>();
  readonly #explained = new Set<string>();

  take(entry: LogEntry): void {
    const { seq, predicate } = entry;
    this.#times[seq] = Date.parse(predicate.ts);
    for (const ref of predicate.refs ?? []) if (!this.#ids.has(ref)) this.danglingRefs.push({ seq, ref });
    this.#ids.add(predicate.id);
    this.#takeDecision(entry);
    this.#takeMove(entry);
    const { policy, heartbeat, anchor, gap, kind } = predicate;
    if (kind === "policy.changed" && policy !== undefined) this.policyCommits.add(policy.commit);
    if (heartbeat !== undefined) this.heartbeats.push({ seq, time: this.#times[seq]!, ...heartbeat });
    if (anchor !== undefined) this.anchors.push({ seq, size: anchor.size, time: Date.parse(anchor.time) });
    if (kind === "gap.explained" && gap !== undefined) this.#explained.add(keyOf(gap.code, gap.object));
  }

  /** An entry of a kind that this version does not know: others may build on it. */
  takeUnknown(id: string): void {
    this.#ids.add(id);
  }

  /** True if a person explained this gap. */
  explains(code: string, object: string): boolean {
    return this.#explained.has(keyOf(code, object));
  }

  /** The first entry whose time contradicts the anchor; undefined if none does. */
  findOutsideAnchor({ seq, size, time }: { seq: number; size: number; time: number }): number | undefined {
    for (let at = 0; at <= seq; at++) {
      const stated = this.#times[at];
      if (stated === undefined) continue;
      // What the anchored tree holds was written before the stamp; what came after it, after.
      if (at < size ? stated > time + ANCHOR_SKEW_MS : stated < time - ANCHOR_SKEW_MS) return at;
    }
    return undefined;
  }

  #takeDecision({ seq, predicate, subject }: LogEntry): void {
    const digests = subject.flatMap(({ digest }) => ("sha256" in digest ? [digest.sha256] : []));
    const { decision } = predicate;
    const isPassed = decision?.verdict === "pass";
    const change = changeOf(predicate);
    if (decision !== undefined && change !== undefined) this.#decided.set(change, isPassed);
    if (isPassed) for (const digest of digests) this.#passedDigests.add(digest);
    if (!DEPLOYED.has(predicate.kind)) return;
    for (const digest of digests)
      this.deployed.push({ seq, digest, isDecided: this.#passedDigests.has(digest) });
  }

  #takeMove({ seq, predicate }: LogEntry): void {
    const { merge, move } = predicate;
    if (move !== undefined) {
      this.moves.push({ kind: "bypass", seq, ref: move.ref, before: move.before, after: move.after });
    }
    if (merge === undefined) return;
    const change = changeOf(predicate);
    const isDecided = change !== undefined && this.#decided.get(change) === true;
    const { ref, before, sha: after } = merge;
    this.moves.push({ kind: "merge", seq, ref, before, after, isDecided });
  }
}

/** A recorded move of a branch: the commits after `before` up to `after`; only `after` if `before` is not said. */
export type Move =
  | {
      readonly kind: "bypass";
      readonly seq: number;
      readonly ref: string;
      readonly before: string;
      readonly after: string;
    }
  | {
      readonly kind: "merge";
      readonly seq: number;
      readonly ref: string;
      readonly before: string | undefined;
      readonly after: string;
      /** The last decision before it about the same head and base passed. */
      readonly isDecided: boolean;
    };

export interface Claim {
  readonly seq: number;
  readonly digest: string;
  readonly isDecided: boolean;
}

/** Head and base of what an entry is about, whether it calls it a pull request or a merge group. */
function changeOf({ pr, group }: LogEntry["predicate"]): string | undefined {
  const commits = pr ?? group;
  return commits === undefined ? undefined : keyOf(commits.head_sha, commits.base_sha);
}

function keyOf(code: string, object: string): string {
  return `${code}\0${object}`;
}
