import type { Seat, Vote, VoteStanding } from "../model/approval.ts";
import type { Ballot } from "./ballot.ts";
import { misnaming, stalenessOf } from "./binding.ts";
import { barOf } from "./separation.ts";

/** What became of every vote, in the order of the votes; `seats` are all that the gates have asked for. */
export function standingsOf(ballot: Ballot, seats: readonly Seat[]): readonly VoteStanding[] {
  return ballot.approvals.votes.map((vote) => {
    const { userId, kind, source } = vote;
    return { userId, kind, source, ...stateOf(vote, ballot, seats) };
  });
}

function stateOf(vote: Vote, ballot: Ballot, seats: readonly Seat[]): Pick<VoteStanding, "state" | "reason"> {
  if (vote.kind === "reject") {
    const hasEffect = seats.some(({ state, userId }) => state === "rejected" && userId === vote.userId);
    return hasEffect ? COUNTED : { state: "ignored", reason: "who rejected is in no role that is asked for" };
  }
  const ignored = barOf(vote, ballot.approvals) ?? misnaming(namedBy(vote), ballot);
  if (ignored !== undefined) return { state: "ignored", reason: ignored };
  const stale = stalenessOf(vote, ballot.subject);
  return stale === undefined ? COUNTED : { state: "stale", reason: stale };
}

const COUNTED = { state: "counted" } as const;

function namedBy({ model }: Vote): { readonly model?: string } {
  return model === undefined ? {} : { model };
}
