import { hash } from "node:crypto";
import type { WaiveCommand } from "../../gate/approval/command.ts";
import { termsOf, type WaiverTerms } from "../../gate/approval/waiver-terms.ts";
import type { ModelVersion } from "../../gate/model/change.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { markdownBlock, md } from "../../gate/report/escape.ts";
import type { Pull } from "../github/pull.ts";
import type { Site } from "../services.ts";
import { wordUrl } from "./votes.ts";

const DAY_MS = 86_400_000;
const TOKEN_CHARS_MAX = 128;

export interface WaiverRequest {
  readonly command: WaiveCommand;
  readonly record: DecisionRecord | undefined;
  /** Numeric id of who asks, and therefore does not approve. */
  readonly requester: number;
  readonly commentId: number;
}

/**
 * What to commit for a waiver to be, and an entry that it was asked for: a comment waives nothing, for a waiver has
 * effect from the base alone. Undefined for a gate that is not closed, or that nobody may waive.
 */
export async function askForWaiver(
  site: Site,
  pull: Pull,
  request: WaiverRequest,
): Promise<string | undefined> {
  const asked = closedModel(request);
  if (asked === undefined) return undefined;
  const { command, requester, commentId } = request;
  const last = Date.parse(asked.now) + asked.terms.days * DAY_MS;
  const expires = Date.parse(`${command.until}T00:00:00Z`);
  if (expires <= Date.parse(asked.now) || expires > last) {
    const until = new Date(last).toISOString().slice(0, 10);
    return md`Here a waiver ends after today and lives ${asked.terms.days} days at most: until ${until}. Nothing was asked for; write the command again with such a day.\n`
      .source;
  }
  await site.trails.recordEvent(site.place, {
    ...{ kind: "waiver.requested", head: pull.head.sha, pr: asked.pr(pull) },
    actor: { id: requester },
    reason: {
      code: "waive",
      url: wordUrl(site, pull.number, { kind: "comment", id: commentId }),
      digest: { sha256: hash("sha256", command.because) },
    },
    waiver: {
      ...{ id: `comment-${commentId}`, event: 0, gates: [command.gate] },
      ...modelToken(asked.model),
      expires: `${command.until}T00:00:00.000Z`,
    },
  });
  return answerOf(asked, request);
}

/** The trail takes no longer names; the pull request names it in any case. */
export function modelToken(model: string): { readonly model?: string } {
  return model.length <= TOKEN_CHARS_MAX ? { model } : {};
}

interface Asked {
  readonly model: string;
  readonly subject: NonNullable<ModelVersion["subject"]>;
  readonly terms: WaiverTerms;
  /** RFC 3339, UTC. */
  readonly now: string;
  pr(pull: Pull): {
    readonly number: number;
    readonly base: string;
    readonly base_sha: string;
    readonly head_sha: string;
  };
}

/** The first model that the gate closes. */
function closedModel({ command, record }: WaiverRequest): Asked | undefined {
  const closed = record?.results.find(({ gate, closes }) => gate === command.gate && closes);
  const isWaivable = record?.input.policy.gates.find(({ id }) => id === command.gate)?.waivable === true;
  const { change, now } = record?.input ?? {};
  const subject = change?.models.find(({ id }) => id === closed?.model)?.head?.subject;
  const judged = record?.models.find(({ id }) => id === closed?.model);
  if (
    !isWaivable ||
    change === undefined ||
    now === undefined ||
    subject === undefined ||
    judged === undefined
  )
    return undefined;
  return {
    ...{ model: judged.id, subject, terms: termsOf(judged.tier), now },
    pr: ({ number, base }) => ({ number, base: base.ref, base_sha: change.base, head_sha: change.head }),
  };
}

function answerOf({ model, subject, terms, now }: Asked, { command, requester }: WaiverRequest): string {
  const year = now.slice(0, 4);
  const path = `.weighbridge/waivers/WVR-${year}-0000.yml`;
  const approvals = terms.roles.map(
    (role) => `  - { role: ${role}, user_id: 0, review_url: "", head_sha: "" }`,
  );
  const file = markdownBlock([
    "weighbridge: 1",
    `id: WVR-${year}-0000   # the next number that is free, as in the file's name`,
    `model: ${JSON.stringify(model)}`,
    `gates: [${JSON.stringify(command.gate)}]`,
    `scope: { digest: "${subject}" }`,
    "reason: |   # in 80 characters or more",
    `  ${command.because}`,
    "risk_accepted: |",
    "  What may happen because of it, and why that can be borne until then.",
    `requested_by: ${requester}`,
    "approvals:   # who approved this file, and where",
    ...approvals,
    `created: "${now}"`,
    `expires: "${command.until}T00:00:00Z"`,
  ]);
  return md`A comment waives nothing. Commit this file as ${path} in a pull request of its own; it has effect once that is merged, approved by ${terms.roles.join(" and ")}. Who asks for a waiver does not approve it.\n\n${file}\n`
    .source;
}
