import type { ChangeSet } from "../../gate/model/change.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { readCommits } from "../github/comparison.ts";
import { GitHubFailure } from "../github/failure.ts";
import { objectIdAt, textAt } from "../github/shape.ts";
import type { Site } from "../services.ts";
import type { PullRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import { isLetIn } from "./break-glass-record.ts";
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
  const parts = await Promise.all([...numbers].map((number) => readPart(site, group, number)));
  const decided = parts.flatMap((part) => part.decided ?? []);
  if (findStray(committed, decided) === undefined) return parts;
  const others = open.filter((row) => row.governed && !isIn(row));
  const read = await Promise.all(others.map(({ number }) => readPart(site, group, number)));
  return [...parts, ...read.filter((part) => isWithin(part, committed))];
}

/** What the group has and no decision was about; undefined where everything was decided. */
export function findStray(
  { input }: DecisionRecord,
  decided: readonly DecisionRecord[],
): { readonly kind: "model" | "file"; readonly name: string } | undefined {
  const models = decided.flatMap((record) => record.input.change.models);
  const model = input.change.models.find(
    ({ id, head }) => !models.some((known) => known.id === id && known.head?.subject === head?.subject),
  );
  if (model !== undefined) return { kind: "model", name: model.id };
  const file = input.policyChange?.files.find(
    ({ path }) => !decided.some((record) => isSameFile(record.input.change, input.change, path)),
  );
  return file && { kind: "file", name: file.path };
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

async function readPart(site: Site, { branch }: Group, number: number): Promise<Part> {
  const { archive } = site.store;
  const { repositoryId } = site.place;
  const row = await archive.findPull(repositoryId, number);
  // What was decided for another branch says nothing about this one.
  if (row?.baseRef !== branch) return { number, mayEnter: false, isLetIn: false };
  const isPassed = row.verdict === "pass";
  const kept =
    row.decision === undefined ? undefined : await archive.findDecision(repositoryId, row.decision);
  if (kept === undefined) return { number, mayEnter: isPassed, isLetIn: false };
  const broken = !isPassed && (await isLetIn(site, { ...kept, number }));
  const decided = recordOf(kept);
  return { number, mayEnter: isPassed || broken, isLetIn: broken, decided };
}

/** Whether the group has all that the part was decided about, by the policy that judges the group. */
function isWithin({ mayEnter, decided }: Part, { input, digests }: DecisionRecord): boolean {
  if (!mayEnter || decided === undefined || decided.digests.policy !== digests.policy) return false;
  const { change, policyChange } = decided.input;
  const files = policyChange?.files ?? [];
  return (
    change.models.length + files.length > 0 &&
    change.models.every(({ id, head }) =>
      input.change.models.some((known) => known.id === id && known.head?.subject === head?.subject),
    ) &&
    files.every(({ path }) => isSameFile(change, input.change, path))
  );
}

/** Whether both changes bring the same file, or both remove it. */
function isSameFile(one: ChangeSet, other: ChangeSet, path: string): boolean {
  const [a, b] = [one, other].map(({ files }) => files.find((file) => file.path === path));
  return a !== undefined && b !== undefined && a.head?.oid === b.head?.oid && a.head?.kind === b.head?.kind;
}
