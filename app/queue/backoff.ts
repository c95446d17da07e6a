/** From one attempt to the next at first; it doubles with each. */
export const BACKOFF_FIRST_MS = 2_000;
export const BACKOFF_MAX_MS = 15 * 60_000;

/**
 * How long to wait after `attempts` that failed, in milliseconds: twice as long each time, of which a random half is
 * left out, so that what failed together does not come back together.
 */
export function backoffMs(attempts: number, random: () => number = Math.random): number {
  const whole = Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(attempts, 30), BACKOFF_MAX_MS);
  return Math.round(whole / 2 + (whole / 2) * random());
}
