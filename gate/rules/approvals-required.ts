import { APPROVING_ROLES, CLASSES, type Demand, demandOf } from "../approval/matrix.ts";
import { seatsAbout } from "../approval/seating.ts";
import type { JudgedModel } from "../model/decision.ts";
import { TIERS } from "../model/tier.ts";
import { numberByTier, textsByTier } from "./arguments.ts";
import { notApplicable } from "./judgement.ts";
import type { Arguments, Parameter, Rule } from "./rule.ts";
import { judgeSeats, NOBODY_ASKED, unusableRoles } from "./seats.ts";

const CLASS_WORDS = {
  A: "documentation",
  B: "a refresh",
  C: "a material change",
  D: "a new model",
  E: "a retirement or rollback",
} as const;

const ROLES = {
  type: "array",
  uniqueItems: true,
  maxItems: APPROVING_ROLES.length,
  items: { enum: APPROVING_ROLES },
};

export const approvalsRequired: Rule = {
  name: "approvals.required",
  title: "The people whom its tier and class ask for have approved the change",
  scope: "model",
  waits: true,
  parameters: {
    ...Object.fromEntries(CLASSES.map((changeClass) => [changeClass, matrixRow(changeClass)])),
    people: {
      schema: {
        ...byTier({ type: "integer", minimum: 1, maximum: 20 }),
        description:
          "Distinct people who have to approve, by tier and whatever the class; as many as there are roles, and at least one, if left out.",
        examples: [{ T1: 4, T2: 2 }],
      },
      tighter: { kind: "by-tier", each: { kind: "higher" } },
    },
  },
  judge(args, view) {
    const { ballot, model, tier = "T1" } = view;
    if (ballot === undefined) return notApplicable(NOBODY_ASKED);
    if (model === undefined) throw new RangeError("Cannot seat people: the view is of no model");
    const judged = { id: model.id, changeClass: model.changeClass, tier, tierReasons: [] };
    const demand = demandAbout(args, judged);
    const unusable = unusableRoles(demand.roles, view.policy, ballot);
    const seats = seatsAbout(judged, {
      ballot,
      roles: view.policy.roles,
      demandAbout: (other) => demandAbout(args, other),
      rejecting: rolesNamed(args),
    });
    return judgeSeats(seats, unusable);
  },
};

/** Every role of the matrix may reject, not only those of this class and tier: a stricter policy never hears fewer. */
function rolesNamed(args: Arguments): readonly string[] {
  const named = CLASSES.flatMap((row) => TIERS.flatMap((tier) => textsByTier(args, row, tier) ?? []));
  return [...new Set(named)];
}

function matrixRow(changeClass: (typeof CLASSES)[number]): Parameter {
  return {
    schema: {
      ...byTier(ROLES),
      description: `Roles that have to approve ${CLASS_WORDS[changeClass]} (class ${changeClass}), by tier, each by a person of its own. Where a tier has none, one person who may write and had no hand in the change.`,
      examples: [{ T1: ["validator", "owner"], T2: ["owner"], T3: [], T4: [] }],
    },
    tighter: { kind: "by-tier", each: { kind: "superset" } },
  };
}

function byTier(each: object): object {
  return {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(TIERS.map((tier) => [tier, each])),
  };
}

function demandAbout(args: Arguments, { changeClass, tier }: JudgedModel): Demand {
  return demandOf(textsByTier(args, changeClass, tier) ?? [], numberByTier(args, "people", tier));
}
