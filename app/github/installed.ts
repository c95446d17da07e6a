import type { Place } from "../place.ts";
import type { GitHub } from "./client.ts";
import { readPages } from "./pages.ts";
import { at, numberAt, textAt } from "./shape.ts";

const PAGES_MAX = 100;

/** Ids of the installations that are not suspended. */
export async function readInstallations(github: Pick<GitHub, "app">): Promise<readonly number[]> {
  const installations = await readPages(github.app(), "GET /app/installations", {
    parameters: {},
    pagesMax: PAGES_MAX,
  });
  return installations
    .filter((installation) => at(installation, "suspended_at") === undefined)
    .map((installation) => numberAt(installation, "id"));
}

export interface Installed extends Place {
  readonly defaultBranch: string;
}

/** Repositories that an installation lets us see, but archived ones: those take no verdict any more. */
export async function readInstalled(
  github: Pick<GitHub, "installation">,
  installationId: number,
): Promise<readonly Installed[]> {
  const repositories = await readPages(
    github.installation(installationId),
    "GET /installation/repositories",
    { parameters: {}, within: "repositories", pagesMax: PAGES_MAX },
  );
  return repositories
    .filter((repository) => at(repository, "archived") !== true)
    .map((repository) => ({
      ...{ installationId, repositoryId: numberAt(repository, "id") },
      ...{ owner: textAt(repository, "owner", "login"), repo: textAt(repository, "name") },
      defaultBranch: textAt(repository, "default_branch"),
    }));
}
