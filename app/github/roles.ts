import { usersAt } from "../../gate/approval/delegates.ts";
import { byCodeUnits } from "../../gate/model/order.ts";
import type { Policy } from "../../gate/model/policy.ts";
import type { Client } from "./client.ts";
import { declarationsOf, type Question } from "./question.ts";
import { at, flagAt, listAt, numberAt, optional, textAt } from "./shape.ts";

export interface Holders {
  /** Roles by user id, of all who were asked about. */
  readonly roles: ReadonlyMap<number, readonly string[]>;
  /** Roles that could not be resolved, and why. */
  readonly unresolved: readonly { readonly role: string; readonly reason: string }[];
}

export interface RolesRequest {
  readonly roles: Policy["roles"];
  /** Those whose roles are asked for. */
  readonly userIds: readonly number[];
  /** RFC 3339, UTC: who stands in for somebody does so on some days. */
  readonly now: string;
  /**
   * The number that stood behind a name when it was first met, and this one if it was never met: a login or a team's
   * name that was given up can be taken by somebody else. Without it each answer is believed.
   */
  readonly pin?: (name: string, id: number) => Promise<number>;
  /** The answer to `rolesQuestion`, where it was asked with something else; asked for if absent. */
  readonly answer?: unknown;
}

/** A team has at most so many members that are read. */
const MEMBERS_PAGES_MAX = 50;

/**
 * Who of these people holds which role now. Of a team only its own active members count, not those of teams below it.
 * A role with a team or a login that does not exist, or is no more who it was, is unresolved.
 */
export async function holdersOf(client: Client, request: RolesRequest): Promise<Holders> {
  const { userIds, pin = async (_, id) => id } = request;
  const named = namedIn(request);
  const directory = await readDirectory(client, namesOf(named), request.answer);
  const held = new Map<number, string[]>(userIds.map((id) => [id, []]));
  const unresolved: { role: string; reason: string }[] = [];
  for (const { role, teams, users } of named) {
    for (const name of [...teams.map((team) => `team ${team}`), ...users.map((user) => `user ${user}`)]) {
      const found = directory.get(name);
      const reason =
        found === undefined
          ? `${name} does not exist, or cannot be seen`
          : await strangerOf(name, found, pin);
      if (reason !== undefined) unresolved.push({ role, reason });
      else for (const id of found?.people ?? []) addOnce(held.get(id), role);
    }
  }
  return { roles: held, unresolved };
}

/** What is asked to learn who holds which role, as far as one question tells it. */
export function rolesQuestion(roles: Policy["roles"], now: string): Question {
  const { teams, users } = namesOf(namedIn({ roles, now }));
  return questionOf(teams.map(toCursor), users);
}

interface NamedRole extends Names {
  readonly role: string;
}

function namedIn({ roles, now }: Pick<RolesRequest, "roles" | "now">): readonly NamedRole[] {
  return Object.entries(roles).map(([role, terms]) => ({
    role,
    teams: terms.teams,
    users: usersAt(terms, now),
  }));
}

function namesOf(named: readonly NamedRole[]): Names {
  return {
    teams: distinct(named.flatMap(({ teams }) => teams)),
    users: distinct(named.flatMap(({ users }) => users)),
  };
}

/** Whom a name of the policy stands for. */
interface Found {
  readonly id: number;
  readonly people: readonly number[];
}

async function strangerOf(
  name: string,
  { id }: Found,
  pin: NonNullable<RolesRequest["pin"]>,
): Promise<string | undefined> {
  const known = await pin(name, id);
  return known === id
    ? undefined
    : `${name} is another than when the policy was first used: ${id}, it was ${known}`;
}

function addOnce(list: string[] | undefined, role: string): void {
  if (list !== undefined && !list.includes(role)) list.push(role);
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort(byCodeUnits);
}

interface Names {
  /** As `organisation/slug`. */
  readonly teams: readonly string[];
  readonly users: readonly string[];
}

/** All names in one question; only teams of more than a hundred take another. */
async function readDirectory(
  client: Client,
  { teams, users }: Names,
  answer: unknown,
): Promise<ReadonlyMap<string, Found>> {
  const directory = new Map<string, Found>();
  let open = teams.map(toCursor);
  let logins = users;
  for (let page = 0; page < MEMBERS_PAGES_MAX && open.length + logins.length > 0; page++) {
    const data = page === 0 && answer !== undefined ? answer : await ask(client, questionOf(open, logins));
    for (const [index, login] of logins.entries()) {
      const id = optional(numberAt, data, `u${index}`, "databaseId");
      if (id !== undefined) directory.set(`user ${login}`, { id, people: [id] });
    }
    logins = [];
    open = open.flatMap((cursor, index) => readMembers(at(data, `t${index}`, "team"), cursor, directory));
  }
  return directory;
}

/** Where the reading of a team's members stands. */
interface Cursor {
  readonly team: string;
  readonly after?: string;
  readonly people: readonly number[];
}

function toCursor(team: string): Cursor {
  return { team, people: [] };
}

function ask(client: Client, question: Question): Promise<unknown> {
  const document = `query (${declarationsOf(question).join(", ")}) { ${question.fields} }`;
  return client.graphql(document, question.variables);
}

/** Takes a page of members; the cursor of the next page, if there is one. A team that is not read to its end is not in the directory. */
function readMembers(team: unknown, cursor: Cursor, directory: Map<string, Found>): readonly Cursor[] {
  if (team === undefined) return [];
  const people = [
    ...cursor.people,
    ...listAt(team, "members", "nodes").map((node) => numberAt(node, "databaseId")),
  ];
  if (flagAt(team, "members", "pageInfo", "hasNextPage")) {
    return [{ team: cursor.team, people, after: textAt(team, "members", "pageInfo", "endCursor") }];
  }
  directory.set(`team ${cursor.team}`, { id: numberAt(team, "databaseId"), people });
  return [];
}

/** Members whose invitation is pending are none; `IMMEDIATE` leaves out those of child teams. */
function questionOf(teams: readonly Cursor[], users: readonly string[]): Question {
  const variables: Record<string, string> = {};
  const fields: string[] = [];
  for (const [index, { team, after }] of teams.entries()) {
    const [organisation = "", slug = ""] = team.split("/");
    Object.assign(variables, { [`o${index}`]: organisation, [`s${index}`]: slug });
    if (after !== undefined) variables[`a${index}`] = after;
    const from = after === undefined ? "" : `, after: $a${index}`;
    fields.push(
      `t${index}: organization(login: $o${index}) { team(slug: $s${index}) { databaseId members(first: 100, membership: IMMEDIATE${from}) { nodes { databaseId } pageInfo { hasNextPage endCursor } } } }`,
    );
  }
  for (const [index, login] of users.entries()) {
    variables[`l${index}`] = login;
    fields.push(`u${index}: user(login: $l${index}) { databaseId }`);
  }
  return { fields: fields.join(" "), variables };
}
