import { chance } from "./chance.ts";
import { type Fault, HANG_MS, hang, STALE, secondaryLimit, serverError } from "./faults.ts";

/** Faults that come by chance, the same ones for the same seed and the same order of requests. */
export interface Storm {
  readonly seed: number;
  /** How many of the requests fail, from 0 to 1; 0.2 if absent. */
  readonly share?: number;
  /** Seconds that a limited client is told to wait; 1 if absent. */
  readonly retryAfter?: number;
  /** How long a request hangs before the connection is cut. */
  readonly hangMs?: number;
  /** How long a read may be answered from before a write; half a minute if absent. */
  readonly staleMs?: number;
  /** Operations that never fail. */
  readonly except?: readonly string[];
}

type Stroke = Omit<Fault, "match">;

/** What befalls each request in turn; undefined for most. */
export function strokes({
  seed,
  share = 0.2,
  retryAfter = 1,
  hangMs = HANG_MS,
  except = [],
}: Storm): (operation: string) => Fault | undefined {
  const next = chance(seed);
  const kinds: readonly Stroke[] = [
    { effect: secondaryLimit(retryAfter) },
    { effect: secondaryLimit(retryAfter, 429) },
    { effect: serverError(502) },
    { effect: serverError(502), when: "after" },
    { effect: hang(hangMs) },
    { effect: hang(hangMs), when: "after" },
    { effect: STALE },
  ];
  return (operation) => {
    const strikes = next() < share;
    const kind = kinds[Math.floor(next() * kinds.length)]!;
    return strikes && !except.includes(operation) ? { match: operation, ...kind } : undefined;
  };
}
