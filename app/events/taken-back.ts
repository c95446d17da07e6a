import { isRollback } from "../../gate/change/rollback.ts";
import { subjectAt } from "../../gate/model/change.ts";
import { join, markdownCode, md } from "../../gate/report/escape.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import { announce } from "./announcement.ts";

export interface Merge {
  readonly number: number;
  readonly sha: string;
}

/** A model that a decision brings back: digests of what it leaves, and of what it becomes again. */
export interface TakenBack {
  readonly id: string;
  readonly from: string;
  readonly to: string;
}

export function takenBackBy(decision: DecisionRow): readonly TakenBack[] {
  const { input } = recordOf(decision);
  return input.change.models.filter(isRollback).map((model) => ({
    id: model.id,
    from: subjectAt(model, "base") ?? "",
    to: subjectAt(model, "head") ?? "",
  }));
}

/** Opens one issue about a merge that took models back: something was wrong with what they leave, and it may still run. */
export async function flagTakenBack(site: Site, decision: DecisionRow, merge: Merge): Promise<void> {
  const models = takenBackBy(decision);
  if (models.length === 0) return;
  const rows = models.map(
    ({ id, from, to }) => md`- ${markdownCode(id)}: from \`${from}\` back to \`${to}\`\n`,
  );
  const body = md`Pull request #${merge.number} took a change back. It entered as \`${merge.sha.slice(0, 12)}\`, and the models are again what was approved before:

${join(rows, md``)}
Say here why, and see where what was taken back still runs: deploy what stands now, and close this when nothing of it is left. The decision is \`${decision.digest}\`; the merge is in the audit trail as \`merge.observed\` with the reason \`rolled-back\`.\n`;
  await announce(site, {
    marker: `<!-- weighbridge:taken-back:${merge.sha} -->`,
    title: `A change of ${models.length === 1 ? `model ${models[0]?.id}` : `${models.length} models`} was taken back`,
    body: body.source,
  });
}
