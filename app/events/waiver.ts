import type { WaiveCommand } from "../../gate/approval/command.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { md } from "../../gate/report/escape.ts";

export interface WaiverRequest {
  readonly command: WaiveCommand;
  readonly record: DecisionRecord | undefined;
  /** Numeric id of who asks, and therefore does not approve. */
  readonly requester: number;
}

/**
 * What to commit for a waiver to be: a comment waives nothing, for a waiver has effect from the base alone. Undefined
 * for a gate that is not closed, or that nobody may waive.
 */
export function waiverAnswer({ command, record, requester }: WaiverRequest): string | undefined {
  const { gate, until } = command;
  const closed = record?.results.find((result) => result.gate === gate && result.closes);
  const isWaivable = record?.input.policy.gates.find(({ id }) => id === gate)?.waivable === true;
  const model = record?.input.change.models.find(({ id }) => id === closed?.model);
  if (record === undefined || closed === undefined || model?.head?.subject === undefined || !isWaivable)
    return undefined;
  const day = record.input.now.slice(0, 10);
  const path = `.weighbridge/waivers/WVR-${day.slice(0, 4)}-0000.yml`;
  const file = [
    `id: WVR-${day.slice(0, 4)}-0000        # the next number that is free`,
    `model: ${JSON.stringify(model.id)}`,
    `gates: [${gate}]`,
    `scope: { digest: "${model.head.subject}" }`,
    "reason: |",
    `  ${command.because}`,
    "risk_accepted: |",
    "  What may happen because of it, and why that is bearable until then.",
    "compensating_controls:",
    '  - { what: "", owner: "" }',
    `requested_by: "${requester}"`,
    "approvals: []                # role, user_id, review_url and head_sha of each approver",
    `created: "${record.input.now}"`,
    `expires: "${until}T00:00:00Z"`,
  ].map((line) => md`    ${line}`.source);
  return `${md`A comment waives nothing: merge this file first, as ${path}, approved by those who answer for the risk.`.source}\n\n${file.join("\n")}\n`;
}
