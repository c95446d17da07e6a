import { GateError } from "../gate/model/error.ts";
import { type Failure, GitHubFailure, toFailure } from "./github-failure.ts";
import { patiently, type Waiting } from "./waiting.ts";

/**
 * What the Action asks of GitHub. The toolkit's client has no plugin that repeats a request, and must not get one:
 * whether a write may be repeated is decided in `comment.ts`.
 */
export interface GitHubClient {
  /** User id that the token acts as. */
  readonly actorId: number;
  /** GitHub's clock at its first answer. */
  readonly serverTime: Date | undefined;
  /** Commit that the pull request's branch stands at. */
  readHead(pull: number): Promise<string>;
  /** All comments, oldest first. */
  listComments(pull: number): Promise<readonly Comment[]>;
  createComment(pull: number, body: string): Promise<Comment>;
  editComment(id: number, body: string): Promise<Comment>;
  deleteComment(id: number): Promise<void>;
}

export interface Comment {
  readonly id: number;
  /** Absent when the account was deleted. */
  readonly authorId?: number;
  readonly body: string;
  readonly url: string;
}

export interface Access {
  readonly token: string;
  readonly apiUrl: string;
  readonly repository: { readonly owner: string; readonly name: string };
}

/**
 * 2022-11-28 is what every GitHub that can run this Action serves; GitHub Enterprise Server refuses versions
 * that it does not know. Of what 2026-03-10 removes, nothing is read here.
 */
const API_VERSION = "2022-11-28";
const REQUEST_TIMEOUT_MS = 15_000;
const PAGE_SIZE = 100;
/** Ten thousand comments. A list is never used in part: our comment may be on the page that is missing. */
const PAGES_MAX = 100;
/** `GET /user` refuses the token of a workflow; this tells whom any token acts as. */
const VIEWER = "query { viewer { login databaseId } }";
const PULL = "GET /repos/{owner}/{repo}/pulls/{pull_number}";
const COMMENTS = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
const COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment_id}";

type Octokit = ReturnType<typeof import("./toolkit.ts")["getOctokit"]>;

/** A client that knows whom it acts as. Rejects with `GitHubFailure`. */
export async function connect(access: Access, waiting: Waiting): Promise<GitHubClient> {
  const { octokit, clock } = await openOctokit(access);
  const read = <T>(work: () => Promise<T>) => patiently(() => failing(work), waiting, "read");
  const write = <T>(work: () => Promise<T>) => patiently(() => failing(work), waiting, "write");
  const place = { owner: access.repository.owner, repo: access.repository.name };
  // By route and not by name: the table of all names is a tenth of the bundle, and stays out of it.
  const { request } = octokit;
  const actorId = await read(async () => toActorId(await octokit.graphql(VIEWER)));
  return {
    actorId,
    serverTime: clock.first,
    readHead: (pull) => read(async () => toHead((await request(PULL, { ...place, pull_number: pull })).data)),
    listComments: (pull) => listComments(octokit, { ...place, issue_number: pull }, read),
    createComment: (pull, body) =>
      write(async () =>
        toComment((await request(`POST ${COMMENTS}`, { ...place, issue_number: pull, body })).data),
      ),
    editComment: (id, body) =>
      write(async () =>
        toComment((await request(`PATCH ${COMMENT}`, { ...place, comment_id: id, body })).data),
      ),
    deleteComment: (id) =>
      write(async () => {
        await request(`DELETE ${COMMENT}`, { ...place, comment_id: id });
      }),
  };
}

async function openOctokit({
  token,
  apiUrl,
}: Access): Promise<{ octokit: Octokit; clock: { first?: Date } }> {
  const { getOctokit } = await import("./toolkit.ts");
  const quiet = () => undefined;
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  // An option `request` would take the place of the toolkit's own, in which is the way through a proxy.
  const octokit = getOctokit(token, { baseUrl: apiUrl, log });
  const clock: { first?: Date } = {};
  octokit.hook.before("request", (options) => {
    options.headers["x-github-api-version"] = API_VERSION;
    // Its warnings would quote what a server says onto our log, where lines can be commands.
    options.request = { ...options.request, log, signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) };
  });
  octokit.hook.after("request", ({ headers }) => {
    const date = new Date(headers.date ?? "");
    if (!Number.isNaN(date.getTime())) clock.first ??= date;
  });
  return { octokit, clock };
}

type Read = <T>(work: () => Promise<T>) => Promise<T>;

async function listComments(
  octokit: Octokit,
  issue: { owner: string; repo: string; issue_number: number },
  read: Read,
): Promise<readonly Comment[]> {
  const comments: Comment[] = [];
  for (let page = 1; page <= PAGES_MAX; page++) {
    const query = { ...issue, per_page: PAGE_SIZE, page };
    const { found, isLast } = await read(async () => {
      const { data, headers } = await octokit.request(`GET ${COMMENTS}`, query);
      return { found: toComments(data), isLast: !/rel="next"/.test(headers.link ?? "") };
    });
    comments.push(...found);
    if (isLast) return comments;
  }
  throw new GitHubFailure({
    kind: "refused",
    status: 200,
    message: `more than ${PAGES_MAX * PAGE_SIZE} comments`,
  });
}

async function failing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GateError || error instanceof GitHubFailure) throw error;
    throw new GitHubFailure(toFailure(error), error);
  }
}

/** An answer that was cut off arrives as a text, whatever the types say: nothing of it is believed unread. */
const UNREADABLE: Failure = { kind: "unknown", message: "the answer is not what GitHub documents" };

function toActorId(data: unknown): number {
  const id = member(member(data, "viewer"), "databaseId");
  if (typeof id !== "number") throw new GitHubFailure(UNREADABLE);
  return id;
}

function toHead(data: unknown): string {
  const sha = member(member(data, "head"), "sha");
  if (typeof sha !== "string") throw new GitHubFailure(UNREADABLE);
  return sha;
}

function toComments(data: unknown): readonly Comment[] {
  if (!Array.isArray(data)) throw new GitHubFailure(UNREADABLE);
  return data.map(toComment);
}

function toComment(data: unknown): Comment {
  const [id, url, body] = [member(data, "id"), member(data, "html_url"), member(data, "body") ?? ""];
  if (typeof id !== "number" || typeof url !== "string" || typeof body !== "string") {
    throw new GitHubFailure(UNREADABLE);
  }
  const authorId = member(member(data, "user"), "id");
  return { id, url, body, ...(typeof authorId === "number" && { authorId }) };
}

function member(data: unknown, name: string): unknown {
  if (typeof data !== "object" || data === null || !Object.hasOwn(data, name)) return undefined;
  return (data as Readonly<Record<string, unknown>>)[name];
}
