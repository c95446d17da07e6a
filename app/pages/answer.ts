import type { ServerResponse } from "node:http";

/** What a page answers, before the headers that every answer has. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** Lines of `Set-Cookie`. */
  readonly cookies?: readonly string[];
}

/** Nothing but our own style sheet and images, no script at all, and no frame of anyone around it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const SAFETY = {
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "x-content-type-options": "nosniff",
  // Not `no-referrer`: with it a browser sends `Origin: null` even to us, and signing out could not be checked.
  "referrer-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
};

const HTTPS = { "strict-transport-security": "max-age=31536000" };

export interface Sending {
  readonly isHttps: boolean;
  /** For HEAD: everything but the body. */
  readonly withoutBody: boolean;
}

export function send(response: ServerResponse, answer: Answer, { isHttps, withoutBody }: Sending): void {
  const { status, type, body, headers = {}, cookies = [] } = answer;
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  response.writeHead(status, {
    ...SAFETY,
    ...(isHttps ? HTTPS : {}),
    "content-type": type,
    "content-length": bytes.length,
    ...headers,
    ...(cookies.length === 0 ? {} : { "set-cookie": [...cookies] }),
  });
  response.end(withoutBody ? undefined : bytes);
}

/** Leads on by GET, whatever the request was. */
export function seeOther(location: string, cookies: readonly string[] = []): Answer {
  return { status: 303, type: "text/plain; charset=utf-8", body: "", headers: { location }, cookies };
}

/** A file to be kept by whoever asks for it. */
export function download(name: string, type: string, body: string | Uint8Array): Answer {
  return { status: 200, type, body, headers: { "content-disposition": `attachment; filename="${name}"` } };
}
