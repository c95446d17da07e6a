import { type Call, json, NOT_FOUND, problem, type Reply, type Route, type Routes } from "../exchange.ts";
import type { Permissions, Repository } from "../nouns.ts";
import { paginated, paginatedIn } from "../pagination.ts";
import { toInstallation } from "../resources/installation.ts";
import { instant } from "../resources/times.ts";
import { toApp, toRepository } from "../resources.ts";
import { allows, covers, type Installation } from "../state/apps.ts";

const BY_APP = { auth: "app", permissions: [], level: "read" } as const;

/** What an App asks about itself with its own key, and with an installation's token about that installation. */
export const APP_ROUTES: Routes = {
  "apps/get-authenticated": {
    ...BY_APP,
    handle: ({ origin, token, github }) =>
      json(200, { ...toApp(origin, token.app!), installations_count: github.apps.of(token.app!).length }),
  },
  "apps/list-installations": { ...BY_APP, handle: listInstallations },
  "apps/get-installation": withInstallation((call, installation) =>
    json(200, toInstallation(call.origin, installation)),
  ),
  "apps/get-repo-installation": { ...BY_APP, handle: getRepositoryInstallation },
  "apps/create-installation-access-token": withInstallation(createToken),
  "apps/list-repos-accessible-to-installation": {
    ...{ permissions: ["metadata"], level: "read" },
    handle: listRepositories,
  },
};

function withInstallation(handler: (call: Call, installation: Installation) => Reply): Route {
  return {
    ...BY_APP,
    handle: (call) => {
      const id = Number(call.parameters.installation_id);
      const installation = call.github.apps.of(call.token.app!).find((each) => each.id === id);
      return installation === undefined ? NOT_FOUND : handler(call, installation);
    },
  };
}

function listInstallations(call: Call): Reply {
  const installations = call.github.apps.of(call.token.app!);
  return paginated(
    call,
    installations.map((each) => toInstallation(call.origin, each)),
  );
}

function getRepositoryInstallation({ github, origin, token, parameters }: Call): Reply {
  const repository = github.findRepository(parameters.owner ?? "", parameters.repo ?? "");
  const installation = repository && github.apps.covering(token.app!, repository);
  return installation === undefined ? NOT_FOUND : json(200, toInstallation(origin, installation));
}

function createToken({ github, origin, body }: Call, installation: Installation): Reply {
  if (installation.suspendedAt !== undefined) return problem(403, "This installation has been suspended");
  const permissions = (body.permissions ?? installation.permissions) as Permissions;
  const excess = Object.entries(permissions).some(
    ([name, level]) => !allows(installation.permissions, name, level),
  );
  if (excess) return problem(422, "The permissions requested are not granted to this installation.");
  const repositories = requested(github.repositories, body, installation);
  if (repositories === "unknown") {
    return problem(422, "There is at least one repository that does not exist or is not accessible.");
  }
  const token = github.apps.issue(installation, {
    permissions,
    ...(repositories !== undefined && { repositories }),
  });
  github.tokens.push(token);
  return json(201, {
    token: token.text,
    expires_at: instant(token.expiresAt!),
    permissions: { ...permissions },
    repository_selection: installation.repositories === "all" && !repositories ? "all" : "selected",
    ...(repositories !== undefined && {
      repositories: repositories.map((each) => toRepository(origin, each)),
    }),
  });
}

/** The repositories that the body narrows the token to, by name or id. */
function requested(
  known: readonly Repository[],
  { repositories: names, repository_ids: ids }: Call["body"],
  installation: Installation,
): Repository[] | "unknown" | undefined {
  if (names === undefined && ids === undefined) return undefined;
  const wanted = [...((names as string[]) ?? []), ...((ids as number[]) ?? [])];
  const found = wanted.map((each) =>
    known.find((one) => (one.name === each || one.id === each) && covers(installation, one)),
  );
  return found.includes(undefined) ? "unknown" : found.flatMap((each) => each ?? []);
}

function listRepositories(call: Call): Reply {
  const { github, token, origin } = call;
  const installation = github.apps.installations.find(({ id }) => id === token.installation?.id);
  if (installation === undefined) return problem(403, "Resource not accessible by integration");
  const repositories = github.repositories.filter(
    (each) => covers(installation, each) && (token.repositories?.includes(each) ?? true),
  );
  return paginatedIn(
    call,
    "repositories",
    repositories.map((each) => toRepository(origin, each)),
    { repository_selection: installation.repositories === "all" ? "all" : "selected" },
  );
}
