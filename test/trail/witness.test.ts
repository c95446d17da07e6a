import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { configure } from "../../gate/trail/change.ts";
import { openCheckpoint } from "../../gate/trail/checkpoint.ts";
import { parseVkey } from "../../gate/trail/note.ts";
import { openTrail } from "../../gate/trail/read.ts";
import { digestOf, type TrailFile } from "../../gate/trail/trail-file.ts";
import { exitStatus } from "../../gate/trail/verify/report.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import type { WitnessAnswer } from "../../gate/trail/witness.ts";
import { parseWitnessPolicy } from "../../gate/trail/witness-policy.ts";
import { type Witnessing, witnessTrail } from "../../gate/trail/witnessing.ts";
import { ownerOf } from "./owner.ts";
import { decision, decisions, FIRST_KEY, landed, type Rig, SETTING, startedRig, trailFile } from "./rig.ts";
import { amend, BRANCH, readFile } from "./tamper.ts";
import { Witness } from "./witness-stand-in.ts";

const OWNER = ownerOf(21);
const rigs: Rig[] = [];
after(async () => {
  for (const rig of rigs) await rig.close();
  for (const rig of rigs) rig.repository.remove();
});

/** A trail that asks for one of two witnesses. */
async function witnessed(rule = "any") {
  const [one, two] = [new Witness("witness.example/w1", 2), new Witness("witness.example/w2", 4)];
  const rig = await startedRig();
  rigs.push(rig);
  const witness = [
    `witness w1 ${one.vkey} https://w1.example/`,
    `witness w2 ${two.vkey} https://w2.example`,
    `group both ${rule} w1 w2`,
    "quorum both",
    "",
  ].join("\n");
  const change = (file: TrailFile) => ({ ...file, witness });
  const approval = OWNER.approve({ kind: "config.changed", digest: digestOf(change(trailFile())) });
  landed(await configure(rig.writer, { change, approval }, SETTING));
  return { rig, one, two };
}

type Answers = Readonly<Record<string, (body: Uint8Array) => WitnessAnswer>>;

/** Asks the witnesses; one without an answer is down. */
async function ask(rig: Rig, answers: Answers): Promise<Witnessing> {
  const post = async (url: string, body: Uint8Array) => {
    const answer = answers[new URL(url).hostname.split(".")[0]!];
    assert.ok(url.endsWith("example/add-checkpoint"), url);
    if (answer === undefined) throw new Error("connect ECONNREFUSED");
    return answer(body);
  };
  const { store, journal, clock } = rig;
  return witnessTrail({ store, journal, post, now: clock.now }, await openTrail(store));
}
const answering = (...witnesses: readonly Witness[]): Answers =>
  Object.fromEntries(witnesses.map((witness, at) => [`w${at + 1}`, (body) => witness.answer(body)]));

describe("a checkpoint that witnesses cosign", () => {
  test("is kept by the next commit, and verifies", async () => {
    const { rig, one, two } = await witnessed("all");
    assert.deepEqual(await ask(rig, answering(one, two)), { kind: "witnessed", size: 2, by: ["w1", "w2"] });
    await rig.append([decision(1)]);
    const { size } = openCheckpoint(
      readFile(rig.repository, "checkpoint.witnessed"),
      [parseVkey(FIRST_KEY.vkey)],
      "it",
    );
    assert.equal(size, 2);
    const { report } = await verifyTrail({ store: rig.store, level: 1 });
    assert.deepEqual(report.findings, []);
  });

  test("grows, and the witness is proved to that it does", async () => {
    const { rig, one } = await witnessed();
    for (const batch of [decisions(300), decisions(5, 1_000), decisions(300, 2_000)]) {
      assert.equal((await ask(rig, answering(one))).kind, "witnessed");
      await rig.append(batch);
    }
    await ask(rig, answering(one));
    assert.equal(one.seen.size, 607);
    // What it had seen is known from the branch and the journal: no second request was needed.
    assert.equal(one.requests, 4);
    assert.equal(rig.repository.git("rev-list", "--count", BRANCH), "5");
  });

  test("is not written again when nothing new was cosigned", async () => {
    const { rig, one } = await witnessed();
    await ask(rig, answering(one));
    await rig.append([decision(1)]);
    const before = rig.repository.git("rev-parse", `${BRANCH}:checkpoint.witnessed`);
    await rig.append([decision(2)]);
    assert.equal(rig.repository.git("rev-parse", `${BRANCH}:checkpoint.witnessed`), before);
    const changed = rig.repository.git("diff-tree", "--name-only", "-r", `${BRANCH}~1`, BRANCH).split("\n");
    assert.ok(!changed.includes("checkpoint.witnessed"));
  });

  test("that too few cosigned, or another tree's, is a finding", async () => {
    const { rig, one } = await witnessed();
    await ask(rig, answering(one));
    await rig.append([decision(1)]);
    const good = readFile(rig.repository, "checkpoint.witnessed").toString();
    const codes = async (checkpoint: string) => {
      const tip = rig.repository.git("rev-parse", BRANCH);
      amend(rig.repository, { "checkpoint.witnessed": checkpoint });
      const { report } = await verifyTrail({ store: rig.store, level: 0 });
      rig.repository.git("update-ref", `refs/heads/${BRANCH}`, tip);
      return report.findings.map(({ code }) => code);
    };
    assert.deepEqual(await codes(good.slice(0, good.lastIndexOf("— "))), ["TRAIL_WITNESS_MISSING"]);
    assert.deepEqual(await codes(good.replace("\n2\n", "\n3\n")), ["TRAIL_NOTE_FORGED"]);
    assert.deepEqual(await codes(good), []);
  });
});

