import { foldEnvironment } from "../model/environment.ts";
import type { Entry, Subject } from "./entry.ts";
import type { GitStore } from "./git-store.ts";
import { openTrail, readLog } from "./read.ts";

/** What ran where on a day, on whose word, by which policy, and what went round the gate. */
export interface AsOf {
  readonly time: string;
  readonly origin: string;
  readonly size: number;
  /** Entries whose kind this version does not know: what they say, of whatever time, is not in this. */
  readonly unknown: number;
  readonly deployed: readonly Deployed[];
  /** The last passing decision about each subject that was never deployed. */
  readonly approved: readonly Approved[];
  /** Moves of the governed branch that passed no gate, up to that time. */
  readonly bypasses: readonly { readonly seq: number; readonly ref: string; readonly after: string }[];
}

export interface Deployed {
  readonly environment: string;
  readonly name: string;
  readonly digest: string;
  readonly seq: number;
  readonly since: string;
  /** The last passing decision about exactly this digest before it was deployed; absent means that nothing approved it. */
  readonly decision?: Approved;
}

/** One subject of a decision that passed. */
export interface Approved {
  readonly name: string;
  readonly digest: string;
  readonly seq: number;
  readonly time: string;
  readonly pr?: number;
  readonly policy: string;
  readonly approvals: readonly { readonly id: number; readonly role: string }[];
  readonly waivers: readonly string[];
}

const KINDS = ["decision.made", "deploy.", "bypass.detected"];

/** The state at a time (RFC 3339, UTC; entries of that very millisecond count). */
export async function readAsOf(store: GitStore, time: string): Promise<AsOf> {
  const head = await openTrail(store);
  const state = new StateAsOf();
  let unknown = 0;
  for await (const entry of readLog(store, head, { kinds: KINDS }, () => unknown++)) {
    if (entry.predicate.ts <= time) state.take(entry, entry.seq);
  }
  const { origin, size } = head.checkpoint;
  return { time, origin, size, unknown, ...state.result() };
}

class StateAsOf {
  /** Passing decisions by the digest that they are about, and by digest and name. */
  readonly #approved = new Map<string, Approved>();
  /** The last of them by name: two models may be the same bytes. */
  readonly #latest = new Map<string, Approved>();
  /** What was deployed, newest last, by environment and name. */
  readonly #deployed = new Map<string, (Deployed & { readonly deployment: number })[]>();
  readonly #bypasses: AsOf["bypasses"][number][] = [];

  take(entry: Entry, seq: number): void {
    const { kind, decision, move } = entry.predicate;
    if (decision?.verdict === "pass") for (const subject of entry.subject) this.#approve(entry, seq, subject);
    if (kind === "deploy.succeeded") for (const subject of entry.subject) this.#deploy(entry, seq, subject);
    if (kind === "deploy.rolled_back") for (const subject of entry.subject) this.#goBack(entry, seq, subject);
    if (move !== undefined) this.#bypasses.push({ seq, ref: move.ref, after: move.after });
  }

  result(): Pick<AsOf, "deployed" | "approved" | "bypasses"> {
    const deployed = [...this.#deployed.values()]
      .flatMap((versions) => versions.slice(-1))
      .map(({ deployment: _, ...version }) => version)
      .sort((a, b) => compare(`${a.environment}\0${a.name}`, `${b.environment}\0${b.name}`));
    const names = new Set(deployed.map(({ name }) => name));
    const approved = [...this.#latest.values()].filter(({ name }) => !names.has(name));
    return { deployed, approved: approved.sort((a, b) => compare(a.name, b.name)), bypasses: this.#bypasses };
  }

  #approve({ predicate }: Entry, seq: number, subject: Subject): void {
    const { ts, pr, policy, decision } = predicate;
    const digest = digestOf(subject);
    const approved: Approved = {
      name: subject.name,
      digest,
      seq,
      time: ts,
      ...(pr === undefined ? {} : { pr: pr.number }),
      policy: policy?.digest.sha256 ?? "",
      approvals: (decision?.approvals ?? []).map(({ id, role }) => ({ id, role })),
      waivers: decision?.waivers ?? [],
    };
    this.#approved.set(digest, approved).set(namedKeyOf(subject), approved);
    this.#latest.set(subject.name, approved);
  }

  #deploy({ predicate }: Entry, seq: number, subject: Subject): void {
    const { id: deployment, environment } = predicate.deployment!;
    const key = keyOf(environment, subject);
    const digest = digestOf(subject);
    // What was deployed may have another name since; where two have these bytes, its own name counts.
    const decision = this.#approved.get(namedKeyOf(subject)) ?? this.#approved.get(digest);
    const version = { environment, name: subject.name, digest, seq, since: predicate.ts, deployment };
    const known = decision === undefined ? version : { ...version, decision };
    this.#deployed.set(key, [...(this.#deployed.get(key) ?? []), known]);
  }

  /**
   * A rollback is a deployment of what it brings back. But one that names what runs there, by the very deployment that
   * brought it, brings nothing: it says that this deployment was undone, and what ran before it runs again.
   */
  #goBack(entry: Entry, seq: number, subject: Subject): void {
    const { id, environment } = entry.predicate.deployment!;
    const key = keyOf(environment, subject);
    const versions = this.#deployed.get(key) ?? [];
    const running = versions.at(-1);
    if (running?.deployment === id && running.digest === digestOf(subject)) {
      const left = versions.filter(({ deployment }) => deployment !== id);
      this.#deployed.set(key, left);
    } else {
      this.#deploy(entry, seq, subject);
    }
  }
}

function keyOf(environment: string, { name }: Subject): string {
  return JSON.stringify([foldEnvironment(environment), name]);
}

function namedKeyOf(subject: Subject): string {
  return JSON.stringify([digestOf(subject), subject.name]);
}

function digestOf({ digest }: Subject): string {
  return "sha256" in digest ? `sha256:${digest.sha256}` : `git:${digest.gitCommit}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
