import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { canonicalBytes } from "../../gate/trail/canonical.ts";
import { formatCheckpoint } from "../../gate/trail/checkpoint.ts";
import { checkContent, type EntryContent, sealEntry } from "../../gate/trail/entry.ts";
import { EMPTY_EDGE, foldEntries } from "../../gate/trail/fold.ts";
import { openGitStore } from "../../gate/trail/git-store.ts";
import { formatState, type KeptState, parseState } from "../../gate/trail/kept-state.ts";
import { leafHash } from "../../gate/trail/merkle.ts";
import { formatNote, signNote } from "../../gate/trail/note.ts";
import { formatEntries, parseEntries } from "../../gate/trail/tile.ts";
import { exitStatus } from "../../gate/trail/verify/report.ts";
import { type VerifyRequest, verifyTrail } from "../../gate/trail/verify.ts";
import { CONTENTS } from "./entries.ts";
import { decision, decisions, FIRST_KEY, ORIGIN, type Rig, startedRig } from "./rig.ts";
import { amend, BRANCH, readFile } from "./tamper.ts";

const rigs: Rig[] = [];
async function started(): Promise<Rig> {
  const rig = await startedRig();
  rigs.push(rig);
  return rig;
}
after(async () => {
  for (const rig of rigs) await rig.close();
  for (const rig of rigs) rig.repository.remove();
});

async function verified(rig: Rig, request: Omit<VerifyRequest, "store" | "level"> & { level?: 0 | 1 } = {}) {
  return verifyTrail({ store: rig.store, level: 1, ...request });
}
async function codesOf(rig: Rig, request: Parameters<typeof verified>[1] = {}) {
  const { report } = await verified(rig, request);
  return report.findings.map(({ code }) => code);
}
async function stateOf(rig: Rig): Promise<KeptState> {
  const { state } = await verified(rig);
  assert.ok(state !== undefined);
  return parseState(formatState(state), "state");
}
function moveTo(rig: Rig, commit: string): void {
  rig.repository.git("update-ref", `refs/heads/${BRANCH}`, commit);
}

describe("F11: a branch set back to an older signed state", () => {
  test("is a rollback to who kept a state, and whole to who did not", async () => {
    const rig = await started();
    await rig.append(decisions(3), decisions(2, 10));
    const since = await stateOf(rig);
    moveTo(rig, `${BRANCH}~1`);
    const { report } = await verified(rig, { since });
    assert.deepEqual(
      report.findings.map(({ code }) => code),
      ["TRAIL_HISTORY_REWRITTEN", "TRAIL_ROLLED_BACK"],
    );
    const without = await verified(rig);
    assert.equal(exitStatus(without.report), 0);
    assert.ok(
      without.report.notes.some((note) =>
        note.startsWith("A rollback to an older signed state cannot be seen"),
      ),
    );
  });
});

describe("F12: a branch made again", () => {
  test("from a clone with the same commits is the same branch", async () => {
    const rig = await started();
    await rig.append(decisions(3));
    const since = await stateOf(rig);
    const tip = rig.repository.git("rev-parse", BRANCH);
    rig.repository.git("update-ref", "-d", `refs/heads/${BRANCH}`);
    moveTo(rig, tip);
    assert.deepEqual(await codesOf(rig, { since, entries: "new" }), []);
  });

  test("with the same entries in other commits is a rewritten history", async () => {
    const rig = await started();
    await rig.append(decisions(3));
    const since = await stateOf(rig);
    const raw = rig.repository
      .git("cat-file", "commit", BRANCH)
      .replace(/committer .*/, "committer a <a> 1 +0000");
    rig.repository.write("commit.txt", `${raw}\n`);
    moveTo(
      rig,
      rig.repository.git("hash-object", "-t", "commit", "-w", join(rig.repository.directory, "commit.txt")),
    );
    assert.deepEqual(await codesOf(rig, { since }), ["TRAIL_HISTORY_REWRITTEN"]);
    assert.deepEqual(await codesOf(rig), []);
  });
});

