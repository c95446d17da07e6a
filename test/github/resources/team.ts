import type { Members } from "../description.ts";
import type { Team } from "../state/people.ts";
import type { GitHubState } from "../state.ts";
import { toOrganization } from "./organization.ts";

const EPOCH = "2026-01-01T00:00:00Z";

/** A team in a list, its parent beside it. */
export function toTeam(github: GitHubState, team: Team): Members {
  return {
    ...toSimpleTeam(github, team),
    permissions: { pull: true, triage: false, push: false, maintain: false, admin: false },
    parent: team.parent === undefined ? null : toSimpleTeam(github, team.parent),
  };
}

export function toSimpleTeam(
  { origin }: GitHubState,
  { id, name, slug, privacy, organization }: Team,
): Members {
  const url = `${origin}/organizations/${organization.id}/team/${id}`;
  return {
    ...{ id, node_id: `T_${id}`, name, slug, description: null, privacy, permission: "pull" },
    ...{
      notification_setting: "notifications_enabled",
      type: "organization",
      organization_id: organization.id,
    },
    ...{ url, html_url: `${origin}/orgs/${organization.login}/teams/${slug}` },
    members_url: `${url}/members{/member}`,
    repositories_url: `${url}/repos`,
  };
}

export function toTeamInFull(github: GitHubState, team: Team): Members {
  const { origin, people } = github;
  return {
    ...toSimpleTeam(github, team),
    parent: team.parent === undefined ? null : toSimpleTeam(github, team.parent),
    ...{ members_count: people.membersOf(team).length, repos_count: team.repositories.size },
    ...{ created_at: EPOCH, updated_at: EPOCH },
    organization: {
      ...toOrganization(origin, team.organization),
      html_url: `${origin}/${team.organization.login}`,
      ...{ has_organization_projects: false, has_repository_projects: false, type: "Organization" },
      ...{ public_repos: 0, public_gists: 0, followers: 0, following: 0 },
      ...{ created_at: EPOCH, updated_at: EPOCH, archived_at: null },
    },
  };
}
