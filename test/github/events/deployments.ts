import type { Members } from "../description.ts";
import { type Account, fullName, type Pull } from "../nouns.ts";
import { toDeployment, toDeploymentStatus } from "../resources/deployment.ts";
import { toPull } from "../resources.ts";
import type { Deployment, DeploymentStatus } from "../state/deployments.ts";
import type { WorkflowRun } from "../state/workflows.ts";
import type { GitHubState } from "../state.ts";
import { notify } from "./notice.ts";

export function sendDeploymentStatus(github: GitHubState, status: DeploymentStatus, sender: Account): void {
  const { deployment } = status;
  notify(github, {
    ...{ event: "deployment_status", repository: deployment.repository, sender },
    own: () => ({
      action: "created",
      deployment_status: toDeploymentStatus(github.origin, status),
      ...{ deployment: toDeployment(github.origin, deployment), check_run: null, workflow: null },
      workflow_run: null,
    }),
  });
}

/** Asks the App whether a run may deploy; it answers at the address in the payload. */
export function sendProtectionRule(
  github: GitHubState,
  run: WorkflowRun,
  { deployment, sender, pulls }: { deployment: Deployment; sender: Account; pulls: readonly Pull[] },
): void {
  const { origin } = github;
  notify(github, {
    ...{ event: "deployment_protection_rule", repository: run.repository, sender },
    own: (): Members => ({
      action: "requested",
      ...{ environment: deployment.environment, event: run.event },
      ...{ sha: deployment.sha, ref: deployment.ref },
      deployment_callback_url: `${origin}/repos/${fullName(run.repository)}/actions/runs/${run.id}/deployment_protection_rule`,
      deployment: toDeployment(origin, deployment),
      pull_requests: pulls.map((pull) => toPull(github, pull)),
    }),
  });
}
