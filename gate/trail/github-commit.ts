import {
  type ApiAnswer,
  type Failure,
  failureOf,
  type GitHubApi,
  isDone,
  memberOf,
  noAnswer,
  quote,
  toFailure,
  waitOf,
} from "./github-api.ts";
import type { AppendAnswer, TrailCommit } from "./store.ts";

/**
 * Appends by GitHub's `createCommitOnBranch`: one request that compares the branch's end and moves it, whose commit
 * GitHub signs for the App. It cannot begin a branch, and takes files of mode 100644 alone.
 */

export const CREATE_COMMIT = `
mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) {
    commit { oid tree { oid entries { name mode type oid size } } }
  }
}`;

/**
 * Types of errors that GitHub gives when it failed and not the request; and when there is nothing that we may see, which
 * a read of the branch tells from what is gone.
 */
const AMBIGUOUS: ReadonlySet<string> = new Set(["INTERNAL", "NOT_FOUND", "SERVICE_UNAVAILABLE", "TIMEOUT"]);
const LIMITS: ReadonlySet<string> = new Set(["RATE_LIMITED", "RESOURCE_LIMITS_EXCEEDED"]);
const RULES = /^Repository rule violations found|protected branch/i;
const OID = /^[0-9a-f]{40}$/;

export interface GitHubBranch {
  readonly owner: string;
  readonly repo: string;
  readonly branch: string;
}

/** What became of an attempt; of one that landed also the tree that GitHub made, if it says. */
export type CommitAnswer = AppendAnswer & { readonly tree?: unknown };

/** One attempt to put the commit on top of its parent. */
export async function createCommitOnBranch(
  api: GitHubApi,
  branch: GitHubBranch,
  commit: TrailCommit & { readonly parent: string },
): Promise<CommitAnswer> {
  const action = `append to ${branch.branch} on GitHub`;
  let answer: ApiAnswer;
  try {
    answer = await api.graphql(CREATE_COMMIT, { input: toInput(branch, commit) });
  } catch (cause) {
    return noAnswer(cause, action);
  }
  return isDone(answer) ? toAppendAnswer(answer, action) : toFailure(answer, action);
}

function toInput({ owner, repo, branch }: GitHubBranch, { parent, message, writes, deletes }: TrailCommit) {
  const [headline = "", ...paragraphs] = message.trimEnd().split("\n\n");
  return {
    branch: { repositoryNameWithOwner: `${owner}/${repo}`, branchName: branch },
    expectedHeadOid: parent,
    message: { headline, body: paragraphs.join("\n\n") },
    fileChanges: {
      additions: [...writes].map(([path, bytes]) => ({
        path,
        contents: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"),
      })),
      deletions: deletes.map((path) => ({ path })),
    },
  };
}

/** GraphQL says 200 to everything that it understood; the body tells what became of it. */
function toAppendAnswer(answer: ApiAnswer, action: string): CommitAnswer {
  const payload = memberOf(memberOf(answer.data, "data"), "createCommitOnBranch");
  const commit = memberOf(payload, "commit");
  const oid = memberOf(commit, "oid");
  if (typeof oid === "string" && OID.test(oid)) {
    return { kind: "landed", commit: oid, tree: memberOf(commit, "tree") };
  }
  const errors = memberOf(answer.data, "errors");
  const [error] = Array.isArray(errors) ? errors : [];
  return memberOf(error, "type") === "STALE_DATA" ? { kind: "moved" } : graphqlFailure(error, answer, action);
}

/**
 * An error with a type is GitHub's answer to what was asked: nothing was written. One without is what it says when it
 * failed itself ("Something went wrong while executing your query"), and then the commit may be there.
 */
function graphqlFailure(error: unknown, { headers }: ApiAnswer, action: string): Failure {
  const [type, message] = [memberOf(error, "type"), memberOf(error, "message")];
  const words = typeof message === "string" ? message : "";
  const cause = failureOf(action, `GitHub says ${String(type)}, ${quote(words)}`);
  if (typeof type === "string" && LIMITS.has(type)) return { kind: "wait", seconds: waitOf(headers), cause };
  if (typeof type === "string" && !AMBIGUOUS.has(type)) return { kind: "refused", cause };
  return RULES.test(words) ? { kind: "refused", cause } : { kind: "unknown", cause };
}
