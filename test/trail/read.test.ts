import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type AsOf, readAsOf } from "../../gate/trail/as-of.ts";
import { formatCheckpoint } from "../../gate/trail/checkpoint.ts";
import type { EntryContent } from "../../gate/trail/entry.ts";
import { csvHeader, toCsv } from "../../gate/trail/export-table.ts";
import { EMPTY_EDGE, foldEntries } from "../../gate/trail/fold.ts";
import { Frontier, leafHash } from "../../gate/trail/merkle.ts";
import { formatNote, parseVkey, signNote } from "../../gate/trail/note.ts";
import { formatProof, parseProof, verifyProof } from "../../gate/trail/proof.ts";
import { proveEntry } from "../../gate/trail/prove.ts";
import { type LogEntry, type LogFilter, openTrail, readLog } from "../../gate/trail/read.ts";
import { draw, drawSample } from "../../gate/trail/sample.ts";
import { formatEntries, parseEntries } from "../../gate/trail/tile.ts";
import { TreeReader } from "../../gate/trail/tree-reader.ts";
import { CONTENTS, decisionContent } from "./entries.ts";
import { decision, decisions, FIRST_KEY, ORIGIN, openRig, type Rig, signerOf, startedRig } from "./rig.ts";
import { amend, BRANCH, flipped, readFile } from "./tamper.ts";

const VERIFIERS = [parseVkey(FIRST_KEY.vkey)];

