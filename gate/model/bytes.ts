/**
 * Random access to the bytes of one file, wherever they are kept.
 * `read` returns exactly the bytes asked for, or rejects with `TRUNCATED`; it never returns fewer.
 */
export interface ByteSource {
  /** The path to print in errors. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Fills the whole target, so that streaming a large file allocates nothing; else as `read`. */
  readInto?(offset: number, target: Uint8Array): Promise<void>;
  /** Whether the file was altered since it was opened; absent where that cannot happen. */
  changed?(): Promise<boolean>;
  close(): Promise<void>;
}
