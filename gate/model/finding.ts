import type { Place } from "./place.ts";

/** One demand not met, with place, reason and remedy. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly place?: Place;
  readonly fix?: string;
}
