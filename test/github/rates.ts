import type { Clock, Token } from "./nouns.ts";

const HOUR_SECONDS = 3600;

interface Window {
  used: number;
  /** When the hour is over, in seconds since 1970. */
  readonly reset: number;
}

export interface Rate {
  readonly limit: number;
  readonly remaining: number;
  readonly used: number;
  readonly reset: number;
}

/** The primary limit: so many requests an hour for each installation, person or App. */
export class Rates {
  /** That of an organisation on Enterprise Cloud; a test may change it at any time. */
  limit = 15_000;
  readonly #windows = new Map<string, Window>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one request and says how things stand after it; `used` is above `limit` when it is to be refused. */
  spend(token: Token): Rate {
    const window = this.#window(token);
    window.used += 1;
    return this.#rate(window);
  }

  read(token: Token): Rate {
    return this.#rate(this.#window(token));
  }

  #window({ kind, installation, account }: Token): Window {
    const key = `${kind}/${installation?.id ?? account.id}`;
    const now = Math.floor(this.#clock.now().getTime() / 1000);
    const known = this.#windows.get(key);
    if (known !== undefined && now < known.reset) return known;
    const window = { used: 0, reset: now + HOUR_SECONDS };
    this.#windows.set(key, window);
    return window;
  }

  #rate({ used, reset }: Window): Rate {
    return { limit: this.limit, remaining: Math.max(0, this.limit - used), used, reset };
  }
}

export function rateHeaders({ limit, remaining, used, reset }: Rate): Record<string, string> {
  return {
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-used": String(used),
    "x-ratelimit-reset": String(reset),
    "x-ratelimit-resource": "core",
  };
}
