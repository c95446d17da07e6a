import { decodePath } from "../../gate/change/path.ts";
import { pathUri } from "../../gate/report/escape.ts";

/** Addresses of the pages, both ways. What is not exactly one of these is no page. */

export type Route =
  | { readonly page: "home" | "login" | "callback" | "logout" | "style" | "icon" }
  | RepositoryRoute
  /** Below `/r/`, and no page of ours: answered as one that the person may not see. */
  | { readonly page: "nothing" };

export type RepositoryRoute = { readonly owner: string; readonly name: string } & (
  | { readonly page: "repository" | "trail" }
  | { readonly page: "model" | "chart"; readonly model: string }
  | { readonly page: "pull"; readonly number: number }
  | { readonly page: DecisionPart; readonly digest: string }
);

type DecisionPart = "decision" | "record" | "proof" | "entry" | "tlog-proof";

export interface Address {
  readonly route: Route;
  readonly query: ReadonlyMap<string, string>;
}

/** UTF-16 units of an address. A model's id may be a path of 4,096 bytes, each three characters here. */
export const ADDRESS_CHARS_MAX = 14_000;

const STYLE_PATH = /^\/style\.[0-9a-f]{16}\.css$/;
const NAME = /^[A-Za-z0-9._-]{1,100}$/;
const NUMBER = /^[1-9][0-9]{0,9}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const RETURNABLE = /^\/r\/[\w.~!$&'()*+,;=:@%/-]+$/;
const RETURN_CHARS_MAX = 1_500;

/** The page that a request's target names; undefined if it is none of ours. */
export function parseAddress(target: string): Address | undefined {
  const [path = "", text = ""] = target.split(/\?(.*)/s, 2);
  const route = parsePath(path);
  if (route === undefined) return undefined;
  if (target.length > ADDRESS_CHARS_MAX) return { route: { page: "nothing" }, query: new Map() };
  return { route, query: parseQuery(text) };
}

function parsePath(path: string): Route | undefined {
  switch (path) {
    case "/":
      return { page: "home" };
    case "/login":
      return { page: "login" };
    case "/login/callback":
      return { page: "callback" };
    case "/logout":
      return { page: "logout" };
    case "/weighbridge.svg":
      return { page: "icon" };
  }
  if (STYLE_PATH.test(path)) return { page: "style" };
  if (path !== "/r" && !path.startsWith("/r/")) return undefined;
  // Segments are split before they are decoded: a slash of a model's id is no slash of the address.
  const segments = path.slice("/r/".length).split("/").map(decode);
  return parseRepositoryPath(
    segments.filter((segment) => segment !== undefined),
    segments.length,
  );
}

function parseRepositoryPath(segments: readonly string[], length: number): Route {
  const [owner = "", name = "", kind, id, part, ...rest] = segments;
  const isWhole = segments.length === length && rest.length === 0;
  if (!isWhole || !NAME.test(owner) || !NAME.test(name)) return NOTHING;
  const at = { owner, name };
  if (kind === undefined) return { ...at, page: "repository" };
  if (id === undefined) return kind === "trail" ? { ...at, page: "trail" } : NOTHING;
  return parsePartPath({ at, kind, id, part });
}

interface Parts {
  readonly at: At;
  readonly kind: string;
  readonly id: string;
  readonly part: string | undefined;
}

function parsePartPath({ at, kind, id, part }: Parts): Route {
  if (kind === "models" && id !== "") {
    const page = MODEL_PAGES.get(part);
    return page === undefined ? NOTHING : { ...at, page, model: id };
  }
  if (kind === "decisions" && DIGEST.test(id)) {
    const page = DECISION_PAGES.get(part);
    return page === undefined ? NOTHING : { ...at, page, digest: id };
  }
  const isPull = kind === "pulls" && part === undefined && NUMBER.test(id);
  return isPull ? { ...at, page: "pull", number: Number(id) } : NOTHING;
}

const NOTHING = { page: "nothing" } as const;

/** The last part of an address, if it has one, and the page that it names. */
const MODEL_PAGES = new Map<string | undefined, "model" | "chart">([
  [undefined, "model"],
  ["chart.svg", "chart"],
]);
const DECISION_PAGES = new Map<string | undefined, DecisionPart>([
  [undefined, "decision"],
  ["decision.json", "record"],
  ["proof", "proof"],
  ["entry.json", "entry"],
  ["entry.tlog-proof", "tlog-proof"],
]);

/** The parameters, the first of each name; those that are not well escaped are left out. */
function parseQuery(text: string): ReadonlyMap<string, string> {
  const query = new Map<string, string>();
  for (const pair of text.split("&")) {
    const [name, value] = pair.split(/=(.*)/s, 2).map(decode);
    if (name !== undefined && value !== undefined && !query.has(name)) query.set(name, value);
  }
  return query;
}

/** The text of a percent-encoded one; a byte that is not UTF-8 stands for itself, as in a path of git. */
function decode(text: string): string | undefined {
  if (/[^!-~]|%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
  const latin1 = text.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodePath(Buffer.from(latin1, "latin1"));
}

function encode(text: string): string {
  return pathUri(text).replaceAll("/", "%2F");
}

interface At {
  readonly owner: string;
  readonly name: string;
}

export function repositoryPath({ owner, name }: At): string {
  return `/r/${encode(owner)}/${encode(name)}`;
}

export function trailPath(at: At): string {
  return `${repositoryPath(at)}/trail`;
}

export function modelPath(at: At, model: string): string {
  return `${repositoryPath(at)}/models/${encode(model)}`;
}

export function pullPath(at: At, number: number): string {
  return `${repositoryPath(at)}/pulls/${number}`;
}

export function decisionPath(at: At, digest: string, part?: string): string {
  return `${repositoryPath(at)}/decisions/${encode(digest)}${part === undefined ? "" : `/${part}`}`;
}

export function chartPath(at: At, model: string, query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`);
  return `${modelPath(at, model)}/chart.svg?${pairs.join("&")}`;
}

/** Where signing in leads: a page below `/r/` of this server, or the overview. Never another place. */
export function returnPath(wanted: string | undefined): string {
  if (wanted === undefined || wanted.length > RETURN_CHARS_MAX || !RETURNABLE.test(wanted)) return "/";
  return parseAddress(wanted)?.route.page === "nothing" ? "/" : wanted;
}

export function loginPath(target: string): string {
  return target === "/" ? "/login" : `/login?return=${encode(target)}`;
}
