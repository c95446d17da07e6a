import { judge } from "../../gate/judge.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import type { Policy } from "../../gate/model/policy.ts";
import { attestingWorkflows, evidenceTrust } from "../../gate/rules/evidence-trust.ts";
import { decide } from "../../gate/verdict/decide.ts";
import { type EvidenceRequest, type RunEvidence, readEvidence } from "../github/evidence.ts";
import type { PullView } from "../github/pull-view.ts";
import type { Question } from "../github/question.ts";
import { rolesQuestion } from "../github/roles.ts";
import type { Site } from "../services.ts";
import { readApprovals } from "./approvals.ts";
import { mayRunAnything } from "./offered.ts";
import type { Weighing } from "./weighing.ts";
import { withRepository, worldOf } from "./world.ts";

/** What became of weighing a pull request. */
export type Weighed =
  | {
      readonly kind: "judged";
      readonly record: DecisionRecord;
      readonly isGoverned: boolean;
      /** Why what runs have left is no evidence. */
      readonly refused?: string;
    }
  /** A run that may bring evidence has not ended. */
  | { readonly kind: "pending"; readonly runId: number }
  /** It is no more what was weighed. */
  | { readonly kind: "outdated" };

/** The pull request as it is when everything is measured, with the answer to a question; undefined if it is outdated. */
export type Sight = (question: Question) => Promise<PullView | undefined>;

/**
 * Judges a pull request: first by its commits alone, which tells whether it concerns a model at all; then with what
 * its workflow measured; then with what people said of exactly that. Rejects with whatever kept it from being judged.
 */
export function weigh(site: Site, weighing: Weighing, see: Sight): Promise<Weighed> {
  const request = { base: weighing.base, head: weighing.pull.head.sha };
  return withRepository(site, async (repository) => {
    const world = worldOf(site, repository);
    await repository.prefetch(request.base, request.head, await formerBase(site, weighing));
    const committed = await judge(request, world);
    const isGoverned = concernsModels(committed);
    if (!isGoverned) return { kind: "judged", record: committed, isGoverned };
    const workflows = attestingIn(committed.input.policy);
    const evidence = await readRunEvidence(site, weighing, { repository, workflows });
    if (evidence.kind === "pending") return evidence;
    const files = evidence.kind === "found" ? evidence.files : [];
    const measured = files.length === 0 ? committed : await judge(request, { ...world, evidence: files });
    const view = await see(rolesQuestion(measured.input.policy.roles, measured.input.now));
    if (view === undefined) return { kind: "outdated" };
    const approvals = await readApprovals(site, { weighing, repository, record: measured, view });
    const record = decide({ ...measured.input, approvals });
    return {
      ...{ kind: "judged", record, isGoverned },
      ...(evidence.kind === "refused" && { refused: evidence.reason }),
    };
  });
}

/** The base that the head was last weighed with, if it was. */
async function formerBase({ store, place }: Site, { pull }: Weighing): Promise<string | undefined> {
  const row = await store.archive.findPull(place.repositoryId, pull.number);
  return row?.head === pull.head.sha ? row.base : undefined;
}

/** Whether a change concerns a model, which is told from its commits. */
export function isGoverned(site: Site, base: string, head: string): Promise<boolean> {
  return withRepository(site, async (repository) => {
    await repository.prefetch(base, head);
    return concernsModels(await judge({ base, head }, worldOf(site, repository)));
  });
}

/** Whether the change touches a model, or what judges models. */
export function concernsModels({ input }: DecisionRecord): boolean {
  return input.change.models.length > 0 || input.policyChange !== undefined;
}

async function readRunEvidence(
  site: Site,
  { pull, base }: Weighing,
  source: Pick<EvidenceRequest, "repository" | "workflows">,
): Promise<RunEvidence> {
  const { client, place } = site;
  const { owner, repo, repositoryId } = place;
  const head = pull.head.repositoryId === undefined ? {} : { headRepositoryId: pull.head.repositoryId };
  return readEvidence(client, {
    ...{ owner, repo, repositoryId, base, head: pull.head.sha, ...head, ...source },
    isUnguarded: await mayRunAnything(site, pull),
  });
}

/** Workflows of other repositories whose word the policy takes: of several gates that name some, those that all name. */
function attestingIn({ gates }: Policy): readonly string[] {
  const named = gates
    .filter(({ rule }) => rule === evidenceTrust.name)
    .map((gate) => attestingWorkflows(gate.with))
    .filter((workflows) => workflows.length > 0);
  return (named[0] ?? []).filter((workflow) => named.every((workflows) => workflows.includes(workflow)));
}
