import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { canonicalBytes } from "../../gate/trail/canonical.ts";
import { formatCheckpoint } from "../../gate/trail/checkpoint.ts";
import { type EntryContent, sealEntry } from "../../gate/trail/entry.ts";
import { EMPTY_EDGE, foldEntries } from "../../gate/trail/fold.ts";
import { leafHash } from "../../gate/trail/merkle.ts";
import { formatNote, type Signer, signNote } from "../../gate/trail/note.ts";
import { openTrail, readLog } from "../../gate/trail/read.ts";
import { formatEntries, parseEntries } from "../../gate/trail/tile.ts";
import { exitStatus, type TrailFinding } from "../../gate/trail/verify/report.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { decision, decisions, FIRST_KEY, ORIGIN, type Rig, SECOND_KEY, signerOf, startedRig } from "./rig.ts";
import {
  amend,
  amendFolder,
  BRANCH,
  type Changes,
  flipped,
  type Item,
  paths,
  readFile,
  writeObject,
} from "./tamper.ts";

/** A trail of 600 entries: two full tiles, and 88 entries in the tail. */
let rig: Rig;
let good: string;

before(async () => {
  rig = await startedRig();
  await rig.append(
    decisions(200),
    decisions(300, 201),
    decisions(60, 501),
    decisions(30, 561),
    decisions(9, 591),
  );
  good = rig.repository.git("rev-parse", BRANCH);
});
after(async () => {
  await rig.close();
  rig.repository.remove();
});

async function findingsOf(level: 0 | 1 = 0): Promise<readonly TrailFinding[]> {
  const { report, state } = await verifyTrail({ store: rig.store, level });
  assert.equal(state === undefined, report.findings.length > 0);
  if (report.findings.length > 0) assert.equal(exitStatus(report), 1);
  return report.findings;
}

/** What is found after the files are changed; the branch is whole again afterwards. */
async function findingsAfter(changes: Changes, level: 0 | 1 = 0): Promise<readonly TrailFinding[]> {
  amend(rig.repository, changes);
  try {
    return await findingsOf(level);
  } finally {
    rig.repository.git("update-ref", `refs/heads/${BRANCH}`, good);
  }
}

async function readAll(): Promise<number> {
  let count = 0;
  for await (const _ of readLog(rig.store, await openTrail(rig.store))) count++;
  return count;
}

const codes = (findings: readonly TrailFinding[]) => findings.map(({ code }) => code);
const read = (path: string) => readFile(rig.repository, path);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Offset of an entry's bytes in a file of entries. */
function offsetOf(bytes: Uint8Array, position: number): number {
  return parseEntries(bytes, "it")
    .slice(0, position)
    .reduce((sum, entry) => sum + 2 + entry.length, 2);
}
/** Offset of a text in an entry of a file. */
function textAt(bytes: Buffer, position: number, text: string): number {
  return bytes.indexOf(text, offsetOf(bytes, position)) + text.length;
}

test("a trail that nobody touched has no findings at either level", async () => {
  for (const level of [0, 1] as const) {
    const { report } = await verifyTrail({ store: rig.store, level });
    assert.deepEqual(report.findings, []);
    assert.deepEqual(report.undecided, []);
    assert.equal(report.size, 600);
    assert.equal(report.checkpoints, level === 0 ? 1 : 6);
    assert.equal(exitStatus(report), 0);
  }
});

test("what cannot be seen is said: a rollback, the first key, the history", async () => {
  const { report } = await verifyTrail({ store: rig.store, level: 0 });
  assert.deepEqual(report.notes, [
    "The first key is the trail's own word: compare it with the one printed when the trail was made.",
    "A rollback to an older signed state cannot be seen from this clone alone: keep the state of a run.",
    "Only the last commit was verified, not the history of the branch.",
  ]);
});

