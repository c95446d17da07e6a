import { isFailure, limited, toFailure } from "./failure.ts";
import { Lane } from "./lane.ts";
import type { Clock, Waiting } from "./waiting.ts";

/** GitHub allows 100 requests at once, over all that act for the installation. */
const READS_AT_ONCE = 10;
const READ_ATTEMPTS_MAX = 4;
const PAUSE_MS = 500;

/** Whether a request may be sent twice. */
export type Effect = "read" | "write";

/** The way of one token to GitHub: who meets a limit on it closes it for all. */
export class Line {
  readonly #clock: Clock;
  readonly #lanes: Readonly<Record<Effect, Lane>>;
  #closedUntil = 0;

  constructor(clock: Clock, writeGapMs: number) {
    this.#clock = clock;
    this.#lanes = {
      read: new Lane({ clock, places: READS_AT_ONCE }),
      write: new Lane({ clock, places: 1, gapMs: writeGapMs }),
    };
  }

  run<T>(effect: Effect, send: () => Promise<T>): Promise<T> {
    return this.#lanes[effect].run(send);
  }

  /** Milliseconds until the limit is over that GitHub named. */
  closedMs(): number {
    return Math.max(this.#closedUntil - this.#clock.now(), 0);
  }

  closeFor(seconds: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, this.#clock.now() + seconds * 1000);
  }
}

export interface Request<T> {
  readonly line: Line;
  readonly waiting: Waiting;
  readonly route: string;
  readonly effect: Effect;
  send(): Promise<T>;
  /** Gets another token in the place of one that GitHub does not know any more. */
  renew(): Promise<void>;
}

/**
 * The result of a request. What GitHub did not do is asked again: after a limit, with a new token. What it may have
 * done is asked again only if it reads. Rejects with `GitHubFailure`.
 */
export async function patiently<T>(request: Request<T>): Promise<T> {
  const { line, waiting, route, effect, send } = request;
  let isRenewed = false;
  for (let attempt = 1; ; attempt++) {
    await awaitOpen(request);
    try {
      return await line.run(effect, send);
    } catch (error) {
      const failure = toFailure(error, route);
      if (isFailure(failure, "GITHUB_LIMITED")) {
        line.closeFor(failure.afterSeconds ?? 0);
      } else if (isFailure(failure) && failure.status === 401 && !isRenewed) {
        isRenewed = true;
        await renewed(request);
      } else {
        const mayRepeat = effect === "read" && isFailure(failure, "GITHUB_UNAVAILABLE");
        if (!mayRepeat || attempt >= READ_ATTEMPTS_MAX || !(await waiting.spend(PAUSE_MS * attempt)))
          throw failure;
      }
    }
  }
}

/** Whoever goes on asking against a limit may be shut out for good. */
async function awaitOpen<T>({ line, waiting, route }: Request<T>): Promise<void> {
  for (let ms = line.closedMs(); ms > 0; ms = line.closedMs()) {
    if (!(await waiting.spend(ms))) throw limited(route, Math.ceil(ms / 1000));
  }
}

async function renewed<T>({ renew, route }: Request<T>): Promise<void> {
  try {
    await renew();
  } catch (error) {
    throw toFailure(error, route);
  }
}
