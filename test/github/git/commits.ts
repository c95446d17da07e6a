import type { Repository } from "../nouns.ts";
import { type GitObject, readObject, writeObject } from "./objects.ts";

export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly at: Date;
}

export interface Commit {
  readonly id: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
}

const PARSED = new WeakMap<GitObject, Commit>();

/** The commit of a full id, or that a tag of a full id names; undefined if there is none. */
export function readCommit(repository: Repository, id: string): Commit | undefined {
  const object = readObject(repository, id);
  if (object?.type === "tag") {
    return readCommit(repository, /^object (\w+)$/m.exec(object.bytes.toString())?.[1] ?? "");
  }
  if (object?.type !== "commit") return undefined;
  const commit = PARSED.get(object) ?? parseCommit(id, object.bytes.toString());
  PARSED.set(object, commit);
  return commit;
}

function parseCommit(id: string, text: string): Commit {
  const end = text.indexOf("\n\n");
  const lines = text.slice(0, end).split("\n");
  const values = (name: string) =>
    lines.flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));
  return {
    id,
    tree: values("tree")[0] ?? "",
    parents: values("parent"),
    author: parseSignature(values("author")[0] ?? ""),
    committer: parseSignature(values("committer")[0] ?? ""),
    message: text.slice(end + 2),
  };
}

function parseSignature(text: string): Signature {
  const {
    name = "",
    email = "",
    at = "0",
  } = /^(?<name>.*) ?<(?<email>.*)> (?<at>\d+) /.exec(text)?.groups ?? {};
  return { name: name.trimEnd(), email, at: new Date(Number(at) * 1000) };
}

/** Writes a commit object; its id. No ref is touched. */
export function writeCommit(repository: Repository, commit: Omit<Commit, "id">): string {
  const line = ({ name, email, at }: Signature) =>
    `${name} <${email}> ${Math.floor(at.getTime() / 1000)} +0000`;
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${line(commit.author)}`,
    `committer ${line(commit.committer)}`,
  ];
  return writeObject(repository, "commit", `${lines.join("\n")}\n\n${commit.message.trimEnd()}\n`);
}

/** What was asked last: histories do not change, and the tip of the base is asked about again and again. */
const REACHED = new WeakMap<Repository, Map<string, ReadonlyMap<string, Commit>>>();
const REACHED_MAX = 64;

/** Every commit that can be reached from `id`, itself included, newest first. */
export function ancestors(repository: Repository, id: string): ReadonlyMap<string, Commit> {
  const kept = REACHED.get(repository) ?? new Map<string, ReadonlyMap<string, Commit>>();
  REACHED.set(repository, kept);
  const known = kept.get(id);
  if (known !== undefined) return known;
  const reached = reach(repository, id);
  if (kept.size >= REACHED_MAX) kept.clear();
  kept.set(id, reached);
  return reached;
}

function reach(repository: Repository, id: string): ReadonlyMap<string, Commit> {
  const found = new Map<string, Commit>();
  const open = [id];
  for (let at = 0; at < open.length; at++) {
    const commit = found.has(open[at]!) ? undefined : readCommit(repository, open[at]!);
    if (commit === undefined) continue;
    found.set(commit.id, commit);
    open.push(...commit.parents);
  }
  return found;
}

/** The best common ancestor; undefined for histories that do not meet. */
export function mergeBase(repository: Repository, one: string, other: string): string | undefined {
  if (one === other) return one;
  const ours = ancestors(repository, one);
  const common = new Map([...ancestors(repository, other)].filter(([id]) => ours.has(id)));
  // Whatever a common ancestor's parents are is common, too, and further away.
  const further = new Set([...common.values()].flatMap(({ parents }) => parents));
  return [...common.keys()].find((id) => !further.has(id));
}

/** Commits of `head` that `base` does not have, parents before children. */
export function commitsBetween(repository: Repository, base: string, head: string): Commit[] {
  const known = ancestors(repository, base);
  const fresh = ancestors(repository, head);
  const ordered: Commit[] = [];
  const done = new Set<string>();
  const open = [head];
  while (open.length > 0) {
    const id = open.at(-1)!;
    const commit = known.has(id) || done.has(id) ? undefined : fresh.get(id);
    const waits = commit?.parents.filter(
      (parent) => fresh.has(parent) && !known.has(parent) && !done.has(parent),
    );
    if (waits !== undefined && waits.length > 0) {
      open.push(...waits.toReversed());
      continue;
    }
    open.pop();
    if (commit !== undefined) ordered.push(commit);
    done.add(id);
  }
  return ordered;
}
