import type { Members } from "../description.ts";
import {
  type Call,
  json,
  NOT_FOUND,
  type Reply,
  type Routes,
  repositoryUrl,
  withRepository,
} from "../exchange.ts";
import { readCommit } from "../git/commits.ts";
import { readObject } from "../git/objects.ts";
import { readRef } from "../git/refs.ts";
import { TREE_MODE } from "../git/trees.ts";
import { entryAt, objectId, type TreeLine, toTreeLine, treeLines } from "../git-data.ts";
import type { Repository } from "../nouns.ts";
import { toGitCommit } from "../resources/commit.ts";
import { toRepository } from "../resources.ts";

const CONTENTS = { permissions: ["contents"], level: "read" } as const;
/** Above this the contents API gives an empty `content`. */
const CONTENT_BYTES_MAX = 1024 * 1024;
/** Above this it gives nothing. */
const RAW_BYTES_MAX = 100 * 1024 * 1024;
const DIRECTORY_ENTRIES_MAX = 1000;
const TREE_ENTRIES_MAX = 100_000;

export const REPOSITORY_ROUTES: Routes = {
  "repos/get": {
    ...{ permissions: ["metadata"], level: "read" },
    handle: withRepository(({ origin }, repository) => json(200, toRepository(origin, repository))),
  },
  "repos/get-content": { ...CONTENTS, handle: withRepository(getContent) },
  "git/get-ref": { ...CONTENTS, handle: withRepository(getRef) },
  "git/get-commit": { ...CONTENTS, handle: withRepository(getCommit) },
  "git/get-tree": { ...CONTENTS, handle: withRepository(getTree) },
  "git/get-blob": { ...CONTENTS, handle: withRepository(getBlob) },
};

function getContent(call: Call, repository: Repository): Reply {
  const path = (call.parameters.path ?? "").replace(/\/+$/, "");
  const commit = objectId(repository, call.query.get("ref") ?? repository.defaultBranch, "commit");
  const entry = commit && entryAt(repository, commit, path);
  if (!entry) return NOT_FOUND;
  if (entry.mode === TREE_MODE) {
    const entries = treeLines(repository, entry.id).slice(0, DIRECTORY_ENTRIES_MAX);
    return json(
      200,
      entries.map((each) => contentEntry(call, { ...each, path: `${path}/${each.path}` })),
    );
  }
  const bytes = readObject(repository, entry.id)?.bytes;
  if (bytes === undefined || bytes.length > RAW_BYTES_MAX) return NOT_FOUND;
  if (/\braw\b/.test(call.accept)) {
    return { status: 200, raw: { contentType: "application/vnd.github.raw+json; charset=utf-8", bytes } };
  }
  const small = bytes.length <= CONTENT_BYTES_MAX;
  return json(200, {
    ...contentEntry(call, toTreeLine(repository, path, entry)),
    encoding: small ? "base64" : "none",
    content: small ? bytes.toString("base64") : "",
  });
}

/** A submodule is listed as a file, as GitHub does. */
function contentEntry(call: Call, { type, sha, path, size = 0 }: TreeLine): Members {
  const url = repositoryUrl(call, `contents/${encodeURI(path)}`);
  const gitUrl = repositoryUrl(call, `git/blobs/${sha}`);
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
  const sha = readRef(repository, ref);
  return sha === undefined ? NOT_FOUND : json(200, toRef(call, ref, sha));
}

function toRef(call: Call, ref: string, sha: string): Members {
  const object = { type: "commit", sha, url: repositoryUrl(call, `git/commits/${sha}`) };
  return { ref, node_id: `REF_${ref}`, url: repositoryUrl(call, `git/${ref}`), object };
}

function getCommit({ origin, parameters }: Call, repository: Repository): Reply {
  const commit = readCommit(repository, parameters.commit_sha ?? "");
  return commit === undefined ? NOT_FOUND : json(200, toGitCommit(origin, repository, commit));
}

function getTree(call: Call, repository: Repository): Reply {
  const sha = objectId(repository, call.parameters.tree_sha ?? "", "tree");
  if (sha === undefined) return NOT_FOUND;
  const lines = treeLines(repository, sha, { recursive: call.query.has("recursive") });
  return json(200, {
    sha,
    url: repositoryUrl(call, `git/trees/${sha}`),
    truncated: lines.length > TREE_ENTRIES_MAX,
    tree: lines.slice(0, TREE_ENTRIES_MAX).map((line) => ({ ...line })),
  });
}

function getBlob(call: Call, repository: Repository): Reply {
  const sha = call.parameters.file_sha ?? "";
  const blob = readObject(repository, sha);
  if (blob?.type !== "blob") return NOT_FOUND;
  if (/\braw\b/.test(call.accept)) {
    return {
      status: 200,
      raw: { contentType: "application/vnd.github.raw+json; charset=utf-8", bytes: blob.bytes },
    };
  }
  const url = repositoryUrl(call, `git/blobs/${sha}`);
  return json(200, {
    ...{ sha, node_id: `B_${sha}`, url, size: blob.bytes.length },
    ...{ encoding: "base64", content: blob.bytes.toString("base64") },
  });
}
