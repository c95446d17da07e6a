import { createHash, randomBytes } from "node:crypto";
import type { Archive, SessionRow } from "../store/archive.ts";
import { findCookie, hostCookie } from "./cookie.ts";
import { seal, unseal } from "./seal.ts";

/** GitHub's user tokens live eight hours; a session never outlives its token. */
export const SESSION_SECONDS_MAX = 8 * 60 * 60;

const SECRET_BYTES = 32;

/** A person who has signed in. */
export interface Session {
  /** SHA-256 of the secret, hex. */
  readonly id: string;
  readonly userId: number;
  readonly login: string;
  /** GitHub's token of this person for this App. */
  readonly token: string;
}

/** Who signs in, as GitHub says. */
export interface Person {
  readonly userId: number;
  readonly login: string;
  readonly token: string;
  /** Seconds for which the token is good. */
  readonly seconds: number;
}

export interface Sessions {
  /** The session that the request's cookie opens. */
  find(cookies: string | undefined): Promise<Session | undefined>;
  /** Ends the session that the cookies open, if any, and opens a new one; its `Set-Cookie` line. */
  renew(cookies: string | undefined, person: Person): Promise<string>;
  /** Ends the session that the cookies open; the `Set-Cookie` line that forgets it. */
  end(cookies: string | undefined): Promise<string>;
  /** Ends every session of a person. */
  endAllOf(userId: number): Promise<void>;
}

type SessionArchive = Pick<Archive, "keepSession" | "findSession" | "removeSession" | "removeSessionsOf">;

export interface SessionsSetting {
  readonly archive: SessionArchive;
  /** 32 bytes. */
  readonly sessionKey: Uint8Array;
  readonly isHttps: boolean;
  readonly now: () => number;
}

/** Sessions in the archive: neither the cookie's secret nor the token stands there to be read. */
export function openSessions({ archive, sessionKey, isHttps, now }: SessionsSetting): Sessions {
  const cookie = hostCookie("weighbridge", isHttps);
  const idIn = (cookies: string | undefined) => {
    const secret = findCookie(cookies, cookie.name);
    return secret === undefined ? undefined : idOf(secret);
  };
  const end = async (cookies: string | undefined) => {
    const id = idIn(cookies);
    if (id !== undefined) await archive.removeSession(id);
    return cookie.clear();
  };
  return {
    async find(cookies) {
      const id = idIn(cookies);
      const row = id === undefined ? undefined : await archive.findSession(id, now());
      return row === undefined ? undefined : openRow(row, sessionKey);
    },
    async renew(cookies, person) {
      // Whoever planted a session before the person signed in is left with nothing.
      await end(cookies);
      const secret = randomBytes(SECRET_BYTES).toString("base64url");
      const id = idOf(secret);
      const seconds = Math.min(SESSION_SECONDS_MAX, person.seconds);
      const { userId, login } = person;
      const token = seal(sessionKey, purposeOf(id), person.token);
      await archive.keepSession({ id, userId, login, token, expires: now() + seconds * 1_000 });
      return cookie.set(secret, seconds);
    },
    end,
    endAllOf: (userId) => archive.removeSessionsOf(userId),
  };
}

function idOf(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

/** A token that was moved to another session's row does not open. */
function purposeOf(id: string): string {
  return `weighbridge session ${id}`;
}

function openRow({ id, userId, login, token: sealed }: SessionRow, key: Uint8Array): Session | undefined {
  const token = unseal(key, purposeOf(id), sealed);
  return token === undefined ? undefined : { id, userId, login, token };
}
