import { sendInstallation, sendSelection } from "../events/installations.ts";
import type { Account, Permissions, Repository } from "../nouns.ts";
import { toUser } from "../resources.ts";
import type { Installation, Registration } from "../state/apps.ts";
import type { GitHubState } from "../state.ts";

interface By {
  readonly by: Account;
}

/** Installs an App, everywhere in the account if it does not say where. */
export function install(
  github: GitHubState,
  app: Registration,
  {
    by,
    on = github.owner,
    ...options
  }: By & { on?: Account } & Partial<Pick<Installation, "repositories" | "permissions">>,
): Installation {
  const installation = github.apps.install(app, on, options);
  sendInstallation(github, installation, { action: "created", sender: by });
  return installation;
}

/** The tokens of the installation end with it. */
export function uninstall(github: GitHubState, installation: Installation, { by }: By): void {
  sendInstallation(github, installation, { action: "deleted", sender: by });
  installation.isDeleted = true;
}

export function suspend(github: GitHubState, installation: Installation, { by }: By): void {
  installation.suspendedAt = github.now();
  installation.suspendedBy = by;
  sendInstallation(github, installation, { action: "suspend", sender: by });
}

export function unsuspend(github: GitHubState, installation: Installation, { by }: By): void {
  delete installation.suspendedAt;
  delete installation.suspendedBy;
  sendInstallation(github, installation, { action: "unsuspend", sender: by });
}

/** What tokens may do from now on; those that were given before keep to what they had, or less. */
export function changePermissions(
  github: GitHubState,
  installation: Installation,
  { by, permissions }: By & { permissions: Permissions },
): void {
  installation.permissions = permissions;
  for (const token of github.tokens) {
    if (token.installation === installation) token.permissions = permissions;
  }
  sendInstallation(github, installation, { action: "new_permissions_accepted", sender: by });
}

/** Selects the repositories of an installation anew. */
export function selectRepositories(
  github: GitHubState,
  installation: Installation,
  { by, repositories }: By & { repositories: readonly Repository[] },
): void {
  const before =
    installation.repositories === "all"
      ? github.repositories.filter(({ owner }) => owner === installation.account)
      : installation.repositories;
  const added = repositories.filter((each) => !before.includes(each));
  const removed = before.filter((each) => !repositories.includes(each));
  installation.repositories = repositories;
  if (added.length > 0) sendSelection(github, installation, { added, sender: by });
  if (removed.length > 0) sendSelection(github, installation, { removed, sender: by });
}

/** A person takes back what they let the App do for them: their tokens end. */
export function revokeAuthorization(github: GitHubState, app: Registration, { by }: By): void {
  github.logins.revoke(app, by);
  const [installation] = github.apps.of(app);
  if (installation === undefined) return;
  github.hooks.send({
    ...{ event: "github_app_authorization", installations: [installation], always: true },
    payload: () => ({ action: "revoked", sender: toUser(github.origin, by) }),
  });
}
