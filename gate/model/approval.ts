import type { Digest } from "./digest.ts";

/**
 * How a person had a hand in the change. `requester` asked for a waiver that the change brings; `developer` worked on
 * the model before, and is kept from validating it, not from approving in another role.
 */
export type Part = "author" | "committer" | "co-author" | "pusher" | "requester" | "developer";

/** Someone who had a hand in the change, and therefore does not approve it. */
export interface Participant {
  readonly part: Part;
  /** Numeric id of the account; absent for an e-mail address that no account stands behind. */
  readonly userId?: number;
}

/** What one person said last. A vote that was dismissed, withdrawn or deleted is not listed. */
export interface Vote {
  readonly kind: "approve" | "reject";
  /** Numeric id: a record goes into the trail, which holds no name. */
  readonly userId: number;
  readonly source: VoteSource;
  /** The head that was looked at. */
  readonly head: string;
  /** Subject digest of the decision that stood when the vote was given; absent where none did. */
  readonly subject?: Digest;
  /** The one model that an approval names; absent where it is about the whole change. */
  readonly model?: string;
  /** Roles of the policy that the person holds now. */
  readonly roles: readonly string[];
  readonly isBot: boolean;
  /** May write to the repository now. */
  readonly canWrite: boolean;
}

export interface VoteSource {
  readonly kind: "review" | "comment";
  readonly id: number;
}

/** Who agreed, as the host of the pull request says. Sorted: participants by part and id, votes by user id. */
export interface Approvals {
  readonly participants: readonly Participant[];
  /** Whether every commit of the change could be looked at; if not, somebody may be missing among the participants. */
  readonly complete: boolean;
  readonly votes: readonly Vote[];
  /** Roles that could not be resolved, and why: what needs them stays closed. */
  readonly unresolved: readonly { readonly role: string; readonly reason: string }[];
}

/** Stands in a seat for no role: anyone else who may write to the repository. */
export const PEER = "peer";

/** The role as people read it. */
export function roleWords(role: string): string {
  return role === PEER ? "another person" : role;
}

/** One approval that a gate asks for, and who gave it. No two seats of one gate and model have the same person. */
export interface Seat {
  /** Role of the policy, or `peer`. */
  readonly role: string;
  readonly state: "waiting" | "approved" | "rejected";
  /** Who approved or rejected; absent while it waits. */
  readonly userId?: number;
}

/** What became of one vote. */
export interface VoteStanding {
  readonly userId: number;
  readonly kind: Vote["kind"];
  readonly source: VoteSource;
  /** `stale`: it is about other content. `ignored`: it would not count about this content either. */
  readonly state: "counted" | "stale" | "ignored";
  /** Why it does not count; absent where it does. */
  readonly reason?: string;
}
