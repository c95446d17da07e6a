import type { Account, Pull } from "../nouns.ts";

export type ReviewState = "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "DISMISSED" | "PENDING";

export interface Review {
  readonly id: number;
  readonly pull: Pull;
  /** Null when the account was deleted. */
  author: Account | null;
  state: ReviewState;
  body: string;
  /** The head that was looked at. */
  readonly commit: string;
  readonly submittedAt: Date;
}
