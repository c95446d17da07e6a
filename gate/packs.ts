import { readdir, readFile } from "node:fs/promises";
import { fetchByProxy, readBody, UNREACHABLE_FIX, whyUnreachable } from "./fetch.ts";
import { GateError } from "./model/error.ts";
import type { Packs, RemoteParent } from "./world.ts";

const PACK_NAME = /^[a-z0-9][a-z0-9-]{0,63}@[1-9][0-9]{0,3}$/;
const PARENT_BYTES_MAX = 1_048_576;
const PARENT_TIMEOUT_MS = 10_000;

/** Where a parent of another repository is asked for, and on whose behalf. */
export interface GitHubAccess {
  /** Base of the REST API, as `https://api.github.com`. */
  readonly apiUrl: string;
  readonly token?: string;
}

/** The packs that come with Weighbridge, from its own `policies/` folder, and pinned parents through GitHub's API. */
export function openPacks(policies: URL, github: GitHubAccess): Packs {
  return {
    pack: (name) => readPack(new URL("packs/", policies), name),
    remote: (parent) => readRemote(parent, github),
  };
}

async function readPack(folder: URL, name: string): Promise<Uint8Array> {
  const known = (await readdir(folder))
    .filter((file) => file.endsWith(".yml"))
    .map((file) => file.slice(0, -4));
  if (!PACK_NAME.test(name) || !known.includes(name)) {
    throw new GateError(
      "PACK_UNKNOWN",
      `Cannot find pack "${name}": the packs are ${known.sort().join(", ")}`,
    );
  }
  return readFile(new URL(`${name}.yml`, folder));
}

/** The host is ours to choose and every part of the path is escaped, so that a policy cannot send us elsewhere. */
async function readRemote(parent: RemoteParent, { apiUrl, token }: GitHubAccess): Promise<Uint8Array> {
  const path = parent.path.split("/").map(encodeURIComponent).join("/");
  const repository = [parent.owner, parent.repo].map(encodeURIComponent).join("/");
  const url = `${apiUrl}/repos/${repository}/contents/${path}?ref=${parent.commit}`;
  const response = await ask(url, parent, token);
  if (!response.ok) {
    throw unavailable(
      parent,
      `GitHub answered ${response.status}${response.status === 404 ? hint(token) : ""}`,
    );
  }
  const bytes = await readBody(response, PARENT_BYTES_MAX);
  if (bytes === undefined) throw unavailable(parent, `it is larger than ${PARENT_BYTES_MAX} bytes`);
  return bytes;
}

async function ask(url: string, parent: RemoteParent, token: string | undefined): Promise<Response> {
  try {
    return await fetchByProxy(url, {
      headers: {
        accept: "application/vnd.github.raw+json",
        "x-github-api-version": "2022-11-28",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      redirect: "error",
      signal: AbortSignal.timeout(PARENT_TIMEOUT_MS),
    });
  } catch (cause) {
    throw unavailable(parent, `GitHub could not be reached, ${whyUnreachable(cause)}`, cause);
  }
}

function hint(token: string | undefined): string {
  return token === undefined ? "; without a token, private repositories look absent" : "";
}

function unavailable({ owner, repo, path, commit }: RemoteParent, state: string, cause?: unknown): GateError {
  const check =
    cause === undefined
      ? "Check that the file exists at that commit and that the token may read it"
      : UNREACHABLE_FIX;
  return new GateError(
    "PARENT_UNAVAILABLE",
    `Cannot read policy ${owner}/${repo}//${path}@${commit}: ${state}`,
    { fix: `${check}. Nothing is judged without it`, ...(cause === undefined ? {} : { cause }) },
  );
}
