import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { findCookie, hostCookie } from "./cookie.ts";
import { seal, unseal } from "./seal.ts";

/** What is asked of GitHub about the person who signs in. */
export interface Login {
  /** Where the person's browser goes to agree. */
  authorizeUrl(request: { readonly state: string; readonly challenge: string }): string;
  /** The user token that a code stands for. Rejects `LOGIN_REFUSED` for a code or verifier that is not right. */
  exchange(code: string, verifier: string): Promise<{ readonly token: string; readonly seconds: number }>;
  /** Whose token it is. Rejects `LOGIN_REVOKED`. */
  user(token: string): Promise<{ readonly userId: number; readonly login: string }>;
  /** What the person may see of what the App is installed on. Rejects `LOGIN_REVOKED`. */
  repositories(token: string): Promise<VisibleRepositories>;
}

export interface VisibleRepositories {
  readonly repositories: readonly Repository[];
  /** False where GitHub did not give all: what is missing is not shown. */
  readonly complete: boolean;
}

export interface Repository {
  readonly id: number;
  readonly installationId: number;
  readonly owner: string;
  readonly name: string;
}

/** One sign-in on its way: kept by the browser, sealed, and good once. */
interface Attempt {
  readonly state: string;
  /** RFC 7636. */
  readonly verifier: string;
  /** Where the person wanted to go. */
  readonly target: string;
  readonly expires: number;
}

const ATTEMPT_SECONDS = 10 * 60;
/** States kept so that none is used twice. Beyond it the oldest is forgotten; its code at GitHub is spent as well. */
const SPENT_MAX = 10_000;
const PURPOSE = "weighbridge sign-in";
const RANDOM_BYTES = 32;

export interface Attempts {
  /** The state and challenge to send, and the `Set-Cookie` line. */
  begin(target: string): { readonly state: string; readonly challenge: string; readonly cookie: string };
  /** The attempt of this browser with this state; undefined if there is none, it is too old, or was used. */
  spend(cookies: string | undefined, state: string): { verifier: string; target: string } | undefined;
  /** The `Set-Cookie` line that forgets the attempt. */
  forget(): string;
}

export interface AttemptsSetting {
  /** 32 bytes. */
  readonly sessionKey: Uint8Array;
  readonly isHttps: boolean;
  readonly now: () => number;
}

/** Sign-ins on their way. A state is good for the browser that it was given to, once, for ten minutes. */
export function openAttempts({ sessionKey, isHttps, now }: AttemptsSetting): Attempts {
  const cookie = hostCookie("weighbridge-login", isHttps);
  const spent = new Set<string>();
  return {
    begin(target) {
      const [state, verifier] = [random(), random()];
      const attempt: Attempt = { state, verifier, target, expires: now() + ATTEMPT_SECONDS * 1_000 };
      const sealed = seal(sessionKey, PURPOSE, JSON.stringify(attempt));
      const challenge = createHash("sha256").update(verifier).digest("base64url");
      return { state, challenge, cookie: cookie.set(sealed, ATTEMPT_SECONDS) };
    },
    spend(cookies, state) {
      const text = unseal(sessionKey, PURPOSE, findCookie(cookies, cookie.name) ?? "");
      if (text === undefined) return undefined;
      // Sealed by us: it has the form that `begin` gave it.
      const attempt: Attempt = JSON.parse(text);
      if (attempt.expires < now() || spent.has(attempt.state) || !isSame(attempt.state, state))
        return undefined;
      spent.add(attempt.state);
      for (const oldest of spent) if (spent.size > SPENT_MAX) spent.delete(oldest);
      return attempt;
    },
    forget: () => cookie.clear(),
  };
}

function random(): string {
  return randomBytes(RANDOM_BYTES).toString("base64url");
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
