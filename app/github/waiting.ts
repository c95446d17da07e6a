import { setTimeout as sleep } from "node:timers/promises";

/** Time as the client sees it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

export const SYSTEM_CLOCK: Clock = { now: Date.now, sleep: (ms) => sleep(ms) };

/** What one piece of work still waits for GitHub, in all. */
export class Waiting {
  readonly #clock: Clock;
  #leftMs: number;

  constructor(clock: Clock, msMax: number) {
    this.#clock = clock;
    this.#leftMs = msMax;
  }

  /** Waits, or returns false at once where that is more than is left. */
  async spend(ms: number): Promise<boolean> {
    if (ms > this.#leftMs) return false;
    this.#leftMs -= ms;
    await this.#clock.sleep(ms);
    return true;
  }
}
