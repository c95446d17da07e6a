import type { RawProblem } from "../adapter/adapter.ts";
import type { ModelVersion } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import type { Evidence, EvidenceProblem, Side, Trust } from "../model/evidence.ts";
import type { Manifest } from "../model/manifest.ts";
import type { CommitFiles } from "./commit-files.ts";

/** One side of one changed model: whose evidence is collected. */
export interface ModelSide {
  readonly model: string;
  readonly side: Side;
  readonly version: ModelVersion;
  readonly manifest: Manifest;
  readonly files: CommitFiles;
}

export interface Collected {
  readonly evidence: readonly Evidence[];
  readonly problems: readonly EvidenceProblem[];
}

export function join(parts: readonly Collected[]): Collected {
  return {
    evidence: parts.flatMap(({ evidence }) => evidence),
    problems: parts.flatMap(({ problems }) => problems),
  };
}

/** What a problem is about: a model's side, a file, and the metrics that it makes unreadable. */
export interface Concern {
  readonly on: { readonly model: string; readonly side: Side };
  readonly path: string;
  /** Another file that is read with it. */
  readonly also?: string;
  /** None for what is not about metrics; all of the file's if absent. */
  readonly metrics?: readonly string[];
  /** Of the file, if it is one of numbers. */
  readonly trust?: Trust;
}

export function errorProblem({ code, message, place, fix }: GateError, concern: Concern): EvidenceProblem {
  const path = place?.path === concern.also && concern.also !== undefined ? concern.also : concern.path;
  // A line of yet another file would send the reader astray.
  const { line, column } = place?.path === path ? place : {};
  return {
    model: concern.on.model,
    side: concern.on.side,
    code,
    message,
    place: {
      path,
      ...(line === undefined ? {} : { line }),
      ...(column === undefined ? {} : { column }),
    },
    ...(fix === undefined ? {} : { fix }),
    ...(concern.metrics === undefined ? {} : { metrics: concern.metrics }),
    ...(concern.trust === undefined ? {} : { trust: concern.trust }),
  };
}

export function rawProblem({ code, message, at, fix }: RawProblem, concern: Concern): EvidenceProblem {
  return {
    model: concern.on.model,
    side: concern.on.side,
    code,
    message,
    place: { path: concern.path, ...at },
    ...(fix === undefined ? {} : { fix }),
    ...(concern.metrics === undefined ? {} : { metrics: concern.metrics }),
    ...(concern.trust === undefined ? {} : { trust: concern.trust }),
  };
}

/** What `read` gives, or the problem of the file that it could not read; every other failure is passed on. */
export async function attempt<T>(
  concern: Concern,
  read: () => Promise<T>,
): Promise<{ readonly value?: T; readonly problems: readonly EvidenceProblem[] }> {
  try {
    return { value: await read(), problems: [] };
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return { problems: [errorProblem(error, concern)] };
  }
}
