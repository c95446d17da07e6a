import type { Account } from "../nouns.ts";
import { toCheckRun, toCheckSuite } from "../resources/check.ts";
import type { CheckRun, CheckSuite } from "../state/checks.ts";
import type { GitHubState } from "../state.ts";
import { notify } from "./notice.ts";

export interface CheckNotice {
  readonly action: "created" | "completed" | "rerequested" | "requested_action";
  readonly sender: Account;
  /** Identifier of the action that somebody asked for. */
  readonly requested?: string;
}

/** Tells of a check run; what somebody asks of it, only the App that made it is told. */
export function sendCheckRun(
  github: GitHubState,
  run: CheckRun,
  { action, sender, requested }: CheckNotice,
): void {
  const isAsked = action === "rerequested" || action === "requested_action";
  notify(github, {
    ...{ event: "check_run", repository: run.suite.repository, sender },
    ...(isAsked && { onlyTo: run.suite.app }),
    own: () => ({
      action,
      ...(requested !== undefined && { requested_action: { identifier: requested } }),
      check_run: {
        ...toCheckRun(github, run),
        check_suite: toCheckSuite(github, run.suite),
        name: run.name,
      },
    }),
  });
}

export function sendCheckSuite(
  github: GitHubState,
  suite: CheckSuite,
  { action, sender }: { action: "requested" | "rerequested"; sender: Account },
): void {
  notify(github, {
    ...{ event: "check_suite", repository: suite.repository, sender, onlyTo: suite.app },
    own: () => ({ action, check_suite: toCheckSuite(github, suite) }),
  });
}
