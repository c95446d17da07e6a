import type { Ballot } from "../approval/ballot.ts";
import { stalenessOf } from "../approval/binding.ts";
import type { ModelChange } from "../model/change.ts";
import type { Finding } from "../model/finding.ts";
import { broken, notApplicable, pass } from "./judgement.ts";
import type { Rule } from "./rule.ts";
import { NOBODY_ASKED, nothingToApprove } from "./seats.ts";

/**
 * Approvals of other content are left out wherever approvals are counted; they are listed as stale and close nothing by
 * themselves, for the same people may approve again. This gate closes where there is no content to bind to: two files
 * that cannot be read would look the same.
 */
export const approvalsBound: Rule = {
  name: "approvals.bound",
  title: "Approvals are of this very model, data, evidence and policy",
  scope: "change",
  parameters: {},
  judge(_args, view) {
    const { ballot } = view;
    const excuse = nothingToApprove(view);
    if (ballot === undefined || excuse !== undefined) return notApplicable(excuse ?? NOBODY_ASKED);
    const unknown = view.change.models.filter(({ head }) => head !== undefined && head.subject === undefined);
    const seen = { observed: observed(ballot), expected: "stale ones do not count" };
    return unknown.length > 0 ? broken(unknown.map(untold), seen) : pass(seen);
  },
};

function observed({ approvals, subject }: Ballot): string {
  const given = approvals.votes.filter(({ kind }) => kind === "approve");
  const stale = given.filter((vote) => stalenessOf(vote, subject) !== undefined);
  return `approvals of this content: ${given.length - stale.length}; stale: ${stale.length}`;
}

function untold({ id, paths }: ModelChange): Finding {
  const [path] = paths;
  return {
    code: "SUBJECT_UNKNOWN",
    message: `Cannot tell what would be approved: the content of ${id} is not known`,
    ...(path === undefined ? {} : { place: { path } }),
    fix: "Mend what the gates say of its files",
  };
}