describe("F13: one bit turned over", () => {
  test("in an entry of a bundle is reported at exactly that entry", async () => {
    for (const [position, text] of [
      [0, '"ts":"2026'],
      [17, '"base_sha":"'],
      [255, '"installation":'],
    ] as const) {
      const bundle = read("tile/entries/001");
      const findings = await findingsAfter({
        "tile/entries/001": flipped(bundle, textAt(bundle, position, text)),
      });
      assert.deepEqual(
        findings.map(({ code, seq, path }) => ({ code, seq, path })),
        [{ code: "TRAIL_ENTRY_ALTERED", seq: 256 + position, path: "tile/entries/001" }],
      );
    }
  });

  test("in a length of a bundle is reported at the bundle", async () => {
    const bundle = read("tile/entries/000");
    const findings = await findingsAfter({ "tile/entries/000": flipped(bundle, offsetOf(bundle, 9) - 1) });
    assert.deepEqual(
      findings.map(({ code, path }) => ({ code, path })),
      [{ code: "TRAIL_BUNDLE_MALFORMED", path: "tile/entries/000" }],
    );
  });

  test("in an entry of the tail is reported at exactly that entry", async () => {
    const path = paths(rig.repository).findLast((name) => name.startsWith("tail/") && name.endsWith("/31"))!;
    const segment = read(path);
    const findings = await findingsAfter({ [path]: flipped(segment, textAt(segment, 4, '"installation":')) });
    assert.deepEqual(
      findings.map(({ code, seq }) => ({ code, seq })),
      [{ code: "TRAIL_ENTRY_ALTERED", seq: 512 + 0x31 + 4 }],
    );
  });

  test("in the very last entry is reported", async () => {
    const path = paths(rig.repository).findLast((name) => name.startsWith("tail/"))!;
    const segment = read(path);
    const last = parseEntries(segment, path).length - 1;
    const findings = await findingsAfter({
      [path]: flipped(segment, textAt(segment, last, '"installation":')),
    });
    assert.deepEqual(codes(findings), ["TRAIL_ROOT_WRONG"]);
    const broken = await findingsAfter({ [path]: flipped(segment, textAt(segment, last, '"seq"')) });
    assert.deepEqual(
      broken.map(({ seq }) => seq),
      [599, undefined],
    );
  });

  for (const [path, name] of [
    ["tile/0/001", "a tile of level 0"],
    ["tile/1/000.p/2", "a tile of level 1"],
  ] as const) {
    test(`in ${name} is reported at that tile and nowhere else`, async () => {
      const findings = await findingsAfter({ [path]: flipped(read(path), 40) });
      assert.deepEqual(
        findings.map(({ code, path: at }) => ({ code, at })),
        [{ code: "TRAIL_TILE_WRONG", at: path }],
      );
    });
  }

  test("in the checkpoint is reported at the checkpoint, wherever it is", async () => {
    const checkpoint = read("checkpoint");
    for (let at = 0; at < checkpoint.length; at += 7) {
      const findings = await findingsAfter({ checkpoint: flipped(checkpoint, at, at % 7) });
      assert.deepEqual(
        findings.map(({ path }) => path),
        ["checkpoint"],
        `byte ${at}`,
      );
    }
  });

  test("in trail.json is reported at trail.json", async () => {
    const file = read("trail.json");
    for (const text of ['"heartbeat_minutes":', '"genesis":"', '"main']) {
      const findings = await findingsAfter({
        "trail.json": flipped(file, file.indexOf(text) + text.length - 1),
      });
      assert.ok(findings.length > 0 && findings.every(({ path }) => path === "trail.json"), text);
    }
  });
});

