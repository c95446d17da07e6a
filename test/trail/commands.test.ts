import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { canonical, sha256Of } from "../../gate/parse/canonical.ts";
import { canonicalBytes } from "../../gate/trail/canonical.ts";
import { generateKey } from "../../gate/trail/keys.ts";
import { formatEntries, parseEntries } from "../../gate/trail/tile.ts";
import { decide } from "../../gate/verdict/decide.ts";
import { CLI } from "../../scripts/bundle.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { installInto } from "../installed.ts";
import { textOf } from "../report/render-markdown.ts";
import { input } from "../verdict/gates.ts";
import { CONTENTS } from "./entries.ts";
import { ownerOf } from "./owner.ts";
import { programEnvironment } from "./programs.ts";
import { decisions, startedRig } from "./rig.ts";
import { amend, BRANCH, flipped, readFile } from "./tamper.ts";

/** The bundled command as a team and its auditor use it, one thing after the other, on one repository. */

const ORIGIN = "example.com/acme/models/trail";

let folder: string;
let repository: ScratchRepository;
let pin: { vkey: string; digest: string };
let head: string;

const at = (name: string) => join(folder, name);

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "weighbridge-trail-"));
  await installInto(folder, CLI);
  repository = await scratchRepository();
  const base = repository.commit("a model", { "models/credit-pd/model.yml": "id: credit-pd\n" });
  head = repository.commit("a better model", { "models/credit-pd/weights": "1" });
  write("decision.json", canonical(decisionOf(base, head)));
});
after(() => {
  repository.remove();
  rmSync(folder, { recursive: true });
});

function write(name: string, content: string | Uint8Array): string {
  writeFileSync(at(name), content);
  return at(name);
}

