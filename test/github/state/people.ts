import type { Account, Clock, Repository } from "../nouns.ts";

export type RepositoryRole = "read" | "triage" | "write" | "maintain" | "admin";
export type Role = RepositoryRole | "none";
const ROLES: readonly Role[] = ["none", "read", "triage", "write", "maintain", "admin"];

export interface Team {
  readonly id: number;
  readonly organization: Account;
  slug: string;
  name: string;
  privacy: "closed" | "secret";
  parent?: Team;
  readonly members: Membership[];
  readonly repositories: Map<Repository, RepositoryRole>;
}

export interface Membership {
  readonly account: Account;
  role: "member" | "maintainer";
  state: "active" | "pending";
}

/** Who belongs to an organisation, its teams, and what each may do with a repository. */
export class People {
  readonly teams: Team[] = [];
  readonly members: {
    readonly organization: Account;
    readonly account: Account;
    role: "member" | "admin";
  }[] = [];
  readonly #collaborators = new Map<Repository, Map<Account, RepositoryRole>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  addMember(organization: Account, account: Account, role: "member" | "admin" = "member"): void {
    this.members.push({ organization, account, role });
  }

  addTeam(
    organization: Account,
    name: string,
    { members = [], ...options }: Partial<Omit<Team, "members">> & { members?: readonly Account[] } = {},
  ): Team {
    const slug = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
    const team: Team = {
      ...{ id: this.#clock.nextId(), organization, slug, name, privacy: "closed" as const },
      ...{ members: members.map(toMembership), repositories: new Map() },
      ...options,
    };
    this.teams.push(team);
    return team;
  }

  addToTeam(team: Team, account: Account, membership: Partial<Membership> = {}): void {
    removeFromTeam(team, account);
    team.members.push({ ...toMembership(account), ...membership });
  }

  findTeam(organization: string, slug: string): Team | undefined {
    return this.teams.find(
      (team) => team.slug === slug && team.organization.login.toLowerCase() === organization.toLowerCase(),
    );
  }

  children(team: Team): Team[] {
    return this.teams.filter(({ parent }) => parent === team);
  }

  /** Active members, those of child teams among them, as GitHub lists them. */
  membersOf(team: Team): Membership[] {
    const all = [team, ...this.children(team)].flatMap((each) =>
      each === team ? each.members : this.membersOf(each),
    );
    const active = all.filter(({ account, state }) => state === "active" && account.state === "active");
    return active.filter(
      (one, index) => active.findIndex(({ account }) => account === one.account) === index,
    );
  }

  /** The person's membership of the team or of a child of it; a pending one, too. */
  membershipOf(team: Team, account: Account): Membership | undefined {
    if (account.state !== "active") return undefined;
    const direct = team.members.find((each) => each.account === account);
    return direct ?? this.membersOf(team).find((each) => each.account === account);
  }

  /** Gives a person a role for the repository; `none` takes it away. */
  grant(repository: Repository, account: Account, role: Role): void {
    const granted = this.#collaborators.get(repository) ?? new Map<Account, RepositoryRole>();
    this.#collaborators.set(repository, granted);
    if (role === "none") granted.delete(account);
    else granted.set(account, role);
  }

  collaborators(repository: Repository): Account[] {
    return [...(this.#collaborators.get(repository)?.keys() ?? [])];
  }

  /** The highest role that the person has for the repository by any way. */
  roleOf(repository: Repository, account: Account): Role {
    if (account.state !== "active") return "none";
    const isOwner =
      repository.owner === account ||
      this.members.some(
        (each) => each.organization === repository.owner && each.account === account && each.role === "admin",
      );
    const direct = this.#collaborators.get(repository)?.get(account) ?? "none";
    const byTeams = this.teams
      .filter((team) => this.membersOf(team).some((each) => each.account === account))
      .flatMap((team) => [team, ...parentsOf(team)])
      .map((team): Role => team.repositories.get(repository) ?? "none");
    const anybody: Role = repository.private ? "none" : "read";
    return highest([isOwner ? "admin" : "none", direct, ...byTeams, anybody]);
  }
}

function toMembership(account: Account): Membership {
  return { account, role: "member", state: "active" };
}

export function removeFromTeam(team: Team, account: Account): void {
  const index = team.members.findIndex((each) => each.account === account);
  if (index !== -1) team.members.splice(index, 1);
}

/** A child team inherits what its parents may. */
function parentsOf({ parent }: Team): Team[] {
  return parent === undefined ? [] : [parent, ...parentsOf(parent)];
}

function highest(roles: readonly Role[]): Role {
  return roles.reduce((one, other) => (isAtLeast(other, one) ? other : one), "none");
}

export function isAtLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}
