import type { Members } from "../description.ts";
import {
  type Call,
  json,
  NOT_FOUND,
  type Reply,
  type Route,
  type Routes,
  withRepository,
} from "../exchange.ts";
import type { Repository } from "../nouns.ts";
import { paginated } from "../pagination.ts";
import { toOrganization } from "../resources/organization.ts";
import { toTeam, toTeamInFull } from "../resources/team.ts";
import { toUser } from "../resources.ts";
import { isAtLeast, type Membership, type Role, type Team } from "../state/people.ts";

const MEMBERS = { permissions: ["members"], level: "read" } as const;
const getTeam = withTeam((call, team) => json(200, toTeamInFull(call.github, team)));
const listMembers = withTeam(listTeamMembers);
const listChildren = withTeam((call, team) =>
  paginated(
    call,
    call.github.people.children(team).map((each) => toTeam(call.github, each)),
  ),
);
const getMembership = withTeam(getTeamMembership);

/** Who belongs to what, and what people may do with a repository. */
export const PEOPLE_ROUTES: Routes = {
  "repos/get-collaborator-permission-level": {
    ...{ permissions: ["metadata"], level: "read" },
    handle: withRepository(getPermission),
  },
  "teams/list": { ...MEMBERS, handle: listTeams },
  "teams/get-by-name": getTeam,
  "teams/get-legacy": getTeam,
  "teams/list-members-in-org": listMembers,
  "teams/list-members-legacy": listMembers,
  "teams/list-child-in-org": listChildren,
  "teams/list-child-legacy": listChildren,
  "teams/get-membership-for-user-in-org": getMembership,
  "teams/get-membership-for-user-legacy": getMembership,
  "orgs/get-membership-for-user": { ...MEMBERS, handle: getOrganizationMembership },
};

/** The team that the path names by its slug in an organisation or by its id. */
function withTeam(handler: (call: Call, team: Team) => Reply): Route {
  return {
    ...MEMBERS,
    handle: (call) => {
      const { org = "", team_slug: slug = "", team_id: id } = call.parameters;
      const { people } = call.github;
      const team =
        id === undefined ? people.findTeam(org, slug) : people.teams.find((each) => each.id === Number(id));
      return team === undefined ? NOT_FOUND : handler(call, team);
    },
  };
}

function listTeams(call: Call): Reply {
  const { github, parameters } = call;
  const teams = github.people.teams.filter(({ organization }) => organization.login === parameters.org);
  return paginated(
    call,
    teams.map((team) => toTeam(github, team)),
  );
}

function listTeamMembers(call: Call, team: Team): Reply {
  const role = call.query.get("role") ?? "all";
  const members = call.github.people.membersOf(team).filter((each) => role === "all" || each.role === role);
  return paginated(
    call,
    members.map(({ account }) => toUser(call.origin, account)),
  );
}

function getTeamMembership({ github, origin, parameters }: Call, team: Team): Reply {
  const account = github.findAccount(parameters.username ?? "");
  const membership = account && github.people.membershipOf(team, account);
  if (account === undefined || membership === undefined) return NOT_FOUND;
  return json(
    200,
    toMembership(`${origin}/organizations/${team.organization.id}/team/${team.id}`, membership),
  );
}

function toMembership(teamUrl: string, { account, role, state }: Membership): Members {
  return { url: `${teamUrl}/memberships/${account.login}`, role, state };
}

function getOrganizationMembership({ github, origin, parameters }: Call): Reply {
  const account = github.findAccount(parameters.username ?? "");
  const member = github.people.members.find(
    (each) => each.account === account && each.organization.login === parameters.org,
  );
  if (account === undefined || member === undefined) return NOT_FOUND;
  const url = `${origin}/orgs/${member.organization.login}`;
  return json(200, {
    ...{ url: `${url}/memberships/${account.login}`, state: "active", role: member.role },
    organization_url: url,
    organization: toOrganization(origin, member.organization),
    user: toUser(origin, account),
  });
}

/** 404 for a login that nobody has; `none` for a person without a role. */
function getPermission({ github, origin, parameters }: Call, repository: Repository): Reply {
  const account = github.findAccount(parameters.username ?? "");
  if (account === undefined) return NOT_FOUND;
  const role = github.people.roleOf(repository, account);
  return json(200, {
    permission: LEGACY[role],
    role_name: role,
    user: {
      ...toUser(origin, account),
      permissions: {
        ...{
          pull: isAtLeast(role, "read"),
          triage: isAtLeast(role, "triage"),
          push: isAtLeast(role, "write"),
        },
        ...{ maintain: isAtLeast(role, "maintain"), admin: role === "admin" },
      },
      role_name: role,
    },
  });
}

/** `permission` knows four words only. */
const LEGACY: Readonly<Record<Role, string>> = {
  ...{ none: "none", read: "read", triage: "read", write: "write", maintain: "write", admin: "admin" },
};
