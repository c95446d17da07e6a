import { GateError } from "../../gate/model/error.ts";
import { type Answer, seeOther } from "./answer.ts";
import type { Attempts, Login } from "./login.ts";
import { notSignedInPage, plain } from "./notices.ts";
import { returnPath } from "./route.ts";
import type { Sessions } from "./sessions.ts";

/** Signing in over GitHub, and out. */

export interface SignInWorld {
  readonly login: Login;
  readonly sessions: Sessions;
  readonly attempts: Attempts;
  readonly report: (error: unknown) => void;
}

export function beginSignIn({ login, attempts }: SignInWorld, wanted: string | undefined): Answer {
  const { state, challenge, cookie } = attempts.begin(returnPath(wanted));
  return seeOther(login.authorizeUrl({ state, challenge }), [cookie]);
}

export async function finishSignIn(
  { login, sessions, attempts, report }: SignInWorld,
  cookies: string | undefined,
  query: ReadonlyMap<string, string>,
): Promise<Answer> {
  const attempt = attempts.spend(cookies, query.get("state") ?? "");
  const forget = attempts.forget();
  if (attempt === undefined) {
    return notSignedInPage("This sign-in was not begun in this browser, was used before, or took too long.", [
      forget,
    ]);
  }
  const code = query.get("code");
  if (code === undefined) return notSignedInPage("GitHub was not allowed to say who you are.", [forget]);
  try {
    const { token, seconds } = await login.exchange(code, attempt.verifier);
    const { userId, login: name } = await login.user(token);
    const cookie = await sessions.renew(cookies, { userId, login: name, token, seconds });
    return seeOther(attempt.target, [forget, cookie]);
  } catch (error) {
    if (!(error instanceof GateError) || !REFUSALS.has(error.code)) throw error;
    report(error);
    return notSignedInPage("GitHub did not confirm who you are.", [forget]);
  }
}

const REFUSALS = new Set(["LOGIN_REFUSED", "LOGIN_REVOKED"]);

/** Only a form of our own pages signs anybody out. */
export async function signOut(
  { sessions }: SignInWorld,
  request: {
    readonly cookies: string | undefined;
    readonly from: string | undefined;
    readonly origin: string;
  },
): Promise<Answer> {
  if (request.from !== request.origin) return plain(403, "Sign out from a page of this server");
  return seeOther("/", [await sessions.end(request.cookies)]);
}
