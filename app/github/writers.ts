import type { Client } from "./client.ts";
import { isFailure } from "./failure.ts";
import { numberAt, textAt } from "./shape.ts";

export interface Person {
  readonly userId: number;
  /** As it was when the person spoke. */
  readonly login: string;
}

export interface RepositoryAddress {
  readonly owner: string;
  readonly repo: string;
}

/** Ids of those who may write to the repository now. GitHub is asked, `author_association` is no authority. */
export async function writersAmong(
  client: Client,
  repository: RepositoryAddress,
  people: readonly Person[],
): Promise<ReadonlySet<number>> {
  const distinct = [...new Map(people.map((person) => [person.userId, person])).values()];
  const answers = await Promise.all(distinct.map((person) => mayWrite(client, repository, person)));
  return new Set(distinct.filter((_, index) => answers[index]).map(({ userId }) => userId));
}

async function mayWrite(
  client: Client,
  repository: RepositoryAddress,
  { userId, login }: Person,
): Promise<boolean> {
  const permission = await findPermission(client, repository, login);
  if (permission?.userId === userId) return permission.mayWrite;
  // The login was given up, and perhaps taken by somebody else.
  const now = await findLogin(client, userId);
  if (now === undefined || now === login) return false;
  const renamed = await findPermission(client, repository, now);
  return renamed?.userId === userId && renamed.mayWrite;
}

/** Undefined for an account that does not exist, or has nothing to do with the repository. */
async function findPermission(client: Client, repository: RepositoryAddress, username: string) {
  const route = "GET /repos/{owner}/{repo}/collaborators/{username}/permission";
  const data = await findData(client, route, { ...repository, username });
  if (data === undefined) return undefined;
  return { userId: numberAt(data, "user", "id"), mayWrite: WRITING.has(textAt(data, "permission")) };
}

/** Of the old kind of permission: `maintain` is told as `write`, `triage` as `read`. */
const WRITING: ReadonlySet<string> = new Set(["admin", "write"]);

async function findLogin(client: Client, userId: number): Promise<string | undefined> {
  const data = await findData(client, "GET /user/{account_id}", { account_id: userId });
  return data === undefined ? undefined : textAt(data, "login");
}

async function findData(
  client: Client,
  route: string,
  parameters: Readonly<Record<string, unknown>>,
): Promise<unknown> {
  try {
    return (await client.rest(route, parameters)).data;
  } catch (cause) {
    if (isFailure(cause, "GITHUB_NOT_FOUND")) return undefined;
    throw cause;
  }
}
