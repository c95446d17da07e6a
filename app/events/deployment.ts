import type { ModelChange } from "../../gate/model/change.ts";
import { foldEnvironment } from "../../gate/model/environment.ts";
import { GateError } from "../../gate/model/error.ts";
import { digestOf } from "../../gate/parse/canonical.ts";
import { type LoadedPolicy, loadPolicy } from "../../gate/policy/load.ts";
import { environmentsBefore } from "../../gate/rules/deployment-promotion.ts";
import { toSubjects } from "../../gate/trail/decision-content.ts";
import { toEntryToken } from "../../gate/trail/entry-token.ts";
import { judgedModel } from "../../gate/verdict/tier.ts";
import type { ApiRepository } from "../github/repository.ts";
import { numberAt, objectIdAt, optional, textAt } from "../github/shape.ts";
import { readDefaultTip } from "../github/tip.ts";
import { payloadOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import type { Delivery } from "../store/inbox.ts";
import { wantedEvent, wantedPass } from "../trail-search.ts";
import { incidentLabel } from "./break-glass-words.ts";
import { decisionsInto } from "./default-branch.ts";
import { type Incident, overdueIncidents } from "./incident-record.ts";
import { isPassing } from "./passing.ts";
import { kindOfSuccess } from "./runs.ts";
import { readModels } from "./subjects.ts";
import { withRepository, worldOf } from "./world.ts";

const COMMENT_CHARS_MAX = 1_000;
const DECISIONS_MAX = 200;
const RUN_URL = /\/actions\/runs\/([1-9][0-9]*)\/deployment_protection_rule$/;

/** A deployment: let through if every model in it was approved as it is, and written down as it goes. */
export async function workOnDeployment(site: Site, deliveries: readonly Delivery[]): Promise<void> {
  for (const delivery of deliveries) {
    const payload = payloadOf(delivery);
    if (delivery.event === "deployment_protection_rule") await answerRule(site, payload);
    if (delivery.event === "deployment_status") await recordStatus(site, payload);
  }
}

/** Answers GitHub's question for the environment; nothing that could not be told is approved. */
async function answerRule(site: Site, payload: unknown): Promise<void> {
  const [, run] = RUN_URL.exec(textAt(payload, "deployment_callback_url")) ?? [];
  const environment = textAt(payload, "environment");
  const sha = objectIdAt(payload, "deployment", "sha");
  if (run === undefined) return;
  const { approved, comment } = await decideDeployment(site, { sha, environment });
  const { owner, repo } = site.place;
  await site.client.rest("POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule", {
    ...{ owner, repo, run_id: Number(run), environment_name: environment },
    state: approved ? "approved" : "rejected",
    comment: comment.slice(0, COMMENT_CHARS_MAX),
  });
}

async function decideDeployment(site: Site, { sha, environment }: Deployment) {
  try {
    return await withRepository(site, async (repository) => {
      const models = await readModels(repository, sha);
      if (models.length === 0) return { approved: true, comment: "This commit holds no model." };
      const loaded = await readPolicy(site, repository);
      const overdue = await overdueIncidents(site);
      const reasons: string[] = [];
      for (const model of models) {
        const reason = await reasonAgainst(site, { ...loaded, overdue, model, environment });
        if (reason !== undefined) reasons.push(reason);
      }
      return reasons.length === 0
        ? { approved: true, comment: `Every model of this commit was approved as it is: ${models.length}.` }
        : { approved: false, comment: `Not to run in ${environment}: ${reasons.join("; ")}.` };
    });
  } catch (cause) {
    if (!(cause instanceof GateError) || isPassing(cause)) throw cause;
    return { approved: false, comment: `This commit could not be read: ${cause.code}.` };
  }
}

interface Deployment {
  readonly sha: string;
  readonly environment: string;
}

/** What the default branch says: whoever deploys another must not bring the order that it is deployed in. */
async function readPolicy(site: Site, repository: ApiRepository): Promise<BranchPolicy> {
  const { branch, commit } = await readDefaultTip(site.client, site.place);
  return { branch, ...(await loadPolicy(commit, worldOf(site, repository))) };
}

interface BranchPolicy extends LoadedPolicy {
  /** The default branch: what was let into any other was judged by what anybody may have written there. */
  readonly branch: string;
}

interface Candidate extends BranchPolicy {
  readonly overdue: readonly Incident[];
  readonly model: ModelChange;
  readonly environment: string;
}

/** Why the model must not run there; undefined if it may. */
async function reasonAgainst(
  site: Site,
  { branch, model, policy, waivers, overdue, environment }: Candidate,
): Promise<string | undefined> {
  const { id } = model;
  const passed = await decisionsAbout(site, branch, model);
  if (passed.length === 0) return `${id} was not approved for ${branch} as it is in this commit`;
  if (!(await isAnyInTrail(site, passed))) return `${id} was approved, and the trail does not hold it`;
  const ended = waivers.find((waiver) => waiver.model === id && Date.parse(waiver.expires) <= site.now());
  if (ended !== undefined) return `${id} has a waiver that has ended, ${ended.id}`;
  const incident = overdue.find(({ models }) => models.includes(id));
  if (incident !== undefined) return `${id} waits for the review of incident ${incidentLabel(incident)}`;
  const missing: string[] = [];
  for (const before of environmentsBefore(policy, environment, judgedModel(model, policy).tier)) {
    if (!(await hasRun(site, before, model))) missing.push(before);
  }
  return missing.length === 0 ? undefined : `${id} has not run in ${missing.join(" and ")} as it is`;
}

/** The decisions that let exactly this content of the model into the branch, the newest first. */
async function decisionsAbout(
  site: Site,
  branch: string,
  { id: model, head: known }: ModelChange,
): Promise<readonly DecisionRow[]> {
  const subject = known?.subject;
  if (subject === undefined) return [];
  const filter = { model, content: subject, verdict: "pass", countMax: DECISIONS_MAX } as const;
  const rows = await decisionsInto(site, branch, filter);
  return rows.filter((row) => {
    const { digest, ...content } = recordOf(row);
    const isAbout = content.input.change.models.some(
      ({ id, head }) => id === model && head?.subject === subject,
    );
    return isAbout && digest === row.digest && digestOf(content) === digest;
  });
}

/** What the App remembers only says where to look: what may run is for the trail to say, which nobody can edit. */
async function isAnyInTrail({ trails, place }: Site, rows: readonly DecisionRow[]): Promise<boolean> {
  for (const { digest, baseRef, decidedAt } of rows) {
    if (await trails.holds(place, wantedPass({ digest, branch: baseRef, since: decidedAt }))) return true;
  }
  return false;
}

/** Whether the trail says that the model ran there as it is. */
async function hasRun({ store, trails, place }: Site, environment: string, model: ModelChange) {
  const name = ranName(place.repositoryId, environment, model);
  const kept = name === undefined ? undefined : await store.archive.get(name);
  if (kept === undefined) return false;
  const { id, since }: Ran = JSON.parse(kept);
  return trails.holds(place, wantedEvent(id, since));
}

/** Where the trail says that a model ran. */
interface Ran {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** Keeps where it says so of these, each as exactly the content that it was. */
async function noteRun(
  { store, place }: Site,
  environment: string,
  models: readonly ModelChange[],
  ran: Ran,
): Promise<void> {
  for (const model of models) {
    const name = ranName(place.repositoryId, environment, model);
    if (name !== undefined) await store.archive.set(name, JSON.stringify(ran));
  }
}

function ranName(repositoryId: number, environment: string, { id, head }: ModelChange): string | undefined {
  const subject = head?.subject;
  return subject && `ran/${repositoryId}/${JSON.stringify([foldEnvironment(environment), id, subject])}`;
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ["in_progress", "deploy.started"],
  ["success", "deploy.succeeded"],
  ["failure", "deploy.failed"],
  ["error", "deploy.failed"],
]);

/** What runs where is the trail's to know: each status of a deployment that brings models, by their digests. */
async function recordStatus(site: Site, payload: unknown): Promise<void> {
  const { trails, place, now, log } = site;
  const kind = KINDS.get(textAt(payload, "deployment_status", "state"));
  const environment = textAt(payload, "deployment", "environment");
  if (kind === undefined) return;
  const sha = objectIdAt(payload, "deployment", "sha");
  const models = await withRepository(site, (repository) => readModels(repository, sha));
  if (models.length === 0) return;
  const deployment = numberAt(payload, "deployment", "id");
  const status = numberAt(payload, "deployment_status", "id");
  const isSuccess = kind === "deploy.succeeded";
  const written = toEntryToken(environment);
  if (written !== environment)
    log.info("Environment is no token, and written as one", { environment, written });
  const { repo, app, state } = trails.setting(place);
  const actor = optional(numberAt, payload, "sender", "id");
  const since = now();
  const id = await trails.record(place, {
    content: {
      subject: toSubjects(models, { state, commit: sha }),
      predicate: {
        kind: isSuccess ? await kindOfSuccess(site, { environment, sha, deployment, status, models }) : kind,
        source_ts: new Date(since).toISOString(),
        ...{ repo, app },
        ...(actor !== undefined && { actor: { id: actor } }),
        deployment: { id: deployment, status, environment: written, sha },
      },
    },
    evidence: [],
  });
  if (isSuccess) await noteRun(site, environment, models, { id, since });
  await trails.settle(place);
}
