import { GateError } from "../../gate/model/error.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import { numberAt, objectIdAt, optional, textAt } from "../github/shape.ts";
import { payloadOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { Delivery } from "../store/inbox.ts";
import { isPassing } from "./passing.ts";
import { readModels } from "./subjects.ts";
import { withRepository } from "./world.ts";

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
  const { approved, comment } = await decideDeployment(site, sha);
  const { owner, repo } = site.place;
  await site.client.rest("POST /repos/{owner}/{repo}/actions/runs/{run_id}/deployment_protection_rule", {
    ...{ owner, repo, run_id: Number(run), environment_name: environment },
    state: approved ? "approved" : "rejected",
    comment: comment.slice(0, COMMENT_CHARS_MAX),
  });
}

async function decideDeployment(site: Site, sha: string) {
  try {
    const models = await withRepository(site, (repository) => readModels(repository, sha));
    const strangers: string[] = [];
    for (const { id, head } of models) {
      if (!(await isApproved(site, id, head?.subject))) strangers.push(id);
    }
    if (models.length === 0) return { approved: true, comment: "This commit holds no model." };
    return strangers.length === 0
      ? { approved: true, comment: `Every model of this commit was approved as it is: ${models.length}.` }
      : { approved: false, comment: `Not approved as they are in this commit: ${strangers.join(", ")}.` };
  } catch (cause) {
    if (!(cause instanceof GateError) || isPassing(cause)) throw cause;
    return { approved: false, comment: `This commit could not be read: ${cause.code}.` };
  }
}

/** Whether a passing decision was about exactly this content of the model. */
async function isApproved({ store, place }: Site, model: string, subject?: string): Promise<boolean> {
  if (subject === undefined) return false;
  const rows = await store.archive.decisions({
    repositoryId: place.repositoryId,
    model,
    countMax: DECISIONS_MAX,
  });
  return rows.some(({ verdict, record, digest }) => {
    if (verdict !== "pass") return false;
    const { models } = parseDecision(Buffer.from(record, "utf8"), digest).input.change;
    return models.some(({ id, head }) => id === model && head?.subject === subject);
  });
}

const KINDS: ReadonlyMap<string, string> = new Map([
  ["in_progress", "deploy.started"],
  ["success", "deploy.succeeded"],
  ["failure", "deploy.failed"],
  ["error", "deploy.failed"],
]);

/** What runs where is the trail's to know: each status of a deployment that brings models, by their digests. */
async function recordStatus(site: Site, payload: unknown): Promise<void> {
  const { trails, place, now } = site;
  const kind = KINDS.get(textAt(payload, "deployment_status", "state"));
  const environment = textAt(payload, "deployment", "environment");
  if (kind === undefined || !/^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127}$/.test(environment)) return;
  const sha = objectIdAt(payload, "deployment", "sha");
  const models = await withRepository(site, (repository) => readModels(repository, sha));
  const subject = models
    .flatMap(({ head }) => head?.artifacts ?? [])
    .flatMap(({ path, digest }) =>
      digest?.startsWith("sha256:") ? [{ name: path, digest: { sha256: digest.slice(7) } }] : [],
    );
  if (subject.length === 0) return;
  const isBack = kind === "deploy.succeeded" && (await isEarlier(site, environment, sha));
  const { repo, app } = trails.setting(place);
  const actor = optional(numberAt, payload, "sender", "id");
  await trails.record(place, {
    content: {
      subject,
      predicate: {
        kind: isBack ? "deploy.rolled_back" : kind,
        source_ts: new Date(now()).toISOString(),
        ...{ repo, app },
        ...(actor !== undefined && { actor: { id: actor } }),
        deployment: {
          ...{ id: numberAt(payload, "deployment", "id"), environment, sha },
          status: numberAt(payload, "deployment_status", "id"),
        },
      },
    },
    evidence: [],
  });
  await trails.settle(place);
}

/** Whether the commit ran in the environment before, and another after it: then this goes back. */
async function isEarlier({ store, place }: Site, environment: string, sha: string): Promise<boolean> {
  const name = `deployed/${place.repositoryId}/${environment}`;
  const deployed: readonly string[] = JSON.parse((await store.archive.get(name)) ?? "[]");
  const isBack = deployed.includes(sha) && deployed.at(-1) !== sha;
  await store.archive.set(name, JSON.stringify([...deployed.filter((each) => each !== sha), sha].slice(-50)));
  return isBack;
}
