import { type Call, json, NOT_FOUND, type Reply, type Routes } from "../exchange.ts";
import { paginatedIn } from "../pagination.ts";
import { reaches } from "../reach.ts";
import { toInstallation } from "../resources/installation.ts";
import { toRepository } from "../resources.ts";

const BY_USER = { auth: "user", permissions: [], level: "read" } as const;

/** What a person may see through the App, and the end of a person's token. */
export const LOGIN_ROUTES: Routes = {
  "apps/list-installations-for-authenticated-user": { ...BY_USER, handle: listInstallations },
  "apps/list-installation-repos-for-authenticated-user": { ...BY_USER, handle: listRepositories },
  "apps/delete-token": { auth: "client", permissions: [], level: "read", handle: deleteToken },
};

function visible(call: Call) {
  const { github, token } = call;
  const app = github.logins.find(token.text)?.app;
  if (app === undefined) return [];
  return github.apps.of(app).map((installation) => ({
    installation,
    repositories: github.repositories.filter(
      (each) => github.apps.covering(app, each) === installation && reaches(github, token, each),
    ),
  }));
}

/** Those in which the person can see a repository. */
function listInstallations(call: Call): Reply {
  const shown = visible(call).filter(({ repositories }) => repositories.length > 0);
  return paginatedIn(
    call,
    "installations",
    shown.map(({ installation }) => toInstallation(call.origin, installation)),
  );
}

function listRepositories(call: Call): Reply {
  const id = Number(call.parameters.installation_id);
  const found = visible(call).find(({ installation }) => installation.id === id);
  if (found === undefined) return NOT_FOUND;
  return paginatedIn(
    call,
    "repositories",
    found.repositories.map((each) => toRepository(call.origin, each)),
  );
}

function deleteToken({ github, body, token }: Call): Reply {
  const found = github.logins.find(String(body.access_token));
  if (found === undefined || found.app.id !== token.app?.id)
    return json(422, { message: "Validation Failed" });
  found.isRevoked = true;
  return { status: 204 };
}