describe("a trail of 700 entries", () => {
  let rig: Rig;
  before(async () => {
    rig = await startedRig();
    await rig.append(decisions(300), decisions(350, 301), decisions(49, 651));
  });
  after(async () => {
    await rig.close();
    rig.repository.remove();
  });

  test("proves any of them, in full tiles and in the tail", async () => {
    for (const seq of [0, 1, 255, 256, 511, 512, 698, 699]) {
      const { entry, proof } = await proveEntry(rig.store, seq);
      const { size, origin } = verifyProof(parseProof(proof, "it"), entry, VERIFIERS);
      assert.deepEqual({ size, origin }, { size: 700, origin: ORIGIN });
      assert.equal(JSON.parse(Buffer.from(entry).toString()).predicate.seq, seq);
    }
  });

  test("proves nothing that a bit was turned over in", async () => {
    const { entry, proof } = await proveEntry(rig.store, 300);
    const parsed = parseProof(proof, "it");
    assert.throws(() => verifyProof(parsed, flipped(entry, 50), VERIFIERS), { code: "TRAIL_PROOF_INVALID" });
    assert.throws(() => verifyProof({ ...parsed, index: 301 }, entry, VERIFIERS), {
      code: "TRAIL_PROOF_INVALID",
    });
    for (const at of parsed.hashes.keys()) {
      const hashes = parsed.hashes.with(at, flipped(parsed.hashes[at]!, 7));
      assert.throws(() => verifyProof({ ...parsed, hashes }, entry, VERIFIERS), {
        code: "TRAIL_PROOF_INVALID",
      });
    }
    const stranger = [parseVkey(signerOf(9).vkey)];
    assert.throws(() => verifyProof(parsed, entry, stranger), { code: "TRAIL_NOTE_UNSIGNED" });
  });

  test("writes a proof in the form of c2sp.org/tlog-proof", async () => {
    const { proof } = await proveEntry(rig.store, 5);
    const [head, ...checkpoint] = Buffer.from(proof).toString().split("\n\n");
    const [name, index, ...hashes] = head!.split("\n");
    assert.deepEqual([name, index], ["c2sp.org/tlog-proof@v1", "index 5"]);
    assert.equal(hashes.length, 10);
    assert.equal(checkpoint.join("\n\n"), readFile(rig.repository, "checkpoint").toString());
    const parsed = parseProof(proof, "it");
    assert.deepEqual(Buffer.from(formatProof(parsed)), Buffer.from(proof));
    const extra = Buffer.from(proof).toString().replace("\nindex", "\nextra aGVsbG8=\nindex");
    assert.deepEqual(parseProof(Buffer.from(extra), "it").hashes, parsed.hashes);
  });

  const malformed: readonly [string, (proof: string) => string][] = [
    ["another header", (proof) => proof.replace("@v1", "@v2")],
    ["no index", (proof) => proof.replace(/index \d+\n/, "")],
    ["an index with a leading zero", (proof) => proof.replace("index 5", "index 05")],
    ["a negative index", (proof) => proof.replace("index 5", "index -5")],
    [
      "a hash of 31 bytes",
      (proof) => proof.replace(/\n[^\n]{44}\n/, `\n${Buffer.alloc(31).toString("base64")}\n`),
    ],
    ["an extra that is not base64", (proof) => proof.replace("\nindex", "\nextra !\nindex")],
    ["two extras", (proof) => proof.replace("\nindex", "\nextra aa==\nextra aa==\nindex")],
    [
      "54 hashes",
      (proof) =>
        proof.replace("index 5\n", `index 5\n${`${Buffer.alloc(32).toString("base64")}\n`.repeat(54)}`),
    ],
    ["no checkpoint", (proof) => proof.split("\n\n")[0]!],
    ["a carriage return", (proof) => proof.replace("index 5\n", "index 5\r\n")],
  ];
  for (const [name, change] of malformed) {
    test(`takes no proof with ${name}`, async () => {
      const proof = Buffer.from((await proveEntry(rig.store, 5)).proof).toString();
      assert.notEqual(change(proof), proof);
      assert.throws(() => parseProof(Buffer.from(change(proof)), "it"), { code: "TRAIL_PROOF_MALFORMED" });
    });
  }

  test("gives no proof from a damaged branch", async () => {
    const tip = rig.repository.git("rev-parse", BRANCH);
    amend(rig.repository, { "tile/0/000": flipped(readFile(rig.repository, "tile/0/000"), 40) });
    await assert.rejects(proveEntry(rig.store, 0), { code: "TRAIL_PROOF_INVALID" });
    rig.repository.git("update-ref", `refs/heads/${BRANCH}`, tip);
  });

  test("knows the root that it had at every size", async () => {
    const head = await openTrail(rig.store);
    const reader = new TreeReader(rig.store, head.commit, 700);
    const entries = (await Promise.all([0, 1, 2].map((tile) => reader.entriesOf(tile)))).flat();
    const frontier = new Frontier();
    const sizes = new Set([0, 1, 255, 256, 257, 511, 512, 513, 699, 700]);
    for (let size = 0; size <= 700; size++) {
      if (sizes.has(size)) assert.deepEqual(await reader.rootAt(size), frontier.root(), `${size}`);
      if (size < 700) frontier.push(leafHash(entries[size]!));
    }
  });

  const seqsOf = async (filter: LogFilter) => {
    const seqs: number[] = [];
    for await (const { seq } of readLog(rig.store, await openTrail(rig.store), filter)) seqs.push(seq);
    return seqs;
  };

  test("lists what passes the filter, from bundles and segments alike", async () => {
    assert.deepEqual(await seqsOf({ pr: 1 }), [1]);
    assert.deepEqual(await seqsOf({ pr: 699 }), [699]);
    assert.deepEqual(await seqsOf({ pr: 1, kinds: ["trail.created"] }), []);
    assert.deepEqual(await seqsOf({ kinds: ["trail."] }), [0]);
    assert.equal((await seqsOf({ models: ["models/credit-pd"] })).length, 699);
    assert.equal((await seqsOf({ models: ["credit-pd"] })).length, 699);
    assert.deepEqual(await seqsOf({ models: ["credit"] }), []);
    assert.deepEqual(await seqsOf({ models: ['x"y\\'] }), []);
    assert.equal((await seqsOf({ actor: 1000014 })).length, 699);
    assert.equal((await seqsOf({})).length, 700);
    assert.deepEqual(await seqsOf({ from: "2026-11-22T00:00:00.000Z" }), []);
  });

  test("gives a sample that its seed and root decide, each entry proved", async () => {
    const sample = await drawSample(rig.store, {
      count: 45,
      seed: "2026",
      filter: { kinds: ["decision.made"] },
    });
    assert.equal(sample.population, 699);
    const list = Array.from({ length: 699 }, (_, at) => `${at + 1}\n`).join("");
    assert.equal(sample.populationDigest, hash("sha256", list));
    assert.equal(new Set(sample.drawn.map(({ seq }) => seq)).size, 45);
    for (const { entry, proof } of sample.drawn) {
      verifyProof(parseProof(Buffer.from(proof), "it"), Buffer.from(entry), VERIFIERS);
    }
    assert.deepEqual(
      sample.drawn.map(({ seq }) => seq),
      draw(`2026\n${sample.root}`, 699, 45).map((at) => at + 1),
    );
    const all = await drawSample(rig.store, { count: 5, seed: "2026", filter: { pr: 7 } });
    assert.deepEqual(
      all.drawn.map(({ seq }) => seq),
      [7],
    );
    await assert.rejects(drawSample(rig.store, { count: 0, seed: "" }), { code: "TRAIL_SAMPLE_INVALID" });
  });
});

