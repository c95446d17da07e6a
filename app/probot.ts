import { AsyncLocalStorage } from "node:async_hooks";
import { isUtf8 } from "node:buffer";
import { type IncomingMessage, ServerResponse } from "node:http";
import { createNodeMiddleware, createProbot } from "probot";
import { GateError } from "../gate/model/error.ts";
import type { Config } from "./config.ts";
import type { Intake, Webhook } from "./queue/intake.ts";
import { findSigningSecret } from "./signature.ts";

/**
 * Hands a request, whose body was read, to Probot, and gives what became of it. Rejects `WEBHOOK_UNSIGNED` for what
 * bears the signature of none of the secrets, before anything of the body is looked into; `WEBHOOK_MALFORMED` for what
 * is no JSON object in UTF-8; `WEBHOOK_LATE`, and whatever keeping it rejected with.
 */
export type Door = (request: IncomingMessage, body: Buffer) => Promise<Intake>;

/** One request on its way through Probot. */
interface Passage {
  readonly body: string;
  outcome?: { readonly intake: Intake } | { readonly cause: unknown };
}

const NOT_USED = "not used";

type Middleware = Awaited<ReturnType<typeof createNodeMiddleware>>;

/**
 * Probot verifies, parses and dispatches; what it dispatches to keeps the webhook and does nothing else, so its answer
 * is there in milliseconds and nothing is lost with the process. Probot knows one secret: there is one for each.
 */
export async function openDoor(
  { webhook }: Pick<Config, "webhook">,
  keep: (webhook: Webhook) => Promise<Intake>,
): Promise<Door> {
  const passages = new AsyncLocalStorage<Passage>();
  const middlewares = new Map<string, Middleware>();
  for (const secret of webhook.secrets) {
    const take = (event: Omit<Webhook, "body">) => pass(passages, event, keep);
    middlewares.set(secret, await openMiddleware(webhook.path, secret, take));
  }
  return async (request, bytes) => {
    const refuse = (why: string) => {
      if (findSigning(request, bytes, webhook.secrets) === undefined) return unsigned();
      return new GateError("WEBHOOK_MALFORMED", `Cannot take a webhook: ${why}`);
    };
    if (!isUtf8(bytes)) throw refuse("it is not UTF-8");
    // Of one secret Probot tells by itself whether it fits; to hash every body twice takes as long as to parse it.
    const [first, ...others] = webhook.secrets;
    const secret = others.length === 0 ? first : findSigning(request, bytes, webhook.secrets);
    const middleware = secret === undefined ? undefined : middlewares.get(secret);
    if (middleware === undefined) throw unsigned();
    const body = bytes.toString("utf8");
    const passage: Passage = { body };
    // Probot takes a body that was read already from here, and says what it thinks to a response that goes nowhere:
    // it would tell the sender what went wrong inside, and 202 for what has not been kept after nine seconds.
    const answer = new ServerResponse(request);
    await passages.run(passage, async () => middleware(Object.assign(request, { body }), answer));
    const { outcome } = passage;
    if (outcome !== undefined && "cause" in outcome) throw outcome.cause;
    if (outcome !== undefined && answer.statusCode === 200) return outcome.intake;
    if (outcome === undefined || answer.statusCode === 400) {
      throw refuse(`Probot answered ${answer.statusCode}`);
    }
    throw new GateError("WEBHOOK_LATE", "Cannot take a webhook: it was not kept in time");
  };
}

function findSigning(
  { headers }: IncomingMessage,
  bytes: Buffer,
  secrets: readonly string[],
): string | undefined {
  const signature = headers["x-hub-signature-256"];
  return findSigningSecret(bytes, typeof signature === "string" ? signature : undefined, secrets);
}

function unsigned(): GateError {
  return new GateError("WEBHOOK_UNSIGNED", "Cannot take a webhook: its signature does not fit");
}

function openMiddleware(
  path: string,
  secret: string,
  take: (event: Omit<Webhook, "body">) => Promise<void>,
): Promise<Middleware> {
  const probot = createProbot({
    // Of the environment it sees nothing: REDIS_URL would make it fetch a package, NODE_ENV open its setup pages.
    env: { PRIVATE_KEY: NOT_USED },
    overrides: {
      secret,
      // It receives and asks nobody, so it is not given the App's key; with one it would make a client for each event.
      githubToken: NOT_USED,
      // Its log would hold payloads and signatures; what happens is said in ours.
      logLevel: "fatal",
    },
  });
  return createNodeMiddleware(
    (app) => {
      app.onAny(({ id, name, payload }) => take({ id, event: name, payload }));
    },
    { probot, webhooksPath: path },
  );
}

async function pass(
  passages: AsyncLocalStorage<Passage>,
  event: Omit<Webhook, "body">,
  keep: (webhook: Webhook) => Promise<Intake>,
): Promise<void> {
  const passage = passages.getStore();
  if (passage === undefined) throw new RangeError("Cannot keep a webhook: it came by no request");
  try {
    passage.outcome = { intake: await keep({ ...event, body: passage.body }) };
  } catch (cause) {
    passage.outcome = { cause };
  }
}
