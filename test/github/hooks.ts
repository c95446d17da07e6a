import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import type { Members } from "./description.ts";
import type { Clock } from "./nouns.ts";
import { webhookProblems } from "./oracle.ts";
import type { Installation, Registration } from "./state/apps.ts";

/** One delivery to one App, as GitHub keeps it. A redelivery is another record with the same `guid`. */
export interface Delivery {
  readonly id: number;
  readonly guid: string;
  readonly event: string;
  readonly action: string | null;
  readonly app: Registration;
  readonly installation: Installation;
  readonly repositoryId: number | null;
  /** The bytes that are sent and signed. */
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly redelivery: boolean;
  readonly at: Date;
  /** What the receiver answered; 0 for no answer, undefined while there is none yet. */
  status: number | undefined;
}

export interface Notice {
  readonly event: string;
  /** Made only if somebody gets it. */
  readonly payload: () => Members;
  readonly installations: readonly Installation[];
  readonly repositoryId?: number;
  /** Sent whether the App asked for it or not, as `installation` is. */
  readonly always?: boolean;
}

const TIMEOUT_MS = 10_000;
const WINDOW_MS = 3 * 24 * 60 * 60 * 1000;
export const PAYLOAD_BYTES_MAX = 25 * 1024 * 1024;

/**
 * Deliveries to Apps: signed, numbered, recorded, and posted to the App's address at once, unless the test takes
 * them over with `take`. Like GitHub, nothing is delivered a second time on its own.
 */
export class Hooks {
  readonly deliveries: Delivery[] = [];
  #taken: ((delivery: Delivery) => void) | undefined;
  readonly #posts = new Set<Promise<number>>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** From now on `take` gets every delivery instead of the App's address; it may `post` it when and as often as it likes. */
  take(take: ((delivery: Delivery) => void) | undefined): void {
    this.#taken = take;
  }

  /** One delivery for each installation whose App asked for the event. */
  send({ event, payload, installations, repositoryId, always = false }: Notice): Delivery[] {
    const receivers = installations.filter(
      ({ events, suspendedAt, isDeleted }) =>
        always || (events.includes(event) && suspendedAt === undefined && !isDeleted),
    );
    if (receivers.length === 0) return [];
    const shared = payload();
    return receivers.flatMap((installation) => {
      const members = { ...shared, ...toInstallation(event, installation) };
      assert.deepEqual(webhookProblems(event, members), []);
      const body = JSON.stringify(members);
      // GitHub leaves a larger one out, without a word.
      if (Buffer.byteLength(body) > PAYLOAD_BYTES_MAX) return [];
      const action = typeof members.action === "string" ? members.action : null;
      const said = { event, action, installation, repositoryId: repositoryId ?? null, body };
      return [this.#record({ ...said, app: installation.app, guid: randomUUID(), redelivery: false })];
    });
  }

  /** The same delivery once more, with the same `guid`; undefined when GitHub has forgotten it. */
  redeliver(delivery: Delivery): Delivery | undefined {
    if (!this.kept().includes(delivery)) return undefined;
    return this.#record({ ...delivery, redelivery: true });
  }

  /** What GitHub still knows: three days, the newest first. */
  kept(): Delivery[] {
    const oldest = this.#clock.now().getTime() - WINDOW_MS;
    return this.deliveries.filter(({ at }) => at.getTime() >= oldest).toReversed();
  }

  #record(said: Omit<Delivery, "id" | "headers" | "at" | "status">): Delivery {
    const { app, event, guid, body } = said;
    const delivery: Delivery = {
      ...said,
      id: this.#clock.nextId(),
      headers: {
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/0000000",
        "x-github-delivery": guid,
        "x-github-event": event,
        "x-github-hook-id": String(app.id),
        "x-github-hook-installation-target-id": String(app.id),
        "x-github-hook-installation-target-type": "integration",
        "x-hub-signature": sign("sha1", app.webhookSecret, body),
        "x-hub-signature-256": sign("sha256", app.webhookSecret, body),
      },
      at: this.#clock.now(),
      status: undefined,
    };
    this.deliveries.push(delivery);
    if (this.#taken !== undefined) this.#taken(delivery);
    else if (app.hookUrl !== undefined) void this.post(delivery);
    return delivery;
  }

  /** Posts the delivery to the App's address; the status of the answer, 0 for none in ten seconds. */
  post(delivery: Delivery): Promise<number> {
    const post = this.#post(delivery).finally(() => this.#posts.delete(post));
    this.#posts.add(post);
    return post;
  }

  async #post(delivery: Delivery): Promise<number> {
    const { app, headers, body } = delivery;
    if (app.hookUrl === undefined) throw new Error(`Cannot post a delivery: ${app.slug} has no hookUrl`);
    delivery.status = await fetch(app.hookUrl, {
      method: "POST",
      headers,
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    }).then(
      async (response) => {
        await response.arrayBuffer();
        return response.status;
      },
      () => 0,
    );
    return delivery.status;
  }

  /** Until every delivery that was posted has been answered. */
  async settled(): Promise<void> {
    while (this.#posts.size > 0) await Promise.all(this.#posts);
  }
}

/** Events about the installation itself carry it in full already. */
function toInstallation(event: string, { id }: Installation): Members {
  if (/^installation/.test(event)) return {};
  const nodeId = Buffer.from(`23:IntegrationInstallation${id}`).toString("base64");
  return { installation: { id, node_id: nodeId } };
}

function sign(algorithm: "sha1" | "sha256", secret: string, body: string): string {
  return `${algorithm}=${createHmac(algorithm, secret).update(body).digest("hex")}`;
}
