import type { Approvals, Part, Vote } from "../model/approval.ts";

/** Reads, and never approves. */
export const READER = "auditor";
/** Checks a model without having built it. */
const VALIDATOR = "validator";

const PART_WORDS: Readonly<Record<Exclude<Part, "developer">, string>> = {
  author: "wrote it",
  committer: "committed to it",
  "co-author": "is named as its co-author",
  pusher: "pushed it",
  requester: "asked for the waiver in it",
};

/**
 * Why an approval counts about no content at all; undefined if it may count. A rejection is never barred: whoever
 * answers for the model may stop a change in any case.
 */
export function barOf(vote: Vote, { participants }: Approvals): string | undefined {
  if (vote.isBot) return "a bot gave it";
  const parts = participants.filter(({ userId }) => userId === vote.userId);
  const words = parts.flatMap(({ part }) => (part === "developer" ? [] : [PART_WORDS[part]]));
  if (words.length > 0) return `who approved had a hand in the change: ${[...new Set(words)].join(", ")}`;
  if (!vote.canWrite) return "who approved may not write to the repository";
  if (vote.roles.includes(READER)) return `who approved is an ${READER}, who reads and does not approve`;
  return undefined;
}

/** The roles that a person may fill: who developed the model before does not validate it. */
export function rolesOf({ userId, roles }: Vote, { participants }: Approvals): readonly string[] {
  const isDeveloper = participants.some((person) => person.part === "developer" && person.userId === userId);
  return isDeveloper ? roles.filter((role) => role !== VALIDATOR) : roles;
}

/** Whether somebody had a hand in the change whom no account stands behind: it may be one of those who approve. */
export function hasUnlinked({ participants }: Pick<Approvals, "participants">): boolean {
  return participants.some(({ part, userId }) => part !== "developer" && userId === undefined);
}
