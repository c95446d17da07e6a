import { APPROVING_ROLES, demandOf } from "../approval/matrix.ts";
import { seatsOf } from "../approval/seating.ts";
import { claimsOf, type WaiverClaim } from "../approval/waiver-claims.ts";
import type { Judgement } from "../model/decision.ts";
import type { Finding } from "../model/finding.ts";
import type { PolicyChange, PolicyDifference } from "../model/policy.ts";
import { textsOf } from "./arguments.ts";
import { fail, notApplicable, pass } from "./judgement.ts";
import type { Rule, View } from "./rule.ts";
import { judgeSeats, unusableRoles } from "./seats.ts";

const DEFAULT_PATH = ".weighbridge/policy.yml";
/** Never nobody: what loosens the bar has to be somebody's word. */
const APPROVED_BY_DEFAULT = ["risk"] as const;

/**
 * A change of the judge itself. The base's policy has decided in any case; this gate keeps a weaker policy from
 * becoming the next base by itself. What it wants is the approval of people, which is evidence like any other; of a
 * waiver it wants that of those whom the waiver names, for later nobody can ask whether they gave it.
 */
export const policyChangeGuard: Rule = {
  name: "policy.change-guard",
  title: "The change does not loosen the policy that judges it",
  scope: "change",
  waits: true,
  parameters: {
    approved_by: {
      schema: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        maxItems: APPROVING_ROLES.length,
        items: { enum: APPROVING_ROLES },
        description:
          "Roles that have to approve a change of the policy, its waivers or the workflows that judge, each by a person of its own. A waiver asks for those whom its file names as well. Where the App asks people, their approval opens the gate, whatever is loosened. Risk if left out.",
        examples: [["risk", "compliance"]],
      },
      tighter: { kind: "superset", default: APPROVED_BY_DEFAULT },
    },
    refuse: {
      schema: {
        type: "array",
        uniqueItems: true,
        items: { enum: ["waiver", "workflow"] },
        description:
          "Further files that may not change together with models: waivers, and workflows that run Weighbridge.",
        examples: [["waiver", "workflow"]],
      },
      tighter: { kind: "superset" },
    },
  },
  judge(args, view) {
    const { policyChange } = view;
    if (policyChange === undefined)
      return notApplicable("The change leaves policy, waivers and workflows alone");
    const broken = unreadable(policyChange);
    const weaker = loosened(policyChange, view.policy.path ?? DEFAULT_PATH);
    const foreign = policyChange.files
      .filter(({ kind }) => textsOf(args, "refuse")?.includes(kind))
      .map(refused);
    const observed = summary(policyChange.differences);
    const expected = "nothing loosened";
    // What people may approve: not what nobody can read, and not what was to come by itself.
    const refusals = [...broken, ...(view.change.models.length === 0 ? [] : foreign)];
    const claims = claimsIn(view);
    const approval = askPeople(
      [...(textsOf(args, "approved_by") ?? APPROVED_BY_DEFAULT), ...claims.map(({ role }) => role)],
      view,
    );
    if (approval !== undefined) {
      const untrue = claims.filter(({ state }) => state === "involved").map(involved);
      if (refusals.length + untrue.length > 0) return fail([...refusals, ...untrue], { observed, expected });
      const judged = withLoosened(withClaims(approval, claims), weaker);
      return { ...judged, observed: `${observed}; approved by ${approval.observed}` };
    }
    const findings = [...broken, ...weaker, ...foreign];
    return findings.length === 0 ? pass({ observed }) : fail(findings, { observed, expected });
  },
};

/** What the waivers of the change say of people; nothing where nobody is asked. */
function claimsIn({ policyChange, ballot, policy }: View): readonly WaiverClaim[] {
  if (ballot === undefined) return [];
  return claimsOf(policyChange?.waivers ?? [], ballot, policy.roles);
}

