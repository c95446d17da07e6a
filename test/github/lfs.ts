import { json, type Reply } from "./exchange.ts";
import { isGitAuthorized } from "./git-http.ts";
import type { Repository } from "./nouns.ts";
import type { GitHubState } from "./state.ts";

/** Git LFS as GitHub serves it: git-lfs docs/api/batch.md with the basic transfer, the files from a storage apart. */

const BATCH = /^\/([^/]+)\/([^/]+)\.git\/info\/lfs\/objects\/batch$/;
const STORED = /^\/_storage\/lfs\/([0-9a-f]{64})$/;
const LFS_JSON = "application/vnd.git-lfs+json";

export interface LfsRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly authorization: string | undefined;
}

/** The answer; undefined if the path is not one of Git LFS. */
export function lfsReply(request: LfsRequest, github: GitHubState): Reply | undefined {
  const oid = STORED.exec(request.path)?.[1];
  if (oid !== undefined) return stored(github.lfs.find(oid), request);
  const [, owner, name] = BATCH.exec(request.path) ?? [];
  return owner === undefined || name === undefined
    ? undefined
    : batch(github.findRepository(owner, name), request, github);
}

/** The address is signed for whoever was let see it: here by a header that it asks for. */
function stored(bytes: Buffer | undefined, { authorization }: LfsRequest): Reply {
  if (bytes === undefined || authorization !== "RemoteAuth signed") return { status: 403 };
  return { status: 200, raw: { contentType: "application/octet-stream", bytes } };
}

function batch(repository: Repository | undefined, request: LfsRequest, github: GitHubState): Reply {
  const { method, authorization, body } = request;
  if (repository === undefined || !isGitAuthorized(github, authorization, repository)) {
    return json(404, { message: "Not Found" }, { "content-type": LFS_JSON });
  }
  const { operation, objects } = JSON.parse(body) as Batch;
  if (method !== "POST" || operation !== "download" || objects.length !== 1) {
    return json(422, { message: "Not what is asked here" });
  }
  const answered = objects.map(({ oid, size }) => {
    const bytes = github.lfs.find(oid, repository);
    if (bytes?.length !== size) return { oid, size, error: { code: 404, message: "Object does not exist" } };
    const href = `${github.origin}/_storage/lfs/${oid}`;
    const download = { href, header: { authorization: "RemoteAuth signed" }, expires_in: 3600 };
    return { oid, size, authenticated: true, actions: { download } };
  });
  return json(200, { transfer: "basic", objects: answered });
}

interface Batch {
  readonly operation: string;
  readonly objects: readonly { readonly oid: string; readonly size: number }[];
}
