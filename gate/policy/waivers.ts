import schema from "../../policies/schema/waiver.schema.json" with { type: "json" };
import { type Digest, isDigest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import type { Waiver } from "../model/policy.ts";
import { nodeAt, toValue } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseYaml } from "../parse/yaml.ts";
import { definedMembers } from "./defined.ts";
import { type Problem, refusal, schemaProblems } from "./problem.ts";
import { isRange } from "./version-range.ts";

export const WAIVER_BYTES_MAX = 64 * 1024;
/** Of the reason, with runs of white space counted as one character. */
const REASON_CHARS_MIN = 80;

/**
 * One waiver, checked for shape; what effect it has is not judged here. Throws GateError `TEXT_*`, `YAML_*`
 * and `WAIVER_*` with the place.
 */
export function parseWaiver(bytes: Uint8Array, path: string): Waiver {
  if (bytes.length > WAIVER_BYTES_MAX) {
    const state = `${bytes.length} bytes, limit for a waiver is ${WAIVER_BYTES_MAX}`;
    throw new GateError("WAIVER_TOO_LARGE", `Cannot load ${path}: ${state}`, { place: { path } });
  }
  const node = parseYaml(decodeUtf8(bytes, path), path);
  const shape = schemaProblems(schema, node, { path, code: "WAIVER_INVALID" });
  if (shape.length > 0) throw refusal(path, shape, "WAIVER_INVALID");
  const raw = toValue(node) as RawWaiver;
  const problems = check(raw, path, (key) => ({ path, ...(nodeAt(node, [key]) ?? node).at }));
  if (problems.length > 0) throw refusal(path, problems, "WAIVER_INVALID");
  return toWaiver(raw, path);
}

/** The file as the schema lets it through. */
interface RawWaiver {
  readonly id: string;
  readonly model: string;
  readonly gates: readonly string[];
  readonly scope: {
    readonly digest?: string;
    readonly version_range?: string;
    readonly change_class?: string;
  };
  readonly reason: string;
  readonly risk_accepted: string;
  readonly compensating_controls?: Waiver["compensatingControls"];
  readonly floor?: number;
  readonly requested_by: number;
  readonly approvals: readonly {
    readonly role: string;
    readonly user_id: number;
    readonly login?: string;
    readonly review_url: string;
  }[];
  readonly created: string;
  readonly expires: string;
  readonly max_uses?: number;
  readonly renewals?: number;
  readonly ticket?: string;
}

function check(raw: RawWaiver, path: string, at: (key: string) => Problem["place"]): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (key: string, problem: Omit<Problem, "place">) => problems.push({ ...problem, place: at(key) });
  const name = path.split("/").at(-1);
  if (name !== `${raw.id}.yml`) {
    const message = `id is ${raw.id}, expected the name of the file`;
    add("id", { code: "WAIVER_MISNAMED", message, fix: `Rename the file to ${raw.id}.yml, or write its id` });
  }
  const length = raw.reason.trim().replace(/\s+/g, " ").length;
  if (length < REASON_CHARS_MIN) {
    const message = `reason has ${length} characters without padding, expected ${REASON_CHARS_MIN} or more`;
    add("reason", {
      code: "WAIVER_REASON_SHORT",
      message,
      fix: "Write why, so that a stranger understands it",
    });
  }
  const range = raw.scope.version_range;
  if (range !== undefined && !isRange(range)) {
    const message = `version_range is ${JSON.stringify(range)}, expected a range as ">=1.8.0 <1.9.0"`;
    add("scope", { code: "WAIVER_SCOPE", message, fix: "Write the versions that the waiver is for" });
  }
  const dates = [
    ["created", "at"],
    ["expires", "until"],
  ] as const;
  for (const [key, when] of dates) {
    if (isInstant(raw[key])) continue;
    const message = `${key} is ${raw[key]}, which is no moment of the calendar`;
    add(key, {
      code: "WAIVER_DATE",
      message,
      fix: `Write the moment ${when} which it was agreed, in UTC; a day ends at 00:00:00 of the next`,
    });
  }
  // Both are RFC 3339 in UTC with whole seconds, so that text order is time order.
  if (raw.expires <= raw.created) {
    const message = `expires is ${raw.expires}, expected a time after ${raw.created}`;
    add("expires", { code: "WAIVER_DATE", message, fix: "Write the moments that were agreed, in UTC" });
  }
  return problems;
}

/** Whether the text is the moment that it stands for: `2026-02-30` is not. */
function isInstant(text: string): boolean {
  const time = Date.parse(text);
  return Number.isFinite(time) && new Date(time).toISOString() === text.replace("Z", ".000Z");
}

function toWaiver(raw: RawWaiver, path: string): Waiver {
  const { floor, ticket, max_uses: maxUses } = raw;
  return {
    id: raw.id,
    place: { path, line: 1 },
    model: raw.model,
    gates: raw.gates,
    scope: toScope(raw.scope),
    reason: raw.reason,
    riskAccepted: raw.risk_accepted,
    compensatingControls: (raw.compensating_controls ?? []).map((control) => ({ ...control })),
    requestedBy: String(raw.requested_by),
    approvals: raw.approvals.map(({ role, user_id: userId, login, review_url: reviewUrl }) => ({
      role,
      userId,
      reviewUrl,
      ...definedMembers({ login }),
    })),
    created: raw.created,
    expires: raw.expires,
    renewals: raw.renewals ?? 0,
    ...definedMembers({ floor, ticket, maxUses }),
  };
}

function toScope(scope: RawWaiver["scope"]): Waiver["scope"] {
  if (scope.digest !== undefined) return { kind: "digest", digest: asDigest(scope.digest) };
  if (scope.version_range !== undefined) return { kind: "version_range", range: scope.version_range };
  if (scope.change_class !== undefined) return { kind: "change_class", changeClass: scope.change_class };
  throw new RangeError("Cannot read scope: the schema let an empty one through");
}

function asDigest(text: string): Digest {
  if (!isDigest(text)) throw new RangeError("Cannot read a digest: the schema let another text through");
  return text;
}