function trail(...args: readonly string[]) {
  return spawnSync(process.execPath, [at(join("dist", CLI.out)), "trail", ...args], {
    cwd: repository.directory,
    env: programEnvironment(),
    encoding: "utf8",
  });
}
/** Standard output of a command that ends with this status. */
function run(status: number, ...args: readonly string[]): string {
  const result = trail(...args);
  assert.equal(result.status, status, `${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return result.stdout;
}
function codeOf(...args: readonly string[]): string | undefined {
  const { status, stderr } = trail(...args);
  assert.equal(status, 2, stderr);
  return /code: (\w+)/.exec(stderr)?.[1];
}

/** A sample, and the commands that its index gives to draw it again. */
let again: { commands: string; text: string };

function drawAgain(): string {
  const cli = `weighbridge() { '${process.execPath}' '${at(join("dist", CLI.out))}' "$@"; }`;
  const { stdout, stderr, status } = spawnSync("sh", ["-c", `set -e\n${cli}\n${again.commands}`], {
    cwd: repository.directory,
    env: programEnvironment(),
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** A passing decision about two commits of the repository. */
function decisionOf(base: string, commit: string): DecisionRecord {
  const given = input();
  return decide({ ...given, change: { ...given.change, base, mergeBase: base, head: commit } });
}

describe("a team", () => {
  test("makes a key that only it can read, and begins a trail", () => {
    const vkey = run(0, "key", "new", "--origin", ORIGIN, "--out", at("log.pem")).trim();
    assert.equal(statSync(at("log.pem")).mode & 0o777, 0o600);
    assert.equal(codeOf("key", "new", "--origin", ORIGIN, "--out", at("log.pem")), "OUT_NOT_WRITTEN");
    const args = ["--origin", ORIGIN, "--repository-id", "777000111", "--genesis", "HEAD~1"];
    pin = JSON.parse(run(0, "init", ...args, "--key", `file:${at("log.pem")}`, "--format", "json"));
    assert.equal(pin.vkey, vkey);
    assert.equal(codeOf("init", ...args, "--key", `file:${at("log.pem")}`), "TRAIL_EXISTS");
  });

  test("records a decision once, however often it is given", () => {
    const append = () =>
      run(0, "append", at("decision.json"), "--pr", "17", "--key", `file:${at("log.pem")}`);
    assert.match(append(), /^[0-9a-f]{40} {2}1 recorded, 2 in all\n$/);
    assert.equal(append(), "Nothing to record: all of it stands in the trail already.\n");
  });

  test("records other entries, with the key in the environment", () => {
    const entry = write("merge.json", canonicalBytes(CONTENTS["merge.observed"]));
    process.env.TRAIL_KEY = readFileSync(at("log.pem"), "utf8");
    const out = run(0, "append", "--entry", entry, "--key", "env:TRAIL_KEY", "--format", "json");
    delete process.env.TRAIL_KEY;
    assert.equal(JSON.parse(out).recorded[0].ids.length, 1);
  });

  test("cannot write with another key, an altered record, or one about a work tree", () => {
    write("other.pem", generateKey(ORIGIN).pem);
    const key = ["--key", `file:${at("log.pem")}`];
    assert.equal(codeOf("append", "--key", `file:${at("other.pem")}`), "TRAIL_KEY_WRONG");
    assert.equal(codeOf("append", "--key", `file:${at("decision.json")}`), "TRAIL_KEY_INVALID");
    assert.equal(codeOf("append", "--key", "log.pem"), "USAGE");
    const record = JSON.parse(readFileSync(at("decision.json"), "utf8"));
    const altered = write("altered.json", canonical({ ...record, verdict: "fail" }));
    assert.equal(codeOf("append", altered, ...key), "TRAIL_DECISION_ALTERED");
    const { digest: _, ...rest } = record;
    rest.input.change.head = "worktree";
    const loose = write("worktree.json", canonical({ ...rest, digest: sha256Of(canonical(rest)) }));
    assert.equal(codeOf("append", loose, ...key), "TRAIL_DECISION_UNCOMMITTED");
    const empty = { ...rest, digests: undefined };
    const hollow = write("hollow.json", canonical({ ...empty, digest: sha256Of(canonical(empty)) }));
    assert.equal(codeOf("append", hollow, ...key), "DECISION_INVALID");
  });

  test("hands over to a new key with an owner's approval", () => {
    const json = ["--format", "json"];
    const { vkey, out } = JSON.parse(
      run(0, "key", "new", "--origin", ORIGIN, "--out", at("next.pem"), ...json),
    );
    assert.equal(out, at("next.pem"));
    const text = run(0, "key", "approval", "--new", vkey);
    assert.deepEqual(JSON.parse(run(0, "key", "approval", "--new", vkey, ...json)), { approval: text });
    const approval = write("approval.sig", ownerOf(21).sign(text));
    const keys = ["--key", `file:${at("log.pem")}`, "--new-key", `file:${at("next.pem")}`];
    assert.equal(codeOf("key", "rotate", ...keys, "--approval", at("decision.json")), "TRAIL_SSHSIG_INVALID");
    assert.deepEqual(JSON.parse(run(0, "key", "rotate", ...keys, "--approval", approval, ...json)), {
      from: pin.vkey,
      to: vkey,
    });
    assert.equal(codeOf("append", "--key", `file:${at("log.pem")}`), "TRAIL_KEY_WRONG");
  });
});

describe("an auditor", () => {
  test("verifies against what was pinned, and the owners", () => {
    const owners = write("owners", `maria ${ownerOf(21).publicKey}\n`);
    const pins = ["--pin-key", pin.vkey, "--pin-digest", pin.digest, "--owners", owners];
    const report = JSON.parse(run(0, "verify", ...pins, "--format", "json"));
    assert.deepEqual(report.findings, []);
    assert.equal(report.size, 4);
    assert.match(run(1, "verify", "--pin-digest", "00".repeat(32)), /TRAIL_PIN_WRONG/);
    write("owners", `maria ${ownerOf(22).publicKey}\n`);
    assert.match(run(1, "verify", ...pins), /TRAIL_APPROVAL_STRANGER/);
  });

  test("keeps a state, and reads only what is new the next time", () => {
    run(0, "verify", "--state", at("state"));
    run(
      0,
      "append",
      "--entry",
      write("waiver.json", canonicalBytes(CONTENTS["waiver.used"])),
      "--key",
      `file:${at("next.pem")}`,
    );
    const report = JSON.parse(run(0, "verify", "--state", at("state"), "--format", "json"));
    assert.equal(report.entriesRead, 1);
    assert.equal(report.size, 5);
  });

  test("sees a rollback by the state, and leaves the state as it was", () => {
    const kept = readFileSync(at("state"));
    const tip = repository.git("rev-parse", BRANCH);
    repository.git("update-ref", `refs/heads/${BRANCH}`, `${BRANCH}~1`);
    assert.match(run(1, "verify", "--state", at("state")), /TRAIL_ROLLED_BACK/);
    assert.deepEqual(readFileSync(at("state")), kept);
    repository.git("update-ref", `refs/heads/${BRANCH}`, tip);
  });

  test("sees a rollback, and another tree, by a checkpoint alone", () => {
    const tip = repository.git("rev-parse", BRANCH);
    const kept = readFile(repository, "checkpoint");
    const since = ["--since", write("checkpoint", kept)];
    assert.deepEqual(JSON.parse(run(0, "verify", ...since, "--format", "json")).findings, []);
    repository.git("update-ref", `refs/heads/${BRANCH}`, `${BRANCH}~1`);
    assert.match(run(1, "verify", ...since), /TRAIL_ROLLED_BACK: .* of 5 entries: there are 4/);
    repository.git("update-ref", `refs/heads/${BRANCH}`, tip);
    const [origin, size, , ...rest] = kept.toString().split("\n");
    write("checkpoint", [origin, size, Buffer.alloc(32, 7).toString("base64"), ...rest].join("\n"));
    assert.match(run(1, "verify", ...since), /TRAIL_FORKED: the checkpoint that was kept has another root/);
    write(
      "checkpoint",
      ["example.com/other/trail", size, ...kept.toString().split("\n").slice(2)].join("\n"),
    );
    assert.match(run(1, "verify", ...since), /TRAIL_ORIGIN_WRONG/);
    assert.equal(codeOf("verify", "--since", at("decision.json")), "TRAIL_NOTE_MALFORMED");
  });

  test("sees one bit turned over", () => {
    const tip = repository.git("rev-parse", BRANCH);
    const path = "tail/00000000/0/01";
    const segment = readFile(repository, path);
    amend(repository, { [path]: flipped(segment, segment.indexOf('"0.8"') + 3) });
    assert.match(run(1, "verify"), /TRAIL_ENTRY_ALTERED: entry 1 is not what was logged/);
    repository.git("update-ref", `refs/heads/${BRANCH}`, tip);
  });

  test("lists entries by model, pull request, kind and day", () => {
    const seqs = (...args: string[]) =>
      run(0, "log", ...args)
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => Number(line.trim().split(" ")[0]));
    assert.deepEqual(seqs(), [0, 1, 2, 3, 4]);
    assert.deepEqual(seqs("--model", "m"), [1]);
    assert.deepEqual(seqs("--model", "credit-pd"), [4]);
    assert.deepEqual(seqs("--pr", "17"), [1, 2]);
    assert.deepEqual(seqs("--kind", "decision.made", "key."), [1, 3]);
    assert.deepEqual(seqs("--from", "2100-01-01"), []);
    assert.deepEqual(seqs("--until", "2100-01-01", "--kind", "waiver.used"), [4]);
    assert.equal(codeOf("log", "--pr", "x"), "USAGE");
    assert.equal(codeOf("log", "--from", "yesterday"), "USAGE");
  });

  test("gets a proof of one entry that holds without the trail", () => {
    const paths = ["--out", at("1.tlog-proof"), "--entry-out", at("1.json")];
    assert.equal(run(0, "prove", "1", ...paths), "");
    assert.deepEqual(JSON.parse(run(0, "prove", "1", ...paths, "--format", "json")), {
      ...{ seq: 1, proof: at("1.tlog-proof"), entry: at("1.json") },
    });
    const { vkey } = JSON.parse(readFile(repository, "trail.json").toString()).keys[1];
    const check = (key: string) => ["verify", at("1.tlog-proof"), at("1.json"), "--pin-key", key];
    assert.equal(run(0, ...check(vkey)), `Entry 1 is one of the 5 of ${ORIGIN}.\n`);
    run(1, ...check(generateKey(ORIGIN).vkey));
    write("1.json", flipped(readFileSync(at("1.json")), 99));
    run(1, ...check(vkey));
    assert.equal(JSON.parse(run(1, ...check(vkey), "--format", "json")).holds, false);
    assert.equal(codeOf("verify", at("1.tlog-proof"), "--pin-key", vkey), "USAGE");
    assert.equal(codeOf("verify", at("1.tlog-proof"), at("1.json")), "USAGE");
    assert.equal(codeOf("prove", "5", "--out", at("x"), "--entry-out", at("y")), "TRAIL_ENTRY_UNKNOWN");
  });

  test("asks what stood on a day", () => {
    const state = JSON.parse(run(0, "asof", "2100-01-01", "--format", "json"));
    assert.deepEqual(state.deployed, []);
    assert.deepEqual(
      state.approved.map(({ name, pr, seq }: { name: string; pr: number; seq: number }) => ({
        name,
        pr,
        seq,
      })),
      [{ name: "m/model.safetensors", pr: 17, seq: 1 }],
    );
    assert.match(run(0, "asof", "2000-01-01"), /at 2000-01-01T23:59:59.999Z/);
  });

  test("draws a sample that the seed decides", () => {
    const draw = (seed: string) => JSON.parse(run(0, "sample", "--n", "3", "--seed", seed));
    const one = draw("2026-11");
    assert.deepEqual(one, draw("2026-11"));
    assert.deepEqual(one, JSON.parse(run(0, "sample", "--n", "3", "--seed", "2026-11", "--format", "json")));
    assert.equal(one.population, 5);
    assert.equal(new Set(one.drawn.map(({ seq }: { seq: number }) => seq)).size, 3);
    write("s.tlog-proof", one.drawn[0].proof);
    write("s.json", one.drawn[0].entry);
    const { vkey } = JSON.parse(readFile(repository, "trail.json").toString()).keys[1];
    run(0, "verify", at("s.tlog-proof"), at("s.json"), "--pin-key", vkey);
  });

  test("draws a sample with a page for each entry, and gets the same one by what the index says", () => {
    const args = [
      "sample",
      "--n",
      "3",
      "--seed",
      "it's 2026-11",
      "--kind",
      "decision.made",
      "trail.",
      "waiver.",
    ];
    const text = run(0, ...args, "--pages", at("pages"));
    assert.equal(text, run(0, ...args));
    const { drawn } = JSON.parse(text) as { drawn: { seq: number; entry: string }[] };
    const names = drawn.map(({ seq }) => String(seq).padStart(6, "0"));
    assert.deepEqual(
      readdirSync(at("pages")).sort(),
      [
        ...names.flatMap((name) => [`${name}.html`, `${name}.json`, `${name}.tlog-proof`]),
        "index.html",
      ].sort(),
    );
    assert.match(readFileSync(at("pages/000001.html"), "utf8"), /<h1>Entry 1: decision\.made<\/h1>/);
    const { vkey } = JSON.parse(readFile(repository, "trail.json").toString()).keys[1];
    const files = [at("pages/000001.tlog-proof"), at("pages/000001.json")];
    run(0, "verify", ...files, "--pin-key", vkey);
    const index = readFileSync(at("pages/index.html"), "utf8");
    again = { commands: textOf(/<pre[^>]*>([\s\S]*?)<\/pre>/.exec(index)?.[1] ?? ""), text };
    assert.equal(drawAgain(), text);
  });

  test("mixes no sample with what lies in a folder, and overwrites nothing", () => {
    mkdirSync(at("notes"));
    write("notes/mine.txt", "kept");
    const args = ["sample", "--n", "3", "--seed", "2026-11", "--pages"];
    assert.equal(codeOf(...args, at("notes")), "OUT_NOT_EMPTY");
    assert.deepEqual(readdirSync(at("notes")), ["mine.txt"]);
    assert.match(trail(...args, at("notes")).stderr, /fix: Name a folder that is empty/);
    assert.equal(codeOf(...args, at("notes/mine.txt")), "OUT_NOT_WRITTEN");
  });

  test("takes the trail along as a table, as lines and as tiles", () => {
    run(0, "export", "--format", "csv", "--out", at("trail.csv"));
    const [header, ...rows] = readFileSync(at("trail.csv"), "utf8").trimEnd().split("\r\n");
    assert.ok(header!.startsWith("seq,ts,source_ts,kind,"));
    assert.equal(rows.length, 5);
    run(0, "export", "--format", "jsonl", "--out", at("trail.jsonl"), "--kind", "decision.made");
    assert.equal(JSON.parse(readFileSync(at("trail.jsonl"), "utf8")).predicate.decision.verdict, "pass");
    run(0, "export", "--format", "tiles", "--out", at("tiles"));
    assert.ok(existsSync(join(at("tiles"), "tile", "0", "000.p", "5")));
  });

  test("takes the trail along as assessment results", () => {
    run(0, "export", "--format", "oscal", "--out", at("oscal.json"));
    const { metadata, results } = JSON.parse(readFileSync(at("oscal.json"), "utf8"))["assessment-results"];
    assert.equal(metadata.version, "5");
    assert.equal(metadata["oscal-version"], "1.2.2");
    const titles = results.map(({ title }: { title: string }) => title);
    assert.deepEqual(titles, ["Decision on pull request 17: pass", "Recorded beside decisions"]);
    assert.equal(
      codeOf("export", "--format", "oscal", "--out", at("none.json"), "--pr", "99"),
      "TRAIL_EXPORT_EMPTY",
    );
    assert.ok(!existsSync(at("none.json")));
  });

  test("finds the merge that no entry records", () => {
    const result = JSON.parse(run(1, "reconcile", "--format", "json"));
    assert.deepEqual(
      result.findings.map(({ code }: { code: string }) => code),
      ["TRAIL_GAP_MERGE", "TRAIL_GAP_DECISION"],
    );
    assert.equal(result.findings[0].commit, head);
  });
});

test("what halted a trail is said, and an operator goes on", () => {
  const key = ["--key", `file:${at("next.pem")}`];
  const tree = repository.git("rev-parse", `${BRANCH}^{tree}`);
  const foreign = repository.git("commit-tree", "-p", BRANCH, "-m", "fix typo", tree);
  repository.git("update-ref", `refs/heads/${BRANCH}`, foreign);
  const entry = write("waiver.json", canonicalBytes(CONTENTS["waiver.expired"]));
  assert.equal(codeOf("append", "--entry", entry, ...key), "TRAIL_FOREIGN_COMMIT");
  assert.equal(codeOf("resume", ...key), "TRAIL_FOREIGN_COMMIT");
  assert.equal(codeOf("resume", "--adopt", ...key), "USAGE");
  const reason = [
    "--person",
    "1000014",
    "--reason-url",
    "https://example.com/1",
    "--reason-text",
    at("owners"),
  ];
  const failed = trail("resume", ...key, "--format", "json");
  assert.equal(failed.status, 2);
  assert.equal(JSON.parse(failed.stdout).error.code, "TRAIL_FOREIGN_COMMIT");
  const { done, halt } = JSON.parse(run(0, "resume", "--adopt", ...reason, ...key, "--format", "json"));
  assert.deepEqual([done, halt.code], ["adopted", "TRAIL_FOREIGN_COMMIT"]);
  assert.deepEqual(JSON.parse(run(0, "resume", ...key, "--format", "json")), { done: "nothing" });
  run(0, "append", ...key);
  const report = JSON.parse(run(0, "verify", "--format", "json"));
  assert.equal(report.size, 7);
  assert.ok(report.notes.some((note: string) => note.includes(foreign)));
});

test("a sample is drawn again after the trail has grown", () => {
  repository.git("branch", "--delete", "--force", "audit-sample-5");
  assert.equal(drawAgain(), again.text);
});

test("a log and an export say how many entries they leave out because their kind is not known", async () => {
  const rig = await startedRig();
  await rig.append(decisions(1));
  const path = "tail/00000000/0/01";
  const [made] = parseEntries(readFile(rig.repository, path), path);
  const felt = Buffer.from(Buffer.from(made!).toString().replace("decision.made", "decision.felt"));
  amend(rig.repository, { [path]: formatEntries([felt]) });
  const told = (...args: readonly string[]) => {
    const where = ["--repository", rig.repository.directory];
    const command = [at(join("dist", CLI.out)), "trail", ...args, ...where];
    const { status, stderr } = spawnSync(process.execPath, command, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stderr;
  };
  const exported = told("export", "--format", "csv", "--out", at("felt.csv"));
  assert.match(exported, /Not in .*felt\.csv: 1 of a kind that this version does not know\./);
  const shown = /Not shown: 1 of a kind that this version does not know\./;
  const number = JSON.parse(felt.toString()).predicate.pr.number;
  assert.match(told("log"), shown);
  assert.match(told("log", "--pr", `${number}`), shown);
  assert.doesNotMatch(told("log", "--pr", `${number + 1}`), shown);
  await rig.close();
  rig.repository.remove();
});
