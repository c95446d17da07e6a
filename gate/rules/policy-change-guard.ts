import type { Finding } from "../model/finding.ts";
import type { PolicyChange, PolicyDifference } from "../model/policy.ts";
import { textsOf } from "./arguments.ts";
import { fail, notApplicable, pass } from "./judgement.ts";
import type { Rule } from "./rule.ts";

const DEFAULT_PATH = ".weighbridge/policy.yml";

/**
 * A change of the judge itself. The base's policy has decided in any case; this gate keeps a weaker policy from
 * becoming the next base by itself. What it wants is the approval of people, which is evidence like any other.
 */
export const policyChangeGuard: Rule = {
  name: "policy.change-guard",
  title: "The change does not loosen the policy that judges it",
  scope: "change",
  parameters: {
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
    const refuse = textsOf(args, "refuse") ?? [];
    const findings = [
      ...unreadable(policyChange),
      ...loosened(policyChange, view.policy.path ?? DEFAULT_PATH),
      ...policyChange.files.filter(({ kind }) => refuse.includes(kind)).map(refused),
    ];
    const observed = summary(policyChange.differences);
    return findings.length === 0
      ? pass({ observed })
      : fail(findings, { observed, expected: "nothing loosened" });
  },
};

function unreadable({ unreadable: problem }: PolicyChange): readonly Finding[] {
  return problem === undefined ? [] : [{ ...problem, fix: "Run weighbridge policy validate" }];
}

function loosened({ differences }: PolicyChange, path: string): readonly Finding[] {
  return differences
    .filter(({ effect }) => effect === "loosened")
    .map(({ gate, what, from, to }) => ({
      code: "POLICY_LOOSENED",
      message: `${gate}: ${what} ${from} → ${to}`,
      place: { path },
      fix: "Take it out of this pull request; a weaker policy needs the approval of risk in one of its own",
    }));
}

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
