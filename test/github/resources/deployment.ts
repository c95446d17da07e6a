import type { Json, Members } from "../description.ts";
import { fullName } from "../nouns.ts";
import { toApp, toUser } from "../resources.ts";
import type { Deployment, DeploymentStatus } from "../state/deployments.ts";
import { instant } from "./times.ts";

export function toDeployment(origin: string, deployment: Deployment): Members {
  const { id, repository, sha, ref, task, environment, description, creator, app } = deployment;
  const repositoryUrl = `${origin}/repos/${fullName(repository)}`;
  const url = `${repositoryUrl}/deployments/${id}`;
  const at = instant(deployment.createdAt);
  return {
    ...{ id, node_id: `DE_${id}`, url, sha, ref, task, environment, description },
    payload: (deployment.payload ?? {}) as Json,
    original_environment: environment,
    creator: toUser(origin, creator),
    ...{ created_at: at, updated_at: at, statuses_url: `${url}/statuses`, repository_url: repositoryUrl },
    ...{ transient_environment: false, production_environment: false },
    performed_via_github_app: app === undefined ? null : toApp(origin, app),
  };
}

export function toDeploymentStatus(origin: string, status: DeploymentStatus): Members {
  const { id, deployment, state, description, creator, app, createdAt } = status;
  const repositoryUrl = `${origin}/repos/${fullName(deployment.repository)}`;
  const url = `${repositoryUrl}/deployments/${deployment.id}`;
  const at = instant(createdAt);
  return {
    ...{ id, node_id: `DES_${id}`, url: `${url}/statuses/${id}`, state, description },
    ...{ environment: deployment.environment, target_url: status.logUrl || url },
    ...(status.logUrl !== "" && { log_url: status.logUrl }),
    ...(status.environmentUrl !== "" && { environment_url: status.environmentUrl }),
    ...{ deployment_url: url, repository_url: repositoryUrl },
    ...{ creator: toUser(origin, creator), created_at: at, updated_at: at },
    performed_via_github_app: app === undefined ? null : toApp(origin, app),
  };
}
