import { writeRefusal } from "../access.ts";
import { readCommit } from "../git/commits.ts";
import { readObject, writeObject } from "../git/objects.ts";
import { readRef } from "../git/refs.ts";
import { readFiles, readTree, writeFiles } from "../git/trees.ts";
import { type GraphqlContext, refusal } from "../graphql.ts";
import type { Repository } from "../nouns.ts";
import { allows } from "../state/apps.ts";
import { commitAs, moveRef, violationOf } from "./git-write.ts";

/** `createCommitOnBranch` over the repository on the disk, as GitHub documents and answers it. */

/** `CreateCommitOnBranchInput`, whose shape GitHub's schema has checked. */
interface Input {
  readonly branch: { readonly repositoryNameWithOwner: string; readonly branchName: string };
  readonly expectedHeadOid: string;
  readonly message: { readonly headline: string; readonly body?: string | null };
  readonly fileChanges?: {
    readonly additions: readonly { readonly path: string; readonly contents: string }[];
    readonly deletions: readonly { readonly path: string }[];
  };
}

export function createCommitOnBranch(args: Readonly<Record<string, unknown>>, context: GraphqlContext) {
  const input = args.input as Input;
  const repository = writable(input, context);
  const ref = `refs/heads/${input.branch.branchName.replace(/^refs\/heads\//, "")}`;
  const head = readRef(repository, ref);
  if (head === undefined)
    throw refusal("NOT_FOUND", `The branch "${input.branch.branchName}" does not exist`);
  if (head !== input.expectedHeadOid) {
    const expected = `"${input.expectedHeadOid}"`;
    throw refusal(
      "STALE_DATA",
      `Expected branch to point to ${expected} but it did not.  Pull and try again.`,
    );
  }
  const { headline, body } = input.message;
  const id = commitAs(context, repository, {
    tree: changedTree(repository, head, input),
    parents: [head],
    message: typeof body === "string" && body !== "" ? `${headline}\n\n${body}` : headline,
  });
  const violation = violationOf(context, repository, { ref, from: head, to: id });
  if (violation !== undefined) throw refusal("UNPROCESSABLE", violation);
  moveRef(context, repository, ref, id);
  return { commit: { oid: id, tree: treeOf(repository, id) }, ref: { name: input.branch.branchName } };
}

/** The commit's tree, as GraphQL's `Tree`. */
function treeOf(repository: Repository, commit: string) {
  const { tree } = readCommit(repository, commit)!;
  const entries = [...(readTree(repository, tree) ?? [])].map(([name, { mode, id }]) => {
    const object = readObject(repository, id);
    const type = object?.type ?? "commit";
    const size = type === "blob" ? (object?.bytes.length ?? 0) : 0;
    return { name, mode: Number.parseInt(mode, 8), type, oid: id, size };
  });
  return { oid: tree, entries };
}

/** The repository, if the token may write to its contents. */
function writable({ branch }: Input, { github, token }: GraphqlContext): Repository {
  const [owner = "", name = ""] = branch.repositoryNameWithOwner.split("/");
  const repository = github.findRepository(owner, name);
  const answer = repository && writeRefusal(github, token, repository);
  if (repository === undefined || answer?.status === 404) {
    const full = branch.repositoryNameWithOwner;
    throw refusal("NOT_FOUND", `Could not resolve to a Repository with the name '${full}'.`);
  }
  if (answer !== undefined || !allows(token.permissions, "contents", "write")) {
    throw refusal("FORBIDDEN", "Resource not accessible by integration");
  }
  return repository;
}

function changedTree(repository: Repository, head: string, { fileChanges }: Input): string {
  const { additions = [], deletions = [] } = fileChanges ?? {};
  const files = readFiles(repository, readCommit(repository, head)!.tree);
  for (const { path } of deletions) {
    if (files.delete(path)) continue;
    const message = `A path was requested for deletion which does not exist as of commit oid \`${head}\``;
    throw refusal("UNPROCESSABLE", message);
  }
  for (const { path, contents } of additions) {
    const id = writeObject(repository, "blob", Buffer.from(contents, "base64"));
    files.set(path, { mode: files.get(path)?.mode ?? "100644", id });
  }
  return writeFiles(repository, files);
}
