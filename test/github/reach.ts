import type { Repository, Token } from "./nouns.ts";
import { covers } from "./state/apps.ts";
import { isAtLeast } from "./state/people.ts";
import type { GitHubState } from "./state.ts";

/** Whether the repository is among those that the token was given for. */
export function reaches(github: GitHubState, token: Token, repository: Repository): boolean {
  if (token.kind === "user") {
    const app = github.logins.find(token.text)?.app;
    const isInstalled = app !== undefined && github.apps.covering(app, repository) !== undefined;
    return isInstalled && isAtLeast(github.people.roleOf(repository, token.account), "read");
  }
  const installation = github.apps.installations.find(({ id }) => id === token.installation?.id);
  const isCovered = installation === undefined || covers(installation, repository);
  return isCovered && (token.repositories === undefined || token.repositories.includes(repository));
}
