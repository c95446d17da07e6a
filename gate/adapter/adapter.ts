import type { Digest } from "../model/digest.ts";
import type { CardClaim, CardSection, Measure } from "../model/evidence.ts";
import type { DatasetRole, Direction } from "../model/manifest.ts";
import type { MapNode, Node, Position } from "../parse/node.ts";

/**
 * Reads the files of one tool, as a constant object in a file of its own; `index.ts` lists them.
 * Bytes in, facts out, never a verdict: an adapter loads no code, opens no other file and asks no network.
 */
export interface Adapter {
  /** With the version of the facts it gives: `metrics@1`. */
  readonly name: string;
  /** Its metrics are named by their place in the file, which a plan's `key` may mean. */
  readonly keyed?: true;
  /** Whether the file is this tool's, by path and shape; a version that is not known is still the tool's. */
  recognises(path: string, bytes: Uint8Array): boolean;
  /** All that the file says. Throws a GateError where the file as a whole cannot be read. */
  read(file: AdapterFile): Reading;
}

export interface AdapterFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface Reading {
  readonly items: readonly RawItem[];
  readonly problems: readonly RawProblem[];
}

/** A part of a file that could not be read; the rest of it stands. */
export interface RawProblem {
  readonly code: string;
  readonly message: string;
  readonly at: Position;
  readonly fix?: string;
  /** The metric that it makes unreadable; absent where that cannot be told. */
  readonly metric?: string;
  /** The model that it is about; absent where that cannot be told. */
  readonly model?: string;
}

export type RawItem = RawMetric | RawCard | RawPipeline | RawLock;

/** One number as a file states it. Whatever the file leaves out, the manifest may say. */
export interface RawMetric {
  readonly kind: "metric";
  /** As the file names it; the dotted path in a nested one. */
  readonly name: string;
  readonly value: Measure;
  readonly line: number;
  readonly model?: string;
  readonly subject?: Digest;
  readonly dataset?: string;
  readonly datasetDigest?: Digest;
  readonly role?: DatasetRole;
  readonly direction?: Direction;
  readonly slice?: Readonly<Record<string, string>>;
  readonly n?: number;
  readonly positives?: number;
  readonly ci?: { readonly low: number; readonly high: number; readonly level: number };
  readonly tool?: string;
  readonly producedAt?: string;
}

export interface RawCard {
  readonly kind: "card";
  readonly frontMatter: readonly string[];
  readonly sections: readonly CardSection[];
  readonly claims: readonly CardClaim[];
  readonly cells: readonly RawCell[];
}

/** The cell of a table that is a claim if the plan knows its names. */
export interface RawCell {
  readonly metric: string;
  readonly dataset?: string;
  readonly text: string;
  readonly line: number;
  /** What its column's title says it is: a value that is no number, or the name of a dataset or a metric. */
  readonly titled: "value" | "dataset" | "metric";
}

/** The stages of a `dvc.yaml` as they are written; `dvc-stages.ts` makes stages of them. */
export interface RawPipeline {
  readonly kind: "pipeline";
  /** Variables for the templates: a map, or a text that names a file. */
  readonly vars: readonly Node[];
  readonly stages: ReadonlyMap<string, MapNode>;
}

/** The stages of a `dvc.lock`, by name. */
export interface RawLock {
  readonly kind: "lock";
  readonly stages: ReadonlyMap<string, LockedStage>;
}

/** What a stage was run with, and what came out. */
export interface LockedStage {
  readonly at: Position;
  readonly cmd: Node;
  readonly deps: readonly LockedPath[];
  readonly outs: readonly LockedPath[];
  /** Values by file and dotted key. */
  readonly params: ReadonlyMap<string, MapNode>;
}

/** A file or folder with its content at that time; the path is as written, from the stage's working folder. */
export interface LockedPath {
  readonly path: string;
  /** Absent where the lock binds no content by MD5. */
  readonly digest?: Digest;
  /** Files in a folder. */
  readonly files?: number;
  /** DVC 2: of a text file, the MD5 was taken with its line ends made LF. */
  readonly textNormalized: boolean;
  readonly at: Position;
}
