import type { Client } from "./client.ts";
import { isFailure, limited } from "./failure.ts";

/** For half a minute after a write, GitHub may answer from before it: three looks, and then it must be to be seen. */
const LOOKS_MS = [3_000, 10_000, 20_000] as const;
const LOOK_SECONDS = 30;
const ATTEMPTS_MAX = 3;
const PAUSE_MS = 1_000;

export interface Write<T> {
  write(): Promise<T>;
  /** What was written, if GitHub shows it. */
  look(): Promise<T | undefined>;
}

/**
 * What `write` gives, done once: where the answer did not come, its effect is looked for until GitHub has to show it,
 * and only then is it written again. Rejects as `write`.
 */
export async function writeOnce<T>(client: Client, { write, look }: Write<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (cause) {
      if (!isFailure(cause, "GITHUB_UNAVAILABLE")) throw cause;
      const found = await lookFor(client, look, cause);
      if (found !== undefined) return found;
      if (attempt === ATTEMPTS_MAX) throw cause;
    }
  }
}

/** What a process that ended may have written: undefined where GitHub has to show it by now, and does not. */
export function lookLong<T>(client: Client, look: Write<T>["look"]): Promise<T | undefined> {
  return lookFor(client, look, limited("what may have been written", LOOK_SECONDS));
}

/** Rejects with `cause` where there is no more time to look. */
async function lookFor<T>(client: Client, look: Write<T>["look"], cause: unknown): Promise<T | undefined> {
  for (const ms of LOOKS_MS) {
    if (!(await client.settle(ms))) throw cause;
    const found = await look();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The result of a write that comes to the same however often it is done. */
export async function repeatedly<T>(client: Client, write: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (cause) {
      const mayRepeat = isFailure(cause, "GITHUB_UNAVAILABLE") && attempt < ATTEMPTS_MAX;
      if (!mayRepeat || !(await client.settle(PAUSE_MS * attempt))) throw cause;
    }
  }
}
