import type { Members } from "../description.ts";
import type { Delivery } from "../hooks.ts";
import type { Account, Repository } from "../nouns.ts";
import { toOrganization } from "../resources/organization.ts";
import { toRepository, toUser } from "../resources.ts";
import type { App, GitHubState } from "../state.ts";

export interface RepositoryNotice {
  readonly event: string;
  readonly repository: Repository;
  readonly sender: Account;
  /** The members that are this event's own; made only if somebody gets it. */
  readonly own: () => Members;
  /** The only App that is told; every one that is installed if absent. */
  readonly onlyTo?: App;
}

/** Tells the Apps that are installed on the repository and asked for the event. */
export function notify(
  github: GitHubState,
  { event, repository, sender, own, onlyTo }: RepositoryNotice,
): readonly Delivery[] {
  const { apps, origin } = github;
  const installations = apps.registrations
    .filter((app) => onlyTo === undefined || app.id === onlyTo.id)
    .flatMap((app) => apps.covering(app, repository) ?? []);
  return github.hooks.send({
    event,
    installations,
    repositoryId: repository.id,
    payload: () => ({
      ...own(),
      repository: toRepository(origin, repository),
      ...organization(origin, repository.owner),
      sender: toUser(origin, sender),
    }),
  });
}

/** The organisation as a delivery shows it; nothing for a person's repository. */
export function organization(origin: string, account: Account): Members {
  return account.type === "Organization" ? { organization: toOrganization(origin, account) } : {};
}