test("F17: two roots of one size, both signed, are a fork to who kept the other", async () => {
  const rig = await started();
  const fork = rig.repository.git("rev-parse", BRANCH);
  await rig.append([decision(1)]);
  const since = await stateOf(rig);
  moveTo(rig, fork);
  // The log's own key signs a second truth.
  const [created] = parseEntries(readFile(rig.repository, "tail/00000000/0/00"), "it");
  const prev = Buffer.from(leafHash(created!)).toString("hex");
  const other = sealEntry(decision(2), { seq: 1, prev, ts: "2026-11-21T22:14:05.000Z" }).bytes;
  const { root } = foldEntries(EMPTY_EDGE, [created!, other]);
  const note = await signNote(formatCheckpoint({ origin: ORIGIN, size: 2, root }), [FIRST_KEY]);
  amend(rig.repository, { "tail/00000000/0/01": formatEntries([other]), checkpoint: formatNote(note) });
  assert.deepEqual(await codesOf(rig, { since, level: 0 }), ["TRAIL_FORKED"]);
});

describe("a run that goes on from a kept state", () => {
  test("reads only the new entries, and finds nothing where nothing is", async () => {
    const rig = await started();
    await rig.append(decisions(300));
    const since = await stateOf(rig);
    for (const batch of [decisions(5, 1_000), decisions(250, 2_000), decisions(300, 3_000)]) {
      await rig.append(batch);
      const { report, state } = await verified(rig, { since, entries: "new" });
      assert.deepEqual(report.findings, []);
      assert.equal(report.entriesRead, report.size - 301);
      const whole = await verified(rig);
      assert.deepEqual(formatState(state!), formatState(whole.state!));
    }
  });

  test("finds an old event that comes again", async () => {
    const rig = await started();
    await rig.append(decisions(3));
    const since = await stateOf(rig);
    // A writer that forgot: its index of ids is gone, and what it forgot comes again.
    const { edge, head } = await (await import("../../gate/trail/position.ts")).locate({
      store: rig.store,
      journal: rig.journal,
      sleep: rig.clock.sleep,
    });
    const { buildBatch } = await import("../../gate/trail/batch.ts");
    const { toRow } = await import("../../gate/trail/outbox-row.ts");
    const { batch } = buildBatch({
      origin: ORIGIN,
      edge,
      rows: [toRow(decision(2))],
      parent: head.commit,
      vkeys: [FIRST_KEY.vkey],
      now: rig.clock.now(),
    });
    await rig.journal.reserve(batch);
    await rig.writer.flush();
    const expected = ["TRAIL_ID_TWICE"];
    assert.deepEqual(await codesOf(rig, { since, entries: "new" }), expected);
    assert.deepEqual(await codesOf(rig), expected);
  });

  test("finds what was changed behind the state", async () => {
    const rig = await started();
    await rig.append(decisions(300));
    const since = await stateOf(rig);
    await rig.append(decisions(3, 1_000));
    const bundle = readFile(rig.repository, "tile/entries/000");
    amend(rig.repository, { "tile/entries/000": Buffer.concat([bundle, Buffer.from("x")]) });
    assert.deepEqual(await codesOf(rig, { since, entries: "new" }), ["TRAIL_FILE_CHANGED"]);
  });

  test("reads everything where the kept commit is not in the clone", async () => {
    const rig = await started();
    await rig.append(decisions(3));
    const since = { ...(await stateOf(rig)), commit: "11".repeat(20) };
    const { report } = await verified(rig, { since, entries: "new", level: 0 });
    assert.equal(report.entriesRead, 4);
    assert.deepEqual(report.findings, []);
  });

  test("refuses the state of another trail", async () => {
    const rig = await started();
    const since = { ...(await stateOf(rig)), origin: "example.com/other/trail" };
    assert.deepEqual(await codesOf(rig, { since }), ["TRAIL_ORIGIN_WRONG"]);
  });
});

