import { randomBytes } from "node:crypto";
import type { Account, Clock, Token } from "../nouns.ts";
import type { Registration } from "./apps.ts";

const USER_TOKEN_MS = 8 * 60 * 60 * 1000;
const REFRESH_TOKEN_MS = 15_897_600 * 1000;
const CODE_MS = 10 * 60 * 1000;

export interface Grant {
  readonly app: Registration;
  readonly account: Account;
  readonly code: string;
  readonly redirectUri: string | undefined;
  readonly challenge: string | undefined;
  readonly until: Date;
  isUsed: boolean;
}

export interface UserTokens {
  readonly app: Registration;
  readonly account: Account;
  readonly access: Token;
  readonly refresh: string;
  readonly refreshUntil: Date;
  isRevoked: boolean;
}

/** People who let an App act for them: codes, user tokens and what became of them. */
export class Logins {
  /** Who is signed in at GitHub in the browser: asked to authorise, they do so at once. */
  signedIn: Account | undefined;
  readonly grants: Grant[] = [];
  readonly tokens: UserTokens[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  authorize(grant: Pick<Grant, "app" | "account" | "redirectUri" | "challenge">): string {
    const code = randomBytes(10).toString("hex");
    this.grants.push({ ...grant, code, until: this.#later(CODE_MS), isUsed: false });
    return code;
  }

  issue(app: Registration, account: Account): UserTokens {
    const access: Token = {
      ...{
        text: `ghu_${randomBytes(18).toString("hex")}`,
        kind: "user",
        account,
        permissions: app.permissions,
      },
      expiresAt: this.#later(USER_TOKEN_MS),
    };
    const refresh = `ghr_${randomBytes(38).toString("hex")}`;
    const tokens = {
      app,
      account,
      access,
      refresh,
      refreshUntil: this.#later(REFRESH_TOKEN_MS),
      isRevoked: false,
    };
    this.tokens.push(tokens);
    return tokens;
  }

  find(text: string): UserTokens | undefined {
    return this.tokens.find(({ access, isRevoked }) => access.text === text && !isRevoked);
  }

  /** Ends every token that the person gave the app. */
  revoke(app: Registration, account: Account): void {
    for (const each of this.tokens) {
      if (each.app === app && each.account === account) each.isRevoked = true;
    }
  }

  #later(ms: number): Date {
    return new Date(this.#clock.now().getTime() + ms);
  }
}
