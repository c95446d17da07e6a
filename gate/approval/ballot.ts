import type { Approvals } from "../model/approval.ts";
import type { JudgedModel } from "../model/decision.ts";
import type { Digest } from "../model/digest.ts";
import { byCodeUnits } from "../model/order.ts";
import type { Policy } from "../model/policy.ts";
import { canonical } from "../parse/canonical.ts";
import { stalenessOf } from "./binding.ts";
import { barOf, rolesOf } from "./separation.ts";

/** What people said of a change, and what their words are held against. */
export interface Ballot {
  readonly approvals: Approvals;
  /** Of the content that is to be decided about. */
  readonly subject: Digest;
  readonly models: readonly JudgedModel[];
}

/** Somebody whose approval counts, with the roles that it can count in. */
export interface Voter {
  readonly userId: number;
  readonly roles: readonly string[];
  /** The models that the approval is about; absent where it is about the whole change. */
  readonly models?: readonly string[];
}

/** Those whose approvals count about this content, each once, by user id. */
export function votersOf({ approvals, subject }: Ballot, roles: Policy["roles"]): readonly Voter[] {
  const unresolved = new Set(approvals.unresolved.map(({ role }) => role));
  const counted = approvals.votes.filter(
    (vote) =>
      vote.kind === "approve" &&
      barOf(vote, approvals) === undefined &&
      stalenessOf(vote, subject) === undefined,
  );
  const ids = [...new Set(counted.map(({ userId }) => userId))].sort((a, b) => a - b);
  return ids.map((userId) => {
    const votes = counted.filter((vote) => vote.userId === userId);
    const held = votes.flatMap((vote) => rolesOf(vote, approvals));
    const usable = held.filter((role) => Object.hasOwn(roles, role) && !unresolved.has(role));
    const isAboutAll = votes.some(({ model }) => model === undefined);
    return {
      userId,
      roles: [...new Set(usable)].sort(byCodeUnits),
      ...(isAboutAll ? {} : { models: votes.flatMap(({ model }) => model ?? []) }),
    };
  });
}

/** Whether the person approved the model, or the change as a whole where no model is named. */
export function isAbout({ models }: Voter, model?: string): boolean {
  return models === undefined || (model !== undefined && models.includes(model));
}

/** The same approvals in the one order that does not depend on how they were found. */
export function sortApprovals({ participants, complete, votes, unresolved }: Approvals): Approvals {
  const ordered = votes.map((vote) => ({ ...vote, roles: vote.roles.toSorted(byCodeUnits) }));
  return {
    participants: inOrder(participants, ({ part, userId = Number.MAX_SAFE_INTEGER }) => [part, userId]),
    complete,
    votes: inOrder(ordered, ({ userId }) => ["", userId]),
    unresolved: inOrder(unresolved, ({ role }) => [role, 0]),
  };
}

/** By a word and a number, and by all the rest where they are the same. */
function inOrder<T>(items: readonly T[], keyOf: (item: T) => readonly [string, number]): readonly T[] {
  const keyed = items.map((item) => ({ item, key: keyOf(item), text: canonical(item) }));
  keyed.sort((a, b) => byCodeUnits(a.key[0], b.key[0]) || a.key[1] - b.key[1] || byCodeUnits(a.text, b.text));
  return keyed.map(({ item }) => item);
}
