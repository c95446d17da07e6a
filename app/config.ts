import { createPrivateKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { GateError } from "../gate/model/error.ts";
import { parseWitnessPolicy } from "../gate/trail/witness-policy.ts";

/** What the process was started with: read once, checked, never changed. */
export interface Config {
  readonly appId: number;
  /** PKCS#8 in PEM. */
  readonly privateKey: string;
  readonly webhook: WebhookConfig;
  readonly github: GitHubUrls;
  /** Absent: GitHub is asked directly. */
  readonly proxy?: ProxyConfig;
  readonly listen: { readonly host: string; readonly port: number };
  readonly store: StoreConfig;
  readonly trailKey: TrailKey;
  /** The witnesses of the trails that it begins, as tlog-policy states them; absent: none. */
  readonly witnesses?: string;
  /** Absent: no dashboard, for nobody could sign in. */
  readonly login?: LoginConfig;
  readonly logLevel: LogLevel;
  /** Keys that are worked on at a time. */
  readonly concurrency: number;
  /** Who asks for `/metrics` must show it, if there is one. */
  readonly metricsToken?: string;
  /** Opens `/operator`; absent: there is no such address. */
  readonly operatorToken?: string;
}

export interface WebhookConfig {
  readonly path: string;
  /** The one in use, and while it is being replaced the one before. */
  readonly secrets: readonly [string, ...string[]];
}

export interface GitHubUrls {
  /** Base of the REST API, without a slash at its end. */
  readonly apiUrl: string;
  readonly webUrl: string;
}

/** Addresses of the proxies by the scheme of what is asked for, and who is asked directly; as curl has them. */
export interface ProxyConfig {
  readonly http_proxy?: string;
  readonly https_proxy?: string;
  readonly no_proxy?: string;
}

export type StoreConfig =
  | { readonly kind: "sqlite"; readonly folder: string }
  | { readonly kind: "postgres"; readonly url: string };

/** Where the key is that signs the trail. */
export type TrailKey =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "env"; readonly name: string; readonly pem: string }
  | { readonly kind: "command"; readonly command: readonly [string, ...string[]] };

export interface LoginConfig {
  readonly clientId: string;
  readonly clientSecret: string;
  /** 32 bytes. */
  readonly sessionKey: Uint8Array;
  /** Where people reach this server, without a slash at its end. */
  readonly publicUrl: string;
}

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type Environment = Readonly<Record<string, string | undefined>>;

const SECRET_CHARS_MIN = 16;
const KEY_BITS_MIN = 2_048;
const OPERATOR_TOKEN_CHARS_MIN = 32;
const SESSION_KEY_BYTES = 32;
const CONCURRENCY_MAX = 64;

/** What Probot takes where no secret is set, and what examples say: everybody knows them. */
const KNOWN_SECRETS: ReadonlySet<string> = new Set(["development", "changeme", "secret"]);

/** The configuration. Throws `CONFIG_INVALID` with every problem at once, and what to do about each. */
export function readConfig(environment: Environment): Config {
  const settings = new Settings(environment);
  const login = readLogin(settings);
  const proxy = readProxy(settings);
  const metricsToken = settings.find("METRICS_TOKEN");
  const witnesses = readWitnesses(settings);
  const operatorToken = readOperatorToken(settings);
  const config: Config = {
    appId: readAppId(settings),
    privateKey: readPrivateKey(settings),
    webhook: readWebhook(settings),
    github: readUrls(settings),
    ...(proxy === undefined ? {} : { proxy }),
    listen: {
      host: settings.find("HOST") ?? "0.0.0.0",
      port: settings.number("PORT", { least: 0, most: 65_535, usual: 3_000 }),
    },
    store: readStore(settings),
    trailKey: readTrailKey(settings),
    ...(witnesses === undefined ? {} : { witnesses }),
    ...(login === undefined ? {} : { login }),
    logLevel: readLogLevel(settings),
    concurrency: settings.number("CONCURRENCY", { least: 1, most: CONCURRENCY_MAX, usual: 4 }),
    ...(metricsToken === undefined ? {} : { metricsToken }),
    ...(operatorToken === undefined ? {} : { operatorToken }),
  };
  settings.assertNoProblems();
  return Object.freeze(config);
}