describe("F24: a witness", () => {
  test("that is down holds nothing up", async () => {
    const { rig, one } = await witnessed();
    assert.equal((await ask(rig, answering(one))).kind, "witnessed");
    const outcome = await ask(rig, {});
    assert.equal(outcome.kind, "behind");
    assert.deepEqual(outcome.kind === "behind" && outcome.problems.map(({ code }) => code), [
      "TRAIL_WITNESS_UNAVAILABLE",
      "TRAIL_WITNESS_UNAVAILABLE",
    ]);
    await rig.append([decision(1)]);
    assert.equal(await rig.writer.halted(), undefined);
  });

  test("that has seen a smaller tree is sent the proof from there", async () => {
    const { rig, one } = await witnessed();
    await ask(rig, answering(one));
    await rig.append(decisions(3));
    // The journal forgets, and believes that the witness knows nothing.
    await rig.journal.keepWitnessed(readWithout(readFile(rig.repository, "checkpoint.witnessed"), "w1"));
    assert.equal((await ask(rig, answering(one))).kind, "witnessed");
    assert.equal(one.seen.size, 5);
    assert.equal(one.requests, 3);
  });

  const halting: readonly [string, (one: Witness) => (body: Uint8Array) => WitnessAnswer][] = [
    ["that has seen a larger tree", (one) => () => one.conflict(99)],
    ["that has seen another tree of our size", (one) => () => one.conflict(2)],
    ["to which our proof is wrong", () => () => ({ status: 422, body: new Uint8Array(0) })],
  ];
  for (const [name, answer] of halting) {
    test(`${name} halts the trail`, async () => {
      const { rig, one } = await witnessed();
      assert.equal((await ask(rig, { w1: answer(one) })).kind, "halted");
      await rig.writer.enqueue(decision(1));
      const flush = await rig.writer.flush();
      assert.equal(flush.kind === "halted" && flush.halt.code, "TRAIL_FORKED");
    });
  }

  const useless: readonly [string, (one: Witness) => (body: Uint8Array) => WitnessAnswer][] = [
    ["that does not know the log", () => () => ({ status: 404, body: new Uint8Array(0) })],
    ["that refuses our signature", () => () => ({ status: 403, body: new Uint8Array(0) })],
    ["that answers nonsense", () => () => ({ status: 200, body: Buffer.from("hello") })],
    ["that answers a conflict without a size", () => () => ({ status: 409, body: Buffer.from("five\n") })],
    ["that answers without end", () => () => ({ status: 200, body: new Uint8Array(1_000_000) })],
    [
      "that signs with another key",
      () => {
        const stranger = new Witness("witness.example/w1", 9);
        return (body) => stranger.answer(body);
      },
    ],
    [
      "whose signature is wrong under its own key's name",
      (one) => {
        const stranger = new Witness("witness.example/w1", 9);
        return (body) => {
          const text = Buffer.from(body).toString().split("\n\n").slice(1, 2).join("");
          return { status: 200, body: Buffer.from(stranger.cosign(`${text}\n`, one.vkey)) };
        };
      },
    ],
    [
      "whose clock is a day ahead",
      (one) => (body) => {
        one.seconds += 86_400;
        return one.answer(body);
      },
    ],
  ];
  for (const [name, answer] of useless) {
    test(`${name} counts as none`, async () => {
      const { rig, one } = await witnessed();
      const outcome = await ask(rig, { w1: answer(one) });
      assert.equal(outcome.kind, "behind");
      assert.deepEqual(outcome.kind === "behind" && outcome.by, []);
      assert.equal(await rig.journal.witnessed(), undefined);
    });
  }

  function readWithout(note: Buffer, name: string): Buffer {
    const lines = note.toString().split("\n");
    return Buffer.from(lines.filter((line) => !line.includes(`/${name} `)).join("\n"));
  }
});

