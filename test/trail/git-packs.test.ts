import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { chmodSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { generateTrail } from "../../bench/trail-generate.ts";
import { GitPacks } from "../../gate/trail/git-packs.ts";
import { openGitStore } from "../../gate/trail/git-store.ts";
import { openTrail, readLog } from "../../gate/trail/read.ts";
import { runGit, type ScratchRepository, scratchRepository } from "../git.ts";
import { makeSpecialFile } from "../special-file.ts";

const MAX = 1_000_000;
/** Bytes that do not become smaller, the same in every run. */
const noise = (bytes: number, seed: number) =>
  Buffer.concat(
    Array.from({ length: Math.ceil(bytes / 32) }, (_, at) => hash("sha256", `${seed} ${at}`, "buffer")),
  ).subarray(0, bytes);

function packFolder({ directory }: ScratchRepository): string {
  return join(directory, ".git", "objects", "pack");
}

function packFile(repository: ScratchRepository, extension: "pack" | "idx"): string {
  const name = readdirSync(packFolder(repository)).find((each) => each.endsWith(`.${extension}`));
  return join(packFolder(repository), name!);
}

/** Every object of the repository with its type, and the length of the chain that it is a delta of. */
function objectsOf(repository: ScratchRepository) {
  const format = "--batch-check=%(objectname) %(objecttype) %(deltabase)";
  const lines = repository.git("cat-file", "--batch-all-objects", format).split("\n");
  const bases = new Map(lines.map((line) => [line.split(" ")[0]!, line.split(" ")[2]!]));
  const depthOf = (id: string): number => {
    const base = bases.get(id);
    return base === undefined || /^0+$/.test(base) ? 0 : 1 + depthOf(base);
  };
  return lines.map((line) => {
    const [id = "", type = ""] = line.split(" ");
    return { id, type, depth: depthOf(id) };
  });
}

async function withPacks<T>(
  { directory }: ScratchRepository,
  idBytes: number,
  use: (packs: GitPacks) => Promise<T>,
): Promise<T> {
  const packs = await GitPacks.open(join(directory, ".git"), idBytes);
  try {
    return await use(packs);
  } finally {
    await packs.close();
  }
}

for (const objectFormat of ["sha1", "sha256"] as const) {
  describe(`packs of a repository of ${objectFormat}`, () => {
    const idBytes = objectFormat === "sha1" ? 20 : 32;
    let repository: ScratchRepository;
    before(async () => {
      repository = await scratchRepository({ objectFormat });
      for (let at = 0; at < 12; at++) {
        // Each is most like the one before it, so that deltas stand on deltas.
        const pieces = Array.from({ length: 12 }, (_, piece) =>
          noise(1_000, piece < at ? piece : 100 + piece),
        );
        repository.commit(`${at}`, {
          "changing.bin": Buffer.concat(pieces),
          [`noise-${at}.bin`]: noise(at * 25_000, at),
          "empty.txt": "",
          "small.txt": `${at}\n`,
        });
      }
      repository.git("repack", "-adfq", "--depth=30");
    });
    after(() => repository.remove());

    test("gives what git gives of every blob, whole or a delta of deltas, and nothing of what is none", async () => {
      const objects = objectsOf(repository);
      assert.ok(objects.some(({ type, depth }) => type === "blob" && depth > 2));
      await withPacks(repository, idBytes, async (packs) => {
        for (const { id, type } of objects) {
          const bytes = await packs.read(id, MAX);
          if (type !== "blob") assert.equal(bytes, undefined);
          else assert.equal(runGit(repository.directory, ["hash-object", "--stdin"], bytes), id);
        }
      });
    });

    test("leaves to git what it does not have, and what is longer than the limit", async () => {
      const [whole, loose] = [noise(150_000, 6), "not packed\n"];
      const idOf = (content: string | Buffer) =>
        runGit(repository.directory, ["hash-object", "-w", "--stdin"], content);
      await withPacks(repository, idBytes, async (packs) => {
        assert.deepEqual(await packs.read(idOf(whole), whole.length), whole);
        assert.equal(await packs.read(idOf(whole), whole.length - 1), undefined);
        assert.equal(await packs.read(idOf(loose), MAX), undefined);
        assert.equal(await packs.read("ff".repeat(idBytes), MAX), undefined);
        assert.equal(await packs.read("ff", MAX), undefined);
      });
    });
  });
}

describe("packs that are not as they should be", () => {
  let repository: ScratchRepository;
  let ids: readonly string[];
  before(async () => {
    repository = await scratchRepository();
    const shared = noise(2_000, 1);
    for (let at = 0; at < 4; at++) repository.commit(`${at}`, { a: Buffer.concat([shared, noise(at, at)]) });
    repository.git("repack", "-adfq");
    ids = objectsOf(repository).flatMap(({ id, type }) => (type === "blob" ? [id] : []));
  });
  after(() => repository.remove());

  /** What `look` sees with another file in the place of one. */
  async function seenWith<T>(
    extension: "pack" | "idx",
    change: (file: string) => void,
    look: (packs: GitPacks) => Promise<T>,
  ): Promise<T> {
    const file = packFile(repository, extension);
    const kept = readFileSync(file);
    // Git lets nobody write to it.
    chmodSync(file, 0o600);
    try {
      change(file);
      return await withPacks(repository, 20, look);
    } finally {
      writeFileSync(file, kept);
    }
  }

  const readAll = (packs: GitPacks) => Promise.all(ids.map((id) => packs.read(id, MAX)));
  /** How many of the blobs are given. */
  const countWith = async (extension: "pack" | "idx", change: (file: string) => void) =>
    (await seenWith(extension, change, readAll)).filter((bytes) => bytes !== undefined).length;

  test("are git's to read: of another version, cut off, or with lengths of nowhere", async () => {
    assert.equal(await countWith("idx", () => {}), ids.length);
    const cut = (bytes: number) => (file: string) => truncateSync(file, bytes);
    for (const bytes of [0, 7, 1_031, 1_200]) assert.equal(await countWith("idx", cut(bytes)), 0, `${bytes}`);
    assert.equal(await countWith("pack", cut(20)), 0);
    const first = (file: string) => {
      const pack = packFile(repository, "pack");
      runGit(repository.directory, ["index-pack", "--index-version=1", "-o", `${file}.1`, pack]);
      writeFileSync(file, readFileSync(`${file}.1`));
    };
    assert.equal(await countWith("idx", first), 0);
    const many = (file: string) => writeFileSync(file, readFileSync(file).fill(0xff, 1_028, 1_032));
    assert.equal(await countWith("idx", many), 0);
  });

  test("give what is right, what git gives, or nothing, whatever byte is another", async () => {
    const right = await withPacks(repository, 20, readAll);
    const pack = readFileSync(packFile(repository, "pack"));
    const index = readFileSync(packFile(repository, "idx"));
    for (const [extension, bytes, from, to] of [
      ["pack", pack, 12, 90],
      ["pack", pack, pack.length - 90, pack.length - 20],
      ["idx", index, 0, 8],
      ["idx", index, 1_000, index.length],
    ] as const) {
      for (let at = from; at < to; at += 3) {
        const flipped = Buffer.from(bytes);
        flipped[at] = flipped[at]! ^ 0xff;
        const look = async (packs: GitPacks) => {
          for (const [n, read] of (await readAll(packs)).entries()) {
            if (read === undefined || Buffer.compare(read, right[n]!) === 0) continue;
            const { stdout, status } = spawnSync("git", ["cat-file", "blob", ids[n]!], {
              cwd: repository.directory,
            });
            assert.deepEqual([status, stdout], [0, read], `${extension}, byte ${at}, ${ids[n]}`);
          }
        };
        await seenWith(extension, (file) => writeFileSync(file, flipped), look);
      }
    }
  });

  test("are left out where one is no file", async () => {
    const folder = packFolder(repository);
    writeFileSync(join(folder, "pack-2.idx"), readFileSync(packFile(repository, "idx")));
    const special = ["pack-1.idx", "pack-2.pack"].map((name) => makeSpecialFile(join(folder, name)));
    const closes = await Promise.all(special);
    try {
      const read = await withPacks(repository, 20, readAll);
      assert.ok(read.every((bytes) => bytes !== undefined));
    } finally {
      for (const close of closes) close();
      for (const name of ["pack-1.idx", "pack-2.idx", "pack-2.pack"])
        rmSync(join(folder, name), { force: true });
    }
  });

  test("with deltas that name their base are git's to read", async () => {
    const all = repository.git("rev-list", "--objects", "--all");
    const named = await scratchRepository();
    const base = join(packFolder(named), "pack");
    runGit(repository.directory, ["pack-objects", "-q", "--window=10", base], all);
    await withPacks(named, 20, async (packs) => {
      const read = await readAll(packs);
      assert.equal(read.filter((bytes) => bytes !== undefined).length, 1);
    });
    named.remove();
  });
});

test("a long log is the same out of packs, out of deltas and out of loose objects", async () => {
  const repository = await scratchRepository({ bare: true });
  await generateTrail(repository.directory, 4_200, 16);
  const digestOf = async (filter: object) => {
    const store = await openGitStore(repository.directory);
    const entries: [number, string][] = [];
    for await (const { seq, bytes } of readLog(store, await openTrail(store), filter)) {
      entries.push([seq, Buffer.from(bytes).toString()]);
    }
    await store.close();
    return { seqs: entries.map(([seq]) => seq), digest: hash("sha256", JSON.stringify(entries)) };
  };
  const ofModel = { models: ["models/model-017"] };
  const [all, found] = [await digestOf({}), await digestOf(ofModel)];
  assert.equal(all.seqs.length, 4_200);
  assert.deepEqual(
    found.seqs,
    Array.from({ length: 21 }, (_, at) => 17 + 200 * at),
  );
  repository.git("repack", "-adfq");
  assert.deepEqual([await digestOf({}), await digestOf(ofModel)], [all, found]);
  const packs = join(repository.directory, "objects", "pack");
  const [name = ""] = readdirSync(packs).filter((each) => each.endsWith(".pack"));
  const pack = readFileSync(join(packs, name));
  rmSync(packs, { recursive: true });
  runGit(repository.directory, ["unpack-objects", "-q"], pack);
  assert.deepEqual(await digestOf(ofModel), found);
  repository.remove();
});
