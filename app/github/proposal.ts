import type { TreeEntry } from "../../gate/model/change.ts";
import type { Archive } from "../store/archive.ts";
import type { Client } from "./client.ts";
import { isFailure } from "./failure.ts";
import type { GitCommit } from "./git-commit.ts";
import { listAt, numberAt, objectIdAt, optional, textAt } from "./shape.ts";
import { readTip } from "./tip.ts";
import type { RepositoryAddress } from "./writers.ts";
import { lookLong, repeatedly, writeOnce } from "./writing.ts";

/** What a path becomes. */
export interface PathChange {
  readonly path: string;
  /** What it is then, and what it was; absent where there is nothing. */
  readonly to?: TreeEntry;
  readonly from?: TreeEntry;
}

const MODES = {
  file: ["100644", "blob"],
  executable: ["100755", "blob"],
  symlink: ["120000", "blob"],
  submodule: ["160000", "commit"],
} as const;

/** A commit on top of another that no branch names yet; its id. Made again, it is another commit, and no harm. */
export async function commitChanges(
  client: Client,
  { owner, repo }: RepositoryAddress,
  {
    on,
    changes,
    message,
  }: {
    readonly on: GitCommit;
    readonly changes: readonly PathChange[];
    readonly message: string;
  },
): Promise<string> {
  const tree = changes.map(({ path, to, from }) => {
    const [mode, type] = MODES[(to ?? from)?.kind ?? "file"];
    return { path, mode, type, sha: to?.oid ?? null };
  });
  const made = await repeatedly(client, () =>
    client.rest("POST /repos/{owner}/{repo}/git/trees", { owner, repo, base_tree: on.tree, tree }),
  );
  // Without an author it is the App's, and GitHub signs it.
  const commit = await repeatedly(client, () =>
    client.rest("POST /repos/{owner}/{repo}/git/commits", {
      ...{ owner, repo, message, tree: objectIdAt(made.data, "sha"), parents: [on.sha] },
    }),
  );
  return objectIdAt(commit.data, "sha");
}

/** A pull request of our own, from a branch that is for it alone. */
export interface Proposal extends RepositoryAddress {
  readonly repositoryId: number;
  readonly branch: string;
  /** What the branch is made to hold. */
  readonly commit: string;
  /** The branch that it wants to enter. */
  readonly base: string;
  readonly title: string;
  /** Markdown in which nothing foreign is active. */
  readonly body: string;
  /** Login of the App's bot: anybody else may have made a pull request from a branch of that name. */
  readonly author: string;
}

/** The login that the App's own work bears. */
export async function readOwnLogin(app: Client): Promise<string> {
  const { data } = await app.rest("GET /app");
  return `${textAt(data, "slug")}[bot]`;
}

/** The number of the pull request from a branch, opened if it never was: once, whatever becomes of both later. */
export async function openProposal(
  client: Client,
  wanted: Proposal,
  archive: Pick<Archive, "get" | "set" | "setOnce">,
): Promise<number> {
  const name = `proposal/${wanted.repositoryId}/${wanted.branch}`;
  const known = await archive.get(name);
  if (known !== undefined) return Number(known);
  const number = (await findOurs(client, wanted)) ?? (await create(client, wanted, { name, archive }));
  return Number(await archive.setOnce(name, String(number)));
}

interface Memory {
  readonly name: string;
  readonly archive: Pick<Archive, "get" | "set">;
}

async function create(client: Client, wanted: Proposal, { name, archive }: Memory): Promise<number> {
  const branchName = `${name}/branch`;
  // Somebody may have removed it since.
  if ((await archive.get(branchName)) === undefined) await createBranch(client, wanted);
  await archive.set(branchName, wanted.commit);
  const { owner, repo, branch: head, base, title, body } = wanted;
  const look = () => findOurs(client, wanted);
  const write = async () => {
    const { data } = await client.rest("POST /repos/{owner}/{repo}/pulls", {
      ...{ owner, repo, head, base, title, body },
    });
    return numberAt(data, "number");
  };
  return orFound(client, () => writeOnce(client, { write, look }), look);
}

async function createBranch(client: Client, { owner, repo, branch, commit }: Proposal): Promise<void> {
  const write = async () => {
    const ref = `refs/heads/${branch}`;
    await client.rest("POST /repos/{owner}/{repo}/git/refs", { owner, repo, ref, sha: commit });
    return commit;
  };
  const look = async () => {
    const tip = await findTip(client, { owner, repo }, branch);
    return tip === commit ? commit : undefined;
  };
  await orFound(client, () => repeatedly(client, write), look);
}

/** What is there already may be what a process that ended has made; rejects as `write` where it is another's. */
async function orFound<T>(
  client: Client,
  write: () => Promise<T>,
  look: () => Promise<T | undefined>,
): Promise<T> {
  try {
    return await write();
  } catch (cause) {
    if (!isFailure(cause, "GITHUB_REFUSED") || !/already exists/.test(cause.message)) throw cause;
    const found = (await look()) ?? (await lookLong(client, look));
    if (found === undefined) throw cause;
    return found;
  }
}

async function findTip(
  client: Client,
  repository: RepositoryAddress,
  branch: string,
): Promise<string | undefined> {
  try {
    return await readTip(client, repository, branch);
  } catch (cause) {
    if (isFailure(cause, "GITHUB_NOT_FOUND")) return undefined;
    throw cause;
  }
}

async function findOurs(
  client: Client,
  { owner, repo, branch, author }: Proposal,
): Promise<number | undefined> {
  const { data } = await client.rest("GET /repos/{owner}/{repo}/pulls", {
    ...{ owner, repo, head: `${owner}:${branch}`, state: "all", per_page: 100 },
  });
  const ours = listAt(data).filter((pull) => optional(textAt, pull, "user", "login") === author);
  return ours.length === 0 ? undefined : Math.min(...ours.map((pull) => numberAt(pull, "number")));
}
