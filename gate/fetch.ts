import { once } from "./model/once.ts";

/**
 * `fetch` by way of the proxy that the environment names, which git heeds as well. Node's own heeds it only where
 * NODE_USE_ENV_PROXY was set before it started.
 */
export async function fetchByProxy(url: string, init: RequestInit): Promise<Response> {
  await heedProxy();
  return fetch(url, init);
}

const PROXIES = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"];

const heedProxy = once(async () => {
  const named = PROXIES.flatMap((name): [string, string][] => {
    const address = process.env[name];
    // Curl, git and the toolkit take `proxy:3128` as well.
    return address ? [[name, /^\w+:\/\//.test(address) ? address : `http://${address}`]] : [];
  });
  if (named.length === 0) return;
  // Node before 24.14 does not have the function.
  const http: Partial<typeof import("node:http")> = await import("node:http");
  http.setGlobalProxyFromEnv?.({ ...process.env, ...Object.fromEntries(named) });
});

export const UNREACHABLE_FIX = "Check the network; where a proxy leads out of it, name it in HTTPS_PROXY";

/** Why there was no answer: what `fetch` rejects with says no more than that it failed. */
export function whyUnreachable(rejection: unknown): string {
  const { cause = rejection } = rejection as { readonly cause?: unknown };
  const { message, code } = cause as { readonly message?: string; readonly code?: string };
  return message || code || "no answer";
}

/** The body of an answer; undefined if it is longer than it may be, and then the rest of it is not read. */
export async function readBody(response: Response, bytesMax: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
