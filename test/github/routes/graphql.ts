import { type Commit, readCommit, type Signature } from "../git/commits.ts";
import { readObject } from "../git/objects.ts";
import { entryAt, objectId } from "../git-data.ts";
import { type GraphqlContext, type GraphqlRoots, refusal } from "../graphql.ts";
import type { Account, Repository } from "../nouns.ts";
import { reaches } from "../reach.ts";
import { allows } from "../state/apps.ts";
import type { Team } from "../state/people.ts";
import type { GitHubState } from "../state.ts";
import { type Arguments, connection } from "./connection.ts";
import { findPull, listPullsOf } from "./graphql-pulls.ts";
import { createCommitOnBranch } from "./trail-commit.ts";

/** What is served of GitHub's GraphQL schema: the fields that somebody asks for, and few others. */

/** Longer texts are cut off. */
const TEXT_BYTES_MAX = 512_000;

export const GRAPHQL_ROOTS: GraphqlRoots = {
  createCommitOnBranch,
  viewer: (_, { token: { account } }) => ({ login: account.login, databaseId: account.id }),
  repository: findRepository,
  organization: findOrganization,
  user: findUser,
};

function findRepository({ owner, name, followRenames }: Arguments, { github, token }: GraphqlContext) {
  const former = github.repositories.find(({ formerNames }) => formerNames.includes(`${owner}/${name}`));
  const repository =
    github.findRepository(String(owner), String(name)) ?? (followRenames === false ? undefined : former);
  if (repository === undefined || (repository.private && !reaches(github, token, repository))) {
    throw refusal("NOT_FOUND", `Could not resolve to a Repository with the name '${owner}/${name}'.`);
  }
  return {
    ...{ databaseId: repository.id, name: repository.name, isPrivate: repository.private },
    ...{ nameWithOwner: `${repository.owner.login}/${repository.name}`, isArchived: repository.archived },
    owner: { __typename: repository.owner.type, login: repository.owner.login },
    pullRequest: (args: Arguments, context: GraphqlContext) => findPull(repository, args, context),
    object: (args: Arguments, context: GraphqlContext) => {
      if (!allows(context.token.permissions, "contents", "read")) {
        throw refusal("FORBIDDEN", "Resource not accessible by integration");
      }
      return toObject(github, repository, args);
    },
  };
}

/** A commit, blob or tree by its id, or by `revision` and `revision:path`; null if there is none. */
function toObject(github: GitHubState, repository: Repository, { oid, expression }: Arguments) {
  const id = oid === undefined || oid === null ? idOf(repository, String(expression)) : String(oid);
  const object = id === undefined ? undefined : readObject(repository, id);
  if (id === undefined || object === undefined) return null;
  if (object.type === "commit") return toCommit(github, repository, readCommit(repository, id)!);
  if (object.type === "blob") return toBlob(id, object.bytes);
  return { __typename: object.type === "tree" ? "Tree" : "Tag", oid: id };
}

function idOf(repository: Repository, expression: string): string | undefined {
  const [revision = "", path] = expression.split(/:(.*)/s);
  const commit = objectId(repository, revision, "commit");
  return commit === undefined || path === undefined ? commit : entryAt(repository, commit, path)?.id;
}

function toBlob(oid: string, bytes: Buffer) {
  const text = bytes.subarray(0, TEXT_BYTES_MAX).toString();
  const isBinary = bytes.includes(0) || text.includes("\ufffd");
  const isTruncated = bytes.length > TEXT_BYTES_MAX;
  return {
    __typename: "Blob",
    oid,
    byteSize: bytes.length,
    isBinary,
    isTruncated,
    text: isBinary ? null : text,
  };
}

function toCommit(github: GitHubState, repository: Repository, commit: Commit) {
  const { id, tree, author, committer, message } = commit;
  const actor = ({ name, email, at }: Pick<Signature, "name" | "email"> & { at?: Date }) => {
    const account = github.findByEmail(email);
    // Bots are no users to GraphQL.
    const user = account?.type === "User" ? toUser(account) : null;
    return { name, email, user, date: at?.toISOString() ?? null };
  };
  const coAuthors = [...message.matchAll(/^co-authored-by: *(?<name>.*?) *<(?<email>[^<>]+)> *$/gim)].map(
    ({ groups }) => ({ name: groups?.name ?? "", email: groups?.email ?? "" }),
  );
  const people = [author, ...coAuthors];
  const authors = people
    .filter((one, index) => people.findIndex(({ email }) => email === one.email) === index)
    .map(actor);
  return {
    ...{ __typename: "Commit", oid: id, message: message.trimEnd(), tree: { oid: tree } },
    ...{ author: actor(author), committer: actor(committer) },
    authors: (args: Arguments) => connection(authors, args),
    associatedPullRequests: (args: Arguments, context: GraphqlContext) =>
      listPullsOf(repository, id, args, context),
  };
}

function toUser({ id, login }: Account) {
  return { __typename: "User", databaseId: id, login };
}

function findUser({ login }: Arguments, { github }: GraphqlContext) {
  const account = github.findAccount(String(login));
  if (account?.type !== "User") {
    throw refusal("NOT_FOUND", `Could not resolve to a User with the login of '${login}'.`);
  }
  return toUser(account);
}

function findOrganization({ login }: Arguments, { github, token }: GraphqlContext) {
  const account = github.findAccount(String(login));
  if (account?.type !== "Organization") {
    throw refusal("NOT_FOUND", `Could not resolve to an Organization with the login of '${login}'.`);
  }
  return {
    ...{ databaseId: account.id, login: account.login },
    team: ({ slug }: Arguments) => {
      if (!allows(token.permissions, "members", "read")) {
        throw refusal("FORBIDDEN", "Resource not accessible by integration");
      }
      const team = github.people.findTeam(account.login, String(slug));
      return team === undefined ? null : toTeam(github, team);
    },
  };
}

/** `membership` is IMMEDIATE, CHILD_TEAM or ALL; somebody who is only invited is none of them. */
function toTeam({ people }: GitHubState, team: Team) {
  const members = (args: Arguments) => {
    const all = people.membersOf(team);
    const immediate = all.filter((each) => team.members.includes(each));
    const chosen: Readonly<Record<string, typeof all>> = {
      ALL: all,
      IMMEDIATE: immediate,
      CHILD_TEAM: all.filter((each) => !immediate.includes(each)),
    };
    const wanted = chosen[String(args.membership ?? "ALL")]!;
    return connection(
      wanted.map(({ account }) => toUser(account)),
      args,
    );
  };
  return { databaseId: team.id, slug: team.slug, name: team.name, privacy: PRIVACY[team.privacy], members };
}

const PRIVACY = { closed: "VISIBLE", secret: "SECRET" } as const;
