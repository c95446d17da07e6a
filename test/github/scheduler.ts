import { chance } from "./chance.ts";
import type { Delivery, Hooks } from "./hooks.ts";

export interface Weather {
  readonly seed: number;
  /** How many deliveries never arrive, from 0 to 1. */
  readonly drop?: number;
  /** How many arrive twice. */
  readonly duplicate?: number;
  /** How many are on their way at a time; 1 if absent. */
  readonly concurrent?: number;
}

/** Takes an App's deliveries and lets them arrive in another order, some of them twice and some not at all. */
export class Scheduler {
  /** Those that wait to be posted. */
  readonly waiting: Delivery[] = [];
  readonly dropped: Delivery[] = [];
  readonly #hooks: Hooks;
  readonly #weather: Weather;
  readonly #next: () => number;

  constructor(hooks: Hooks, weather: Weather) {
    this.#hooks = hooks;
    this.#weather = weather;
    this.#next = chance(weather.seed);
    hooks.take((delivery) => this.#receive(delivery));
  }

  #receive(delivery: Delivery): void {
    const { drop = 0, duplicate = 0 } = this.#weather;
    const [isDropped, isDoubled, wasAcknowledged] = [
      this.#next() < drop,
      this.#next() < duplicate,
      this.#next(),
    ];
    if (isDropped) {
      // Lost on the way, or lost by a receiver that had already said yes: to GitHub the latter looks well.
      delivery.status = wasAcknowledged! < 0.5 ? 202 : 0;
      this.dropped.push(delivery);
    } else {
      this.waiting.push(delivery, ...(isDoubled ? [delivery] : []));
    }
  }

  /** Posts what waits, in an order by chance, until nothing waits; what comes meanwhile is posted, too. */
  async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const count = Math.min(this.#weather.concurrent ?? 1, this.waiting.length);
      const chosen = Array.from({ length: count }, () => this.#draw());
      await Promise.all(chosen.map((delivery) => this.#hooks.post(delivery)));
    }
  }

  #draw(): Delivery {
    const [drawn] = this.waiting.splice(Math.floor(this.#next() * this.waiting.length), 1);
    return drawn!;
  }

  /** Deliveries go their usual way again. */
  stop(): void {
    this.#hooks.take(undefined);
  }
}
