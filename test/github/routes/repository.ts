import type { Json, Members } from "../description.ts";
import { type Call, json, NOT_FOUND, type Reply, type Routes, repositoryOf } from "../exchange.ts";
import { git, objectId, type TreeLine, treeLines } from "../git-data.ts";
import { instant, toRepository } from "../resources.ts";
import type { Repository } from "../state.ts";

const CONTENTS = { permissions: ["contents"], level: "read" } as const;
/** Above this the contents API gives an empty `content`. */
const CONTENT_BYTES_MAX = 1024 * 1024;
const TREE_ENTRIES_MAX = 100_000;

export const REPOSITORY_ROUTES: Routes = {
  "repos/get": { permissions: ["metadata"], level: "read", handle: withRepository(getRepository) },
  "repos/get-content": { ...CONTENTS, handle: withRepository(getContent) },
  "git/get-ref": { ...CONTENTS, handle: withRepository(getRef) },
  "git/get-commit": { ...CONTENTS, handle: withRepository(getCommit) },
  "git/get-tree": { ...CONTENTS, handle: withRepository(getTree) },
  "git/get-blob": { ...CONTENTS, handle: withRepository(getBlob) },
};

type Handler = (call: Call, repository: Repository) => Reply;

function withRepository(handler: Handler): (call: Call) => Reply {
  return (call) => {
    const repository = repositoryOf(call);
    return repository === undefined ? NOT_FOUND : handler(call, repository);
  };
}

function api({ origin, parameters: { owner, repo } }: Call, path: string): string {
  return `${origin}/repos/${owner}/${repo}/${path}`;
}

function getRepository({ origin }: Call, repository: Repository): Reply {
  return json(200, toRepository(origin, repository));
}

function getContent(call: Call, repository: Repository): Reply {
  const path = (call.parameters.path ?? "").replace(/\/+$/, "");
  const commit = objectId(repository, call.query.get("ref") ?? repository.defaultBranch, "commit");
  if (commit === undefined) return NOT_FOUND;
  const [entry] = treeLines(repository, commit, { path });
  if (entry === undefined) return NOT_FOUND;
  if (entry.type === "tree") {
    const entries = treeLines(repository, `${commit}:${path}`);
    return json(
      200,
      entries.map((each) => contentEntry(call, { ...each, path: `${path}/${each.path}` })),
    );
  }
  const bytes = git(repository, "cat-file", "blob", entry.sha);
  if (bytes === undefined) return NOT_FOUND;
  if (/\braw\b/.test(call.accept)) {
    return { status: 200, raw: { contentType: "application/vnd.github.raw+json; charset=utf-8", bytes } };
  }
  const small = bytes.length <= CONTENT_BYTES_MAX;
  return json(200, {
    ...contentEntry(call, entry),
    encoding: small ? "base64" : "none",
    content: small ? bytes.toString("base64") : "",
  });
}

function contentEntry(call: Call, { type, sha, path, size = 0 }: TreeLine): Members {
  const url = api(call, `contents/${encodeURI(path)}`);
  const gitUrl = api(call, `git/blobs/${sha}`);
  return {
    type: type === "tree" ? "dir" : "file",
    size,
    name: path.slice(path.lastIndexOf("/") + 1),
    path,
    sha,
    url,
    git_url: gitUrl,
    html_url: url,
    download_url: null,
    _links: { self: url, git: gitUrl, html: url },
  };
}

function getRef(call: Call, repository: Repository): Reply {
  const ref = `refs/${call.parameters.ref}`;
  const sha = git(repository, "rev-parse", "--verify", "--quiet", ref)?.toString().trim();
  if (sha === undefined) return NOT_FOUND;
  const url = api(call, `git/${ref}`);
  return json(200, {
    ref,
    node_id: "REF",
    url,
    object: { type: "commit", sha, url: api(call, `git/commits/${sha}`) },
  });
}

function getCommit(call: Call, repository: Repository): Reply {
  const commit = objectId(repository, call.parameters.commit_sha ?? "", "commit");
  const format = "%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B";
  const fields =
    commit && git(repository, "show", "-s", `--format=${format}`, commit)?.toString().split("\0");
  if (commit === undefined || !fields) return NOT_FOUND;
  const [tree = "", parents = "", name = "", email = "", at, committer = "", mail = "", since, message = ""] =
    fields;
  const url = api(call, `git/commits/${commit}`);
  return json(200, {
    ...{ sha: commit, node_id: "C", url, html_url: url, message: message.trimEnd() },
    author: { name, email, date: instant(new Date(Number(at) * 1000)) },
    committer: { name: committer, email: mail, date: instant(new Date(Number(since) * 1000)) },
    tree: { sha: tree, url: api(call, `git/trees/${tree}`) },
    parents: parents.split(" ").flatMap((sha) => (sha === "" ? [] : [parent(call, sha)])),
    verification: { verified: false, reason: "unsigned", signature: null, payload: null, verified_at: null },
  });
}

function parent(call: Call, sha: string): Json {
  const url = api(call, `git/commits/${sha}`);
  return { sha, url, html_url: url };
}

function getTree(call: Call, repository: Repository): Reply {
  const sha = objectId(repository, call.parameters.tree_sha ?? "", "tree");
  if (sha === undefined) return NOT_FOUND;
  const lines = treeLines(repository, sha, { recursive: call.query.has("recursive") });
  return json(200, {
    sha,
    url: api(call, `git/trees/${sha}`),
    truncated: lines.length > TREE_ENTRIES_MAX,
    tree: lines.slice(0, TREE_ENTRIES_MAX).map((line) => ({ ...line })),
  });
}

function getBlob(call: Call, repository: Repository): Reply {
  const sha = objectId(repository, call.parameters.file_sha ?? "", "blob");
  const bytes = sha && git(repository, "cat-file", "blob", sha);
  if (sha === undefined || !bytes) return NOT_FOUND;
  const url = api(call, `git/blobs/${sha}`);
  return json(200, {
    ...{ sha, node_id: "B", url, size: bytes.length },
    ...{ encoding: "base64", content: bytes.toString("base64") },
  });
}
