import {
  type Call,
  json,
  problem,
  type Reply,
  type Route,
  type Routes,
  repositoryUrl,
  withRepository,
} from "../exchange.ts";
import { type Commit, mergeBase, readCommit, type Signature, writeCommit } from "../git/commits.ts";
import { readObject, writeObject } from "../git/objects.ts";
import { listRefs, readRef, writeRef } from "../git/refs.ts";
import { readFiles, type TreeEntry, writeFiles } from "../git/trees.ts";
import { treeLines } from "../git-data.ts";
import type { Repository, Token } from "../nouns.ts";
import { moveBranch } from "../play/pushes.ts";
import { instant } from "../resources/times.ts";
import type { GitHubState } from "../state.ts";

/** Git objects and refs as they are written over REST, and who may move a branch. */

/** Measured between 41,820,160 and 41,943,040 bytes. */
const BLOB_BYTES_MAX = 40 * 1024 * 1024;
const SUBMODULE_MODE = "160000";
const EMPTY = problem(409, "Git Repository is empty.");

export const GIT_WRITE_ROUTES: Routes = {
  "git/list-matching-refs": {
    permissions: ["contents"],
    level: "read",
    handle: withRepository(listMatchingRefs),
  },
  "git/create-blob": writing(createBlob),
  "git/create-tree": writing(createTree),
  "git/create-commit": writing(createCommit),
  "git/create-ref": writing(createRef),
  "git/update-ref": writing(updateRef),
};

type Handler = (call: Call, repository: Repository) => Reply;

/** Nothing can be written to a repository that has no branch yet. */
function writing(handler: Handler): Route {
  const handle = withRepository((call, repository) =>
    listRefs(repository, "refs/heads/").length === 0 ? EMPTY : handler(call, repository),
  );
  return { permissions: ["contents"], level: "write", handle };
}

function listMatchingRefs(call: Call, repository: Repository): Reply {
  const refs = listRefs(repository, `refs/${call.parameters.ref}`);
  return json(
    200,
    refs.map(([ref, sha]) => toRef(call, ref, sha)),
  );
}

function createBlob(call: Call, repository: Repository): Reply {
  const { content, encoding } = call.body;
  const bytes = Buffer.from(String(content), encoding === "base64" ? "base64" : "utf8");
  if (bytes.length > BLOB_BYTES_MAX) {
    return problem(422, "Sorry, your input was too large to process. Consider creating the blob in a clone.");
  }
  const sha = writeObject(repository, "blob", bytes);
  return json(201, { sha, url: repositoryUrl(call, `git/blobs/${sha}`) });
}

interface Line {
  readonly path: string;
  readonly mode: string;
  readonly sha?: string | null;
  readonly content?: string;
}

function createTree(call: Call, repository: Repository): Reply {
  const { tree, base_tree: base } = call.body;
  if (base !== undefined && readObject(repository, String(base))?.type !== "tree") {
    return problem(422, "base_tree is not a valid tree oid");
  }
  const files = base === undefined ? new Map<string, TreeEntry>() : readFiles(repository, String(base));
  for (const { path, mode, sha, content } of tree as readonly Line[]) {
    if (sha === null) {
      if (!files.delete(path)) return problem(422, "GitRPC::BadObjectState");
      continue;
    }
    const id = sha ?? writeObject(repository, "blob", content ?? "");
    // The commit of a submodule is in another repository.
    if (mode !== SUBMODULE_MODE && readObject(repository, id)?.type !== "blob") {
      return problem(422, `tree.sha ${id} is not a valid blob`);
    }
    files.set(path, { mode, id });
  }
  if (files.size === 0) return problem(422, "Invalid tree info");
  const sha = writeFiles(repository, files);
  return json(201, {
    sha,
    url: repositoryUrl(call, `git/trees/${sha}`),
    truncated: false,
    tree: treeLines(repository, sha).map((line) => ({ ...line })),
  });
}

function createCommit(call: Call, repository: Repository): Reply {
  const { message, tree, parents = [], author, committer } = call.body;
  const ids = parents as readonly string[];
  if (readObject(repository, String(tree))?.type !== "tree") return problem(422, "Tree SHA does not exist");
  if (ids.some((id) => readCommit(repository, id) === undefined)) {
    return problem(422, "Parent SHA does not exist or is not a commit object");
  }
  const content = { tree: String(tree), parents: ids, message: String(message) };
  const own = toSignature(author, call) ?? toSignature(committer, call);
  const id =
    own === undefined
      ? commitAs(call, repository, content)
      : writeCommit(repository, { ...content, author: own, committer: toSignature(committer, call) ?? own });
  return json(201, toCommit(call, readCommit(repository, id)!, isSigned(repository, id)));
}

function createRef(call: Call, repository: Repository): Reply {
  const [ref, sha] = [String(call.body.ref), String(call.body.sha)];
  if (!/^refs\/[^/]+\/./.test(ref)) return problem(422, "Reference name is not valid");
  if (readRef(repository, ref) !== undefined) return problem(422, "Reference already exists");
  if (readCommit(repository, sha) === undefined) return problem(422, "Object does not exist");
  const violation = violationOf(call, repository, { ref, from: undefined, to: sha });
  if (violation !== undefined) return problem(422, violation);
  moveRef(call, repository, ref, sha);
  return json(201, toRef(call, ref, sha));
}

