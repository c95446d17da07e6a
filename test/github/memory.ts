import type { ApiRequest, Reply } from "./exchange.ts";

/** GitHub has been seen to answer from before a write for so long. */
const STALE_MS = 30_000;
const ADDRESSES_MAX = 2000;

interface Kept {
  readonly text: string;
  readonly reply: Reply;
  /** The answer before this one, and when this one was first seen. */
  readonly former: Reply | undefined;
  readonly since: number;
  seen: number;
}

/** The last two different answers to each read, for reads that come too early after a write. */
export class Memory {
  isOn = false;
  staleMs = STALE_MS;
  readonly #kept = new Map<string, Kept>();

  /** Keeps the answer; the one that stood before it until half a minute ago, or the answer itself. */
  keep(request: ApiRequest, reply: Reply, now: Date): Reply {
    const address = addressOf(request);
    if (!this.isOn || address === undefined || !isGood(reply)) return reply;
    const text = JSON.stringify(reply.json ?? null);
    const seen = now.getTime();
    const known = this.#kept.get(address);
    if (known?.text === text) {
      known.seen = seen;
      return seen - known.since < this.staleMs ? (known.former ?? reply) : reply;
    }
    if (this.#kept.size >= ADDRESSES_MAX) this.#kept.clear();
    const former = known !== undefined && seen - known.seen < this.staleMs ? known.reply : undefined;
    this.#kept.set(address, { text, reply, former, since: seen, seen });
    return former ?? reply;
  }
}

/** What is read, a question of GraphQL with its variables; undefined for what writes. */
function addressOf({ method, path, query, body }: ApiRequest): string | undefined {
  if (method === "GET") return `${path}?${query}`;
  const { query: document = "" } = (body ?? {}) as { readonly query?: unknown };
  const isQuestion = path === "/graphql" && !/^\s*mutation\b/.test(String(document));
  return isQuestion ? `${path} ${JSON.stringify(body)}` : undefined;
}

/** GraphQL says with 200 that it refuses. */
function isGood({ status, json }: Reply): boolean {
  return status === 200 && !(typeof json === "object" && json !== null && "errors" in json);
}
