import type { IncomingMessage, ServerResponse } from "node:http";
import { GateError } from "../../gate/model/error.ts";
import type { Archive } from "../store/archive.ts";
import { type Answer, send } from "./answer.ts";
import { openHistory } from "./history.ts";
import { type Login, openAttempts } from "./login.ts";
import { failedPage, plain, UNEXPECTED } from "./notices.ts";
import { type PrivateWorld, privateAnswer } from "./private.ts";
import { type Address, parseAddress, type Route } from "./route.ts";
import { SEAL_KEY_BYTES } from "./seal.ts";
import { openSessions } from "./sessions.ts";
import { beginSignIn, finishSignIn, type SignInWorld, signOut } from "./sign-in.ts";
import { ICON, STYLE_PATH, STYLE_SHEET } from "./style.ts";
import type { TrailView } from "./trail-view.ts";
import { openVisibility } from "./visibility.ts";

/** The dashboard: pages made on the server, that only read. */

export interface PagesSetting {
  readonly archive: Archive;
  readonly login: Login;
  readonly trail: TrailView;
  readonly config: PagesConfig;
  /** Told what kept a page from being made. */
  readonly report: (error: unknown) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export interface PagesConfig {
  /** Where browsers reach the App: `https://weighbridge.example.com`, without a path. */
  readonly publicUrl: string;
  /** 32 bytes that seal tokens and sign-ins. Whoever changes them signs everybody out. */
  readonly sessionKey: Uint8Array;
  /** `https://github.com`, or the Enterprise Server. */
  readonly webUrl: string;
}

/** Answers a request for a page; false if it is for none. It never rejects. */
export type Pages = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;

/** The pages over what the App remembers. Throws `CONFIG_INVALID` for a session key of another length, or a URL with a path. */
export function openPages(setting: PagesSetting): Pages {
  const { isHttps } = settle(setting.config);
  const world = openWorld(setting);
  return async (request, response) => {
    const address = parseAddress(request.url ?? "");
    if (address === undefined) return false;
    // What a page has no use for is not kept.
    request.resume();
    const answer = await answerTo(world, request, address);
    send(response, answer, { isHttps, withoutBody: request.method === "HEAD" });
    return true;
  };
}

interface World extends PrivateWorld, SignInWorld {
  readonly origin: string;
}

function openWorld({ archive, login, trail, config, report, now = Date.now }: PagesSetting): World {
  const { origin, isHttps } = settle(config);
  const { sessionKey, webUrl } = config;
  return {
    ...{ archive, login, trail, report, now, webUrl, origin },
    sessions: openSessions({ archive, sessionKey, isHttps, now }),
    attempts: openAttempts({ sessionKey, isHttps, now }),
    visibility: openVisibility(login, now),
    history: openHistory(archive),
  };
}

function settle({ publicUrl, sessionKey }: PagesConfig): {
  readonly origin: string;
  readonly isHttps: boolean;
} {
  const { origin, protocol, pathname } = new URL(publicUrl);
  if (sessionKey.length !== SEAL_KEY_BYTES) {
    throw unusable(`the session key has ${sessionKey.length} bytes, expected ${SEAL_KEY_BYTES}`);
  }
  if (pathname !== "/") throw unusable(`the public URL has the path ${pathname}, expected none`);
  return { origin, isHttps: protocol === "https:" };
}

function unusable(state: string): GateError {
  return new GateError("CONFIG_INVALID", `Cannot open the pages: ${state}`);
}

/** HEAD is left out where GET does something: a preview of a link must not spend a sign-in. */
const METHODS: Readonly<Partial<Record<Route["page"], readonly string[]>>> = {
  login: ["GET"],
  callback: ["GET"],
  logout: ["POST"],
};
const READING = ["GET", "HEAD"];

async function answerTo(world: World, request: IncomingMessage, address: Address): Promise<Answer> {
  const methods = METHODS[address.route.page] ?? READING;
  if (!methods.includes(request.method ?? "")) {
    return plain(405, "This address does not take that method", { allow: methods.join(", ") });
  }
  try {
    return await answerAt(world, request, address);
  } catch (error) {
    world.report(error);
    return failedPage(error instanceof GateError ? error.code : UNEXPECTED);
  }
}

async function answerAt(world: World, request: IncomingMessage, address: Address): Promise<Answer> {
  const { url: target = "/", headers } = request;
  const { cookie: cookies, origin: from } = headers;
  const { query } = address;
  switch (address.route.page) {
    case "style":
      return styleAnswer(target);
    case "icon":
      return { status: 200, type: "image/svg+xml; charset=utf-8", body: ICON, headers: KEPT_A_DAY };
    case "login":
      return beginSignIn(world, query.get("return"));
    case "callback":
      return finishSignIn(world, cookies, query);
    case "logout":
      return signOut(world, { cookies, from, origin: world.origin });
    default:
      return privateAnswer(world, { cookies, target, address });
  }
}

const KEPT_A_DAY = { "cache-control": "public, max-age=86400" };
const KEPT_FOR_GOOD = { "cache-control": "public, max-age=31536000, immutable" };

function styleAnswer(target: string): Answer {
  if (target !== STYLE_PATH) return plain(404, "There is another style sheet now");
  return { status: 200, type: "text/css; charset=utf-8", body: STYLE_SHEET, headers: KEPT_FOR_GOOD };
}
