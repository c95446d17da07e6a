import type { Digest } from "./digest.ts";

/** How a person had a hand in the change. */
export type Part = "author" | "committer" | "co-author" | "pusher";

/** Someone who had a hand in the change, and therefore does not approve it. */
export interface Participant {
  readonly part: Part;
  /** Numeric id of the account; absent for an e-mail address that no account stands behind. */
  readonly userId?: number;
}

/** What one person said last. A vote that was dismissed, withdrawn or deleted is not listed. */
export interface Vote {
  readonly kind: "approve" | "reject";
  readonly userId: number;
  /** As it is shown; it decides nothing. */
  readonly login: string;
  readonly source: { readonly kind: "review" | "comment"; readonly id: number };
  /** The head that was looked at. */
  readonly head: string;
  /** Subject digest of the decision that stood when the vote was given; absent where none did. */
  readonly subject?: Digest;
  /** Roles of the policy that the person holds now. */
  readonly roles: readonly string[];
  readonly isBot: boolean;
  /** May write to the repository now. */
  readonly canWrite: boolean;
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
