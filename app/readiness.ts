import { setTimeout } from "node:timers/promises";

/** What must work for the process to be of use; each rejects if it does not. */
export type Checks = Readonly<Record<string, () => Promise<void>>>;

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
}

const CHECK_TIMEOUT_MS = 2_000;
/** Anybody may ask: however often, the checks run no more often than this. */
const RESULT_KEPT_MS = 5_000;

/** Whether the process should be sent requests. */
export class Readiness {
  readonly #checks: Checks;
  readonly #onFailure: (name: string, cause: unknown) => void;
  readonly #now: () => number;
  #last: { readonly at: number; readonly results: Promise<readonly CheckResult[]> } | undefined;
  #isStopping = false;

  constructor(
    checks: Checks,
    onFailure: (name: string, cause: unknown) => void,
    now: () => number = () => performance.now(),
  ) {
    this.#checks = checks;
    this.#onFailure = onFailure;
    this.#now = now;
  }

  /** From here on it is not ready, whatever the checks say. */
  stop(): void {
    this.#isStopping = true;
  }

  async check(): Promise<readonly CheckResult[]> {
    if (this.#isStopping) return [{ name: "running", ok: false }];
    const at = this.#now();
    if (this.#last === undefined || at - this.#last.at >= RESULT_KEPT_MS) {
      this.#last = { at, results: this.#run() };
    }
    return this.#last.results;
  }

  #run(): Promise<readonly CheckResult[]> {
    return Promise.all(
      Object.entries(this.#checks).map(async ([name, check]) => {
        const cause = await failureOf(check);
        if (cause !== undefined) this.#onFailure(name, cause);
        return { name, ok: cause === undefined };
      }),
    );
  }
}

/** Why the check failed; undefined if it did not. */
async function failureOf(check: () => Promise<void>): Promise<unknown> {
  const stop = new AbortController();
  const late = setTimeout(CHECK_TIMEOUT_MS, new Error("It took too long"), { signal: stop.signal });
  // Called off, it rejects, and nobody waits for it any more.
  const tooLate = late.catch(() => undefined);
  try {
    return await Promise.race([check(), tooLate]);
  } catch (cause) {
    return cause ?? new Error("It failed");
  } finally {
    stop.abort();
  }
}
