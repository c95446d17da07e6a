import { roleWords, type Seat, type VoteStanding } from "../model/approval.ts";
import type { DecisionRecord } from "../model/decision.ts";
import { phrase } from "./sentences.ts";

/** One approval that is asked for. */
export interface SeatRow {
  /** Absent for an approval of the policy itself. */
  readonly model?: string;
  /** `validator`, or what stands for no role. */
  readonly role: string;
  readonly state: Seat["state"];
  /** Login of who approved or rejected: those who have not acted are never named. */
  readonly who?: string;
}

/** One vote that does not count, and why. */
export interface UncountedVote {
  readonly who: string;
  readonly kind: VoteStanding["kind"];
  readonly state: "stale" | "ignored";
  readonly reason: string;
}

export interface ReportedApprovals {
  /** In the order of the gates: the whole change first, then by model. */
  readonly seats: readonly SeatRow[];
  readonly uncounted: readonly UncountedVote[];
}

/** Logins by user id, of those who acted. */
export type Names = ReadonlyMap<number, string>;

/** Who has approved and who is waited for; undefined where nobody is asked. */
export function toApprovals(record: DecisionRecord, names: Names): ReportedApprovals | undefined {
  const { results, votes = [] } = record;
  const nameOf = (userId: number) => names.get(userId) ?? `user ${userId}`;
  const seats = results.flatMap(({ model, seats: all = [] }) =>
    all.map(({ role, state, userId }) => ({
      ...(model === undefined ? {} : { model }),
      role: roleWords(role),
      state,
      ...(userId === undefined ? {} : { who: nameOf(userId) }),
    })),
  );
  const uncounted = votes.flatMap(({ userId, kind, state, reason = "" }) =>
    state === "counted" ? [] : [{ who: nameOf(userId), kind, state, reason }],
  );
  return seats.length + uncounted.length === 0 ? undefined : { seats, uncounted };
}

/** `approval, stale` */
export function uncountedWords({ kind, state }: UncountedVote): string {
  return `${kind === "approve" ? "approval" : "rejection"}, ${state}`;
}

/** `2 of 3 approvals` */
export function approvalsSentence({ seats }: ReportedApprovals): string {
  const approved = seats.filter(({ state }) => state === "approved").length;
  return `${approved} of ${phrase(seats.length, "approval", "approvals")}`;
}
