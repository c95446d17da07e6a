import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface SpooledFile {
  readonly path: string;
  readonly write: (chunk: Uint8Array) => void;
  readonly end: () => void;
}

/** Blobs too large for memory, each in a file that only this user can read, until the folder is removed. */
export class Spool {
  #folder: string | undefined;
  #count = 0;

  /** A new file that is written as its bytes come. */
  create(): SpooledFile {
    this.#folder ??= mkdtempSync(join(tmpdir(), "weighbridge-"));
    this.#count += 1;
    const path = join(this.#folder, `${this.#count}`);
    const descriptor = openSync(path, "wx", 0o600);
    return {
      path,
      write: (chunk) => {
        for (let done = 0; done < chunk.length; ) done += writeSync(descriptor, chunk, done);
      },
      end: () => closeSync(descriptor),
    };
  }

  close(): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }
}
