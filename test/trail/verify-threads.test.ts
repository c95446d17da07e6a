import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { generateTrail } from "../../bench/trail-generate.ts";
import { type GitStore, openGitStore } from "../../gate/trail/git-store.ts";
import { leafHash } from "../../gate/trail/merkle.ts";
import { formatEntries, parseEntries } from "../../gate/trail/tile.ts";
import { summarize } from "../../gate/trail/verify/bundle-summary.ts";
import { BundleThreads } from "../../gate/trail/verify/bundle-threads.ts";
import { readListing } from "../../gate/trail/verify/listing.ts";
import { Findings } from "../../gate/trail/verify/report.ts";
import { type Verification, type VerifyRequest, verifyTrail } from "../../gate/trail/verify.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { amend, BRANCH, type Changes, flipped, readFile } from "./tamper.ts";

/** 50 full bundles and a tail. */
const SIZE = 50 * 256 + 100;
const FULL = 50;

let repository: ScratchRepository;
let store: GitStore;
let good: string;

before(async () => {
  repository = await scratchRepository({ bare: true });
  await generateTrail(repository.directory, SIZE, 300);
  store = await openGitStore(repository.directory);
  good = repository.git("rev-parse", BRANCH);
});
after(async () => {
  await store.close();
  repository.remove();
});

/** With threads; a visitor has to see every entry, so there are none for it. */
function verify(request: Partial<VerifyRequest> = {}): Promise<Verification> {
  return verifyTrail({ store, level: 0, threadsFrom: FULL, ...request });
}
const alone = (request: Partial<VerifyRequest> = {}) => verify({ ...request, visit: () => {} });

const bundle = (index: number) => `tile/entries/${String(index).padStart(3, "0")}`;
const tile = (index: number) => `tile/0/${String(index).padStart(3, "0")}`;
const read = (path: string) => readFile(repository, path);

/** The bundle with some of its entries put in another way. */
function changed(path: string, change: (entries: readonly Uint8Array[]) => readonly Uint8Array[]): Buffer {
  return Buffer.from(formatEntries(change(parseEntries(read(path), path))));
}

/** An entry with another text in it. */
function reworded(entry: Uint8Array, from: RegExp, to: string): Uint8Array {
  const text = Buffer.from(entry).toString("latin1").replace(from, to);
  return Buffer.from(text, "latin1");
}

/** Bundle 40, whose last entry tells of an event of bundle 39 again, at its own place and time. */
function withEventTwice(): Buffer {
  const [earlier] = parseEntries(read(bundle(39)), bundle(39));
  return changed(bundle(40), (entries) => {
    const last = Buffer.from(entries.at(-1)!).toString("latin1");
    const place = [/"prev":"[^"]+"/, /"seq":\d+/, /"ts":"[^"]+"/];
    const again = place.reduce((entry, part) => reworded(entry, part, part.exec(last)![0]), earlier!);
    return [...entries.slice(0, -1), again];
  });
}

function rewordedAt(at: number, from: RegExp, to: string) {
  return (entries: readonly Uint8Array[]) =>
    entries.map((entry, n) => (n === at ? reworded(entry, from, to) : entry));
}

/** A bundle and the tile that was made for it: only the trees above say that they are not what was signed. */
function withTile(index: number, bytes: Buffer): Changes {
  return {
    [bundle(index)]: bytes,
    [tile(index)]: Buffer.concat(parseEntries(bytes, bundle(index)).map(leafHash)),
  };
}

/** Neighbouring bundles with other entries, chained anew, each with the tile made for it. */
function rechained(indices: readonly number[], change: (entry: Buffer, position: number) => Buffer): Changes {
  let prev = leafHash(parseEntries(read(bundle(indices[0]! - 1)), "before").at(-1)!);
  const changes = indices.map((index) => {
    const entries = parseEntries(read(bundle(index)), bundle(index)).map((entry, position) => {
      const place = `"prev":"${Buffer.from(prev).toString("hex")}"`;
      const next = reworded(change(Buffer.from(entry), position), /"prev":"[0-9a-f]{64}"/, place);
      prev = leafHash(next);
      return next;
    });
    return withTile(index, Buffer.from(formatEntries(entries)));
  });
  return Object.assign({}, ...changes);
}

