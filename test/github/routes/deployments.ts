import { sendDeploymentStatus } from "../events/deployments.ts";
import { type Call, json, NOT_FOUND, problem, type Reply, type Routes, withRepository } from "../exchange.ts";
import { objectId } from "../git-data.ts";
import type { Repository } from "../nouns.ts";
import { paginated } from "../pagination.ts";
import { toDeployment, toDeploymentStatus } from "../resources/deployment.ts";
import type { Deployment, DeploymentStatus } from "../state/deployments.ts";

const READ = { permissions: ["deployments"], level: "read" } as const;
const WRITE = { permissions: ["deployments"], level: "write" } as const;

export const DEPLOYMENT_ROUTES: Routes = {
  "repos/list-deployments": { ...READ, handle: withRepository(listDeployments) },
  "repos/get-deployment": {
    ...READ,
    handle: withDeployment((call, deployment) => json(200, toDeployment(call.origin, deployment))),
  },
  "repos/create-deployment": { ...WRITE, handle: withRepository(createDeployment) },
  "repos/create-deployment-status": { ...WRITE, handle: withDeployment(createStatus) },
  "repos/list-deployment-statuses": { ...READ, handle: withDeployment(listStatuses) },
};

function withDeployment(handler: (call: Call, deployment: Deployment) => Reply): (call: Call) => Reply {
  return withRepository((call, repository) => {
    const id = Number(call.parameters.deployment_id);
    const found = call.github.deployments.find((each) => each.repository === repository && each.id === id);
    return found === undefined ? NOT_FOUND : handler(call, found);
  });
}

function listDeployments(call: Call, repository: Repository): Reply {
  const wanted = (name: "sha" | "ref" | "task" | "environment", deployment: Deployment) =>
    (call.query.get(name) ?? deployment[name]) === deployment[name];
  const deployments = call.github.deployments.filter(
    (each) =>
      each.repository === repository &&
      wanted("sha", each) &&
      wanted("ref", each) &&
      wanted("task", each) &&
      wanted("environment", each),
  );
  return paginated(
    call,
    deployments.toReversed().map((each) => toDeployment(call.origin, each)),
  );
}

function createDeployment({ github, origin, token, body }: Call, repository: Repository): Reply {
  const ref = String(body.ref);
  const sha = objectId(repository, ref, "commit");
  if (sha === undefined) return problem(422, `No ref found for: ${ref}`);
  const deployment: Deployment = {
    ...{ id: github.nextId(), repository, sha, ref, task: String(body.task ?? "deploy") },
    environment: String(body.environment ?? "production"),
    description: body.description === undefined ? null : String(body.description),
    ...{ payload: body.payload, creator: token.account, createdAt: github.now() },
    ...(token.app !== undefined && { app: token.app }),
  };
  github.deployments.push(deployment);
  return json(201, toDeployment(origin, deployment));
}

function createStatus({ github, origin, token, body }: Call, deployment: Deployment): Reply {
  const text = (name: string) => String(body[name] ?? "");
  const status: DeploymentStatus = {
    ...{ id: github.nextId(), deployment, state: text("state"), description: text("description") },
    ...{ logUrl: text("log_url"), environmentUrl: text("environment_url") },
    ...{ creator: token.account, createdAt: github.now() },
    ...(token.app !== undefined && { app: token.app }),
  };
  github.deploymentStatuses.push(status);
  sendDeploymentStatus(github, status, token.account);
  return json(201, toDeploymentStatus(origin, status));
}

function listStatuses(call: Call, deployment: Deployment): Reply {
  const statuses = call.github.deploymentStatuses.filter((each) => each.deployment === deployment);
  return paginated(
    call,
    statuses.toReversed().map((each) => toDeploymentStatus(call.origin, each)),
  );
}
