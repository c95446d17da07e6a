import type { Log } from "../log.ts";
import type { Inbox } from "../store/inbox.ts";
import { addressOf } from "./address.ts";

/** A delivery whose signature is GitHub's. */
export interface Webhook {
  /** `X-GitHub-Delivery`. */
  readonly id: string;
  readonly event: string;
  readonly payload: unknown;
  /** The payload as it came. */
  readonly body: string;
}

/** `known` was kept before, `ignored` concerns nobody here. */
export type Intake = "kept" | "known" | "ignored";

export interface IntakeWorld {
  readonly inbox: Inbox;
  readonly log: Log;
  readonly now: () => number;
  /** Told that there is work. */
  readonly wake?: () => void;
}

/** Puts a webhook where it will be worked on; it is on the disk when this resolves. */
export async function takeIn(webhook: Webhook, { inbox, log, now, wake }: IntakeWorld): Promise<Intake> {
  const { id, event, payload, body } = webhook;
  const address = addressOf(event, payload);
  if (address.kind === "ignored") {
    if (address.because === "malformed")
      log.warn("Webhook says not what it is about", { delivery: id, event });
    // Or the sweep would take it for lost.
    await inbox.note(id);
    return "ignored";
  }
  const { key } = address;
  const isNew = await inbox.receive({ id, event, key, payload: body, receivedAt: now() });
  log.debug("Webhook received", { delivery: id, event, key });
  if (isNew) wake?.();
  return isNew ? "kept" : "known";
}
