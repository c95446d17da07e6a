import { closedGates } from "../../gate/approval/break-glass.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { openIssue } from "../github/issue.ts";
import type { Pull } from "../github/pull.ts";
import { INCIDENT_MARKER } from "../queue/address.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import type { Standing } from "../trails.ts";
import type { Glass } from "./break-glass.ts";
import { BREAK_GLASS, incidentBody } from "./break-glass-words.ts";
import { keepIncident } from "./incident-record.ts";
import { wordUrl } from "./votes.ts";
import { modelToken } from "./waiver.ts";

/** A glass that is broken. */
export type Broken = Extract<Glass, { kind: "allowed" }>;

const GATES_MAX = 64;

/** Writes both words into the trail, before anything opens. How the trail stands then. */
export async function recordGlass(
  site: Site,
  pull: Pull,
  { record, glass }: { readonly record: DecisionRecord; readonly glass: Broken },
): Promise<Standing> {
  const { trails, place } = site;
  const occurrence = occurrenceOf(pull, record);
  const { base, head } = record.input.change;
  let asked: readonly string[] = [];
  for (const { userId, role, commentId, reason } of glass.witnesses) {
    const entry = await trails.recordEvent(place, {
      ...{ kind: "breakglass.used", head },
      pr: { number: pull.number, base: pull.base.ref, base_sha: base, head_sha: head },
      actor: { id: userId, role },
      reason: {
        code: glass.ground,
        url: wordUrl(site, pull.number, { kind: "comment", id: commentId }),
        digest: { sha256: reason },
      },
      breakglass: { ...occurrence, event: commentId },
      // Who agreed points at who asked.
      ...(asked.length > 0 && { refs: asked }),
    });
    asked = [entry];
  }
  return trails.settle(place);
}

function occurrenceOf({ number }: Pull, record: DecisionRecord) {
  const [model, ...others] = record.models;
  const gates = [...new Set(closedGates(record).map(({ gate }) => gate))].slice(0, GATES_MAX);
  const id = `pull-${number}-${record.digests.subject.slice("sha256:".length, "sha256:".length + 12)}`;
  return { id, gates, ...(model !== undefined && others.length === 0 ? modelToken(model.id) : {}) };
}

/** Opens the incident that the use is, once for each subject, and tells the trail its number. */
export async function openIncident(
  site: Site,
  pull: Pull,
  { record, glass }: { readonly record: DecisionRecord; readonly glass: Broken },
): Promise<void> {
  const { client, place, store, trails } = site;
  const { id, ...what } = occurrenceOf(pull, record);
  const issue = await openIssue(
    client,
    {
      ...{ owner: place.owner, repo: place.repo, repositoryId: place.repositoryId },
      marker: `${INCIDENT_MARKER}${id} -->`,
      title: `${BREAK_GLASS}: pull request ${pull.number} enters against closed gates`,
      body: incidentBody(pull.number, record, glass).source,
    },
    store.archive,
  );
  await keepIncident(site, {
    ...{
      issue,
      pull: pull.number,
      head: pull.head.sha,
      occurrence: { id, ...what },
      decision: record.digest,
    },
    models: record.models.map((model) => model.id),
    breakers: glass.witnesses.map(({ userId }) => userId),
    usedAt: glass.witnesses.map(({ at }) => at).reduce((one, other) => (one > other ? one : other)),
    reviewBy: glass.reviewBy,
  });
  await trails.recordEvent(place, {
    ...{ kind: "incident.opened", head: pull.head.sha },
    incident: { id: `issue-${issue}`, event: 0, ...what },
  });
}

/** Notes which decision is shown as let in by it, if one is: the merge of that one went around no gate. */
export async function noteShown(
  { store, place }: Site,
  number: number,
  { record, isBroken }: { readonly record: DecisionRecord; readonly isBroken: boolean },
): Promise<void> {
  const name = shownName(place.repositoryId, number);
  if (isBroken) await store.archive.set(name, record.digest);
  else await store.archive.remove(name);
}

/** Whether the decision is shown as let in although gates are closed. */
export async function isLetIn(
  { store }: Site,
  { repositoryId, number, digest }: Pick<DecisionRow, "repositoryId" | "number" | "digest">,
): Promise<boolean> {
  return (await store.archive.get(shownName(repositoryId, number))) === digest;
}

function shownName(repositoryId: number, number: number): string {
  return `break-glass/${repositoryId}/${number}/shown`;
}
