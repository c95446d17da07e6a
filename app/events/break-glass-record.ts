import { closedGates } from "../../gate/approval/break-glass.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import type { Pull } from "../github/pull.ts";
import { incidentMarker } from "../queue/address.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import type { Standing } from "../trails.ts";
import { announce, isRefused } from "./announcement.ts";
import { requestEvaluation } from "./ask.ts";
import type { Glass } from "./break-glass.ts";
import { BREAK_GLASS, incidentBody } from "./break-glass-words.ts";
import { keepIncident } from "./incident-record.ts";
import { wordUrl } from "./votes.ts";
import { modelToken } from "./waiver.ts";

/** A glass that is broken. */
export type Broken = Extract<Glass, { kind: "allowed" }>;

const GATES_MAX = 64;

/** A decision that was gone against, and by whom. */
interface Use {
  readonly record: DecisionRecord;
  readonly glass: Broken;
}

/**
 * Writes both words and the incident that they are into the trail, and sees to its review, before anything opens. How the
 * trail stands then: where it is halted there is no incident, for nothing opens.
 */
export async function recordGlass(site: Site, pull: Pull, { record, glass }: Use): Promise<Standing> {
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
  const { id, ...what } = occurrence;
  await trails.recordEvent(place, {
    ...{ kind: "incident.opened", head },
    incident: { id, event: 0, ...what },
  });
  const standing = await trails.settle(place);
  if (standing.kind !== "halted") await keepIncident(site, incidentOf(pull, { record, glass }));
  return standing;
}

function incidentOf(pull: Pull, { record, glass }: Use) {
  return {
    ...{ pull: pull.number, head: pull.head.sha, decision: record.digest },
    occurrence: occurrenceOf(pull, record),
    models: record.models.map((model) => model.id),
    breakers: glass.witnesses.map(({ userId }) => userId),
    usedAt: glass.witnesses.map(({ at }) => at).reduce((one, other) => (one > other ? one : other)),
    reviewBy: glass.reviewBy,
  };
}

function occurrenceOf({ number }: Pull, record: DecisionRecord) {
  const [model, ...others] = record.models;
  const gates = [...new Set(closedGates(record).map(({ gate }) => gate))].slice(0, GATES_MAX);
  const id = `pull-${number}-${record.digests.subject.slice("sha256:".length, "sha256:".length + 12)}`;
  return { id, gates, ...(model !== undefined && others.length === 0 ? modelToken(model.id) : {}) };
}

/** Opens the issue that the incident is reviewed in. Where GitHub refuses it, the pull request is shown anew to say so. */
export async function announceIncident(site: Site, pull: Pull, { record, glass }: Use): Promise<void> {
  const { place, store, now } = site;
  const { number } = pull;
  const { id } = occurrenceOf(pull, record);
  const issue = await announce(site, {
    marker: incidentMarker(id),
    title: `${BREAK_GLASS}: pull request ${number} enters against closed gates`,
    body: incidentBody(number, record, glass).source,
  });
  const why = `incident/${id}/${issue === undefined ? "refused" : "opened"}`;
  if ((issue === undefined) !== (glass.isUnissued === true)) {
    await requestEvaluation(store.inbox, { place, number, why, now: now() });
  }
}

/** Whether GitHub refused the issue when it was last asked. */
export function isUnissued({ place, store }: Site, pull: Pull, record: DecisionRecord): Promise<boolean> {
  const { id } = occurrenceOf(pull, record);
  return isRefused(store.archive, { repositoryId: place.repositoryId, marker: incidentMarker(id) });
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