function updateRef(call: Call, repository: Repository): Reply {
  const [ref, sha] = [`refs/${call.parameters.ref}`, String(call.body.sha)];
  const from = readRef(repository, ref);
  if (from === undefined) return problem(422, "Reference does not exist");
  if (readCommit(repository, sha) === undefined) return problem(422, "Object does not exist");
  const isForward = mergeBase(repository, from, sha) === from;
  if (!isForward && call.body.force !== true) return problem(422, "Update is not a fast forward");
  const violation = violationOf(call, repository, { ref, from, to: sha });
  if (violation !== undefined) return problem(422, violation);
  moveRef(call, repository, ref, sha);
  return json(200, toRef(call, ref, sha));
}

/** Who asks, and of whom. */
export interface Writer {
  readonly github: GitHubState;
  readonly token: Token;
}

/** Lets a ref name another commit; of a branch everybody is told. */
export function moveRef({ github, token }: Writer, repository: Repository, ref: string, id: string): void {
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  if (branch === undefined) writeRef(repository, ref, id);
  else moveBranch(github, repository, { branch, after: id, by: token.account });
}

/** A commit that GitHub makes for the token's account, and signs where that is a bot's; its id. */
export function commitAs(
  { github, token }: Writer,
  repository: Repository,
  content: Pick<Commit, "tree" | "parents" | "message">,
): string {
  const { account } = token;
  const at = github.now();
  const author: Signature = {
    ...{ name: account.login, at },
    email: `${account.id}+${account.login}@users.noreply.github.com`,
  };
  const committer: Signature = { name: "GitHub", email: "noreply@github.com", at };
  const id = writeCommit(repository, { ...content, author, committer });
  if (token.app !== undefined) signedIn(repository).add(id);
  return id;
}

const SIGNED = new WeakMap<Repository, Set<string>>();

function signedIn(repository: Repository): Set<string> {
  const known = SIGNED.get(repository) ?? new Set<string>();
  SIGNED.set(repository, known);
  return known;
}

/** Whether GitHub signed the commit. */
export function isSigned(repository: Repository, id: string): boolean {
  return signedIn(repository).has(id);
}

interface Move {
  readonly ref: string;
  readonly from: string | undefined;
  readonly to: string;
}

/** What the rules of the branch say against the move; undefined if nothing does. */
export function violationOf(
  { github, token }: Writer,
  repository: Repository,
  move: Move,
): string | undefined {
  const branch = move.ref.replace(/^refs\/heads\//, "");
  const rules = github.rules
    .effective(repository, branch)
    .filter(({ bypass }) => !bypass.some(({ type, id }) => type === "Integration" && id === token.app?.id))
    .flatMap((ruleset) => ruleset.rules);
  const broken = rules.flatMap(({ type }) => REFUSALS[type]?.(repository, move) ?? []);
  return broken.length === 0 ? undefined : `Repository rule violations found\n\n${broken.join("\n\n")}\n\n`;
}

/** What a rule says to a move that it does not allow, by its type. */
const REFUSALS: Readonly<Record<string, (repository: Repository, move: Move) => string | undefined>> = {
  creation: (_, { from }) =>
    from === undefined ? "Cannot create ref due to creations being restricted." : undefined,
  update: (_, { from }) => (from === undefined ? undefined : "Cannot update this protected ref."),
  non_fast_forward: (repository, { from, to }) =>
    from !== undefined && mergeBase(repository, from, to) !== from
      ? "Cannot force-push to this branch"
      : undefined,
  required_linear_history: (repository, { to }) =>
    (readCommit(repository, to)?.parents.length ?? 0) > 1
      ? "This branch must not contain merge commits."
      : undefined,
  required_signatures: (repository, { to }) =>
    isSigned(repository, to) ? undefined : "Commits must have verified signatures.",
};

function toSignature(value: unknown, { github }: Call): Signature | undefined {
  if (value === undefined) return undefined;
  const { name, email, date } = value as { name: string; email: string; date?: string };
  return { name, email, at: date === undefined ? github.now() : new Date(date) };
}

function toRef(call: Call, ref: string, sha: string) {
  const object = { type: "commit", sha, url: repositoryUrl(call, `git/commits/${sha}`) };
  return { ref, node_id: "REF", url: repositoryUrl(call, `git/${ref}`), object };
}

function toCommit(call: Call, { id, tree, parents, message, author, committer }: Commit, verified: boolean) {
  const url = (sha: string) => repositoryUrl(call, `git/commits/${sha}`);
  const person = ({ name, email, at }: Signature) => ({ name, email, date: instant(at) });
  return {
    ...{ sha: id, node_id: "C", url: url(id), html_url: url(id), message: message.trimEnd() },
    ...{ author: person(author), committer: person(committer) },
    tree: { sha: tree, url: repositoryUrl(call, `git/trees/${tree}`) },
    parents: parents.map((sha) => ({ sha, url: url(sha), html_url: url(sha) })),
    verification: {
      ...{ verified, reason: verified ? "valid" : "unsigned" },
      ...{ signature: null, payload: null, verified_at: null },
    },
  };
}
