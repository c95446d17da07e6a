import type { Measure } from "../model/evidence.ts";

export interface ShownPair {
  readonly base?: string;
  readonly head?: string;
  /** Head less base, with its sign; absent where a side is missing or not finite. */
  readonly delta?: string;
}

/** Both numbers with the same digits: four decimals, or as many as it takes that two that differ look different. */
export function showPair(base: Measure | undefined, head: Measure | undefined): ShownPair {
  const write = writerFor([base, head].filter((value) => typeof value === "number"));
  return {
    ...(base === undefined ? {} : { base: showMeasure(base, write) }),
    ...(head === undefined ? {} : { head: showMeasure(head, write) }),
    ...(typeof base === "number" && typeof head === "number" ? { delta: showDelta(base, head, write) } : {}),
  };
}

type Writer = (value: number) => string;

/** From the calmest to the exact one, which no two doubles share. */
const DECIMAL_WRITERS: readonly Writer[] = [4, 5, 6, 7, 8].map((places) => (value) => value.toFixed(places));
const PRECISION_WRITERS: readonly Writer[] = [4, 6, 9].map((digits) => (value) => value.toPrecision(digits));

function writerFor(values: readonly number[]): Writer {
  if (values.every((value) => Number.isSafeInteger(value))) return String;
  const largest = Math.max(...values.map(Math.abs));
  const writers = largest >= 0.001 && largest < 1e9 ? DECIMAL_WRITERS : PRECISION_WRITERS;
  const count = new Set(values).size;
  return writers.find((write) => new Set(values.map(write)).size === count) ?? String;
}

function showMeasure(value: Measure, write: Writer): string {
  return typeof value === "number" ? write(value) : value;
}

function showDelta(base: number, head: number, write: Writer): string {
  const delta = head - base;
  if (delta === 0) return "0";
  const size = Math.abs(delta);
  const shown = write(size);
  // Smaller than the digits that tell the two apart, or with digits that only the subtraction made.
  const isShort = Number(shown) !== 0 && (write !== String || Number.isSafeInteger(size));
  return `${delta > 0 ? "+" : "-"}${isShort ? shown : size.toPrecision(3)}`;
}
