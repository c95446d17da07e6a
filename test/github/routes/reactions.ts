import type { Members } from "../description.ts";
import { type Call, json, NOT_FOUND, type Reply, type Routes } from "../exchange.ts";
import type { Reaction } from "../nouns.ts";
import { paginated } from "../pagination.ts";
import { instant } from "../resources/times.ts";
import { toUser } from "../resources.ts";
import { findComment } from "./comments.ts";

const ON_PULLS = ["issues", "pull_requests"];

export const REACTION_ROUTES: Routes = {
  "reactions/create-for-issue-comment": { permissions: ON_PULLS, level: "write", handle: create },
  "reactions/list-for-issue-comment": { permissions: ON_PULLS, level: "read", handle: list },
};

/** The same reaction of the same account again changes nothing, and is answered with 200. */
function create(call: Call): Reply {
  const { github, token, origin } = call;
  const comment = findComment(call);
  if (comment === undefined) return NOT_FOUND;
  const content = String(call.body.content);
  const known = github.reactions.find(
    (each) => each.comment === comment && each.author === token.account && each.content === content,
  );
  if (known !== undefined) return json(200, toReaction(origin, known));
  const reaction = { id: github.nextId(), comment, author: token.account, content, createdAt: github.now() };
  github.reactions.push(reaction);
  return json(201, toReaction(origin, reaction));
}

function list(call: Call): Reply {
  const comment = findComment(call);
  if (comment === undefined) return NOT_FOUND;
  const wanted = call.query.get("content");
  const reactions = call.github.reactions.filter(
    (each) => each.comment === comment && (wanted === null || each.content === wanted),
  );
  return paginated(
    call,
    reactions.map((each) => toReaction(call.origin, each)),
  );
}

function toReaction(origin: string, { id, author, content, createdAt }: Reaction): Members {
  const user = toUser(origin, author);
  return { id, node_id: `REA_${id}`, user, content, created_at: instant(createdAt) };
}
