/** Wakes one sleeper: when its time is over, or before, when somebody rings. A ring while nobody sleeps is kept. */
export class Alarm {
  #timer: NodeJS.Timeout | undefined;
  #ringsAt = Number.POSITIVE_INFINITY;
  #wake: (() => void) | undefined;

  /** Rings after `ms`, unless it rings before. */
  ring(ms = 0): void {
    const at = performance.now() + ms;
    if (at >= this.#ringsAt) return;
    this.#ringsAt = at;
    this.#arm(ms);
  }

  /** Resolves when it rings, after `ms` at the latest. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#ringsAt = Math.min(this.#ringsAt, performance.now() + ms);
      this.#arm(this.#ringsAt - performance.now());
    });
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#wake !== undefined) this.#timer = setTimeout(() => this.#fire(), Math.max(0, ms));
  }

  #fire(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    this.#ringsAt = Number.POSITIVE_INFINITY;
    wake?.();
  }
}