describe("in the history", () => {
  test("a commit that is not the log's is a finding, until an entry explains it", async () => {
    const rig = await started();
    await rig.append([decision(1)]);
    const tree = rig.repository.git("rev-parse", `${BRANCH}^{tree}`);
    const foreign = rig.repository.git("commit-tree", "-p", BRANCH, "-m", "fix typo", tree);
    moveTo(rig, foreign);
    const { report } = await verified(rig);
    assert.deepEqual(
      report.findings.map(({ code, commit }) => ({ code, commit })),
      [{ code: "TRAIL_FOREIGN_COMMIT", commit: foreign }],
    );
    // An operator adopts the branch as it is: nothing of the trail was altered.
    const { journal } = rig;
    await journal.land({ ...(await journal.landed())!, size: 2, commit: foreign }).catch(() => {});
    const { edge } = await (await import("../../gate/trail/position.ts")).locate({
      store: rig.store,
      journal: await freshJournal(rig),
      sleep: rig.clock.sleep,
    });
    const content = CONTENTS["gap.explained"]!;
    const gap = { code: "foreign-commit", object: foreign };
    const { buildBatch, toCommit, checkpointText } = await import("../../gate/trail/batch.ts");
    const { toRow } = await import("../../gate/trail/outbox-row.ts");
    const { batch } = buildBatch({
      origin: ORIGIN,
      edge,
      rows: [toRow({ ...content, predicate: { ...content.predicate, gap } } as EntryContent)],
      parent: foreign,
      vkeys: [FIRST_KEY.vkey],
      now: rig.clock.now(),
    });
    const note = formatNote(await signNote(checkpointText(batch), [FIRST_KEY]));
    assert.equal((await rig.store.append(toCommit(batch, note))).kind, "landed");
    const explained = await verified(rig);
    assert.deepEqual(explained.report.findings, []);
    assert.ok(explained.report.notes.some((text) => text.includes(foreign)));
  });

  async function freshJournal(rig: Rig) {
    const { FileJournal } = await import("../../gate/trail/file-journal.ts");
    return FileJournal.open(join(rig.repository.directory, "fresh"), () => rig.clock.time);
  }

  test("a merge is a finding", async () => {
    const rig = await started();
    await rig.append([decision(1)]);
    const other = rig.repository.git("commit-tree", "-m", "x", rig.repository.git("mktree", "--missing"));
    const raw = rig.repository
      .git("cat-file", "commit", BRANCH)
      .replace(/^(parent .*)$/m, `$1\nparent ${other}`);
    rig.repository.write("commit.txt", `${raw}\n`);
    moveTo(
      rig,
      rig.repository.git("hash-object", "-t", "commit", "-w", join(rig.repository.directory, "commit.txt")),
    );
    assert.deepEqual(await codesOf(rig), ["TRAIL_HISTORY_MERGED"]);
  });

  const messages: readonly [string, (message: string) => string][] = [
    ["another size", (message) => message.replace("Tree-Size: 2", "Tree-Size: 3")],
    ["other entries", (message) => message.replace("trail: 1..1", "trail: 0..1")],
    ["another batch", (message) => message.replace(/Batch-Id: ./, "Batch-Id: g").replace("g", "0")],
    ["no [skip ci]", (message) => message.replace(" [skip ci]", "")],
    ["a line more", (message) => `${message}\nSigned-off-by: a`],
  ];
  for (const [name, change] of messages) {
    test(`a message with ${name} is a finding`, async () => {
      const rig = await started();
      await rig.append([decision(1)]);
      const raw = rig.repository.git("cat-file", "commit", BRANCH);
      const changed = change(raw);
      if (changed === raw) return assert.equal(name, "another batch");
      rig.repository.write("commit.txt", `${changed}\n`);
      moveTo(
        rig,
        rig.repository.git("hash-object", "-t", "commit", "-w", join(rig.repository.directory, "commit.txt")),
      );
      return assert.deepEqual(await codesOf(rig), ["TRAIL_FOREIGN_COMMIT"]);
    });
  }

  test("a replace ref hides nothing", async () => {
    const rig = await started();
    await rig.append([decision(1)], [decision(2)]);
    const [last, before] = rig.repository.git("rev-list", BRANCH).split("\n");
    const tree = rig.repository.git("rev-parse", `${before}^{tree}`);
    const fake = rig.repository.git("commit-tree", "-m", "fake", tree);
    rig.repository.git("replace", last!, fake);
    const { report } = await verified(rig);
    assert.deepEqual(report.findings, []);
    assert.equal(report.size, 3);
  });

  test("a shallow clone is whole at level 0, and undecided at level 1", async () => {
    const rig = await started();
    await rig.append(decisions(3), decisions(3, 10));
    const clone = join(rig.repository.directory, "clone");
    const url = `file://${rig.repository.directory}`;
    rig.repository.git("clone", "--quiet", "--bare", "--depth=1", "--branch", BRANCH, url, clone);
    const store = await openGitStore(clone);
    const structure = await verifyTrail({ store, level: 0 });
    assert.equal(exitStatus(structure.report), 0);
    const history = await verifyTrail({ store, level: 1 });
    assert.deepEqual(history.report.findings, []);
    assert.deepEqual(
      history.report.undecided.map(({ code }) => code),
      ["TRAIL_HISTORY_SHALLOW"],
    );
    assert.equal(exitStatus(history.report), 2);
    await store.close();
  });
});

