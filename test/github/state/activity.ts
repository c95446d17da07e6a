import type { Account, Repository } from "../nouns.ts";

/** Who moved a ref: the only place where GitHub tells who pushed. */
export interface Activity {
  readonly id: number;
  readonly repository: Repository;
  readonly ref: string;
  readonly before: string;
  readonly after: string;
  readonly kind:
    | "push"
    | "force_push"
    | "branch_creation"
    | "branch_deletion"
    | "pr_merge"
    | "merge_queue_merge";
  readonly actor: Account | null;
  readonly at: Date;
}
