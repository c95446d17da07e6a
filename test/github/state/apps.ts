import { randomBytes } from "node:crypto";
import { issuerOf, jwtProblem, sharedKeyPair, UNDECODABLE } from "../jwt.ts";
import type { Account, App, Clock, Permission, Permissions, Repository, Token } from "../nouns.ts";

/** An App of ours: with its key, its secret, and what it asked for. */
export interface Registration extends App {
  /** Whom it acts as: `slug[bot]`. */
  readonly bot: Account;
  readonly clientId: string;
  readonly clientSecret: string;
  /** PEM. */
  readonly privateKey: string;
  readonly publicKey: string;
  webhookSecret: string;
  /** Where deliveries go; they are only recorded if absent. */
  hookUrl?: string;
  permissions: Permissions;
  events: readonly string[];
  callbackUrls: readonly string[];
}

export interface Installation {
  readonly id: number;
  readonly app: Registration;
  readonly account: Account;
  permissions: Permissions;
  events: readonly string[];
  /** Those that were selected, or every one of the account. */
  repositories: readonly Repository[] | "all";
  suspendedAt?: Date;
  suspendedBy?: Account;
  isDeleted: boolean;
  readonly createdAt: Date;
  updatedAt: Date;
}

const TOKEN_LIFETIME_MS = 60 * 60 * 1000;

/** Every event that an App of this kind asks for. */
export const APP_EVENTS: readonly string[] = [
  ...[
    "check_run",
    "check_suite",
    "deployment_protection_rule",
    "deployment_status",
    "issue_comment",
    "member",
  ],
  ...["membership", "merge_group", "pull_request", "pull_request_review", "push", "repository"],
  ...["repository_ruleset", "team", "workflow_run"],
];

export const APP_PERMISSIONS: Permissions = {
  ...{ metadata: "read", contents: "write", members: "read", merge_queues: "read", pull_requests: "write" },
  ...{ issues: "write", checks: "write", deployments: "write", actions: "read", administration: "read" },
  statuses: "write",
};

/** Apps of ours, where they are installed, and the tokens that they act with. */
export class Apps {
  readonly registrations: Registration[] = [];
  readonly installations: Installation[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(slug: string, app: Partial<Registration> & Pick<Registration, "owner" | "bot">): Registration {
    const id = this.#clock.nextId();
    const registration: Registration = {
      ...{ id, slug, name: slug, clientId: `Iv23li${id}`, clientSecret: `secret-of-${id}` },
      ...sharedKeyPair(),
      ...{ webhookSecret: `webhook-secret-of-${id}`, permissions: APP_PERMISSIONS, events: APP_EVENTS },
      callbackUrls: [],
      ...app,
    };
    this.registrations.push(registration);
    return registration;
  }

  install(app: Registration, account: Account, options: Partial<Installation> = {}): Installation {
    const now = this.#clock.now();
    const installation: Installation = {
      ...{ id: this.#clock.nextId(), app, account, permissions: app.permissions, events: app.events },
      ...{ repositories: "all", isDeleted: false, createdAt: now, updatedAt: now },
      ...options,
    };
    this.installations.push(installation);
    return installation;
  }

  /** Installations that stand, suspended ones among them. */
  of(app: App): Installation[] {
    return this.installations.filter((each) => each.app === app && !each.isDeleted);
  }

  /** The installation of the app that covers a repository. */
  covering(app: App, repository: Repository): Installation | undefined {
    return this.of(app).find((installation) => covers(installation, repository));
  }

  /** A token of the installation, narrowed if it says how; the caller has checked that it may be narrowed so. */
  issue(
    installation: Installation,
    narrowed: { permissions?: Permissions; repositories?: readonly Repository[] } = {},
  ): Token {
    return {
      text: `ghs_${randomBytes(18).toString("hex")}`,
      kind: "installation",
      account: installation.app.bot,
      app: installation.app,
      installation,
      permissions: narrowed.permissions ?? installation.permissions,
      ...(narrowed.repositories !== undefined && { repositories: narrowed.repositories }),
      expiresAt: new Date(this.#clock.now().getTime() + TOKEN_LIFETIME_MS),
    };
  }

  /** What a JSON Web Token stands for, or what GitHub says against it; undefined if the text is none. */
  verify(text: string): Token | string | undefined {
    const issuer = issuerOf(text);
    if (issuer === undefined) return text.split(".").length === 3 ? UNDECODABLE : undefined;
    const app = this.registrations.find(({ id }) => id === issuer);
    if (app === undefined) return "Integration not found";
    const against = jwtProblem(text, app.publicKey, this.#clock.now());
    return against ?? { text, kind: "app", account: app.bot, app, permissions: {} };
  }
}

export function covers(installation: Installation, repository: Repository): boolean {
  const { account, repositories } = installation;
  return repository.owner === account && (repositories === "all" || repositories.includes(repository));
}

const LEVELS: readonly (Permission | undefined)[] = [undefined, "read", "write", "admin"];

/** Whether a permission is at least the level; writing includes reading. */
export function allows(permissions: Permissions, name: string, level: Permission): boolean {
  return LEVELS.indexOf(permissions[name]) >= LEVELS.indexOf(level);
}