test("a sample and a state say how many entries they leave out because their kind is not known", async () => {
  const rig = await startedRig();
  await rig.append(decisions(2));
  const path = "tail/00000000/0/01";
  const entries = parseEntries(readFile(rig.repository, path), path).map((entry, at) =>
    at === 0 ? Buffer.from(Buffer.from(entry).toString().replace("decision.made", "decision.felt")) : entry,
  );
  const tree = foldEntries(EMPTY_EDGE, [
    ...parseEntries(readFile(rig.repository, "tail/00000000/0/00"), "it"),
    ...entries,
  ]);
  const text = formatCheckpoint({ origin: ORIGIN, size: 3, root: tree.root });
  const checkpoint = formatNote(await signNote(text, [FIRST_KEY]));
  amend(rig.repository, { [path]: formatEntries(entries), checkpoint });
  const filter = { kinds: ["decision.made"] };
  const { population, unknown } = await drawSample(rig.store, { count: 5, seed: "2026", filter });
  assert.deepEqual({ population, unknown }, { population: 1, unknown: 1 });
  const state = await readAsOf(rig.store, "2027-01-01T00:00:00.000Z");
  assert.equal(state.unknown, 1);
  await rig.close();
  rig.repository.remove();
});

describe("draw()", () => {
  test("favours nobody", () => {
    const counts = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 3_000; seed++) counts[draw(String(seed), 10, 1)[0]!]!++;
    // Chi-squared with 9 degrees of freedom: 27.9 is passed once in a thousand seeds, and these are fixed.
    const chi = counts.reduce((sum, count) => sum + (count - 300) ** 2 / 300, 0);
    assert.ok(chi < 27.9, `${chi}`);
  });
  test("gives each number once, and all of them when all are asked for", () => {
    assert.deepEqual(
      [...draw("a", 50, 50)].sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, at) => at),
    );
    assert.deepEqual(draw("a", 0, 0), []);
  });
  test("is the published draw", () => {
    assert.deepEqual(draw("seed", 100, 5), draw("seed", 100, 10).slice(0, 5));
    const first = Number.parseInt(hash("sha256", "weighbridge-sample/v1\nseed\n0").slice(0, 12), 16) % 100;
    assert.equal(draw("seed", 100, 1)[0], first);
  });
});

