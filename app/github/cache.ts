import type { Archive } from "../store/archive.ts";
import type { Client } from "./client.ts";

/** What one repository's cache holds in memory; blobs of models are larger and are not kept here. */
const MEMORY_BYTES_MAX = 32 * 1024 * 1024;
/** A larger object is read again rather than push a hundred small ones out of the archive. */
export const CACHED_BYTES_MAX = 4 * 1024 * 1024;

type Kept = Pick<Archive, "cached" | "keepCached">;

/** Where the objects of one repository come from. */
export interface ObjectSource {
  readonly client: Client;
  readonly owner: string;
  readonly repo: string;
  readonly cache: ObjectCache;
}

/**
 * Objects of one repository by their ids: what an id names never changes, so nothing here can be stale. Keys carry
 * the repository's number, so that nobody reads out of a repository that they may not see.
 */
export class ObjectCache {
  readonly #archive: Kept | undefined;
  readonly #repositoryId: number;
  readonly #memory = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(repositoryId: number, archive?: Kept) {
    this.#repositoryId = repositoryId;
    this.#archive = archive;
  }

  /** The bytes kept under a name such as `blob/<id>`. */
  async find(name: string): Promise<Uint8Array | undefined> {
    const known = this.#memory.get(name);
    if (known !== undefined) return known;
    const bytes = await this.#archive?.cached(this.#key(name));
    if (bytes !== undefined) this.#remember(name, bytes);
    return bytes;
  }

  async keep(name: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > CACHED_BYTES_MAX) return;
    this.#remember(name, bytes);
    await this.#archive?.keepCached(this.#key(name), bytes);
  }

  #key(name: string): string {
    return `repo/${this.#repositoryId}/${name}`;
  }

  #remember(name: string, bytes: Uint8Array): void {
    if (this.#memory.has(name)) return;
    this.#memory.set(name, bytes);
    this.#bytes += bytes.length;
    for (const [oldest, old] of this.#memory) {
      if (this.#bytes <= MEMORY_BYTES_MAX) break;
      this.#memory.delete(oldest);
      this.#bytes -= old.length;
    }
  }
}
