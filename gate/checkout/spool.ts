import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileSource } from "../artifact/bytes.ts";
import type { ByteSource } from "../model/bytes.ts";

/** Content too large for memory, written to a private folder that `close` removes with all that is left in it. */
export class Spool {
  #folder: string | undefined;
  #count = 0;

  /** A new file that only this user can read; give it what is written, then `open` it once or `abandon` it. */
  create(): SpooledFile {
    this.#folder ??= mkdtempSync(join(tmpdir(), "weighbridge-"));
    this.#count += 1;
    return new SpooledFile(join(this.#folder, `${this.#count}`));
  }

  close(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}

export class SpooledFile {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openSync(path, "wx", 0o600);
  }

  /** Synchronous: the sender waits, so that no more than one chunk is ever in memory. */
  write(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length; ) done += writeSync(this.#descriptor, chunk, done);
  }

  /** A source over what was written; closing it removes the file. */
  async open(name: string): Promise<ByteSource> {
    closeSync(this.#descriptor);
    const source = await fileSource(this.#path, name);
    return {
      ...source,
      close: async () => {
        await source.close();
        await rm(this.#path, { force: true });
      },
    };
  }

  abandon(): void {
    closeSync(this.#descriptor);
    rmSync(this.#path, { force: true });
  }
}