describe("a time stamp", () => {
  const token = Buffer.from("a token of RFC 3161");
  const PATH = "anchor/1.tsr";
  /** A trail of two entries, the second of which records a stamp of the first. */
  async function anchored(detail: { readonly size?: number; readonly digest?: string } = {}): Promise<Rig> {
    const rig = await started();
    const { subject, predicate } = CONTENTS["anchor.recorded"]!;
    const anchor = { ...predicate.anchor!, size: 1, digest: hash("sha256", token), ...detail };
    await rig.append([{ subject, predicate: { ...predicate, anchor } }]);
    amend(rig.repository, { [`anchor/${anchor.size}.tsr`]: token });
    return rig;
  }

  test("with its entry is fine, also for a run that goes on from there", async () => {
    const rig = await anchored();
    assert.deepEqual(await codesOf(rig), []);
    const since = await stateOf(rig);
    assert.deepEqual(await codesOf(rig, { since, entries: "new" }), []);
  });
  const cases: readonly [string, string, () => Promise<Rig>][] = [
    [
      "that no entry records",
      "TRAIL_ANCHOR_UNNAMED",
      async () => {
        const rig = await anchored();
        amend(rig.repository, { "anchor/999999.tsr": "#!/bin/sh" });
        return rig;
      },
    ],
    [
      "that an entry records and that is missing",
      "TRAIL_ANCHOR_MISSING",
      async () => {
        const rig = await anchored();
        amend(rig.repository, { [PATH]: undefined });
        return rig;
      },
    ],
    ["of another digest", "TRAIL_ANCHOR_ALTERED", () => anchored({ digest: "ef".repeat(32) })],
    ["of a tree that was not there yet", "TRAIL_ANCHOR_WRONG", () => anchored({ size: 2 })],
  ];
  for (const [name, code, tampered] of cases) {
    test(`${name} is a finding`, async () => assert.deepEqual(await codesOf(await tampered()), [code]));
  }
});