/** The environment, and what is wrong with it. A setting that is wrong reads as an empty one until all are read. */
class Settings {
  readonly environment: Environment;
  readonly #problems: string[] = [];

  constructor(environment: Environment) {
    this.environment = environment;
  }

  /** The value of a setting; undefined where it is not set or empty. */
  find(name: string): string | undefined {
    const value = this.environment[name]?.trim();
    return value === "" ? undefined : value;
  }

  need(name: string, fix: string): string {
    return this.find(name) ?? this.refuse(name, "it is not set", fix);
  }

  number(name: string, { least, most, usual }: { least: number; most: number; usual: number }): number {
    const text = this.find(name);
    if (text === undefined) return usual;
    const value = /^[0-9]{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.refuse(name, `it is ${quote(text)}`, `Set a whole number from ${least} to ${most}`);
    return usual;
  }

  /** The URL without a slash at its end. Plain http is for tests on this machine alone. */
  url(name: string, text: string): string {
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isLocal = url?.hostname === "localhost" || url?.hostname === "127.0.0.1";
    const isWeb = url?.protocol === "https:" || (url?.protocol === "http:" && isLocal);
    if (isWeb && url?.search === "" && url.hash === "" && url.username === "" && url.password === "") {
      return url.href.replace(/\/+$/, "");
    }
    // A password that somebody put into it is not for the log.
    const state = text.includes("@") ? "it names a user" : `it is ${quote(text)}`;
    return this.refuse(name, state, "Set an address that begins with https://");
  }

  /** Notes a problem. Values of secrets are never part of `state`. */
  refuse(name: string, state: string, fix: string): "" {
    this.#problems.push(`${name}: ${state}. ${fix}`);
    return "";
  }

  assertNoProblems(): void {
    const count = this.#problems.length;
    if (count === 0) return;
    const what = count === 1 ? "a setting is wrong" : `${count} settings are wrong`;
    throw new GateError("CONFIG_INVALID", [`Cannot start: ${what}`, ...this.#problems].join("\n  "));
  }
}

function readAppId(settings: Settings): number {
  const fix = "Set the number that the App's settings at GitHub show as App ID";
  const text = settings.need("APP_ID", fix);
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  if (text !== "") settings.refuse("APP_ID", `it is ${quote(text)}`, fix);
  return 0;
}

const KEY_FIX =
  "Set PRIVATE_KEY to the App's key in PEM, or to its base64, or PRIVATE_KEY_PATH to the file that holds it";

function readPrivateKey(settings: Settings): string {
  const name = settings.find("PRIVATE_KEY") === undefined ? "PRIVATE_KEY_PATH" : "PRIVATE_KEY";
  const text = settings.find("PRIVATE_KEY") ?? readKeyFile(settings);
  if (text === undefined) return "";
  const key = parseKey(text);
  if (key === undefined) return settings.refuse(name, "it is no private key", KEY_FIX);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key.asymmetricKeyType !== "rsa" || bits < KEY_BITS_MIN) {
    return settings.refuse(name, `it is no RSA key of ${KEY_BITS_MIN} bits or more`, KEY_FIX);
  }
  return key.export({ format: "pem", type: "pkcs8" }).toString();
}

function readKeyFile(settings: Settings): string | undefined {
  const path = settings.find("PRIVATE_KEY_PATH");
  if (path === undefined) {
    settings.refuse("PRIVATE_KEY", "it is not set", KEY_FIX);
    return undefined;
  }
  try {
    return readFileSync(path, "utf8");
  } catch {
    settings.refuse("PRIVATE_KEY_PATH", `${quote(path)} cannot be read`, KEY_FIX);
    return undefined;
  }
}

function parseKey(text: string): KeyObject | undefined {
  const isPem = text.includes("-----BEGIN");
  const pem = isPem ? text.replaceAll("\\n", "\n") : Buffer.from(text, "base64").toString("latin1");
  try {
    return createPrivateKey(pem);
  } catch {
    // Whatever is wrong with it, the message must not quote it.
    return undefined;
  }
}

function readWebhook(settings: Settings): WebhookConfig {
  const fix = `Set the secret that the App's settings at GitHub have, ${SECRET_CHARS_MIN} characters or more`;
  const current = settings.need("WEBHOOK_SECRET", fix);
  const before = settings.find("WEBHOOK_SECRET_PREVIOUS");
  for (const [name, secret] of [
    ["WEBHOOK_SECRET", current],
    ["WEBHOOK_SECRET_PREVIOUS", before ?? ""],
  ] as const) {
    if (secret === "") continue;
    if (KNOWN_SECRETS.has(secret)) settings.refuse(name, "it is a word that everybody knows", fix);
    else if (secret.length < SECRET_CHARS_MIN) settings.refuse(name, "it is too short", fix);
  }
  const path = settings.find("WEBHOOK_PATH") ?? "/api/github/webhooks";
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(path)) {
    settings.refuse("WEBHOOK_PATH", `it is ${quote(path)}`, "Set a path as /api/github/webhooks");
  }
  return { path, secrets: before === undefined ? [current] : [current, before] };
}

function readOperatorToken(settings: Settings): string | undefined {
  const token = settings.find("OPERATOR_TOKEN");
  if (token !== undefined && token.length < OPERATOR_TOKEN_CHARS_MIN) {
    const fix = `Set ${OPERATOR_TOKEN_CHARS_MIN} random characters or more: openssl rand -hex 32`;
    settings.refuse("OPERATOR_TOKEN", "it is too short", fix);
  }
  return token;
}

/** GitHub.com; or the Enterprise Server `GHE_HOST`; or, as for ghe.com, the two addresses themselves. */
function readUrls(settings: Settings): GitHubUrls {
  const host = settings.find("GHE_HOST");
  const origin = `${settings.find("GHE_PROTOCOL") ?? "https"}://${host}`;
  const [api, web] =
    host === undefined ? ["https://api.github.com", "https://github.com"] : [`${origin}/api/v3`, origin];
  return {
    apiUrl: settings.url("GITHUB_API_URL", settings.find("GITHUB_API_URL") ?? api),
    webUrl: settings.url("GITHUB_SERVER_URL", settings.find("GITHUB_SERVER_URL") ?? web),
  };
}

/** In small letters or in capitals, small ones first, as other programs take them. */
function readProxy(settings: Settings): ProxyConfig | undefined {
  const http = readProxyAddress(settings, ["http_proxy", "HTTP_PROXY"]);
  const https = readProxyAddress(settings, ["https_proxy", "HTTPS_PROXY"]);
  if (http === undefined && https === undefined) return undefined;
  const direct = settings.find("no_proxy") ?? settings.find("NO_PROXY");
  return {
    ...(http === undefined ? {} : { http_proxy: http }),
    ...(https === undefined ? {} : { https_proxy: https }),
    ...(direct === undefined ? {} : { no_proxy: direct }),
  };
}

/** The message quotes nothing of it: the address of a proxy often holds a password. */
function readProxyAddress(settings: Settings, names: readonly string[]): string | undefined {
  for (const name of names) {
    const text = settings.find(name);
    if (text === undefined) continue;
    const protocol = URL.canParse(text) ? new URL(text).protocol : "";
    if (protocol === "http:" || protocol === "https:") return text;
    return settings.refuse(name, "it is no http:// address", "Set one as http://proxy.example.com:3128");
  }
  return undefined;
}

function readStore(settings: Settings): StoreConfig {
  const fix = "Set one: WEIGHBRIDGE_DATA to a folder, or DATABASE_URL to a PostgreSQL database";
  const url = settings.find("DATABASE_URL");
  const folder = settings.find("WEIGHBRIDGE_DATA");
  if (url !== undefined && folder !== undefined)
    settings.refuse("DATABASE_URL", "so is WEIGHBRIDGE_DATA", fix);
  if (folder !== undefined) return { kind: "sqlite", folder };
  if (url === undefined) settings.refuse("WEIGHBRIDGE_DATA", "it is not set", fix);
  else if (!/^postgres(ql)?:\/\/./.test(url))
    settings.refuse("DATABASE_URL", "it is no postgres:// address", fix);
  return { kind: "postgres", url: url ?? "" };
}

function readTrailKey(settings: Settings): TrailKey {
  const fix = "Set file:PATH, env:NAME or command:PROGRAM ARGUMENTS, as weighbridge trail takes it";
  const text = settings.need("TRAIL_KEY", fix);
  const [kind, ...rest] = text.split(":");
  const value = rest.join(":");
  if (kind === "file" && value !== "") return { kind, path: value };
  if (kind === "env" && value !== "") {
    const pem = settings.find(value)?.replaceAll("\\n", "\n");
    return {
      kind,
      name: value,
      pem: pem ?? settings.refuse(value, "TRAIL_KEY names it, and it is not set", fix),
    };
  }
  const [program, ...args] = value.split(" ").filter((word) => word !== "");
  if (kind === "command" && program !== undefined) return { kind, command: [program, ...args] };
  if (text !== "") settings.refuse("TRAIL_KEY", "it is none of these", fix);
  return { kind: "file", path: "" };
}

/** As trail.json takes it. */
const WITNESSES = /^[\n -~]{1,1024}$/;

function readWitnesses(settings: Settings): string | undefined {
  const path = settings.find("TRAIL_WITNESSES");
  if (path === undefined) return undefined;
  const fix = "Name a file of lines as: witness audit <vkey> <url>, and at its end: quorum audit";
  try {
    const text = readFileSync(path, "utf8");
    parseWitnessPolicy(text);
    if (WITNESSES.test(text)) return text;
    return settings.refuse("TRAIL_WITNESSES", "it has more than 1024 characters, or others than ASCII", fix);
  } catch (cause) {
    const state = cause instanceof GateError ? cause.message : `${path} cannot be read`;
    return settings.refuse("TRAIL_WITNESSES", state, fix);
  }
}

const LOGIN_SETTINGS = ["GITHUB_CLIENT_ID", "GITHUB_CLIENT_SECRET", "SESSION_KEY", "PUBLIC_URL"] as const;

/** All four, or no dashboard. */
function readLogin(settings: Settings): LoginConfig | undefined {
  const [clientId, clientSecret, sessionKey, publicUrl] = LOGIN_SETTINGS.map((name) => settings.find(name));
  if (LOGIN_SETTINGS.every((name) => settings.find(name) === undefined)) return undefined;
  for (const name of LOGIN_SETTINGS) {
    settings.need(name, `Set it too, or none of ${LOGIN_SETTINGS.join(", ")}: then there is no dashboard`);
  }
  return {
    clientId: clientId ?? "",
    clientSecret: clientSecret ?? "",
    sessionKey: parseSessionKey(settings, sessionKey ?? ""),
    publicUrl: publicUrl === undefined ? "" : settings.url("PUBLIC_URL", publicUrl),
  };
}

function parseSessionKey(settings: Settings, text: string): Uint8Array {
  const key = Buffer.from(text, /^[0-9a-f]{64}$/i.test(text) ? "hex" : "base64");
  if (text !== "" && key.length !== SESSION_KEY_BYTES) {
    const fix = `Set ${SESSION_KEY_BYTES} random bytes in base64 or hex, as from: openssl rand -base64 32`;
    settings.refuse("SESSION_KEY", `it has ${key.length} bytes`, fix);
  }
  return key;
}

function readLogLevel(settings: Settings): LogLevel {
  const text = settings.find("LOG_LEVEL") ?? "info";
  const level = LOG_LEVELS.find((known) => known === text);
  if (level === undefined)
    settings.refuse("LOG_LEVEL", `it is ${quote(text)}`, `Set one of ${LOG_LEVELS.join(", ")}`);
  return level ?? "info";
}

/** The value on one line, cut off. */
function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
