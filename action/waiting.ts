import { setTimeout as sleep } from "node:timers/promises";
import { GitHubFailure } from "./github-failure.ts";

/** In all, for everything that one run asks of GitHub. The verdict never waits for it, but the job does. */
export const WAIT_MS_MAX = 60_000;
const READ_ATTEMPTS_MAX = 3;
const PAUSE_MS = 1_000;

/** The time that a run still spends on waiting for GitHub. */
export interface Waiting {
  leftMs: number;
  sleep(ms: number): Promise<void>;
}

export function startWaiting(): Waiting {
  return { leftMs: WAIT_MS_MAX, sleep: (ms) => sleep(ms) };
}

/**
 * The result of `work`. A request that a limit refused is repeated after the time that GitHub names, if there is
 * so much left; one that may have had an effect is repeated only if it reads.
 */
export async function patiently<T>(
  work: () => Promise<T>,
  waiting: Waiting,
  effect: "read" | "write",
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof GitHubFailure)) throw error;
      const waitMs = repeatsAfter(error, attempt, effect);
      if (waitMs === undefined || !(await spend(waiting, waitMs))) throw error;
    }
  }
}

function repeatsAfter(
  { failure }: GitHubFailure,
  attempt: number,
  effect: "read" | "write",
): number | undefined {
  if (failure.kind === "limited") return failure.waitMs;
  if (failure.kind === "refused" || effect === "write") return undefined;
  return attempt < READ_ATTEMPTS_MAX ? PAUSE_MS * attempt : undefined;
}

/** Waits, or returns false at once where that is more than is left. */
export async function spend(waiting: Waiting, ms: number): Promise<boolean> {
  if (ms > waiting.leftMs) return false;
  waiting.leftMs -= ms;
  await waiting.sleep(ms);
  return true;
}
