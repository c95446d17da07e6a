import { sendPull } from "../events/pulls.ts";
import {
  type Call,
  json,
  NOT_FOUND,
  type Reply,
  type Routes,
  threadOf,
  withRepository,
} from "../exchange.ts";
import { type Issue, isPull, type Pull, type Repository } from "../nouns.ts";
import { paginated } from "../pagination.ts";
import { toIssue } from "../resources.ts";

const ISSUES = ["issues"];

export const ISSUE_ROUTES: Routes = {
  "issues/create": { permissions: ISSUES, level: "write", handle: withRepository(createIssue) },
  "issues/update": { permissions: [...ISSUES, "pull_requests"], level: "write", handle: updateIssue },
  "issues/get": { permissions: [...ISSUES, "pull_requests"], level: "read", handle: getIssue },
  "issues/list-for-repo": { permissions: ISSUES, level: "read", handle: withRepository(listIssues) },
};

function createIssue({ github, token, body }: Call, repository: Repository): Reply {
  const issue = github.addIssue(repository, token.account, {
    title: String(body.title),
    body: body.body === undefined ? null : String(body.body),
    labels: labelNames(body.labels),
    ...(token.app !== undefined && { app: token.app }),
  });
  return json(201, toIssue(github, issue));
}

function labelNames(labels: unknown): string[] {
  if (!Array.isArray(labels)) return [];
  return labels.map((label) => String(typeof label === "object" ? label?.name : label));
}

function getIssue(call: Call): Reply {
  const thread = threadOf(call);
  return thread === undefined ? NOT_FOUND : json(200, toIssue(call.github, thread));
}

function updateIssue(call: Call): Reply {
  const { github, body, token } = call;
  const thread = threadOf(call);
  if (thread === undefined) return NOT_FOUND;
  if (body.title !== undefined) thread.title = String(body.title);
  if (body.body !== undefined) thread.body = body.body === null ? null : String(body.body);
  if (body.state === "closed" && thread.state === "open") close(thread, github.now());
  if (body.state === "open") thread.state = "open";
  thread.updatedAt = github.now();
  if (isPull(thread))
    sendPull(github, thread, { action: "edited", sender: token.account, more: { changes: {} } });
  return json(200, toIssue(github, thread));
}

function close(thread: Pull | Issue, now: Date): void {
  thread.state = "closed";
  thread.closedAt = now;
}

/** Pull requests are issues, too, and listed among them. */
function listIssues(call: Call, repository: Repository): Reply {
  const { github, query } = call;
  const state = query.get("state") ?? "open";
  const labels = query.get("labels")?.split(",") ?? [];
  const creator = query.get("creator");
  const threads = [...github.issues, ...github.pulls].filter(
    (thread) =>
      thread.repository === repository &&
      (state === "all" || thread.state === state) &&
      (creator === null || thread.author.login === creator) &&
      labels.every((label) => !isPull(thread) && thread.labels.includes(label)),
  );
  return paginated(
    call,
    threads.toSorted((a, b) => b.number - a.number).map((thread) => toIssue(github, thread)),
  );
}