describe("F19: evidence", () => {
  const file = Buffer.from('{"verdict":"pass"}');
  const digest = hash("sha256", file);
  const path = `evidence/${digest.slice(0, 2)}/${digest.slice(2)}`;
  async function withEvidence(): Promise<Rig> {
    const rig = await started();
    const content = decision(1);
    const evidence = [
      { name: "decision.json", digest: { sha256: digest }, size: file.length, mediaType: "application/json" },
    ];
    await rig.writer.enqueue({ ...content, predicate: { ...content.predicate, evidence } }, [file]);
    await rig.writer.flush();
    return rig;
  }

  test("that is there is fine", async () => {
    const rig = await withEvidence();
    assert.deepEqual(readFile(rig.repository, path), file);
    assert.deepEqual(await codesOf(rig), []);
  });
  test("that is missing is a finding", async () => {
    const rig = await withEvidence();
    amend(rig.repository, { [path]: undefined });
    assert.deepEqual(await codesOf(rig), ["TRAIL_EVIDENCE_MISSING"]);
  });
  test("that was altered is a finding", async () => {
    const rig = await withEvidence();
    amend(rig.repository, { [path]: '{"verdict":"fail"}' });
    assert.deepEqual(await codesOf(rig), ["TRAIL_EVIDENCE_ALTERED"]);
  });
  test("that no entry names is a finding", async () => {
    const rig = await withEvidence();
    const other = Buffer.from("smuggled");
    const name = hash("sha256", other);
    amend(rig.repository, { [`evidence/${name.slice(0, 2)}/${name.slice(2)}`]: other });
    assert.deepEqual(await codesOf(rig), ["TRAIL_EVIDENCE_UNNAMED"]);
  });
  /** A decision with the file, of which it says that it has `size` bytes. */
  async function claim(rig: Rig, number: number, size: number): Promise<void> {
    const { subject, predicate } = decision(number);
    const item = { name: "a.json", digest: { sha256: digest }, size, mediaType: "application/json" };
    const content = { subject, predicate: { ...predicate, evidence: [item] } };
    await rig.journal.enqueue({ id: checkContent(content), content, evidence: [file] });
    await rig.writer.flush();
  }
  for (const [name, sizes, wrong] of [
    ["first", [999, file.length, file.length], 1],
    ["last", [file.length, file.length, 999], 3],
  ] as const) {
    test(`of another size by the word of the ${name} entry alone is a finding there`, async () => {
      const rig = await started();
      for (const [at, size] of sizes.entries()) await claim(rig, at + 1, size);
      const { report } = await verified(rig);
      assert.ok(report.findings.every(({ code }) => code === "TRAIL_EVIDENCE_SIZE"));
      assert.ok(report.findings.some(({ seq }) => seq === wrong));
    });
  }
  test("that was verified before, of another size by the word of a new entry, is a finding", async () => {
    const rig = await withEvidence();
    const since = await stateOf(rig);
    await claim(rig, 2, 999);
    assert.deepEqual(await codesOf(rig, { since, entries: "new" }), ["TRAIL_EVIDENCE_SIZE"]);
  });
  test("of a decision with 1,024 gates moves out of the entry, and is found again", async () => {
    const rig = await started();
    const content = decision(1);
    const gates = Array.from({ length: 1_024 }, (_, at) => ({
      id: `gate-${at}`.padEnd(60, "x"),
      outcome: "pass" as const,
    }));
    const large = {
      ...content,
      predicate: { ...content.predicate, decision: { ...content.predicate.decision!, gates } },
    };
    await rig.append([large]);
    assert.deepEqual(await codesOf(rig), []);
    const evidence = rig.repository.git("ls-tree", "-r", "--name-only", BRANCH, "evidence/");
    assert.deepEqual(readFile(rig.repository, evidence), Buffer.from(canonicalBytes({ gates })));
  });
});

describe("F23: a clock", () => {
  test("that goes back two hours is a finding, and the order stays", async () => {
    const rig = await started();
    await rig.append([decision(1)]);
    rig.clock.time -= 2 * 3_600_000;
    await rig.append([decision(2)]);
    const { report } = await verified(rig);
    assert.deepEqual(
      report.findings.map(({ code, seq }) => ({ code, seq })),
      [{ code: "TRAIL_TIME_BACKWARD", seq: 2 }],
    );
    assert.equal(report.size, 3);
  });
  test("that is set back a minute is none", async () => {
    const rig = await started();
    await rig.append([decision(1)]);
    rig.clock.time -= 60_000;
    await rig.append([decision(2)]);
    assert.deepEqual(await codesOf(rig), []);
  });
});

test("a kind of a later version leaves the verification open", async () => {
  const rig = await started();
  const [created] = parseEntries(readFile(rig.repository, "tail/00000000/0/00"), "it");
  const prev = Buffer.from(leafHash(created!)).toString("hex");
  const sealed = JSON.parse(
    Buffer.from(sealEntry(decision(2), { seq: 1, prev, ts: "2026-11-21T22:14:05.000Z" }).bytes).toString(),
  );
  sealed.predicate.kind = "model.cloned";
  const later = canonicalBytes(sealed);
  const { root } = foldEntries(EMPTY_EDGE, [created!, later]);
  const note = await signNote(formatCheckpoint({ origin: ORIGIN, size: 2, root }), [FIRST_KEY]);
  amend(rig.repository, { "tail/00000000/0/01": formatEntries([later]), checkpoint: formatNote(note) });
  const { report } = await verified(rig, { level: 0 });
  assert.deepEqual(report.findings, []);
  assert.deepEqual(
    report.undecided.map(({ code, seq }) => ({ code, seq })),
    [{ code: "TRAIL_KIND_UNKNOWN", seq: 1 }],
  );
  assert.equal(exitStatus(report), 2);
});
