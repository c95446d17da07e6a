import { notify, organization } from "../events/notice.ts";
import type { Account, Repository } from "../nouns.ts";
import { toSimpleTeam } from "../resources/team.ts";
import { toUser } from "../resources.ts";
import { type Membership, removeFromTeam, type Team } from "../state/people.ts";
import type { GitHubState } from "../state.ts";

interface By {
  readonly by: Account;
}

export function joinTeam(
  github: GitHubState,
  team: Team,
  { by, account, ...membership }: By & Partial<Membership> & { account: Account },
): void {
  github.people.addToTeam(team, account, membership);
  // Nobody is told of an invitation.
  if (membership.state === "pending") return;
  sendToOrganization(github, team.organization, "membership", {
    ...{ action: "added", scope: "team", member: toUser(github.origin, account) },
    ...{ team: toSimpleTeam(github, team), sender: toUser(github.origin, by) },
  });
}

export function leaveTeam(github: GitHubState, team: Team, { by, account }: By & { account: Account }): void {
  removeFromTeam(team, account);
  sendToOrganization(github, team.organization, "membership", {
    ...{ action: "removed", scope: "team", member: toUser(github.origin, account) },
    ...{ team: toSimpleTeam(github, team), sender: toUser(github.origin, by) },
  });
}

/** Another name, and the slug that follows from it. */
export function renameTeam(github: GitHubState, team: Team, { by, name }: By & { name: string }): void {
  const from = team.name;
  team.name = name;
  team.slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
  sendToOrganization(github, team.organization, "team", {
    ...{ action: "edited", changes: { name: { from } }, team: toSimpleTeam(github, team) },
    sender: toUser(github.origin, by),
  });
}

export function deleteTeam(github: GitHubState, team: Team, { by }: By): void {
  github.people.teams.splice(github.people.teams.indexOf(team), 1);
  sendToOrganization(github, team.organization, "team", {
    ...{ action: "deleted", team: toSimpleTeam(github, team), sender: toUser(github.origin, by) },
  });
}

function sendToOrganization(
  github: GitHubState,
  account: Account,
  event: string,
  own: Parameters<typeof JSON.stringify>[0],
): void {
  github.hooks.send({
    event,
    installations: github.apps.registrations
      .flatMap((app) => github.apps.of(app))
      .filter((installation) => installation.account === account),
    payload: () => ({ ...own, ...organization(github.origin, account) }),
  });
}

/** Takes away what a person may do with a repository by themselves; what teams give them stays. */
export function removeCollaborator(
  github: GitHubState,
  repository: Repository,
  { by, account }: By & { account: Account },
): void {
  github.people.grant(repository, account, "none");
  notify(github, {
    ...{ event: "member", repository, sender: by },
    own: () => ({ action: "removed", member: toUser(github.origin, account) }),
  });
}

export function renameAccount(_: GitHubState, account: Account, login: string): void {
  account.login = login;
}

/** A ghost stands where the person was, or nobody; the login is free again. */
export function deleteAccount(github: GitHubState, account: Account): void {
  account.state = "deleted";
  for (const comment of github.comments) if (comment.author === account) comment.author = null;
  for (const review of github.reviews) if (review.author === account) review.author = null;
  for (const team of github.people.teams) removeFromTeam(team, account);
}

export function suspendAccount(_: GitHubState, account: Account): void {
  account.state = "suspended";
}