const TAMPERED: Readonly<Record<string, () => Changes>> = {
  "files that are not what they were": () => ({
    [bundle(7)]: read(bundle(8)),
    [bundle(8)]: read(bundle(7)),
    [bundle(11)]: read(bundle(11)).subarray(0, -10),
    [bundle(12)]: changed(bundle(12), (entries) => entries.slice(0, -1)),
    [bundle(13)]: undefined,
    [tile(14)]: undefined,
    [bundle(20)]: flipped(read(bundle(20)), 5_000),
    [tile(30)]: flipped(read(tile(30)), 999),
  }),
  "entries that are not in order, each with the tile made for it": () => ({
    ...withTile(15, changed(bundle(15), rewordedAt(3, /"v":1/, '"v": 1'))),
    ...withTile(
      16,
      changed(bundle(16), rewordedAt(0, /"prev":"[0-9a-f]{64}"/, `"prev":"${"0".repeat(64)}"`)),
    ),
    ...withTile(17, changed(bundle(17), rewordedAt(9, /"seq":\d+/, '"seq":1'))),
    ...withTile(18, changed(bundle(18), rewordedAt(9, /decision\.made/, "decision.felt"))),
    ...withTile(19, changed(bundle(19), rewordedAt(255, /"ts":"2026/, '"ts":"2016'))),
    ...withTile(40, withEventTwice()),
    ...withTile(48, changed(bundle(48), rewordedAt(0, /"ts":"2026-01-02/, '"ts":"2026-01-01'))),
  }),
  "one file of which two bundles, each in order by itself, say another size": () =>
    rechained([22, 23], (entry, position) => {
      if (position !== 9) return entry;
      const size = entry.includes('"seq":5641,') ? 5 : 7;
      const item = `{"digest":{"sha256":"${"ab".repeat(32)}"},"mediaType":"text/plain","name":"a","size":${size}}`;
      return Buffer.from(reworded(entry, /"id":"[0-9a-f]{64}","kind"/, `"evidence":[${item}],$&`));
    }),
  "an entry of years later, after which all others are too early": () =>
    withTile(21, changed(bundle(21), rewordedAt(4, /"ts":"2026/, '"ts":"2036'))),
};

describe("a trail verified on several processors", () => {
  for (const [name, changes] of Object.entries(TAMPERED)) {
    test(`gives the report that one processor gives of ${name}`, async () => {
      amend(repository, changes());
      try {
        const [together, expected] = [await verify(), await alone()];
        assert.ok(expected.report.findings.length > 0);
        assert.deepEqual(together, expected);
      } finally {
        repository.git("update-ref", `refs/heads/${BRANCH}`, good);
      }
    });
  }

  test("gives the report and the state that one processor gives of a trail in order", async () => {
    const [together, expected] = [await verify({ level: 1 }), await alone({ level: 1 })];
    assert.deepEqual(together, expected);
    assert.equal(expected.state?.size, SIZE);
    assert.equal(expected.report.checkpoints, 1 + Math.ceil((SIZE - 1) / 300));
  });
});

describe("threads that read bundles", () => {
  async function threadsOf(gitFolder: string, count?: number): Promise<BundleThreads | undefined> {
    const listing = await readListing(store.gitFolder, good, new Findings());
    return BundleThreads.start({ gitFolder, listing, from: 0, to: FULL, min: FULL }, count);
  }

  test("vouch for what is in order, and leave the first entry to who knows what stands before it", async () => {
    const threads = await threadsOf(store.gitFolder, 2);
    const summaries = [];
    for (let index = 0; index < FULL; index++) summaries.push(await threads?.take(index));
    await threads?.close();
    for (const [index, summary] of summaries.entries()) {
      const stored = { index, bundle: read(bundle(index)), tile: read(tile(index)) };
      assert.deepEqual(summary, summarize(stored));
      // Bundle 0 begins with an entry about the trail itself.
      assert.equal(summary === undefined, index === 0);
    }
  });

  test("vouch for nothing where there is no repository", async () => {
    const threads = await threadsOf("/nowhere", 2);
    assert.equal(await threads?.take(5), undefined);
    await threads?.close();
  });

  test("are not started for one processor, nor for few bundles", async () => {
    assert.equal(await threadsOf(store.gitFolder, 1), undefined);
    const range = { gitFolder: store.gitFolder, listing: new Map(), from: 0, to: FULL };
    assert.equal(await BundleThreads.start(range, 2), undefined);
  });
});
