/**
 * What was read once and never changes, as long as it fits: the oldest goes when it is too much. Who asks while it
 * is being read waits for the same reading; a reading that failed is forgotten.
 */
export class PromiseCache<V> {
  readonly #kept = new Map<string, { readonly value: Promise<V>; weight: number }>();
  readonly #weightMax: number;
  readonly #weigh: (value: V) => number;
  #weight = 0;

  constructor(weightMax: number, weigh: (value: V) => number) {
    this.#weightMax = weightMax;
    this.#weigh = weigh;
  }

  get(key: string, read: () => Promise<V>): Promise<V> {
    const known = this.#kept.get(key);
    if (known === undefined) return this.#keep(key, read());
    // The last asked for is the last to go.
    this.#kept.delete(key);
    this.#kept.set(key, known);
    return known.value;
  }

  /** What is known already, or being read. */
  peek(key: string): Promise<V> | undefined {
    return this.#kept.get(key)?.value;
  }

  #keep(key: string, value: Promise<V>): Promise<V> {
    const kept = { value, weight: 0 };
    this.#kept.set(key, kept);
    value.then(
      (read) => {
        kept.weight = this.#weigh(read);
        this.#weight += kept.weight;
        this.#shrink();
      },
      () => this.#kept.delete(key),
    );
    return value;
  }

  #shrink(): void {
    for (const [key, { weight }] of this.#kept) {
      if (this.#weight <= this.#weightMax) return;
      if (weight === 0) continue;
      this.#kept.delete(key);
      this.#weight -= weight;
    }
  }
}
