import { AsyncLocalStorage } from "node:async_hooks";
import { type IncomingMessage, ServerResponse } from "node:http";
import { createNodeMiddleware, createProbot } from "probot";
import { GateError } from "../gate/model/error.ts";
import type { Config } from "./config.ts";
import type { Intake, Webhook } from "./queue/intake.ts";

/**
 * Hands a request, whose body was read and found signed with `secret`, to Probot, and gives what became of it. Rejects
 * `WEBHOOK_MALFORMED` for what is no JSON object, `WEBHOOK_LATE`, and whatever keeping it rejected with.
 */
export type Door = (request: IncomingMessage, signed: Signed) => Promise<Intake>;

export interface Signed {
  readonly body: string;
  readonly secret: string;
}

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
  return async (request, { body, secret }) => {
    const middleware = middlewares.get(secret);
    if (middleware === undefined)
      throw new RangeError("Cannot pass on a webhook: its secret is none of ours");
    const passage: Passage = { body };
    // Probot takes a body that was read already from here, and says what it thinks to a response that goes nowhere:
    // it would tell the sender what went wrong inside, and 202 for what has not been kept after nine seconds.
    const answer = new ServerResponse(request);
    await passages.run(passage, async () => middleware(Object.assign(request, { body }), answer));
    return outcomeOf(passage, answer.statusCode);
  };
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

function outcomeOf({ outcome }: Passage, status: number): Intake {
  if (outcome !== undefined && "cause" in outcome) throw outcome.cause;
  if (outcome !== undefined && status === 200) return outcome.intake;
  if (status === 400 || outcome === undefined) {
    throw new GateError("WEBHOOK_MALFORMED", `Cannot take a webhook: Probot answered ${status}`);
  }
  throw new GateError("WEBHOOK_LATE", "Cannot take a webhook: it was not kept in time");
}
