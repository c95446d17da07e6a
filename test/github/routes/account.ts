import type { Members } from "../description.ts";
import { type Call, json, NOT_FOUND, type Reply, type Routes } from "../exchange.ts";
import type { Account } from "../nouns.ts";
import { toUser } from "../resources.ts";

export const ACCOUNT_ROUTES: Routes = {
  "users/get-authenticated": {
    ...{ auth: "user", permissions: [], level: "read" },
    handle: ({ origin, token }) => json(200, toFullUser(origin, token.account)),
  },
  "users/get-by-username": {
    ...{ permissions: [], level: "read" },
    handle: (call) => answerFor(call, call.github.findAccount(call.parameters.username ?? "")),
  },
  "users/get-by-id": { permissions: [], level: "read", handle: getById },
  "rate-limit/get": { permissions: [], level: "read", handle: getRateLimit },
};

function getById(call: Call): Reply {
  const id = Number(call.parameters.account_id);
  return answerFor(
    call,
    call.github.accounts.find((each) => each.id === id && each.state !== "deleted"),
  );
}

function answerFor({ origin }: Call, account: Account | undefined): Reply {
  return account === undefined ? NOT_FOUND : json(200, toFullUser(origin, account));
}

function toFullUser(origin: string, account: Account): Members {
  const since = "2026-01-01T00:00:00Z";
  return {
    ...toUser(origin, account),
    ...{ name: null, company: null, blog: null, location: null, email: null, hireable: null, bio: null },
    ...{ public_repos: 0, public_gists: 0, followers: 0, following: 0, created_at: since, updated_at: since },
  };
}

function getRateLimit({ github, token }: Call): Reply {
  const rate = { ...github.rates.read(token) };
  return json(200, { rate, resources: { core: rate, search: rate, graphql: rate } });
}
