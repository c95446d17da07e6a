import type { DecisionRecord } from "../../gate/model/decision.ts";
import { readCommits } from "../github/comparison.ts";
import { GitHubFailure } from "../github/failure.ts";
import { readPull } from "../github/pull.ts";
import { objectIdAt, textAt } from "../github/shape.ts";
import type { Site } from "../services.ts";
import type { PullRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import { isLetIn } from "./break-glass-record.ts";
import { findStray, isWithin } from "./group-content.ts";
import { findSeen, latest } from "./seen.ts";
import { withRepository } from "./world.ts";

/** Commits that a merge queue wants to put on a branch. */
export interface Group {
  readonly base: string;
  readonly head: string;
  /** The branch that it wants to enter. */
  readonly branch: string;
  /** The last pull request of it, as its own branch is called; absent where that name is of another form. */
  readonly named?: number;
}

/** One pull request of a group. */
export interface Part {
  readonly number: number;
  /** Whether it may be merged: by its verdict, or because the glass was broken for it. */
  readonly mayEnter: boolean;
  readonly isLetIn: boolean;
  /** Whether GitHub has another head of it than the one that was judged. */
  readonly isMoved: boolean;
  /** What stands for it; absent where nothing of it is governed. */
  readonly decided?: DecisionRecord;
}

const HEADS = "refs/heads/";

/** The group that the webhook tells of. */
export function toGroup(told: unknown): Group {
  const [base, head] = [objectIdAt(told, "base_sha"), objectIdAt(told, "head_sha")];
  const branch = textAt(told, "base_ref").replace(HEADS, "");
  const prefix = `${HEADS}gh-readonly-queue/${branch}/`;
  const ref = textAt(told, "head_ref");
  const [, named] =
    (ref.startsWith(prefix) && /^pr-([1-9][0-9]{0,14})-[0-9a-f]+$/.exec(ref.slice(prefix.length))) || [];
  return { base, head, branch, ...(named !== undefined && { named: Number(named) }) };
}

/**
 * The pull requests of the group, `committed` by its commits. A queue that merges has their heads among its commits:
 * what only contains one of these, as one that is stacked on another does, is not in it. A queue that squashes or
 * rebases makes commits that no pull request has. Of those only the last one's number is told; others are found by
 * their content, and nobody is let in by it: whatever of a group is in no decision that passed keeps it out.
 */
export async function readParts(
  site: Site,
  group: Group,
  committed: DecisionRecord,
): Promise<readonly Part[]> {
  const { store, place } = site;
  const commits = await readIds(site, group);
  const open = (await store.archive.openPulls([place.repositoryId])).filter(
    ({ baseRef }) => baseRef === group.branch,
  );
  const isIn = ({ head, number }: PullRow) => commits.has(head) || number === group.named;
  const numbers = new Set(open.filter(isIn).map(({ number }) => number));
  if (group.named !== undefined) numbers.add(group.named);
  const kept = await Promise.all([...numbers].map((number) => findPart(site, group, number)));
  const parts = await Promise.all(kept.map((part) => withMove(site, part)));
  const decided = parts.flatMap((part) => part.decided ?? []);
  if (findStray(committed, decided) === undefined) return parts;
  const others = open.filter((row) => row.governed && !isIn(row));
  const found = await Promise.all(others.map(({ number }) => findPart(site, group, number)));
  const within = found.filter(
    (part) => part.mayEnter && part.decided !== undefined && isWithin(part.decided, committed),
  );
  return [...parts, ...(await Promise.all(within.map((part) => withMove(site, part))))];
}

/** Ids of its commits. A group of which not every commit is known is judged by nobody. */
async function readIds(site: Site, { base, head }: Group): Promise<ReadonlySet<string>> {
  const first = await withRepository(site, (repository) => repository.compare(base, head));
  const { commits, complete } = await readCommits(site.client, first);
  if (!complete) {
    const message = `Cannot read the merge group ${head}: ${first.total} commits, limit is ${commits.length}`;
    throw new GitHubFailure("GITHUB_REFUSED", message);
  }
  return new Set(commits.map(({ sha }) => sha));
}

/** A part as it was kept here, with the head that was judged. */
interface KeptPart extends Omit<Part, "isMoved"> {
  readonly head?: string;
}

async function findPart(site: Site, { branch }: Group, number: number): Promise<KeptPart> {
  const { archive } = site.store;
  const { repositoryId } = site.place;
  const row = await archive.findPull(repositoryId, number);
  // What was decided for another branch says nothing about this one.
  if (row?.baseRef !== branch) return { number, mayEnter: false, isLetIn: false };
  const { head } = row;
  const isPassed = row.verdict === "pass";
  const kept =
    row.decision === undefined ? undefined : await archive.findDecision(repositoryId, row.decision);
  if (kept === undefined) return { number, head, mayEnter: isPassed, isLetIn: false };
  const broken = !isPassed && (await isLetIn(site, { ...kept, number }));
  const decided = recordOf(kept);
  return { number, head, mayEnter: isPassed || broken, isLetIn: broken, decided };
}

/**
 * The queue takes the head that GitHub has, and a verdict is about the head that it was given for: the delivery that
 * tells of a push may come later than the group, or never.
 */
async function withMove(site: Site, { head, ...part }: KeptPart): Promise<Part> {
  if (!part.mayEnter) return { ...part, isMoved: false };
  const { number } = part;
  const shown = await readPull(site.client, { ...site.place, number });
  const now = await latest(site, shown, await findSeen(site, number));
  return { ...part, isMoved: now.head.sha !== head };
}
