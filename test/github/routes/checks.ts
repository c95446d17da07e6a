import { sendCheckRun } from "../events/checks.ts";
import { type Call, json, NOT_FOUND, problem, type Reply, type Routes, withRepository } from "../exchange.ts";
import { objectId } from "../git-data.ts";
import type { Repository } from "../nouns.ts";
import { paginated, paginatedIn } from "../pagination.ts";
import { toCheckRun, toCheckSuite } from "../resources/check.ts";
import type { CheckRun } from "../state/checks.ts";

const READ = { permissions: ["checks"], level: "read" } as const;
const WRITE = { permissions: ["checks"], level: "write" } as const;
/** Check runs of one name in one suite. */
const RUNS_MAX = 1000;

export const CHECK_ROUTES: Routes = {
  "checks/create": { ...WRITE, handle: withRepository(createRun) },
  "checks/update": { ...WRITE, handle: withRun(updateRun) },
  "checks/get": { ...READ, handle: withRun((call, run) => json(200, toCheckRun(call.github, run))) },
  "checks/list-for-ref": { ...READ, handle: withRepository(listForRef) },
  "checks/list-annotations": { ...READ, handle: withRun(listAnnotations) },
  "checks/rerequest-run": { ...WRITE, handle: withRun(rerequest) },
  "checks/list-suites-for-ref": { ...READ, handle: withRepository(listSuites) },
};

function withRun(handler: (call: Call, run: CheckRun) => Reply): (call: Call) => Reply {
  return withRepository((call, repository) => {
    const id = Number(call.parameters.check_run_id);
    const run = call.github.checks.runs.find(
      (each) => each.id === id && each.suite.repository === repository,
    );
    return run === undefined ? NOT_FOUND : handler(call, run);
  });
}

function createRun(call: Call, repository: Repository): Reply {
  const { github, token, body } = call;
  if (token.app === undefined) return problem(403, "You must authenticate via a GitHub App.");
  const head = objectId(repository, String(body.head_sha), "commit");
  if (head === undefined) return problem(422, `No commit found for SHA: ${body.head_sha}`);
  const suite = github.checks.suite(repository, head, token.app);
  const name = String(body.name);
  if (github.checks.runs.filter((run) => run.suite === suite && run.name === name).length >= RUNS_MAX) {
    return problem(
      422,
      `Cannot create more than ${RUNS_MAX} check runs with the same name in a check suite.`,
    );
  }
  const run: CheckRun = {
    ...{ id: github.nextId(), suite, name, status: "queued", conclusion: null, externalId: "" },
    detailsUrl: `${call.origin}/apps/${token.app.slug}`,
    ...{ startedAt: github.now(), completedAt: null },
    ...{ output: { title: null, summary: null, text: null }, annotations: [], actions: [] },
  };
  change(run, call);
  github.checks.runs.push(run);
  sendCheckRun(github, run, { action: "created", sender: token.account });
  if (run.status === "completed") {
    sendCheckRun(github, run, { action: "completed", sender: token.account });
  }
  return json(201, toCheckRun(github, run));
}

function updateRun(call: Call, run: CheckRun): Reply {
  const { github, token } = call;
  if (token.app?.id !== run.suite.app.id) {
    return problem(
      403,
      `Invalid app_id \`${token.app?.id}\` - check run can only be modified by the GitHub App that created it.`,
    );
  }
  const wasCompleted = run.status === "completed";
  change(run, call);
  if (run.status === "completed" && !wasCompleted) {
    sendCheckRun(github, run, { action: "completed", sender: token.account });
  }
  return json(200, toCheckRun(github, run));
}

/** What the body says; annotations are added to those that are there. */
function change(run: CheckRun, { body, github }: Call): void {
  if (body.name !== undefined) run.name = String(body.name);
  if (body.external_id !== undefined) run.externalId = String(body.external_id);
  if (body.details_url !== undefined) run.detailsUrl = String(body.details_url);
  if (body.started_at !== undefined) run.startedAt = new Date(String(body.started_at));
  if (body.actions !== undefined) run.actions = body.actions as CheckRun["actions"];
  changeStatus(run, body, github.now());
  if (body.output === undefined) return;
  const { title, summary, text, annotations = [] } = body.output as Record<string, unknown>;
  run.output = {
    title: title === undefined ? run.output.title : String(title),
    summary: summary === undefined ? run.output.summary : String(summary),
    text: text === undefined ? run.output.text : String(text),
  };
  run.annotations.push(...(annotations as CheckRun["annotations"]));
}

/** A conclusion completes the run; a status that is not `completed` opens it again. */
function changeStatus(run: CheckRun, body: Call["body"], now: Date): void {
  if (body.conclusion !== undefined) {
    run.status = "completed";
    run.conclusion = String(body.conclusion);
    run.completedAt = body.completed_at === undefined ? now : new Date(String(body.completed_at));
  } else if (body.status !== undefined) {
    run.status = String(body.status);
    run.conclusion = null;
    run.completedAt = null;
  }
}

function listForRef(call: Call, repository: Repository): Reply {
  const { github, query } = call;
  const head = objectId(repository, call.parameters.ref ?? "", "commit");
  if (head === undefined) return problem(422, `No commit found for SHA: ${call.parameters.ref}`);
  const { checks } = github;
  const runs =
    query.get("filter") === "all" ? checks.runsFor(repository, head) : checks.latestFor(repository, head);
  const wanted = runs.filter(
    ({ name, status, suite }) =>
      (query.get("check_name") ?? name) === name &&
      (query.get("status") ?? status) === status &&
      (query.get("app_id") ?? String(suite.app.id)) === String(suite.app.id),
  );
  return paginatedIn(
    call,
    "check_runs",
    wanted.map((run) => toCheckRun(github, run)),
  );
}

function listAnnotations(call: Call, { annotations, suite }: CheckRun): Reply {
  return paginated(
    call,
    annotations.map((each) => ({
      ...{ start_column: null, end_column: null, title: null, raw_details: null },
      ...(each as Record<string, string | number>),
      blob_href: `${call.origin}/blob/${suite.head}/${each.path}`,
    })),
  );
}

function rerequest({ github, token }: Call, run: CheckRun): Reply {
  if (token.app?.id !== run.suite.app.id) return problem(403, "Resource not accessible by integration");
  sendCheckRun(github, run, { action: "rerequested", sender: token.account });
  return json(201, {});
}

function listSuites(call: Call, repository: Repository): Reply {
  const head = objectId(repository, call.parameters.ref ?? "", "commit");
  const suites = call.github.checks.suites.filter(
    (suite) =>
      suite.repository === repository &&
      suite.head === head &&
      (call.query.get("app_id") ?? String(suite.app.id)) === String(suite.app.id),
  );
  return paginatedIn(
    call,
    "check_suites",
    suites.map((suite) => toCheckSuite(call.github, suite)),
  );
}
