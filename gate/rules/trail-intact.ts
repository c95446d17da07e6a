import { fail, notApplicable, pass } from "./judgement.ts";
import type { Rule } from "./rule.ts";

export const trailIntact: Rule = {
  name: "trail.intact",
  title: "The audit trail verifies",
  scope: "change",
  parameters: {},
  judge(_args, { trail, change }) {
    if (change.models.length === 0) return notApplicable("The change touches no model");
    if (trail === undefined) return notApplicable("This clone has no audit trail");
    const { size, findings } = trail;
    const seen = { observed: `${size} entries`, expected: "a trail that verifies" };
    return findings.length === 0 ? pass(seen) : fail(findings, seen);
  },
};
