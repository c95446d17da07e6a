import { sendCheckRun, sendCheckSuite } from "../events/checks.ts";
import type { Account } from "../nouns.ts";
import type { CheckRun, CheckSuite } from "../state/checks.ts";
import type { GitHubState } from "../state.ts";

/** "Re-run" beside one check. */
export function rerequestRun(github: GitHubState, run: CheckRun, { by }: { by: Account }): void {
  sendCheckRun(github, run, { action: "rerequested", sender: by });
}

/** "Re-run all checks". */
export function rerequestSuite(github: GitHubState, suite: CheckSuite, { by }: { by: Account }): void {
  sendCheckSuite(github, suite, { action: "rerequested", sender: by });
}

/** One of the check's own buttons. */
export function requestAction(
  github: GitHubState,
  run: CheckRun,
  { by, identifier }: { by: Account; identifier: string },
): void {
  sendCheckRun(github, run, { action: "requested_action", sender: by, requested: identifier });
}
