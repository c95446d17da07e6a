import type { ByteSource } from "../model/bytes.ts";
import type { ScanFinding } from "../model/evidence.ts";
import type { FormatName } from "../model/formats.ts";
import type { ChunkVisitor } from "./bytes.ts";

/** One tensor as the file states it. */
export interface Tensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Where its data stands in the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** What a model file says of itself. */
export interface Contents {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: readonly Tensor[];
}

/** Looks at values while the file streams by for its digest, so that a large file is read once. */
export interface ValueWatch {
  readonly visit: ChunkVisitor;
  finish(): readonly ScanFinding[];
}

/** What a reader makes of a file. */
export interface Examination {
  readonly findings: readonly ScanFinding[];
  /** True only if every byte of the file is explained. */
  readonly complete: boolean;
  readonly contents?: Contents;
  readonly values?: ValueWatch;
}

export interface ReaderInput {
  readonly source: ByteSource;
  /** From the repository's root. */
  readonly path: string;
  /** The format that the file was found to be. */
  readonly format: FormatName;
}

/**
 * The one contract of a format: examines a file that looks like it. What is wrong is a finding; a rejection
 * means that the bytes could not be had, and never hides what was found before.
 */
export type Reader = (input: ReaderInput) => Promise<Examination>;