describe("F14: with tiles made anew and the old signature,", () => {
  /** All files of a tree over these entries, and the removal of all others. */
  function rebuilt(entries: readonly Uint8Array[]): Changes {
    const { writes } = foldEntries(EMPTY_EDGE, entries);
    const old = paths(rig.repository).filter((path) => /^(?:tile|tail)\//.test(path));
    return { ...Object.fromEntries(old.map((path) => [path, undefined])), ...Object.fromEntries(writes) };
  }
  /** The entries of another trail of the same length, chained as they should be. */
  function chained(contents: readonly EntryContent[], first: Uint8Array): readonly Uint8Array[] {
    const entries = [first];
    for (const content of contents) {
      const prev = hex(leafHash(entries.at(-1)!));
      entries.push(sealEntry(content, { seq: entries.length, prev, ts: "2026-11-21T22:14:05.000Z" }).bytes);
    }
    return entries;
  }
  const others: readonly [string, () => readonly EntryContent[]][] = [
    ["an entry dropped and another appended", () => [...decisions(10), ...decisions(589, 12)]],
    [
      "an entry inserted and the last dropped",
      () => [...decisions(10), decision(9_999), ...decisions(588, 11)],
    ],
    ["two entries swapped", () => [decision(2), decision(1), ...decisions(597, 3)]],
    ["one entry changed", () => [decision(9_999), ...decisions(598, 2)]],
  ];
  for (const [name, contents] of others) {
    test(`${name} is a wrong root`, async () => {
      const [first] = parseEntries(read("tile/entries/000"), "it");
      assert.equal(contents().length, 599);
      const findings = await findingsAfter(rebuilt(chained(contents(), first!)));
      assert.deepEqual(codes(findings), ["TRAIL_ROOT_WRONG"]);
      assert.equal(findings[0]!.path, "checkpoint");
    });
  }

  test("an entry dropped from the tail alone is found without any hash", async () => {
    const path = paths(rig.repository).findLast((name) => name.startsWith("tail/"))!;
    const entries = parseEntries(read(path), path);
    const findings = await findingsAfter({ [path]: formatEntries(entries.slice(0, -1)) });
    assert.deepEqual(
      codes(findings),
      ["TRAIL_SEGMENT_WRONG", "TRAIL_ROOT_UNKNOWN"].slice(0, findings.length),
    );
  });
});

describe("F15: a trail made anew and signed", () => {
  async function signed(signers: readonly Signer[], size = 600): Promise<Buffer> {
    const root = Buffer.from(read("checkpoint").toString().split("\n")[2]!, "base64");
    const text = formatCheckpoint({ origin: ORIGIN, size, root });
    return Buffer.from(formatNote(await signNote(text, signers)));
  }
  test("over far more entries than there are files is refused before anything is counted out", async () => {
    const { heapUsed } = process.memoryUsage();
    for (const size of [200_000, 2 ** 40, Number.MAX_SAFE_INTEGER]) {
      const findings = await findingsAfter({ checkpoint: await signed([FIRST_KEY], size) });
      assert.deepEqual(codes(findings), ["TRAIL_SIZE_WRONG"]);
    }
    assert.ok(process.memoryUsage().heapUsed - heapUsed < 64 * 1024 * 1024);
  });
  test("over far more entries than there are is not read to its end either", async () => {
    amend(rig.repository, { checkpoint: await signed([FIRST_KEY], 2 ** 40) });
    try {
      await assert.rejects(readAll(), { code: "TRAIL_FILE_MISSING" });
    } finally {
      rig.repository.git("update-ref", `refs/heads/${BRANCH}`, good);
    }
  });
  test("by an unknown key is rejected", async () => {
    const findings = await findingsAfter({ checkpoint: await signed([signerOf(9)]) });
    assert.deepEqual(codes(findings), ["TRAIL_NOTE_UNSIGNED"]);
  });
  test("by a key of another log is rejected", async () => {
    const findings = await findingsAfter({
      checkpoint: await signed([signerOf(1, "example.com/other/trail")]),
    });
    assert.deepEqual(codes(findings), ["TRAIL_NOTE_UNSIGNED"]);
  });
  test("with the right name and a wrong key id is rejected", async () => {
    const text = (await signed([FIRST_KEY])).toString();
    const blob = Buffer.from(text.trim().split(" ").at(-1)!, "base64");
    blob[0]! ^= 1;
    const other = text.replace(/ [^ ]+\n$/, ` ${blob.toString("base64")}\n`);
    assert.deepEqual(codes(await findingsAfter({ checkpoint: other })), ["TRAIL_NOTE_UNSIGNED"]);
  });
  test("by a key outside its sizes is rejected", async () => {
    const file = JSON.parse(read("trail.json").toString());
    file.keys = [
      { vkey: FIRST_KEY.vkey, from: 0, to: 300 },
      { vkey: SECOND_KEY.vkey, from: 300 },
    ];
    const findings = await findingsAfter({
      "trail.json": canonicalBytes(file),
      checkpoint: await signed([FIRST_KEY]),
    });
    assert.deepEqual(codes(findings), ["TRAIL_KEY_RANGE"]);
  });
  test("by the thief's key that trail.json now names does not match what the entries say", async () => {
    const thief = signerOf(9);
    const file = JSON.parse(read("trail.json").toString());
    file.keys = [{ vkey: thief.vkey, from: 0 }];
    const findings = await findingsAfter({
      "trail.json": canonicalBytes(file),
      checkpoint: await signed([thief]),
    });
    assert.deepEqual(codes(findings), ["TRAIL_BEGINNING_WRONG", "TRAIL_FILE_UNRECORDED"]);
  });
});

describe("F18: an entry that is not canonical, in a right tree,", () => {
  const spellings: readonly [string, (text: string) => string][] = [
    ["a key twice", (text) => text.replace('{"v":1}', '{"v":1,"v":1}').replace('"v":1', '"v":1,"v":1')],
    ["a float", (text) => text.replace('"installation":5551212', '"installation":5551212.0')],
    ["an exponent", (text) => text.replace('"installation":5551212', '"installation":5551212e0')],
    ["a space", (text) => text.replace('"v":1', '"v": 1')],
    ["keys out of order", (text) => text.replace(/"pr":(\{[^}]*\}),"prev":("[^"]*")/, '"prev":$2,"pr":$1')],
    ["an escape", (text) => text.replace("main", "\\u006dain")],
    ["an escaped slash", (text) => text.replace("models/credit", "models\\/credit")],
    ["a trailing newline", (text) => `${text}\n`],
    ["a byte order mark", (text) => `\ufeff${text}`],
    ["null", (text) => text.replace('"pr":{', '"login":null,"pr":{')],
  ];
  for (const [name, spell] of spellings) {
    test(`with ${name} is a finding`, async () => {
      const other = await startedRig();
      await other.append(decisions(2));
      const [created] = parseEntries(readFile(other.repository, "tail/00000000/0/00"), "it");
      const entries = parseEntries(readFile(other.repository, "tail/00000000/0/01"), "it");
      const text = Buffer.from(entries[1]!).toString();
      assert.notEqual(spell(text), text);
      const spelled = Buffer.from(spell(text));
      const { root } = foldEntries(EMPTY_EDGE, [created!, entries[0]!, spelled]);
      const note = await signNote(formatCheckpoint({ origin: ORIGIN, size: 3, root }), [FIRST_KEY]);
      amend(other.repository, {
        "tail/00000000/0/01": formatEntries([entries[0]!, spelled]),
        checkpoint: formatNote(note),
      });
      const { report } = await verifyTrail({ store: other.store, level: 0 });
      await other.close();
      other.repository.remove();
      assert.deepEqual(
        report.findings.map(({ code, seq }) => ({ code, seq })),
        [{ code: "TRAIL_NOT_CANONICAL", seq: 2 }],
      );
    });
  }
});

describe("a file that does not belong", () => {
  const strange = [
    "README.md",
    "tile/0/002",
    "tile/0/001.p/5",
    "tile/entries/002",
    "tile/1/000",
    "tile/1/000.p/1",
    "tile/2/000.p/1",
    "tail/00000001/0/00",
    "tail/00000002/0/60/1",
    "evidence/zz/11",
    "anchor/0.tsr",
    "anchor/08.tsr",
  ];
  for (const path of strange) {
    test(`as ${path} is a finding`, async () => {
      const findings = await findingsAfter({ [path]: "x" });
      assert.ok(findings.some((finding) => finding.code === "TRAIL_PATH_UNKNOWN" && finding.path === path));
    });
  }

  for (const path of ["tile/0/000", "tile/entries/001", "tile/1/000.p/2", "trail.json", "checkpoint"]) {
    test(`that is missing as ${path} is a finding`, async () => {
      const findings = await findingsAfter({ [path]: undefined });
      assert.ok(findings.some((finding) => finding.code === "TRAIL_FILE_MISSING" && finding.path === path));
    });
  }

  test("with another mode is a finding", async () => {
    const { repository } = rig;
    const tree = repository.git("ls-tree", BRANCH).replace("100644 blob", "100755 blob");
    repository.write("tree.txt", `${tree}\n`);
    const made = repository.git("-c", "alias.t=!git mktree < tree.txt", "t");
    repository.git("update-ref", `refs/heads/${BRANCH}`, repository.git("commit-tree", "-m", "x", made));
    const findings = await findingsOf();
    repository.git("update-ref", `refs/heads/${BRANCH}`, good);
    assert.deepEqual(codes(findings), ["TRAIL_MODE_WRONG"]);
  });

  describe("in a tree that git would not write:", () => {
    async function findingsIn(folder: string, change: (items: readonly Item[]) => readonly Item[]) {
      amendFolder(rig.repository, folder, change);
      try {
        return (await findingsOf()).map(({ code, path }) => ({ code, path }));
      } finally {
        rig.repository.git("update-ref", `refs/heads/${BRANCH}`, good);
      }
    }
    const first = (items: readonly Item[], item: Partial<Item>) => [{ ...items[0]!, ...item }, ...items];
    const evil = () => writeObject(rig.repository, "blob", "evil");

    test("an entry's file twice, of which a look-up finds the wrong one, is a finding", async () => {
      const folder = "tail/00000002/0";
      const found = await findingsIn(folder, (items) => first(items, { oid: evil() }));
      assert.deepEqual(found, [{ code: "TRAIL_PATH_TWICE", path: `${folder}/00` }]);
    });

    test("a folder twice, each with one of its files, is a finding", async () => {
      const folder = "tile/0";
      const halves = ["000", "001"].map((name) => {
        const kept = rig.repository.git("ls-tree", `${BRANCH}:${folder}`, name).split(/[ \t]/);
        const entry = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(kept[2]!, "hex")]);
        return writeObject(rig.repository, "tree", entry);
      });
      const found = await findingsIn("tile", ([level, ...rest]) => [
        ...halves.map((oid) => ({ ...level!, oid })),
        ...rest,
      ]);
      assert.deepEqual(found, [{ code: "TRAIL_PATH_TWICE", path: folder }]);
    });

    test("a file and a folder of one name are a finding", async () => {
      const found = await findingsIn("", (items) =>
        first(items, { mode: "100644", oid: evil(), name: "tail" }),
      );
      assert.deepEqual(
        found.filter(({ code }) => code !== "TRAIL_PATH_UNKNOWN"),
        [
          { code: "TRAIL_TREE_UNSORTED", path: "checkpoint" },
          { code: "TRAIL_PATH_TWICE", path: "tail" },
        ],
      );
    });

    test("names out of order are a finding", async () => {
      const found = await findingsIn("tile/entries", (items) => items.toReversed());
      assert.deepEqual(found, [{ code: "TRAIL_TREE_UNSORTED", path: "tile/entries/000" }]);
    });
  });
});

test("an object that is missing from the clone is not a finding: nothing was decided", async () => {
  const other = await startedRig();
  await other.append(decisions(2));
  const oid = other.repository.git("rev-parse", `${BRANCH}:tail/00000000/0/01`);
  const { rmSync } = await import("node:fs");
  rmSync(`${other.repository.directory}/objects/${oid.slice(0, 2)}/${oid.slice(2)}`);
  await assert.rejects(verifyTrail({ store: other.store, level: 0 }), { code: "OBJECT_MISSING" });
  await other.close();
  other.repository.remove();
});