describe("readAsOf()", () => {
  const rigs: Rig[] = [];
  after(async () => {
    for (const rig of rigs) await rig.close();
    for (const rig of rigs) rig.repository.remove();
  });
  const subject = (byte: string) => [{ name: "models/a", digest: { sha256: byte.repeat(32) } }];
  const decided = (number: number, byte: string, verdict: "pass" | "fail" = "pass"): EntryContent => {
    const { predicate } = decision(number);
    const subject_digest = byte.repeat(32);
    return {
      subject: subject(byte),
      predicate: {
        ...predicate,
        decision: { ...decisionContent().predicate.decision!, subject_digest, verdict },
      },
    };
  };
  const deployed = (id: number, byte: string, kind = "deploy.succeeded"): EntryContent => ({
    subject: subject(byte),
    predicate: {
      ...CONTENTS["deploy.succeeded"]!.predicate,
      kind,
      deployment: { id, status: id, environment: "production" },
    },
  });

  /** The state after each of the steps, a minute apart. */
  async function states(...steps: readonly EntryContent[]): Promise<readonly AsOf[]> {
    const rig = await startedRig();
    rigs.push(rig);
    const times: string[] = [];
    for (const step of steps) {
      rig.clock.time += 60_000;
      await rig.append([step]);
      times.push(rig.clock.now().toISOString());
    }
    return Promise.all(times.map((time) => readAsOf(rig.store, time)));
  }
  const brief = ({ deployed, approved }: AsOf) => ({
    deployed: deployed.map(({ digest, decision }) => `${digest.slice(7, 9)} by ${decision?.pr ?? "nobody"}`),
    approved: approved.map(({ digest }) => digest.slice(7, 9)),
  });

  test("follows a model from decision to production and back", async () => {
    const steps = await states(
      decided(1, "a1"),
      deployed(10, "a1"),
      decided(2, "b2"),
      deployed(11, "b2"),
      deployed(11, "b2", "deploy.rolled_back"),
    );
    assert.deepEqual(steps.map(brief), [
      { deployed: [], approved: ["a1"] },
      { deployed: ["a1 by 1"], approved: [] },
      { deployed: ["a1 by 1"], approved: [] },
      { deployed: ["b2 by 2"], approved: [] },
      { deployed: ["a1 by 1"], approved: [] },
    ]);
  });

  test("a rollback is a deployment of what it brings back, whichever deployment brings it", async () => {
    const steps = await states(
      decided(1, "a1"),
      deployed(10, "a1"),
      decided(2, "b2"),
      deployed(11, "b2"),
      deployed(12, "a1", "deploy.rolled_back"),
      deployed(13, "b2"),
      // The first deployment says once more that it succeeded.
      deployed(10, "a1", "deploy.rolled_back"),
      // Of a trail that begins later than what it goes back to.
      deployed(14, "c3", "deploy.rolled_back"),
    );
    assert.deepEqual(
      steps.slice(4).map((state) => brief(state).deployed),
      [["a1 by 1"], ["b2 by 2"], ["a1 by 1"], ["c3 by nobody"]],
    );
  });

  test("knows two models of the same bytes by their names", async () => {
    const both = decided(1, "a1");
    const subjects = ["models/a", "models/b"].map((name) => ({ name, digest: { sha256: "a1".repeat(32) } }));
    const steps = await states({ ...both, subject: subjects }, deployed(10, "a1"));
    assert.deepEqual(
      steps.map(({ approved }) => approved.map(({ name }) => name)),
      [["models/a", "models/b"], ["models/b"]],
    );
    assert.equal(steps[1]?.deployed[0]?.decision?.name, "models/a");
  });

  test("says that nothing approved what ran, also when a decision came later or refused it", async () => {
    const steps = await states(decided(1, "a1", "fail"), deployed(10, "a1"), decided(2, "a1"));
    assert.deepEqual(steps.map(brief).slice(1), [
      { deployed: ["a1 by nobody"], approved: [] },
      { deployed: ["a1 by nobody"], approved: [] },
    ]);
  });

  test("knows an environment however it is spelled, and spells it as it was last", async () => {
    const to = (environment: string, content: EntryContent): EntryContent => ({
      ...content,
      predicate: {
        ...content.predicate,
        deployment: { ...content.predicate.deployment!, environment },
      },
    });
    const steps = await states(
      to("production", deployed(10, "a1")),
      to("escaped:Production+20EU", deployed(11, "c3")),
      to("Production", deployed(12, "b2")),
    );
    assert.deepEqual(
      steps.at(-1)!.deployed.map(({ environment, digest }) => [environment, digest.slice(7, 9)]),
      [
        ["Production", "b2"],
        ["escaped:Production+20EU", "c3"],
      ],
    );
  });

  test("keeps environments apart and names what went round the gate", async () => {
    const staging = deployed(10, "a1");
    const steps = await states(
      {
        ...staging,
        predicate: { ...staging.predicate, deployment: { id: 10, status: 10, environment: "staging" } },
      },
      deployed(11, "b2"),
      CONTENTS["bypass.detected"]!,
    );
    const last = steps.at(-1)!;
    assert.deepEqual(
      last.deployed.map(({ environment }) => environment),
      ["production", "staging"],
    );
    assert.deepEqual(last.bypasses, [{ seq: 3, ref: "refs/heads/main", after: "33".repeat(20) }]);
    assert.deepEqual(steps[0]!.bypasses, []);
  });
});

test("a table cell that a spreadsheet would run, or that would break the line, is made harmless", () => {
  const entry = (name: string) =>
    ({
      ...decisionContent(),
      subject: [{ name, digest: { sha256: "11".repeat(32) } }],
      seq: 1,
    }) as unknown as LogEntry;
  const cell = (name: string) => {
    const full = entry(name);
    const predicate = { ...full.predicate, seq: 1, ts: "2026-11-21T22:14:05.000Z", id: "00".repeat(32) };
    return toCsv({ ...full, predicate } as LogEntry);
  };
  assert.ok(cell("=HYPERLINK(1)").includes(",'=HYPERLINK(1),"));
  assert.ok(cell('a"b,c').includes('"a""b,c"'));
  assert.equal(csvHeader().split(",").length, cell("plain").split(",").length);
});

test("a repository without a trail says so", async () => {
  const rig = await openRig();
  await assert.rejects(openTrail(rig.store), { code: "TRAIL_MISSING" });
  await assert.rejects(proveEntry(rig.store, 0), { code: "TRAIL_MISSING" });
  await rig.close();
  rig.repository.remove();
});
