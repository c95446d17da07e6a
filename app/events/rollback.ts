import { GateError } from "../../gate/model/error.ts";
import { type Markdown, md } from "../../gate/report/escape.ts";
import { readGitCommit } from "../github/git-commit.ts";
import { commitChanges, openProposal, readOwnLogin } from "../github/proposal.ts";
import { type Pull, readPull } from "../github/pull.ts";
import { readTip } from "../github/tip.ts";
import { repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import { standingDecision } from "./approvals.ts";
import { findBeforeMerge } from "./before-merge.ts";
import type { Incident } from "./incident-record.ts";
import { isPassing } from "./passing.ts";
import { type Restoration, toRestoration } from "./rollback-plan.ts";
import { commitMessage, type Rollback, rollbackBody, rollbackTitle } from "./rollback-words.ts";
import { withRepository } from "./world.ts";

/** Files that one commit of ours puts back. */
const PATHS_MAX = 2_000;

/** What was made up before anything of it could be seen: whoever goes on with it does the same. */
interface Plan {
  readonly commit: string;
  /** The branch that was merged into. */
  readonly base: string;
  readonly body: string;
}

type Planned = { readonly kind: "plan"; readonly plan: Plan } | Extract<Rollback, { kind: "none" }>;

/**
 * Opens the pull request that takes back what an incident let in, once. What keeps it from being made is told, and
 * only what passes by itself rejects.
 */
export async function openRollback(site: Site, incident: Incident): Promise<Rollback> {
  try {
    return await takeBack(site, incident);
  } catch (cause) {
    if (!(cause instanceof GateError) || isPassing(cause)) throw cause;
    return none(md`${cause.message}`);
  }
}

async function takeBack(site: Site, incident: Incident): Promise<Rollback> {
  const { client, place, store, github } = site;
  const planned = await findPlan(site, incident);
  if (planned.kind === "none") return planned;
  site.signal.throwIfAborted();
  const { commit, base, body } = planned.plan;
  const proposal = {
    ...{ owner: place.owner, repo: place.repo, repositoryId: place.repositoryId },
    ...{ branch: `weighbridge/rollback-${incident.occurrence.id}`, commit, base },
    ...{ title: rollbackTitle(incident), body, author: await readOwnLogin(github.app()) },
  };
  return { kind: "open", number: await openProposal(client, proposal, store.archive) };
}

async function findPlan(site: Site, incident: Incident): Promise<Planned> {
  const { archive } = site.store;
  const name = `rollback/${site.place.repositoryId}/${incident.occurrence.id}`;
  const kept = await archive.get(name);
  if (kept !== undefined) return { kind: "plan", plan: JSON.parse(kept) };
  const made = await makePlan(site, incident);
  if (made.kind === "none") return made;
  return { kind: "plan", plan: JSON.parse(await archive.setOnce(name, JSON.stringify(made.plan))) };
}

async function makePlan(site: Site, incident: Incident): Promise<Planned> {
  const { client, place } = site;
  const pull = await readPull(client, { ...repositoryOf(place), number: incident.pull });
  if (!pull.merged) return none(md`pull request ${pull.number} is not merged; if it is, later, one opens`);
  const decision = await findLetIn(site, pull, incident);
  if (decision === undefined) return none(md`what was merged is not what the incident let in`);
  return withRepository(site, async (repository) => {
    const before = await findBeforeMerge(site, repository, { pull, base: decision.base });
    if (before === undefined || pull.mergeSha === undefined) {
      return none(md`it cannot be told which commit the branch had before the merge`);
    }
    const now = await readTip(client, place, pull.base.ref);
    const restoration = toRestoration({
      before: await repository.tree(before),
      merged: await repository.tree(pull.mergeSha),
      now: await repository.tree(now),
    });
    return toPlan(site, incident, { pull, now, restoration });
  });
}

/** The decision that the merge went against, if it went against one about what the incident let in. */
async function findLetIn(
  { store, place }: Site,
  { number, head }: Pull,
  { decision }: Incident,
): Promise<DecisionRow | undefined> {
  const { repositoryId } = place;
  const letIn = await store.archive.findDecision(repositoryId, decision);
  const standing = await standingDecision(store.archive, repositoryId, number, head.sha);
  return standing?.verdict !== "pass" && standing?.subject === letIn?.subject ? standing : undefined;
}

interface Found {
  readonly pull: Pull;
  /** The commit that the branch ends with. */
  readonly now: string;
  readonly restoration: Restoration;
}

async function toPlan(
  { client, place }: Site,
  incident: Incident,
  { pull, now, restoration }: Found,
): Promise<Planned> {
  const { changes, changedSince, workflows } = restoration;
  if (changes.length > PATHS_MAX) return none(md`it changed more than ${PATHS_MAX} files`);
  if (changes.length === 0) {
    const isGone = changedSince.length === 0 && workflows.length === 0;
    return none(
      isGone
        ? md`nothing of what it changed is there any more`
        : md`all that it changed was changed again since, or is a workflow, which the App may not write`,
    );
  }
  const on = await readGitCommit(client, place, now);
  const commit = await commitChanges(client, place, { on, changes, message: commitMessage(incident) });
  const body = rollbackBody(incident, restoration).source;
  return { kind: "plan", plan: { commit, base: pull.base.ref, body } };
}

function none(because: Markdown): Extract<Rollback, { kind: "none" }> {
  return { kind: "none", because };
}
