import type { Pull } from "../github/pull.ts";
import { listAt, objectIdAt } from "../github/shape.ts";
import { readTip } from "../github/tip.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import type { TrailEvent } from "../trails.ts";
import { standingDecision } from "./approvals.ts";
import { findBeforeMerge } from "./before-merge.ts";
import { isLetIn } from "./break-glass-record.ts";
import { flagBypass } from "./bypass.ts";
import { askForPullsOf } from "./fan-out.ts";
import { recordGovernance } from "./governance-entries.ts";
import { askAboutMerged } from "./incident-record.ts";
import { flagTakenBack, takenBackBy } from "./taken-back.ts";
import { recordGrants, recordUses } from "./waiver-entries.ts";
import { isGoverned } from "./weigh.ts";
import { withRepository } from "./world.ts";

/** What became of a pull request that is open no more: merged by its gate, merged around it, or given up. */
export async function settleClosed(site: Site, pull: Pull): Promise<void> {
  const { store, place, now } = site;
  const row = await store.archive.findPull(place.repositoryId, pull.number);
  // A merge is the end: it was written down before this was kept.
  if (row?.state === "merged") return;
  if (pull.merged) await keepHands(site, pull);
  if (pull.merged && pull.mergeSha !== undefined) await recordMerge(site, pull, pull.mergeSha);
  if (row === undefined) return;
  await store.archive.keepPull({
    ...row,
    state: pull.merged ? "merged" : "closed",
    waitsFor: [],
    updatedAt: now(),
  });
  // What it kept open or closed for others of its commit, it does no more.
  for (const head of new Set([row.head, pull.head.sha])) {
    await askForPullsOf(site, head, `closed/${pull.number}/${pull.updatedAt}`);
  }
}

/**
 * Keeps who had a hand in what was merged: they validate nothing of its models for a while. Of what is open or was given
 * up nobody is kept, for anybody may propose commits that bear another's name. Whoever merged around the gate is known as
 * long as a decision was made of that head; of what was never judged, as of a direct push, nobody is.
 */
async function keepHands({ store, place }: Site, pull: Pull): Promise<void> {
  const { repositoryId } = place;
  const decision = await standingDecision(store.archive, repositoryId, pull.number, pull.head.sha);
  if (decision === undefined) return;
  const { input } = recordOf(decision);
  // A hand in this change, and not only in an earlier one of the model.
  const hands = (input.approvals?.participants ?? []).filter(({ part }) => part !== "developer");
  await store.archive.keepDevelopers({
    ...{ repositoryId, number: pull.number, models: decision.models, at: pull.updatedAt },
    userIds: hands.flatMap(({ userId }) => userId ?? []),
  });
}

async function recordMerge(site: Site, pull: Pull, mergeSha: string): Promise<void> {
  const { trails, place, store } = site;
  const decision = await standingDecision(store.archive, place.repositoryId, pull.number, pull.head.sha);
  const pr = {
    ...{ number: pull.number, base: pull.base.ref, base_sha: decision?.base ?? pull.base.sha },
    ...{ head_sha: pull.head.sha, merge_sha: mergeSha },
  };
  const row = await store.archive.findPull(place.repositoryId, pull.number);
  // What was decided for another branch says nothing about this one, nor does what was never shown.
  const isShown = row?.decision === decision?.digest && row?.baseRef === pull.base.ref;
  const isBroken = decision !== undefined && decision.verdict !== "pass" && (await isLetIn(site, decision));
  const isOpened = decision?.verdict === "pass" || isBroken;
  if (isShown && isOpened) {
    await recordLetIn(site, { pull, decision, merged: { head: mergeSha, pr } });
    if (isBroken) await askAboutMerged(site, pull.number);
  } else if (decision !== undefined || (await wasGoverned(site, pull, mergeSha))) {
    const before = await withRepository(site, (repository) =>
      findBeforeMerge(site, repository, { pull, base: pr.base_sha }),
    );
    await flagBypass(site, {
      ref: `refs/heads/${pull.base.ref}`,
      ...{ before: before ?? pr.base_sha, after: mergeSha },
      what: `pull request ${pull.number}`,
      pr,
    });
  } else return;
  await trails.settle(place);
}

interface LetIn {
  readonly pull: Pull;
  readonly decision: DecisionRow;
  readonly merged: Pick<TrailEvent, "head"> & { readonly pr: NonNullable<TrailEvent["pr"]> };
}

/** What entered by its decision: the merge itself, and what it changed of the policy, of the inventory and of waivers. */
async function recordLetIn(site: Site, { pull, decision, merged }: LetIn): Promise<void> {
  const { trails, place } = site;
  const isBack = takenBackBy(decision).length > 0;
  await withRepository(site, async (repository) => {
    const before = await findBeforeMerge(site, repository, { pull, base: merged.pr.base_sha });
    const ref = `refs/heads/${pull.base.ref}`;
    await trails.recordEvent(place, {
      ...{ kind: "merge.observed", ...merged },
      merge: { sha: merged.head, ref, ...(before !== undefined && { before }) },
      ...(isBack && { reason: takenBackReason(site, pull.number, decision) }),
    });
    await recordGovernance(site, repository, { decision, merged });
  });
  await recordGrants(site, decision, merged);
  await recordUses(site, decision, merged);
  if (isBack) await flagTakenBack(site, decision, { number: pull.number, sha: merged.head });
}

/** Where it was taken back, and the digest of the decision that says so. */
function takenBackReason({ trails, place }: Site, number: number, { digest }: DecisionRow) {
  const url = `${trails.setting(place).state.replace("git+", "")}/pull/${number}`;
  return { code: "rolled-back", url, digest: { sha256: digest.replace("sha256:", "") } };
}

/** Nobody judged it before it was merged: whether there was something to judge is told from its commits. */
async function wasGoverned(site: Site, pull: Pull, mergeSha: string): Promise<boolean> {
  const row = await site.store.archive.findPull(site.place.repositoryId, pull.number);
  if (row?.head === pull.head.sha && !row.governed && row.verdict === "pass") return false;
  const parent = await firstParentOf(site, pull, mergeSha);
  const base = parent ?? (await readTip(site.client, site.place, pull.base.ref));
  return isGoverned(site, base, pull.head.sha);
}

/** The commit that the branch had before the merge; undefined where GitHub does not tell. */
async function firstParentOf(
  { client, place }: Site,
  { base }: Pull,
  mergeSha: string,
): Promise<string | undefined> {
  const { owner, repo } = place;
  const { data } = await client.rest("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", {
    ...{ owner, repo, commit_sha: mergeSha },
  });
  const [first] = listAt(data, "parents");
  return first === undefined ? base.sha : objectIdAt(first, "sha");
}
