import type { Pull } from "../github/pull.ts";

/** A pull request and the commit that it would enter: the tip of its base, for its own `base.sha` may be older. */
export interface Weighing {
  readonly pull: Pull;
  readonly base: string;
  /** How many comments it had when it was last looked at. */
  readonly comments?: number;
}
