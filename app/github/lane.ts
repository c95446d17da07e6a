import type { Clock } from "./waiting.ts";

/**
 * So many at a time and no more, in the order in which they came; after each, its place stays empty for `gapMs`.
 * GitHub asks for writes one at a time, a second apart.
 */
export class Lane {
  readonly #clock: Clock;
  readonly #gapMs: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;
  #readyAt = 0;

  constructor({ clock, places, gapMs = 0 }: { clock: Clock; places: number; gapMs?: number }) {
    this.#clock = clock;
    this.#free = places;
    this.#gapMs = gapMs;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#enter();
    try {
      const early = this.#readyAt - this.#clock.now();
      if (early > 0) await this.#clock.sleep(early);
      return await work();
    } finally {
      this.#readyAt = this.#clock.now() + this.#gapMs;
      this.#leave();
    }
  }

  #enter(): Promise<void> | undefined {
    if (this.#free > 0) {
      this.#free -= 1;
      return undefined;
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
