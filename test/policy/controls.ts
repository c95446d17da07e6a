import { readdirSync, readFileSync } from "node:fs";

/** One file of `policies/controls`. */
export interface Catalogue {
  readonly framework: string;
  readonly version: string;
  readonly citation: string;
  readonly status: string;
  readonly applies_from: string | null;
  readonly superseded_by: string | null;
  readonly jurisdiction: string;
  readonly verified_on: string | null;
  readonly sources: readonly string[];
  readonly controls: readonly { readonly id: string; readonly label: string }[];
}

const FOLDER = new URL("../../policies/controls/", import.meta.url);

export const CATALOGUES: ReadonlyMap<string, Catalogue> = new Map(
  readdirSync(FOLDER).map((name) => [
    name.replace(/\.json$/, ""),
    JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")),
  ]),
);

/** Every control by its id. */
export const CONTROLS: ReadonlySet<string> = new Set(
  [...CATALOGUES.values()].flatMap(({ controls }) => controls.map(({ id }) => id)),
);