test("a trail that names no witness cannot be witnessed", async () => {
  const rig = await startedRig();
  rigs.push(rig);
  await assert.rejects(ask(rig, {}), { code: "TRAIL_WITNESS_NONE" });
});

test("a witness policy that does not parse is a finding at trail.json", async () => {
  const rig = await startedRig();
  rigs.push(rig);
  const change = (file: TrailFile) => ({ ...file, witness: "quorum of my friends" });
  const approval = OWNER.approve({ kind: "config.changed", digest: digestOf(change(trailFile())) });
  landed(await configure(rig.writer, { change, approval }, SETTING));
  const { report } = await verifyTrail({ store: rig.store, level: 1 });
  assert.deepEqual(
    report.findings.map(({ code, path }) => ({ code, path })),
    [{ code: "TRAIL_POLICY_INVALID", path: "trail.json" }],
  );
  assert.equal(exitStatus(report), 1);
});

describe("parseWitnessPolicy()", () => {
  const [a, b, c] = [2, 4, 6].map((byte) => new Witness(`witness.example/w${byte}`, byte).vkey) as [
    string,
    string,
    string,
  ];
  const three = `witness a ${a}\nwitness b ${b} https://b.example\nwitness c ${c}\n`;

  test("counts groups within groups", () => {
    const { isMetBy, witnesses } = parseWitnessPolicy(
      `# ours\nlog ${FIRST_KEY.vkey}\n${three}group two 2 a b c\ngroup all all two a\nquorum all\n`,
    );
    assert.equal(witnesses[1]?.url, "https://b.example");
    const met = (...vkeys: string[]) => isMetBy(new Set(vkeys));
    assert.deepEqual([met(), met(a), met(b, c), met(a, b), met(a, b, c)], [false, false, false, true, true]);
  });

  test("is met by nobody's signature where the quorum is none", () => {
    assert.ok(parseWitnessPolicy("quorum none\n").isMetBy(new Set()));
  });

  const wrongs = [
    "",
    three,
    `${three}quorum d\n`,
    `${three}quorum a\nquorum b\n`,
    `${three}group g 4 a b c\nquorum g\n`,
    `${three}group g 0 a b c\nquorum g\n`,
    `${three}group g 01 a b c\nquorum g\n`,
    `${three}group g some a b\nquorum g\n`,
    `${three}group g any\nquorum g\n`,
    `${three}group g any a a\nquorum g\n`,
    `${three}group a any b\nquorum a\n`,
    `${three}group g any h\ngroup h any a\nquorum g\n`,
    `witness none ${a}\nquorum none\n`,
    `witness a ${a}\nwitness b ${a}\nquorum a\n`,
    `witness a\nquorum a\n`,
    `witness a ${a} https://a.example more\nquorum a\n`,
    "require a\nquorum none\n",
    `${"\n".repeat(300)}quorum none\n`,
  ];
  for (const text of wrongs) {
    const lines = text.split("\n").filter((line) => !/^(?:witness [abc] |$)/.test(line));
    test(`refuses ${JSON.stringify(lines.join("; ").slice(0, 60))}`, () => {
      assert.throws(() => parseWitnessPolicy(text), { code: "TRAIL_POLICY_INVALID" });
    });
  }

  test("refuses a log's key for a witness", () => {
    assert.throws(() => parseWitnessPolicy(`witness a ${FIRST_KEY.vkey}\nquorum a\n`), {
      code: "TRAIL_VKEY_MALFORMED",
    });
  });
});
