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
  close(): Promise<void>;
}
