import { listRefs } from "./git/refs.ts";
import { tip } from "./git-data.ts";
import { Hooks } from "./hooks.ts";
import type {
  Account,
  App,
  Clock,
  Comment,
  Issue,
  Permissions,
  Pull,
  Reaction,
  Repository,
  Token,
} from "./nouns.ts";
import { Rates } from "./rates.ts";
import type { Activity } from "./state/activity.ts";
import { Apps, type Registration } from "./state/apps.ts";
import { Checks } from "./state/checks.ts";
import type { Deployment, DeploymentStatus } from "./state/deployments.ts";
import { LfsStorage } from "./state/lfs.ts";
import { Logins } from "./state/logins.ts";
import { People } from "./state/people.ts";
import type { Review } from "./state/reviews.ts";
import { Rules } from "./state/rules.ts";
import type { Artifact, GateReview, WorkflowRun } from "./state/workflows.ts";

export type { Account, App, Comment, Pull, Repository, Token } from "./nouns.ts";

/** Everything that the stand-in knows. Tests read and change it directly. */
export class GitHubState implements Clock {
  /** Where it is served, for the addresses in answers and deliveries. */
  origin = "";
  readonly accounts: Account[] = [];
  readonly tokens: Token[] = [];
  readonly repositories: Repository[] = [];
  readonly lfs = new LfsStorage();
  readonly pulls: Pull[] = [];
  readonly issues: Issue[] = [];
  readonly comments: Comment[] = [];
  readonly reactions: Reaction[] = [];
  readonly reviews: Review[] = [];
  readonly activities: Activity[] = [];
  readonly workflowRuns: WorkflowRun[] = [];
  readonly artifacts: Artifact[] = [];
  readonly gateReviews: GateReview[] = [];
  readonly deployments: Deployment[] = [];
  readonly deploymentStatuses: DeploymentStatus[] = [];
  readonly apps = new Apps(this);
  readonly people = new People(this);
  readonly checks = new Checks(this);
  readonly rules = new Rules();
  readonly logins = new Logins(this);
  readonly hooks = new Hooks(this);
  readonly rates = new Rates(this);
  readonly owner: Account;
  /** The app behind `github.token`, with its ids on github.com. */
  readonly actions: App;
  readonly actionsBot: Account;
  /** Committer of what is merged or edited on the site. */
  readonly webFlow: Account;
  /** Who stands where an account was deleted. */
  readonly ghost: Account;
  /** The server's clock. */
  now: () => Date = () => new Date();
  #id = 1000;

  constructor() {
    this.owner = this.addAccount("acme", { type: "Organization" });
    const github = this.addAccount("github", { type: "Organization", id: 9919 });
    this.actions = { id: 15368, slug: "github-actions", name: "GitHub Actions", owner: github };
    this.actionsBot = this.addAccount("github-actions[bot]", { type: "Bot", id: 41898282 });
    this.webFlow = this.addAccount("web-flow", { id: 19864447, emails: ["noreply@github.com"] });
    this.ghost = this.addAccount("ghost", { id: 10137 });
  }

  nextId(): number {
    return this.#id++;
  }

  addAccount(
    login: string,
    { type = "User", id = this.nextId(), emails = [`${login}@example.com`] }: Partial<Account> = {},
  ): Account {
    const account: Account = { id, login, type, emails, state: "active" };
    this.accounts.push(account);
    return account;
  }

  /** An App of the organisation, with a bot to act as; `github.apps.install` puts it somewhere. */
  addApp(slug: string, app: Partial<Registration> = {}): Registration {
    const bot = this.addAccount(`${slug}[bot]`, { type: "Bot" });
    return this.apps.add(slug, { owner: this.owner, bot, ...app });
  }

  /** A token of a workflow run, as `github.token` is. */
  addWorkflowToken(text: string, permissions: Permissions): Token {
    const token: Token = {
      ...{ text, kind: "installation", account: this.actionsBot, app: this.actions, permissions },
    };
    this.tokens.push(token);
    return token;
  }

  addRepository(name: string, directory: string, options: Partial<Repository> = {}): Repository {
    const repository: Repository = {
      id: this.nextId(),
      owner: this.owner,
      name,
      private: false,
      archived: false,
      defaultBranch: "main",
      directory,
      fork: false,
      formerNames: [],
      ...options,
    };
    this.repositories.push(repository);
    return repository;
  }

