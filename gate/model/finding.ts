import type { Place } from "./place.ts";

/** One demand not met, with place, reason and remedy. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly place?: Place;
  readonly fix?: string;
  /** The number that the finding is about, so that a report can mark it in the table of metrics. */
  readonly metric?: { readonly name: string; readonly dataset?: string };
}
