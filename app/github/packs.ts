import { GateError } from "../../gate/model/error.ts";
import { openPacks } from "../../gate/packs.ts";
import type { Packs, RemoteParent } from "../../gate/world.ts";
import type { Archive } from "../store/archive.ts";
import { ObjectCache } from "./cache.ts";
import type { Client } from "./client.ts";
import { apiRepository } from "./repository.ts";
import { flagAt, numberAt } from "./shape.ts";

export interface PacksOptions {
  /** Folder of the policies that come with Weighbridge. */
  readonly policies: URL;
  readonly client: Client;
  /** The repository whose policy has the parents: what was read for it is kept for it alone. */
  readonly repositoryId: number;
  /**
   * Private repositories whose files a policy may name, as `owner/repo`. The head's policy is read, too, and what is
   * wrong with a file is quoted: without this, whoever opens a pull request could have the App read out what it sees.
   */
  readonly privateParents?: readonly string[];
  readonly cache?: Pick<Archive, "cached" | "keepCached">;
}

const PARENT_BYTES_MAX = 1_048_576;
const OWNER = /^[A-Za-z0-9](?:[A-Za-z0-9_-]{0,99})$/;
const REPOSITORY = /^(?!\.{1,2}$)[\w.-]{1,100}$/;
const COMMIT = /^[0-9a-f]{40}$/;
const PATH = /^(?:(?!\.{1,2}(?:\/|$))[^/\p{Cc}]+(?:\/(?!$)|$))+$/u;

/**
 * Packs from the disk, and parents of other repositories of the same GitHub through the installation: nothing else
 * can be named. A parent is read once, by commit, as git has it. Rejects `PARENT_UNAVAILABLE` for whatever reason.
 */
export function appPacks(options: PacksOptions): Packs {
  const cache = new ObjectCache(options.repositoryId, options.cache);
  // Of that, only what reads the disk.
  const { pack } = openPacks(options.policies, { apiUrl: "about:invalid" });
  return { pack, remote: (parent) => readParent(parent, cache, options) };
}

async function readParent(
  parent: RemoteParent,
  cache: ObjectCache,
  options: PacksOptions,
): Promise<Uint8Array> {
  const { owner, repo, path, commit } = parent;
  if (!OWNER.test(owner) || !REPOSITORY.test(repo) || !PATH.test(path) || !COMMIT.test(commit)) {
    throw unavailable(parent, "expected owner/repo//path@<40 digits of a commit>");
  }
  const name = `parent/${owner}/${repo}//${path}@${commit}`;
  const kept = await cache.find(name);
  if (kept !== undefined) return kept;
  try {
    const bytes = await fetchParent(parent, options);
    await cache.keep(name, bytes);
    return bytes;
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    throw cause.code === "PARENT_UNAVAILABLE" ? cause : unavailable(parent, cause.message, cause);
  }
}

async function fetchParent(
  parent: RemoteParent,
  { client, cache, privateParents = [] }: PacksOptions,
): Promise<Uint8Array> {
  const { owner, repo, path, commit } = parent;
  const { data } = await client.rest("GET /repos/{owner}/{repo}", { owner, repo });
  const named = privateParents.some((name) => name.toLowerCase() === `${owner}/${repo}`.toLowerCase());
  // As GitHub says it of a repository that does not exist: the answer must not tell the two apart.
  if (flagAt(data, "private") && !named) throw unavailable(parent, "GitHub has no such public repository");
  const repository = apiRepository({
    ...{ client, owner, repo, repositoryId: numberAt(data, "id") },
    ...(cache !== undefined && { cache }),
  });
  try {
    const entry = (await repository.tree(commit)).get(path);
    if (entry?.kind !== "file" && entry?.kind !== "executable") {
      throw unavailable(
        parent,
        entry === undefined ? "the commit has no such file" : `it is a ${entry.kind}`,
      );
    }
    const [bytes] = await repository.read([entry], PARENT_BYTES_MAX);
    return bytes!;
  } finally {
    repository.close();
  }
}

function unavailable({ owner, repo, path, commit }: RemoteParent, state: string, cause?: unknown): GateError {
  const message = `Cannot read policy ${owner}/${repo}//${path}@${commit}: ${state}`;
  const fix =
    "Nothing is judged without it: check that the file exists at that commit, and that the App may read the repository and names it if it is private";
  return new GateError("PARENT_UNAVAILABLE", message, { fix, ...(cause !== undefined && { cause }) });
}
