interface Waiting<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (cause: unknown) => void;
}

export interface GroupingOptions<T, R> {
  /** Does what is asked for many at once; a result for each, in order. */
  readonly work: (items: readonly T[]) => Promise<readonly R[]>;
  readonly sizeOf: (item: T) => number;
  readonly countMax: number;
  readonly sizeMax: number;
}

/** What is asked for while the last group is being done is done together in the next. */
export class Grouping<T, R> {
  readonly #options: GroupingOptions<T, R>;
  readonly #waiting: Waiting<T, R>[] = [];
  #isWorking = false;

  constructor(options: GroupingOptions<T, R>) {
    this.#options = options;
  }

  add(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (!this.#isWorking) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting.length > 0) await this.#runGroup(this.#waiting.splice(0, this.#fitting()));
    this.#isWorking = false;
  }

  async #runGroup(group: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const results = await this.#options.work(group.map(({ item }) => item));
      for (const [at, { resolve }] of group.entries()) resolve(results[at]!);
    } catch (cause) {
      for (const { reject } of group) reject(cause);
    }
  }

  /** How many of those that wait go into one group. */
  #fitting(): number {
    const { countMax, sizeMax, sizeOf } = this.#options;
    let size = 0;
    const end = this.#waiting.findIndex(({ item }, at) => {
      size += sizeOf(item);
      return at > 0 && (at >= countMax || size > sizeMax);
    });
    return end === -1 ? this.#waiting.length : end;
  }
}