/** Whom a waiver names has to have approved here, and not only somebody else in their role. */
function withClaims(approval: Judgement, claims: readonly WaiverClaim[]): Judgement {
  const open = claims.filter(({ state }) => state === "absent").map(unapproved);
  if (open.length === 0) return approval;
  const outcome = approval.outcome === "pass" ? "missing_evidence" : approval.outcome;
  return { ...approval, outcome, findings: [...approval.findings, ...open] };
}

function unapproved({ waiver, role, userId }: WaiverClaim): Finding {
  return {
    code: "WAIVER_UNAPPROVED",
    message: `${waiver.id} says that account ${userId} approved it as ${role}, and they have not approved this change in that role`,
    place: waiver.place,
    fix: "Let them approve this pull request, or name in the file whoever did",
  };
}

function involved({ waiver, role, userId }: WaiverClaim): Finding {
  return {
    code: "WAIVER_APPROVER_INVOLVED",
    message: `${waiver.id} says that account ${userId} approved it as ${role}, who asked for it or had a hand in this change`,
    place: waiver.place,
    fix: "Let somebody else in that role approve this pull request, and name them in the file",
  };
}

/** The judgement of the roles that have to approve; undefined where nobody is asked. */
function askPeople(approvedBy: readonly string[], { ballot, policy }: View): Judgement | undefined {
  if (ballot === undefined) return undefined;
  const demand = demandOf(approvedBy);
  return judgeSeats(
    seatsOf(demand, { ballot, roles: policy.roles }),
    unusableRoles(demand.roles, policy, ballot),
  );
}

/** Whoever is still to approve has to see what; the remedy is theirs, not to take it back. */
function withLoosened(approval: Judgement, weaker: readonly Finding[]): Judgement {
  if (approval.outcome === "pass") return approval;
  return {
    ...approval,
    findings: [...approval.findings, ...weaker.map(({ fix: _, ...finding }) => finding)],
  };
}

function unreadable({ unreadable: problem }: PolicyChange): readonly Finding[] {
  return problem === undefined ? [] : [{ ...problem, fix: "Run weighbridge policy validate" }];
}

function loosened({ differences }: PolicyChange, path: string): readonly Finding[] {
  return differences
    .filter(({ effect }) => effect === "loosened")
    .map(({ gate, what, from, to, place = { path } }) => ({
      ...(LOOSENED.get(gate) ?? POLICY_LOOSENED),
      message: `${gate}: ${what} ${from} → ${to}`,
      place,
    }));
}

const POLICY_LOOSENED = {
  code: "POLICY_LOOSENED",
  fix: "Take it out of this pull request; a weaker policy needs the approval of risk in one of its own",
};

/** The other files that judge. Who may approve them is asked by the App alone; a file can name anybody. */
const LOOSENED: ReadonlyMap<string, Pick<Finding, "code" | "fix">> = new Map([
  [
    "waivers",
    {
      code: "WAIVER_LOOSENED",
      fix: "In a pull request of its own, let those whom the waiver names bring it in past this check; only the App can ask whether they approved it",
    },
  ],
  [
    "workflows",
    {
      code: "WORKFLOW_LOOSENED",
      fix: "In a pull request of its own, let those who answer for the gate bring it in past this check; whether a workflow, or another commit of an action, still judges as before cannot be told here",
    },
  ],
]);

function refused({ path, kind }: PolicyChange["files"][number]): Finding {
  return {
    code: kind === "waiver" ? "WAIVER_CHANGED" : "WORKFLOW_CHANGED",
    message: `The change touches a ${kind}: ${path}`,
    place: { path },
    fix: "Put it into a pull request of its own, for the roles that answer for it",
  };
}

function summary(differences: readonly PolicyDifference[]): string {
  const count = (effect: PolicyDifference["effect"]) =>
    differences.filter((difference) => difference.effect === effect).length;
  return `${count("loosened")} loosened, ${count("tightened")} tightened, ${count("changed")} changed`;
}
