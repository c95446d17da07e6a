import { type FileHandle, open, readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { inflate } from "node:zlib";
import { applyDelta, readSize } from "./git-delta.ts";
import { PackIndex } from "./git-pack-index.ts";
import { PromiseCache } from "./promise-cache.ts";

/** Of all indexes together, in memory: some two million objects. Git, which maps them, is asked for what is beyond. */
const INDEX_BYTES_MAX = 64 * 1024 * 1024;
const PACKS_MAX = 64;
/** Deltas on top of each other; git itself makes 50. */
const DELTAS_MAX = 50;
/** Of bases, kept for the deltas that follow. */
const BASE_BYTES_KEPT = 32 * 1024 * 1024;
/** Read at first: most of what is packed is shorter. */
const READ_BYTES = 96 * 1024;
/** Enough for the type, the size and the base of an object. */
const HEADER_BYTES_MAX = 64;

const BLOB = 3;
/** A delta whose base stands before it in the same pack, so that none can be its own; all that git makes today. */
const OFFSET_DELTA = 6;
const ID_DELTA = 7;

const unpack = promisify(inflate);

interface Pack {
  readonly path: string;
  readonly index: PackIndex;
}

/** An object with the number of its type. */
interface Whole {
  readonly type: number;
  readonly bytes: Uint8Array;
}

interface Place {
  readonly pack: Pack;
  readonly offset: number;
}

/**
 * The packs of a repository, read without git: it unpacks on one processor and hands everything on through a pipe,
 * which takes twice as long where there is much. Like git it takes an index at its word. Whatever is loose, in another
 * folder, larger than a limit, of another version or broken is git's to read, and to say what is wrong with it.
 */
export class GitPacks {
  readonly #packs: readonly Pack[];
  readonly #files = new Map<Pack, Promise<FileHandle>>();
  readonly #bases = new PromiseCache<Whole | undefined>(
    BASE_BYTES_KEPT,
    (base) => 1 + (base?.bytes.length ?? 0),
  );

  private constructor(packs: readonly Pack[]) {
    this.#packs = packs;
  }

  /** Those of a git folder whose ids have so many bytes. Rejects nothing: packs that cannot be read are left out. */
  static async open(gitFolder: string, idBytes: number): Promise<GitPacks> {
    const folder = join(gitFolder, "objects", "pack");
    const names = (await readdir(folder).catch(() => [])).filter((name) => /^pack-.*\.idx$/.test(name));
    const packs: Pack[] = [];
    let left = INDEX_BYTES_MAX;
    for (const name of names.slice(0, PACKS_MAX)) {
      const path = join(folder, name);
      const pack = path.replace(/idx$/, "pack");
      const size = await sizeOf(path);
      if (size > left || (await sizeOf(pack)) === Infinity) continue;
      left -= size;
      const bytes = await readFile(path).catch(() => Buffer.alloc(0));
      const index = PackIndex.parse(bytes, idBytes);
      if (index !== undefined) packs.push({ path: pack, index });
    }
    return new GitPacks(packs);
  }

  /** The bytes of a blob, at most `bytesMax`; undefined if git has to be asked. */
  async read(id: string, bytesMax: number): Promise<Uint8Array | undefined> {
    const place = this.#find(Buffer.from(id, "hex"));
    if (place === undefined) return undefined;
    const whole = await this.#object(place, bytesMax, DELTAS_MAX).catch(() => undefined);
    return whole?.type === BLOB ? whole.bytes : undefined;
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) {
      await file.then(
        (handle) => handle.close(),
        () => {},
      );
    }
  }

  #find(id: Buffer): Place | undefined {
    for (const pack of this.#packs) {
      const offset = pack.index.offsetOf(id);
      if (offset !== undefined) return { pack, offset };
    }
    return undefined;
  }

  async #object(place: Place, bytesMax: number, deltasMax: number): Promise<Whole | undefined> {
    const { pack, offset } = place;
    const start = await this.#bytesAt(pack, offset, READ_BYTES);
    const { value: typed, end } = readSize(start, 0);
    // The first byte has three bits of type between four of the size and its own sign.
    const type = (start[0]! >> 4) & 7;
    const size = (typed % 16) + Math.floor(typed / 128) * 16;
    if (type === ID_DELTA || !(size <= bytesMax)) return undefined;
    const back = type === OFFSET_DELTA ? readDistance(start.subarray(end, HEADER_BYTES_MAX)) : undefined;
    const content = await this.#inflate(place, { start, at: end + (back?.bytes ?? 0), size });
    if (back === undefined || content === undefined) return content && { type, bytes: content };
    const from = offset - back.distance;
    if (deltasMax === 0 || !(from >= 0 && from < offset)) return undefined;
    const base = await this.#bases.get(`${pack.path} ${from}`, () =>
      this.#object({ pack, offset: from }, bytesMax, deltasMax - 1),
    );
    const bytes = base && applyDelta(base.bytes, content, bytesMax);
    return bytes && { type: base.type, bytes };
  }

  async #inflate(
    { pack, offset }: Place,
    { start, at, size }: { readonly start: Buffer; readonly at: number; readonly size: number },
  ): Promise<Uint8Array | undefined> {
    // With room to spare zlib sees the end at once, and asks for no second chunk.
    const options = { chunkSize: size + 64, maxOutputLength: Math.max(size, 1) };
    let content: Uint8Array;
    try {
      content = await unpack(start.subarray(at), options);
    } catch {
      if (start.length < READ_BYTES) return undefined;
      // What does not become smaller becomes five bytes longer for each 16 KB (zlib.h, deflateBound).
      const all = await this.#bytesAt(pack, offset, at + size + (size >> 10) + 64);
      content = await unpack(all.subarray(at), options);
    }
    return content.length === size ? content : undefined;
  }

  /** So many bytes, or those to the end. */
  async #bytesAt(pack: Pack, offset: number, length: number): Promise<Buffer> {
    let file = this.#files.get(pack);
    if (file === undefined) {
      file = open(pack.path, "r");
      this.#files.set(pack, file);
    }
    const { bytesRead, buffer } = await (await file).read(Buffer.allocUnsafe(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  }
}

/** Infinity if it is no file: reading a pipe would never end. */
function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    (stats) => (stats.isFile() ? stats.size : Infinity),
    () => Infinity,
  );
}

/** How far before a delta its base begins: seven bits a byte, the highest first, and no distance written in two ways. */
function readDistance(bytes: Uint8Array): { readonly distance: number; readonly bytes: number } {
  let distance = -1;
  for (const [at, byte] of bytes.entries()) {
    distance = (distance + 1) * 128 + (byte & 0x7f);
    if (byte < 0x80) return { distance, bytes: at + 1 };
  }
  return { distance: Number.NaN, bytes: bytes.length };
}
