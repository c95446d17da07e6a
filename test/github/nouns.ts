/** What GitHub is made of. One word, one meaning; what belongs to one noun alone stands beside its store in state/. */

/** An account as the API shows it. `github-actions[bot]` is the one that a workflow's token acts as. */
export interface Account {
  readonly id: number;
  login: string;
  readonly type: "User" | "Bot" | "Organization";
  /** Addresses by which commits are linked to the account, besides its `noreply` one. */
  emails: readonly string[];
  /** A deleted account is nowhere; a suspended one is shown, and may do nothing. */
  state: "active" | "suspended" | "deleted";
}

export type Permission = "read" | "write" | "admin";
export type Permissions = Readonly<Record<string, Permission>>;

export interface App {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly owner: Account;
}

/** What an `Authorization` header stands for. */
export interface Token {
  readonly text: string;
  /** `app` is a JSON Web Token of an App, which may only ask about the App and its installations. */
  readonly kind: "installation" | "user" | "app";
  readonly account: Account;
  /** Of an App or an installation; a token with an app cannot ask who it is with `GET /user`. */
  readonly app?: App;
  readonly installation?: { readonly id: number };
  permissions: Permissions;
  /** Every repository if absent. */
  readonly repositories?: readonly Repository[];
  readonly expiresAt?: Date;
}

export interface Repository {
  readonly id: number;
  owner: Account;
  name: string;
  private: boolean;
  archived: boolean;
  defaultBranch: string;
  /** When what it says of itself was last changed. */
  updatedAt?: Date;
  /** The repository on the disk that git data is served from. */
  readonly directory: string;
  readonly fork: boolean;
  /** `owner/name` of before it was renamed or transferred, each answered with a redirect. */
  formerNames: readonly string[];
}

export interface Pull {
  readonly id: number;
  readonly number: number;
  readonly repository: Repository;
  readonly author: Account;
  title: string;
  body: string | null;
  state: "open" | "closed";
  locked: boolean;
  draft: boolean;
  base: { ref: string; sha: string };
  /** Without a repository when the fork was deleted. */
  head: { ref: string; sha: string; repository: Repository | null };
  readonly createdAt: Date;
  updatedAt: Date;
  closedAt?: Date;
  merged?: { readonly sha: string; readonly by: Account; readonly at: Date };
  /** The two commits that GitHub has tried to merge; for others `mergeable` is null at first. */
  tried?: string;
}

/** An issue that is not a pull request; both share their numbers. */
export interface Issue {
  readonly id: number;
  readonly number: number;
  readonly repository: Repository;
  readonly author: Account;
  readonly app?: App;
  title: string;
  body: string | null;
  state: "open" | "closed";
  locked: boolean;
  readonly labels: string[];
  readonly createdAt: Date;
  updatedAt: Date;
  closedAt?: Date;
}

export interface Comment {
  readonly id: number;
  readonly thread: Pull | Issue;
  /** Null when the account was deleted. */
  author: Account | null;
  readonly app?: App;
  body: string;
  readonly createdAt: Date;
  updatedAt: Date;
}

export interface Reaction {
  readonly id: number;
  readonly comment: Comment;
  readonly author: Account;
  readonly content: string;
  readonly createdAt: Date;
}

/** Where ids and times come from. */
export interface Clock {
  nextId(): number;
  now(): Date;
}

export function isPull(thread: Pull | Issue): thread is Pull {
  return "head" in thread;
}

export function fullName({ owner, name }: Repository): string {
  return `${owner.login}/${name}`;
}
