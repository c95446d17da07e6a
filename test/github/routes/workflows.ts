import type { Members } from "../description.ts";
import {
  type Call,
  json,
  NOT_FOUND,
  problem,
  type Reply,
  type Routes,
  repositoryUrl,
  withRepository,
} from "../exchange.ts";
import type { Repository } from "../nouns.ts";
import { paginatedIn } from "../pagination.ts";
import { instant } from "../resources/times.ts";
import { toJob, toWorkflowRun } from "../resources/workflow.ts";
import type { Artifact, WorkflowRun } from "../state/workflows.ts";

const ACTIONS = { permissions: ["actions"], level: "read" } as const;
const LIFETIME_MS = 90 * 24 * 60 * 60 * 1000;
const COMMENT_CHARACTERS_MAX = 1024;
const REVIEWS_MAX = 10;

/** What workflows of the repository ran and left behind. */
export const WORKFLOW_ROUTES: Routes = {
  "actions/get-workflow-run": {
    ...ACTIONS,
    handle: withRun((call, run) => json(200, toWorkflowRun(call.origin, run))),
  },
  "actions/list-workflow-runs-for-repo": { ...ACTIONS, handle: withRepository(listRuns) },
  "actions/list-workflow-run-artifacts": { ...ACTIONS, handle: withRun(listArtifactsOfRun) },
  "actions/list-jobs-for-workflow-run": { ...ACTIONS, handle: withRun(listJobs) },
  "actions/list-artifacts-for-repo": { ...ACTIONS, handle: withRepository(listArtifacts) },
  "actions/get-artifact": {
    ...ACTIONS,
    handle: withArtifact((call, found) => json(200, toArtifact(call, found))),
  },
  "actions/download-artifact": { ...ACTIONS, handle: withArtifact(download) },
  "actions/review-custom-gates-for-run": {
    ...{ permissions: ["deployments"], level: "write" },
    handle: withRun(reviewGate),
  },
};

function withRun(handler: (call: Call, run: WorkflowRun) => Reply): (call: Call) => Reply {
  return withRepository((call, repository) => {
    const id = Number(call.parameters.run_id);
    const run = call.github.workflowRuns.find((each) => each.repository === repository && each.id === id);
    return run === undefined ? NOT_FOUND : handler(call, run);
  });
}

function withArtifact(handler: (call: Call, artifact: Artifact) => Reply): (call: Call) => Reply {
  return withRepository((call, repository) => {
    const id = Number(call.parameters.artifact_id);
    const found = call.github.artifacts.find((each) => each.run.repository === repository && each.id === id);
    return found === undefined ? NOT_FOUND : handler(call, found);
  });
}

function listRuns(call: Call, repository: Repository): Reply {
  const { github, query } = call;
  const runs = github.workflowRuns.filter(
    (run) =>
      run.repository === repository &&
      (query.get("head_sha") ?? run.head) === run.head &&
      (query.get("branch") ?? run.branch) === run.branch &&
      (query.get("event") ?? run.event) === run.event &&
      [run.status, run.conclusion, null].includes(query.get("status")),
  );
  return paginatedIn(
    call,
    "workflow_runs",
    runs.toReversed().map((run) => toWorkflowRun(call.origin, run)),
  );
}

/** Those of the latest attempt, unless all are asked for. */
function listJobs(call: Call, run: WorkflowRun): Reply {
  const isAll = call.query.get("filter") === "all";
  const jobs = run.jobs.filter(({ attempt }) => isAll || attempt === run.attempt);
  return paginatedIn(
    call,
    "jobs",
    jobs.map((job) => toJob(call.origin, run, job)),
  );
}

function listArtifactsOfRun(call: Call, run: WorkflowRun): Reply {
  return pageOf(call, ({ run: each }) => each === run);
}

function listArtifacts(call: Call, repository: Repository): Reply {
  return pageOf(call, ({ run }) => run.repository === repository);
}

function pageOf(call: Call, isMeant: (artifact: Artifact) => boolean): Reply {
  const name = call.query.get("name");
  const artifacts = call.github.artifacts.filter(
    (each) => isMeant(each) && (name === null || each.name === name),
  );
  return paginatedIn(
    call,
    "artifacts",
    artifacts.toReversed().map((artifact) => toArtifact(call, artifact)),
  );
}

function toArtifact(call: Call, { id, name, zip, expired, createdAt, run }: Artifact): Members {
  const url = repositoryUrl(call, `actions/artifacts/${id}`);
  return {
    ...{ id, node_id: `MDg6QXJ0aWZhY3Q${id}`, name, size_in_bytes: zip.length, expired },
    ...{ url, archive_download_url: `${url}/zip` },
    ...{ created_at: instant(createdAt), updated_at: instant(createdAt) },
    expires_at: instant(new Date(createdAt.getTime() + LIFETIME_MS)),
    workflow_run: {
      ...{ id: run.id, repository_id: run.repository.id, head_repository_id: run.headRepository.id },
      ...{ head_branch: run.branch, head_sha: run.head },
    },
  };
}

/** A redirect to another place, which wants no token. */
function download({ origin, parameters }: Call, { id, expired }: Artifact): Reply {
  if (expired) return problem(410, "Artifact has expired");
  if (parameters.archive_format !== "zip") return NOT_FOUND;
  return { status: 302, headers: { location: `${origin}/_storage/artifacts/${id}.zip?sig=${id}` } };
}

function reviewGate({ github, body }: Call, run: WorkflowRun): Reply {
  const comment = String(body.comment ?? "");
  const reviews = github.gateReviews.filter(({ runId }) => runId === run.id);
  if (comment.length > COMMENT_CHARACTERS_MAX || reviews.length >= REVIEWS_MAX) {
    return problem(422, "Validation Failed");
  }
  // Without a state it is a report of how things stand, and decides nothing.
  const state = body.state === undefined ? "pending" : String(body.state);
  github.gateReviews.push({ runId: run.id, environment: String(body.environment_name), state, comment });
  return { status: 204 };
}
