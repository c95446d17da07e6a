import type { Ballot } from "../approval/ballot.ts";
import { barOf, hasUnlinked } from "../approval/separation.ts";
import type { Finding } from "../model/finding.ts";
import { textOf } from "./arguments.ts";
import { broken, fail, notApplicable, pass } from "./judgement.ts";
import type { Rule } from "./rule.ts";
import { NOBODY_ASKED, nothingToApprove } from "./seats.ts";

/**
 * Approvals of those who had a hand in the change are left out wherever approvals are counted. This gate closes where
 * it cannot be told who they are.
 */
export const approvalsSeparation: Rule = {
  name: "approvals.separation",
  title: "Nobody approves a change that they had a hand in",
  scope: "change",
  parameters: {
    unlinked: {
      schema: {
        enum: ["extra", "block"],
        description:
          "What an e-mail address in the commits does that no account stands behind: it asks for one approval more about each model, or closes the gate.",
        examples: ["block"],
      },
      tighter: { kind: "order", words: ["extra", "block"], default: "extra" },
    },
  },
  judge(args, view) {
    const { ballot } = view;
    const excuse = nothingToApprove(view);
    if (ballot === undefined || excuse !== undefined) return notApplicable(excuse ?? NOBODY_ASKED);
    const { complete, participants } = ballot.approvals;
    if (!complete) return broken(INCOMPLETE);
    if (participants.length === 0) return broken(NOBODY);
    const seen = { observed: observed(ballot), expected: "none of theirs counts" };
    const closes = hasUnlinked(ballot.approvals) && textOf(args, "unlinked") === "block";
    return closes ? fail(UNLINKED, seen) : pass(seen);
  },
};

function observed({ approvals }: Ballot): string {
  const { participants, votes } = approvals;
  const people = new Set(participants.flatMap(({ userId }) => userId ?? []));
  const barred = votes.filter((vote) => vote.kind === "approve" && barOf(vote, approvals) !== undefined);
  const unlinked = hasUnlinked(approvals) ? ", and somebody without an account" : "";
  return `people with a hand in it: ${people.size}${unlinked}; approvals ignored: ${barred.length}`;
}

const INCOMPLETE: Finding = {
  code: "PARTICIPANTS_INCOMPLETE",
  message:
    "The commits of the change could not all be looked at, so that somebody who made it may approve it",
  fix: "Split the pull request into smaller ones, or run the check again",
};

const NOBODY: Finding = {
  code: "PARTICIPANTS_UNKNOWN",
  message: "Nobody is known to have made the change",
  fix: "Run the check again",
};

const UNLINKED: Finding = {
  code: "PARTICIPANT_UNLINKED",
  message: "A commit of the change has an e-mail address that no account stands behind",
  fix: "Add the address to the account of whoever wrote it, or commit again with one that is known",
};
