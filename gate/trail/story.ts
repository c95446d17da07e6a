import type { Entry } from "./entry.ts";
import type { GitStore } from "./git-store.ts";
import type { Head } from "./head.ts";
import { readLog } from "./read.ts";

/** What a trail says of one pull request, in order: what came before a decision, and what became of it. */

/**
 * Entries that are kept of one pull request: so many of the first, and so many of the last. Both ends, for whoever
 * wants a bypass overlooked could else put enough before it.
 */
export const STORY_END_MAX = 100;

/**
 * Why an entry belongs to a pull request: it names its number; it points at an entry that does; it is about a commit
 * of it, or about bytes of it. A deployment names a commit and bytes alone.
 */
export type StoryTie = "number" | "reference" | "commit" | "content";

export interface StoryLine {
  readonly seq: number;
  /** RFC 3339, UTC. */
  readonly ts: string;
  readonly kind: string;
  readonly tie: StoryTie;
  /** What it says, in one line; text of the entry stands in it as it is. */
  readonly words: string;
}

export interface Story {
  readonly first: readonly StoryLine[];
  /** Entries between the two that are not kept. */
  readonly omitted: number;
  readonly last: readonly StoryLine[];
}

/** Kinds that belong to a pull request by what they are about, and seldom or never name its number. */
const TIED_KINDS = ["decision.", "bypass.", "breakglass.", "incident.", "merge.", "deploy."];

/** Names the pull request of an entry within its trail; undefined for an entry of none. */
export function pullOf({ predicate: { repo, pr } }: Entry): string | undefined {
  return pr === undefined ? undefined : `${repo.id}#${pr.number}`;
}

/**
 * The stories of the pull requests that the entries name, by `pullOf`; all of them by reading the log once. An entry
 * without a number is told from the entries before it and from those that are given, whose commits and bytes are
 * known from the beginning. What is of a kind that this version does not know is in no story.
 */
export async function readStories(
  store: GitStore,
  head: Head,
  entries: readonly Entry[],
): Promise<ReadonlyMap<string, Story>> {
  const stories = new Map<string, GrowingStory>();
  const ties = new Ties();
  for (const entry of entries) {
    const pull = pullOf(entry);
    if (pull === undefined) continue;
    stories.set(pull, new GrowingStory());
    ties.learn(pull, entry);
  }
  if (stories.size === 0) return stories;
  for await (const { seq, bytes: _, ...entry } of readLog(store, head)) {
    const named = pullOf(entry);
    if (named !== undefined && stories.has(named)) ties.learn(named, entry);
    const tied = named === undefined ? ties.find(entry) : new Map([[named, "number" as const]]);
    for (const [pull, tie] of tied) stories.get(pull)?.add(toLine(entry, seq, tie));
  }
  return stories;
}

class GrowingStory implements Story {
  readonly first: StoryLine[] = [];
  readonly last: StoryLine[] = [];
  omitted = 0;

  add(line: StoryLine): void {
    if (this.first.length < STORY_END_MAX) {
      this.first.push(line);
      return;
    }
    this.last.push(line);
    if (this.last.length <= STORY_END_MAX) return;
    this.last.shift();
    this.omitted++;
  }
}

/** What is known of the pull requests beside their numbers. */
class Ties {
  readonly #byId = new Map<string, Set<string>>();
  readonly #byCommit = new Map<string, Set<string>>();
  readonly #byContent = new Map<string, Set<string>>();

  learn(pull: string, { subject, predicate }: Entry): void {
    const { id, pr, merge, move } = predicate;
    put(this.#byId, id, pull);
    for (const commit of [pr?.head_sha, pr?.merge_sha, merge?.sha, move?.after])
      if (commit !== undefined) put(this.#byCommit, commit, pull);
    for (const { digest } of subject) if ("sha256" in digest) put(this.#byContent, digest.sha256, pull);
  }

  /** The pull requests that an entry without a number belongs to, each by the strongest of the reasons. */
  find({ subject, predicate }: Entry): ReadonlyMap<string, StoryTie> {
    const found = new Map<string, StoryTie>();
    const take = (tie: StoryTie, pulls: ReadonlySet<string> = new Set()) => {
      for (const pull of pulls) if (!found.has(pull)) found.set(pull, tie);
    };
    const { refs = [], stale, kind, group, merge, move, deployment } = predicate;
    for (const id of [...refs, stale?.approval ?? ""]) take("reference", this.#byId.get(id));
    if (!TIED_KINDS.some((group) => kind.startsWith(group))) return found;
    const states = subject.map(({ digest }) => ("gitCommit" in digest ? digest.gitCommit : ""));
    for (const commit of [group?.head_sha, merge?.sha, move?.after, deployment?.sha, ...states])
      take("commit", this.#byCommit.get(commit ?? ""));
    for (const { digest } of subject)
      if ("sha256" in digest) take("content", this.#byContent.get(digest.sha256));
    return found;
  }
}

function put(index: Map<string, Set<string>>, key: string, pull: string): void {
  const pulls = index.get(key);
  if (pulls === undefined) index.set(key, new Set([pull]));
  else pulls.add(pull);
}

function toLine({ predicate }: Entry, seq: number, tie: StoryTie): StoryLine {
  const { ts, kind, actor } = predicate;
  const by =
    actor === undefined ? [] : [`by ${actor.id}${actor.role === undefined ? "" : ` (${actor.role})`}`];
  return { seq, ts, kind, tie, words: [...wordsOf(predicate), ...by].join(", ") };
}

/** What an entry of a pull request says, beside who and when. */
function wordsOf(predicate: Entry["predicate"]): readonly string[] {
  const { decision, approval, stale, waiver, breakglass, incident, merge, move, deployment, evidence } =
    predicate;
  const commits = predicate.pr ?? predicate.group;
  const occurrence = waiver ?? breakglass ?? incident;
  const files = decision === undefined && evidence !== undefined ? [`files: ${evidence.length}`] : [];
  return [
    ...(decision === undefined ? [] : [decision.verdict, `head ${short(commits?.head_sha)}`]),
    ...(approval === undefined ? [] : [`${approval.state} as ${approval.role}`]),
    ...(stale === undefined ? [] : ["given about other content"]),
    ...(occurrence === undefined ? [] : [occurrence.id, ...(occurrence.gates ?? [])]),
    ...(merge === undefined ? [] : [`${short(merge.sha)} into ${merge.ref}`]),
    ...(move === undefined ? [] : [`${move.ref} moved to ${short(move.after)}`]),
    ...(deployment === undefined ? [] : [deployment.environment, ...shorts(deployment.sha)]),
    ...files,
    ...(predicate.reason === undefined ? [] : [`reason ${predicate.reason.code}`]),
  ];
}

function shorts(commit: string | undefined): readonly string[] {
  return commit === undefined ? [] : [`commit ${short(commit)}`];
}

function short(commit = "unknown"): string {
  return commit.slice(0, 12);
}
