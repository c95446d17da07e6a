import { createSign } from "node:crypto";
import type { StandIn } from "./server.ts";
import type { Registration } from "./state/apps.ts";

/** A bare client for the stand-in's own tests. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what GitHub answered, looked into by the assertions
  readonly body: any;
}

export interface Asked {
  readonly method?: string;
  readonly body?: unknown;
  /** Token, or the whole header. */
  readonly as?: string;
}

export async function ask(
  { origin }: Pick<StandIn, "origin">,
  path: string,
  asked: Asked = {},
): Promise<Answered> {
  const { method = "GET", body, as } = asked;
  const response = await fetch(`${origin}${path}`, {
    method,
    redirect: "manual",
    headers: {
      "x-github-api-version": "2022-11-28",
      ...(as !== undefined && { authorization: as.includes(" ") ? as : `bearer ${as}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}

/** A JSON Web Token of the App, as its libraries make it. */
export function jwt(
  { id, privateKey }: Pick<Registration, "id" | "privateKey">,
  claims: object = {},
  key = privateKey,
): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const body = { iat: now - 30, exp: now + 570, iss: id, ...claims };
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(body)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(key).toString("base64url")}`;
}
