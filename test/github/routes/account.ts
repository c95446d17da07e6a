import { type Call, json, problem, type Reply, type Routes } from "../exchange.ts";
import { toUser } from "../resources.ts";

const RATE = { limit: 5000, remaining: 4999, reset: 1_900_000_000, used: 1 };

export const ACCOUNT_ROUTES: Routes = {
  "users/get-authenticated": { permissions: [], level: "read", handle: getAuthenticated },
  // Only a JSON Web Token of an App is allowed here, and no such token is known yet.
  "apps/get-authenticated": {
    permissions: [],
    level: "read",
    handle: () => problem(401, "A JSON web token could not be decoded"),
  },
  "rate-limit/get": {
    permissions: [],
    level: "read",
    handle: () => json(200, { rate: RATE, resources: { core: RATE, search: RATE, graphql: RATE } }),
  },
};

function getAuthenticated({ origin, token, github }: Call): Reply {
  if (token.app !== undefined) return problem(403, "Resource not accessible by integration");
  const since = github.now().toISOString();
  return json(200, {
    ...toUser(origin, token.account),
    ...{ name: null, company: null, blog: null, location: null, email: null, hireable: null, bio: null },
    ...{ public_repos: 0, public_gists: 0, followers: 0, following: 0, created_at: since, updated_at: since },
  });
}
