import { PEER, type Seat, type Vote } from "../model/approval.ts";
import type { JudgedModel } from "../model/decision.ts";
import type { Policy } from "../model/policy.ts";
import { type Ballot, isAbout, type Voter, votersOf } from "./ballot.ts";
import { choicesOf } from "./exclusive.ts";
import { match } from "./matching.ts";
import type { Demand } from "./matrix.ts";
import { hasUnlinked } from "./separation.ts";

/** What is asked of people about every model of a change. */
export interface Asked {
  readonly ballot: Ballot;
  readonly roles: Policy["roles"];
  demandAbout(model: JudgedModel): Demand;
  /** A rejection by anybody in one of these roles keeps every model closed. */
  readonly rejecting: readonly string[];
}

/** The seats of one model and who fills them: as many as anybody could fill, then the rejections. */
export function seatsAbout(model: JudgedModel, asked: Asked): readonly Seat[] {
  const { ballot, roles, demandAbout, rejecting } = asked;
  const voters = settle(votersOf(ballot, roles), asked);
  const about = voters.filter((voter) => isAbout(voter, model.id));
  return withRejections(fill(demandAbout(model), about, ballot), ballot, rejecting);
}

/** The seats of a demand that is about no model, as the approval of a policy. */
export function seatsOf(demand: Demand, { ballot, roles }: Pick<Asked, "ballot" | "roles">): readonly Seat[] {
  const voters = votersOf(ballot, roles).filter((voter) => isAbout(voter));
  return withRejections(fill(demand, voters, ballot), ballot, demand.roles);
}

/** Whether all is approved and nothing rejected. */
export function areFilled(seats: readonly Seat[]): boolean {
  return seats.length > 0 && seats.every(({ state }) => state === "approved");
}

/** Of the ways in which people can choose between roles that exclude one another, the one that fills most seats. */
function settle(voters: readonly Voter[], { ballot, roles, demandAbout }: Asked): readonly Voter[] {
  if (ballot.models.length < 2) return voters;
  const [only, ...others] = choicesOf(voters, roles);
  if (only === undefined || others.length === 0) return only ?? voters;
  const cases = distinctCases(ballot.models, voters);
  const filled = (way: readonly Voter[]) =>
    cases.reduce((sum, model) => {
      const about = way.filter((voter) => isAbout(voter, model.id));
      return sum + fill(demandAbout(model), about, ballot).filter(({ state }) => state === "approved").length;
    }, 0);
  return others.reduce((best, way) => (filled(way) > filled(best) ? way : best), only);
}

/** One model of each tier and class, and each that an approval names: the others are filled just like one of these. */
function distinctCases(models: readonly JudgedModel[], voters: readonly Voter[]): readonly JudgedModel[] {
  const named = new Set(voters.flatMap((voter) => voter.models ?? []));
  const keyOf = ({ id, tier, changeClass }: JudgedModel) =>
    `${tier}${changeClass}${named.has(id) ? `\n${id}` : ""}`;
  return [...new Map(models.map((model) => [keyOf(model), model])).values()];
}

/** A seat for each role and for each further person; where somebody in the change has no account, one more. */
function fill({ roles, people }: Demand, voters: readonly Voter[], { approvals }: Ballot): readonly Seat[] {
  const peers = people - roles.length + (hasUnlinked(approvals) ? 1 : 0);
  const wanted = [...roles, ...Array.from({ length: peers }, () => PEER)];
  const taken = match(wanted.length, voters.length, (seat, person) => {
    const role = wanted[seat] ?? "";
    return role === PEER || voters[person]?.roles.includes(role) === true;
  });
  return wanted.map((role, index) => {
    const voter = voters[taken[index] ?? -1];
    return voter === undefined
      ? { role, state: "waiting" }
      : { role, state: "approved", userId: voter.userId };
  });
}

/** Each rejection takes the place of a seat that waits in a role of who rejected, or stands beside the others. */
function withRejections(
  seats: readonly Seat[],
  ballot: Ballot,
  rejecting: readonly string[],
): readonly Seat[] {
  const asked = seats.map(({ role }) => role);
  const rejected = rejectionsOf(ballot, rejecting).map(({ userId, roles }): Seat => {
    const role = [...asked, ...rejecting].find((name) => roles.includes(name)) ?? "";
    return { role, state: "rejected", userId };
  });
  const open = [...seats];
  for (const { role } of rejected) {
    const waiting = open.findIndex((seat) => seat.role === role && seat.state === "waiting");
    if (waiting >= 0) open.splice(waiting, 1);
  }
  return [...open, ...rejected];
}

/** Rejections that count, one for each person. They are bound to nothing: a no stands until it is taken back. */
function rejectionsOf({ approvals }: Ballot, rejecting: readonly string[]): readonly Vote[] {
  const votes = approvals.votes.filter(
    ({ kind, roles }) => kind === "reject" && roles.some((role) => rejecting.includes(role)),
  );
  return [...new Map(votes.map((vote) => [vote.userId, vote])).values()];
}
