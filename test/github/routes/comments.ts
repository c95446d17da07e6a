import { sendComment } from "../events/comments.ts";
import {
  type Call,
  json,
  NOT_FOUND,
  problem,
  type Reply,
  type Routes,
  repositoryOf,
  threadOf,
} from "../exchange.ts";
import type { Comment } from "../nouns.ts";
import { paginated } from "../pagination.ts";
import { toComment } from "../resources.ts";

const ON_PULLS = ["issues", "pull_requests"];

/** Comments of a pull request, which GitHub keeps as comments of an issue. */
export const COMMENT_ROUTES: Routes = {
  "issues/list-comments": { permissions: ON_PULLS, level: "read", handle: listComments },
  "issues/get-comment": { permissions: ON_PULLS, level: "read", handle: getComment },
  "issues/create-comment": { permissions: ON_PULLS, level: "write", handle: createComment },
  "issues/update-comment": { permissions: ON_PULLS, level: "write", handle: updateComment },
  "issues/delete-comment": { permissions: ON_PULLS, level: "write", handle: deleteComment },
};

function listComments(call: Call): Reply {
  const thread = threadOf(call);
  if (thread === undefined) return NOT_FOUND;
  const since = new Date(call.query.get("since") ?? 0);
  const comments = call.github.comments.filter(
    (comment) => comment.thread === thread && comment.updatedAt >= since,
  );
  return paginated(
    call,
    comments.map((comment) => toComment(call.origin, comment)),
  );
}

export function findComment(call: Call): Comment | undefined {
  const repository = repositoryOf(call);
  const id = Number(call.parameters.comment_id);
  return call.github.comments.find(
    (comment) => comment.thread.repository === repository && comment.id === id,
  );
}

function getComment(call: Call): Reply {
  const comment = findComment(call);
  return comment === undefined ? NOT_FOUND : json(200, toComment(call.origin, comment));
}

function createComment(call: Call): Reply {
  const thread = threadOf(call);
  if (thread === undefined) return NOT_FOUND;
  if (thread.locked) return problem(403, "Unable to create comment because issue is locked.");
  const { account, app } = call.token;
  const comment = call.github.addComment(thread, account, String(call.body.body), app);
  sendComment(call.github, comment, { action: "created", sender: account });
  const body = toComment(call.origin, comment);
  return json(201, body, { location: String(body.url) });
}

function updateComment(call: Call): Reply {
  const comment = findComment(call);
  if (comment === undefined) return NOT_FOUND;
  if (!mayEdit(call, comment)) return problem(403, "Must have admin rights to Repository.");
  const before = comment.body;
  comment.body = String(call.body.body);
  comment.updatedAt = call.github.now();
  sendComment(call.github, comment, { action: "edited", sender: call.token.account, before });
  return json(200, toComment(call.origin, comment));
}

function deleteComment(call: Call): Reply {
  const comment = findComment(call);
  if (comment === undefined) return NOT_FOUND;
  if (!mayEdit(call, comment)) return problem(403, "Must have admin rights to Repository.");
  call.github.removeComment(comment);
  sendComment(call.github, comment, { action: "deleted", sender: call.token.account });
  return { status: 204 };
}

/** A token with write access may edit the comments of everybody: that it only edits its own is for us to see to. */
function mayEdit({ token }: Call, comment: Comment): boolean {
  return token.app !== undefined || comment.author === token.account;
}
