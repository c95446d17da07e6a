import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { findFile } from "./durable-file.ts";

const ID_BYTES = 32;

/**
 * The ids of all entries of a trail, 32 bytes each, in order: what makes every event land once. It repeats what the
 * branch says and is rebuilt from there, so losing it costs time only.
 */
export class IdFile {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Those of `ids` among the first `count` entries. */
  async known(ids: readonly string[], count: number): Promise<ReadonlySet<string>> {
    const bytes = await this.#read(count);
    // A million ids are passed over in a few milliseconds by comparing four bytes of each.
    const starts = new Set(ids.map((id) => Number.parseInt(id.slice(0, 8), 16)));
    const wanted = new Set(ids);
    const found = new Set<string>();
    for (let at = 0; at < bytes.length; at += ID_BYTES) {
      if (!starts.has(bytes.readUInt32BE(at))) continue;
      const id = bytes.toString("hex", at, at + ID_BYTES);
      if (wanted.has(id)) found.add(id);
    }
    return found;
  }

  /** How many whole ids it holds, at most `count`. */
  async count(count: number): Promise<number> {
    return (await this.#read(count)).length / ID_BYTES;
  }

  /** Writes ids at the place of entry `from`; they are on the disk when it returns. */
  async write(from: number, ids: readonly string[]): Promise<void> {
    const file = await open(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      await file.write(Buffer.from(ids.join(""), "hex"), 0, ids.length * ID_BYTES, from * ID_BYTES);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #read(count: number): Promise<Buffer> {
    const bytes = Buffer.from((await findFile(this.#path)) ?? []);
    const whole = Math.min(Math.floor(bytes.length / ID_BYTES), count);
    return bytes.subarray(0, whole * ID_BYTES);
  }
}
