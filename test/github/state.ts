import { execFileSync } from "node:child_process";

/** An account as the API shows it. `github-actions[bot]` is the one that a workflow's token acts as. */
export interface Account {
  readonly id: number;
  login: string;
  readonly type: "User" | "Bot" | "Organization";
}

export interface App {
  readonly id: number;
  readonly slug: string;
  readonly name: string;
  readonly owner: Account;
}

export type Permission = "read" | "write";

/** What an `Authorization` header stands for. */
export interface Token {
  readonly text: string;
  readonly account: Account;
  /** Of an installation token; a token with an app cannot ask who it is with `GET /user`. */
  readonly app?: App;
  permissions: Readonly<Record<string, Permission>>;
  /** Full names; every repository if absent. */
  readonly repositories?: readonly string[];
}

export interface Repository {
  readonly id: number;
  readonly owner: Account;
  readonly name: string;
  readonly private: boolean;
  readonly defaultBranch: string;
  /** The bare repository that git data is served from. */
  readonly directory: string;
  readonly fork: boolean;
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
  head: { ref: string; sha: string; repository: Repository };
  readonly createdAt: Date;
}

export interface Comment {
  readonly id: number;
  readonly pull: Pull;
  /** Null when the account was deleted. */
  readonly author: Account | null;
  readonly app?: App;
  body: string;
  readonly createdAt: Date;
  updatedAt: Date;
}

/** Everything that the stand-in knows. Tests read and change it directly. */
export class GitHubState {
  readonly accounts: Account[] = [];
  readonly tokens: Token[] = [];
  readonly repositories: Repository[] = [];
  readonly pulls: Pull[] = [];
  readonly comments: Comment[] = [];
  readonly owner: Account;
  /** The app behind `github.token`, with its ids on github.com. */
  readonly actions: App;
  readonly actionsBot: Account;
  /** The server's clock. */
  now: () => Date = () => new Date();
  #id = 1000;

  constructor() {
    this.owner = this.addAccount("acme", { type: "Organization" });
    const github = this.addAccount("github", { type: "Organization", id: 9919 });
    this.actions = { id: 15368, slug: "github-actions", name: "GitHub Actions", owner: github };
    this.actionsBot = this.addAccount("github-actions[bot]", { type: "Bot", id: 41898282 });
  }

  nextId(): number {
    return this.#id++;
  }

  addAccount(login: string, { type = "User", id = this.nextId() }: Partial<Account> = {}): Account {
    const account = { id, login, type };
    this.accounts.push(account);
    return account;
  }

  /** A token of a workflow run, as `github.token` is. */
  addWorkflowToken(text: string, permissions: Token["permissions"]): Token {
    const token = { text, account: this.actionsBot, app: this.actions, permissions };
    this.tokens.push(token);
    return token;
  }

  addRepository(name: string, directory: string, options: Partial<Repository> = {}): Repository {
    const repository: Repository = {
      id: this.nextId(),
      owner: this.owner,
      name,
      private: false,
      defaultBranch: "main",
      directory,
      fork: false,
      ...options,
    };
    this.repositories.push(repository);
    return repository;
  }

  /** A pull request into the default branch as it stands now, if it does not say which. */
  addPull(repository: Repository, pull: Partial<Pull> & { head: Pull["head"]; author: Account }): Pull {
    const branch = repository.defaultBranch;
    const added: Pull = {
      id: this.nextId(),
      number: this.pulls.filter((each) => each.repository === repository).length + 1,
      repository,
      title: "A change",
      body: null,
      state: "open",
      locked: false,
      draft: false,
      createdAt: this.now(),
      ...pull,
      base: pull.base ?? { ref: branch, sha: tip(repository, branch) },
    };
    this.pulls.push(added);
    return added;
  }

  addComment(pull: Pull, author: Account | null, body: string, app?: App): Comment {
    const now = this.now();
    const comment: Comment = {
      id: this.nextId(),
      pull,
      author,
      body,
      createdAt: now,
      updatedAt: now,
      ...(app !== undefined && { app }),
    };
    this.comments.push(comment);
    return comment;
  }

  removeComment(comment: Comment): void {
    this.comments.splice(this.comments.indexOf(comment), 1);
  }

  findRepository(owner: string, name: string): Repository | undefined {
    const fullName = `${owner}/${name}`.toLowerCase();
    return this.repositories.find((each) => `${each.owner.login}/${each.name}`.toLowerCase() === fullName);
  }

  findToken(authorization: string | undefined): Token | undefined {
    const text = /^(?:token|bearer) (.+)$/i.exec(authorization ?? "")?.[1];
    return this.tokens.find((token) => token.text === text);
  }
}

/** The commit that a branch names. */
export function tip(repository: Repository, branch: string): string {
  const ref = `refs/heads/${branch}`;
  return execFileSync("git", ["-C", repository.directory, "rev-parse", ref], { encoding: "utf8" }).trim();
}
