import { quote } from "../parse/excerpt.ts";
import type { RemoteParent } from "../world.ts";

/** A parent as `extends` names it. `text` is what the file says. */
export type ParentReference =
  | { readonly kind: "pack"; readonly text: string }
  | { readonly kind: "remote"; readonly text: string; readonly parent: RemoteParent };

/** Why a text names no parent. */
export interface BadReference {
  readonly kind: "bad";
  readonly code: "PARENT_NOT_PINNED" | "PARENT_REFERENCE";
  readonly message: string;
  readonly fix: string;
}

const PACK = /^[a-z0-9][a-z0-9-]{0,63}@[1-9][0-9]{0,3}$/;
/** The commit is what follows the last `@`, for the path of a pack holds one itself. */
const REMOTE =
  /^(?<owner>[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))\/(?<repo>[A-Za-z0-9._-]{1,100})\/\/(?<path>[A-Za-z0-9._@/-]{1,200})@(?<commit>[A-Za-z0-9._/-]{1,200})$/;
const COMMIT = /^[0-9a-f]{40}$/;
const DOTS = new Set(["", ".", ".."]);

/** The parent that an entry of `extends` names, or why it names none. */
export function parseReference(text: string): ParentReference | BadReference {
  if (PACK.test(text)) return { kind: "pack", text };
  const { owner, repo, path, commit } = REMOTE.exec(text)?.groups ?? {};
  if (owner === undefined || repo === undefined || path === undefined || commit === undefined) {
    return malformed(text);
  }
  if (DOTS.has(repo) || path.split("/").some((segment) => DOTS.has(segment))) return malformed(text);
  if (!COMMIT.test(commit)) return notPinned(text, commit);
  return { kind: "remote", text, parent: { owner, repo, path, commit } };
}

function malformed(text: string): BadReference {
  return {
    kind: "bad",
    code: "PARENT_REFERENCE",
    message: `Cannot extend ${quote(text)}: it is neither name@major nor owner/repo//path@commit`,
    fix: "Write a pack as core@1, or a file as owner/repo//path@<40 hex digits of the commit>",
  };
}

/** A branch, a tag or a short id may come to mean another file tomorrow. */
function notPinned(text: string, revision: string): BadReference {
  return {
    kind: "bad",
    code: "PARENT_NOT_PINNED",
    message: `Cannot extend ${quote(text)}: ${quote(revision)} may move, expected the 40 hex digits of a commit`,
    fix: `Write the commit that ${revision} stands for, as git rev-parse prints it`,
  };
}
