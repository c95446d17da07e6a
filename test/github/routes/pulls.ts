import { type Call, json, NOT_FOUND, pullOf, type Reply, type Routes } from "../exchange.ts";
import { toPull } from "../resources.ts";

export const PULL_ROUTES: Routes = {
  "pulls/get": { permissions: ["pull_requests"], level: "read", handle: getPull },
};

function getPull(call: Call): Reply {
  const pull = pullOf(call);
  if (pull === undefined) return NOT_FOUND;
  const comments = call.github.comments.filter((comment) => comment.pull === pull).length;
  return json(200, toPull(call.origin, pull, comments));
}
