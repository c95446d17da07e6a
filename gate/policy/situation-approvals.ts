import type { Ballot } from "../approval/ballot.ts";
import { APPROVING_ROLES } from "../approval/matrix.ts";
import type { Vote } from "../model/approval.ts";
import type { JudgedModel } from "../model/decision.ts";
import type { Policy, Waiver } from "../model/policy.ts";
import { sha256Of } from "../parse/canonical.ts";
import { definedMembers } from "./defined.ts";
import type { Given, GivenVote, GivenWaiver } from "./given.ts";
import { MODEL, NOW } from "./situation.ts";

const SUBJECT = sha256Of("what is to be approved");
const AUTHOR = 1;
/** Whoever votes is none of those who made the change. */
const FIRST_VOTER = 100;
const DAY_MS = 86_400_000;
const WAIVER_DAYS = 7;

/** What people said in the situation; undefined where nobody was asked. */
export function ballotOf({ approvals: given }: Given, model: JudgedModel): Ballot | undefined {
  if (given === undefined) return undefined;
  const { votes = [], unlinked, incomplete, unresolved = [] } = given;
  return {
    approvals: {
      participants: [
        { part: "author", userId: AUTHOR },
        ...(unlinked === true ? [{ part: "committer" } as const] : []),
      ],
      complete: incomplete !== true,
      votes: votes.map(toVote),
      unresolved: unresolved.map((role) => ({ role, reason: "there is no such team" })),
    },
    subject: SUBJECT,
    models: [model],
  };
}

/** The roles that the policy of the situation names. */
export function rolesOf({ approvals }: Given): Policy["roles"] {
  const named = APPROVING_ROLES.filter((role) => approvals?.undefined?.includes(role) !== true);
  const role = (name: string) => ({ teams: [`acme/${name}`], users: [], exclusiveWith: [] });
  return Object.fromEntries(named.map((name) => [name, role(name)]));
}

function toVote(
  { kind = "approve", roles = [], by = "other", about = "this" }: GivenVote,
  index: number,
): Vote {
  const userId = by === "author" ? AUTHOR : FIRST_VOTER + index;
  const subject = { this: SUBJECT, other: sha256Of("something else"), unknown: undefined }[about];
  return {
    kind,
    userId,
    source: { kind: "review", id: userId },
    head: "2".repeat(40),
    roles,
    isBot: by === "bot",
    canWrite: by !== "reader",
    ...definedMembers({ subject }),
  };
}

/** Waivers of the model that hold in every tier but for what is given. */
export function waiversOf({ waivers = [] }: Given, gate: string): readonly Waiver[] {
  return waivers.map((given, index) => toWaiver(given, index, gate));
}

function toWaiver(
  { gates, expired, approved_by: roles = ["owner", "risk", "compliance"] }: GivenWaiver,
  index: number,
  gate: string,
): Waiver {
  const id = `WVR-2026-${String(index + 1).padStart(4, "0")}`;
  const end = Date.parse(NOW) + (expired === true ? -1 : 1) * DAY_MS;
  return {
    id,
    place: { path: `.weighbridge/waivers/${id}.yml`, line: 1 },
    model: MODEL,
    gates: gates ?? [gate],
    scope: { kind: "change_class", changeClass: "C" },
    reason: "Shows what a waiver does",
    riskAccepted: "None",
    compensatingControls: [],
    requestedBy: String(AUTHOR),
    approvals: roles.map((role, person) => ({ role, userId: FIRST_VOTER + person })),
    created: timeAt(end - WAIVER_DAYS * DAY_MS),
    expires: timeAt(end),
    renewals: 0,
  };
}

function timeAt(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