  /** A pull request into the default branch as it stands now, if it does not say which. Nobody is told. */
  addPull(repository: Repository, pull: Partial<Pull> & { head: Pull["head"]; author: Account }): Pull {
    const branch = repository.defaultBranch;
    const now = this.now();
    const added: Pull = {
      id: this.nextId(),
      number: this.nextNumber(repository),
      repository,
      title: "A change",
      body: null,
      state: "open",
      locked: false,
      draft: false,
      createdAt: now,
      updatedAt: now,
      ...pull,
      base: pull.base ?? { ref: branch, sha: tip(repository, branch) },
    };
    this.pulls.push(added);
    return added;
  }

  addIssue(repository: Repository, author: Account, issue: Partial<Issue> = {}): Issue {
    const now = this.now();
    const added: Issue = {
      ...{ id: this.nextId(), number: this.nextNumber(repository), repository, author },
      ...{ title: "An issue", body: null, state: "open", locked: false, labels: [] },
      ...{ createdAt: now, updatedAt: now },
      ...issue,
    };
    this.issues.push(added);
    return added;
  }

  /** Issues and pull requests are counted together. */
  nextNumber(repository: Repository): number {
    const threads = [...this.pulls, ...this.issues];
    return threads.filter((each) => each.repository === repository).length + 1;
  }

  addComment(thread: Pull | Issue, author: Account | null, body: string, app?: App): Comment {
    const now = this.now();
    const comment: Comment = {
      id: this.nextId(),
      thread,
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
    const wanted = `${owner}/${name}`.toLowerCase();
    return this.repositories.find((each) => `${each.owner.login}/${each.name}`.toLowerCase() === wanted);
  }

  /** Nobody for a deleted account: the login may be somebody else's by now. */
  findAccount(login: string): Account | undefined {
    const wanted = login.toLowerCase();
    return this.accounts.find((each) => each.login.toLowerCase() === wanted && each.state !== "deleted");
  }

  /** The account that a commit's e-mail address is linked to. */
  findByEmail(email: string): Account | undefined {
    const noreply = /^(?:(?<id>\d+)\+)?(?<login>[^@]+)@users\.noreply\.github\.com$/.exec(email)?.groups;
    return this.accounts.find(
      (each) =>
        each.state !== "deleted" &&
        (each.emails.includes(email) ||
          (noreply !== undefined &&
            (noreply.id === undefined ? each.login === noreply.login : each.id === Number(noreply.id)))),
    );
  }

  /** Open pull requests whose head is the branch. */
  pullsFrom(repository: Repository, branch: string): Pull[] {
    return this.pulls.filter(
      ({ state, head }) => state === "open" && head.repository === repository && head.ref === branch,
    );
  }

  branchesOf(repository: Repository): string[] {
    return listRefs(repository, "refs/heads/").map(([ref]) => ref.slice("refs/heads/".length));
  }

  /** What the header stands for, or GitHub's words against it; undefined for a token that nobody has. */
  findToken(authorization: string | undefined): Token | string | undefined {
    const text = /^(?:token|bearer) (.+)$/i.exec(authorization ?? "")?.[1] ?? "";
    const known = this.tokens.find((token) => token.text === text) ?? this.logins.find(text)?.access;
    if (known === undefined) return this.apps.verify(text);
    const isOver = known.expiresAt !== undefined && known.expiresAt <= this.now();
    return isOver || this.#isGone(known) ? undefined : known;
  }

  /** The App of ours whose client id and secret the header carries in basic form. */
  findClient(authorization: string | undefined): Token | undefined {
    const basic = /^basic (.+)$/i.exec(authorization ?? "")?.[1] ?? "";
    const text = Buffer.from(basic, "base64").toString();
    const app = this.apps.registrations.find((each) => text === `${each.clientId}:${each.clientSecret}`);
    return app && { text, kind: "app", account: app.bot, app, permissions: {} };
  }

  #isGone({ installation, account }: Token): boolean {
    const standing = this.apps.installations.find(({ id }) => id === installation?.id);
    return standing?.isDeleted === true || account.state === "deleted";
  }
}
