import type { Members } from "../description.ts";
import { type Account, fullName, type Repository } from "../nouns.ts";
import { toInstallation } from "../resources/installation.ts";
import { toUser } from "../resources.ts";
import { covers, type Installation } from "../state/apps.ts";
import type { GitHubState } from "../state.ts";

export interface InstallationNotice {
  readonly action: "created" | "deleted" | "suspend" | "unsuspend" | "new_permissions_accepted";
  readonly sender: Account;
}

/** Tells the App of its own installation, whether it asked for that or not. */
export function sendInstallation(
  github: GitHubState,
  installation: Installation,
  { action, sender }: InstallationNotice,
): void {
  const repositories = github.repositories.filter((each) => covers(installation, each));
  github.hooks.send({
    ...{ event: "installation", installations: [installation], always: true },
    payload: () => ({
      action,
      installation: toInstallation(github.origin, installation),
      repositories: repositories.map(toShort),
      ...(action === "created" && { requester: null }),
      sender: toUser(github.origin, sender),
    }),
  });
}

export function sendSelection(
  github: GitHubState,
  installation: Installation,
  { added = [], removed = [], sender }: Selection,
): void {
  const action = added.length > 0 ? "added" : "removed";
  github.hooks.send({
    ...{ event: "installation_repositories", installations: [installation], always: true },
    payload: () => ({
      action,
      installation: toInstallation(github.origin, installation),
      repository_selection: installation.repositories === "all" ? "all" : "selected",
      repositories_added: added.map(toShort),
      repositories_removed: removed.map(toShort),
      requester: null,
      sender: toUser(github.origin, sender),
    }),
  });
}

export interface Selection {
  readonly added?: readonly Repository[];
  readonly removed?: readonly Repository[];
  readonly sender: Account;
}

function toShort(repository: Repository): Members {
  const { id, name } = repository;
  return { id, node_id: `R_${id}`, name, full_name: fullName(repository), private: repository.private };
}
