import compare from "semver/functions/compare.js";
import satisfies from "semver/functions/satisfies.js";
import validRange from "semver/ranges/valid.js";

/** Versions of models (semver.org 2.0.0), and ranges of them as npm writes them. */

/** Whether the text is a range. */
export function isRange(text: string): boolean {
  return validRange(text) !== null;
}

/** Whether a version lies in a range; of a pre-release, only in one that names one of the same version. */
export function isWithin(version: string, range: string): boolean {
  return satisfies(version, range);
}

export function isLower(version: string, than: string): boolean {
  return compare(version, than) < 0;
}
