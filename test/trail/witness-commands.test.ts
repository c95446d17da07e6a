import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { canonicalBytes } from "../../gate/trail/canonical.ts";
import { CLI } from "../../scripts/bundle.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { installInto } from "../installed.ts";
import { CONTENTS } from "./entries.ts";
import { ownerOf } from "./owner.ts";
import { programEnvironment } from "./programs.ts";
import { BRANCH, paths, readFile } from "./tamper.ts";

/** The bundled command as a witness runs it from a timer, in a clone and with a key that the log's people do not have. */

const ORIGIN = "example.com/acme/models/trail";
const WITNESS = "witness.example/audit";

let folder: string;
let repository: ScratchRepository;
let pin = "";

const at = (name: string) => join(folder, name);
const FETCH = ["fetch", "--quiet", "origin", `${BRANCH}:${BRANCH}`];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "weighbridge-witness-"));
  await installInto(folder, CLI);
  repository = await scratchRepository();
  repository.commit("a model", { "models/credit-pd/model.yml": "id: credit-pd\n" });
});
after(() => {
  repository.remove();
  rmSync(folder, { recursive: true });
});

function trail(cwd: string, ...args: readonly string[]) {
  return spawnSync(process.execPath, [at(join("dist", CLI.out)), "trail", ...args], {
    ...{ cwd, env: programEnvironment(), encoding: "utf8" },
  });
}

function run(cwd: string, status: number, ...args: readonly string[]): string {
  const result = trail(cwd, ...args);
  assert.equal(result.status, status, `${args.join(" ")}\n${result.stdout}${result.stderr}`);
  return `${result.stdout}${result.stderr}`;
}

function git(...args: readonly string[]): number | null {
  return spawnSync("git", ["-C", at("clone"), ...args], { env: programEnvironment() }).status;
}

function append(kind: keyof typeof CONTENTS): void {
  writeFileSync(at("entry.json"), canonicalBytes(CONTENTS[kind]));
  run(repository.directory, 0, "append", "--entry", at("entry.json"), "--key", `file:${at("log.pem")}`);
}

function witness(status: number, ...more: readonly string[]): string {
  const own = ["--key", `file:${at("witness.pem")}`, "--name", WITNESS, "--pin-key", pin];
  return run(
    at("clone"),
    status,
    "witness",
    ...own,
    "--state",
    at("state"),
    "--out",
    at("cosigned"),
    ...more,
  );
}

test("a log names a witness, which follows it in a clone of its own", () => {
  const vkey = run(
    folder,
    0,
    "key",
    "new",
    "--witness",
    "--origin",
    WITNESS,
    "--out",
    at("witness.pem"),
  ).trim();
  writeFileSync(at("policy"), `witness audit ${vkey}\nquorum audit\n`);
  pin = run(repository.directory, 0, "key", "new", "--origin", ORIGIN, "--out", at("log.pem")).trim();
  const log = ["--origin", ORIGIN, "--key", `file:${at("log.pem")}`, "--witness-policy", at("policy")];
  run(repository.directory, 0, "init", ...log);
  spawnSync("git", ["clone", "--quiet", repository.directory, at("clone")], { env: programEnvironment() });
  assert.equal(git(...FETCH), 0);
});

test("a witness begins once, and then goes on from what it cosigned last", () => {
  assert.match(witness(2), /TRAIL_STATE_MISSING/);
  assert.match(witness(0, "--begin"), /^witness\.example\/audit\+\w+\+\S+ cosigned the tree of 1\.\n$/);
  append("waiver.used");
  assert.equal(git(...FETCH), 0);
  const { vkey, ...done } = JSON.parse(witness(0, "--format", "json"));
  assert.deepEqual(done, { cosigned: true, size: 2, out: at("cosigned") });
  assert.match(vkey, /^witness\.example\/audit\+/);
  assert.match(readFileSync(at("cosigned"), "utf8"), /\n2\n[\s\S]*\n— witness\.example\/audit /);
});

test("what it cosigned is taken along by the log, and verifies", () => {
  const key = ["--key", `file:${at("log.pem")}`];
  const submit = ["submit", "--cosigned", at("cosigned"), ...key];
  assert.match(run(repository.directory, 0, ...submit), /audit cosigned the tree of 2; the next append/);
  append("waiver.expired");
  assert.match(readFile(repository, "checkpoint.witnessed").toString(), /\n2\n/);
  assert.match(run(repository.directory, 0, "verify", "--since", at("cosigned")), /Nothing is wrong\./);
  assert.match(run(repository.directory, 2, "submit", ...key), /witness audit: it has no URL/);
  const behind = JSON.parse(run(repository.directory, 2, "submit", "--format", "json", ...key));
  assert.deepEqual([behind.kind, behind.by, behind.problems.length], ["behind", [], 1]);
  const again = JSON.parse(run(repository.directory, 0, ...submit, "--format", "json"));
  assert.deepEqual([again.kind, again.by], ["witnessed", ["audit"]]);
});

test("it cosigns no tree that another key began, and none that it has seen larger", () => {
  const kept = readFileSync(at("state"));
  const before = readFileSync(at("cosigned"));
  rmSync(at("cosigned"));
  assert.equal(git(...FETCH), 0);
  const stranger = run(folder, 0, "key", "new", "--origin", ORIGIN, "--out", at("other.pem")).trim();
  assert.match(witness(1, "--pin-key", stranger), /TRAIL_PIN_WRONG[\s\S]*It is not cosigned/);
  assert.match(witness(0), /cosigned the tree of 3/);
  rmSync(at("cosigned"));
  assert.equal(git("update-ref", `refs/heads/${BRANCH}`, `${BRANCH}~1`), 0);
  assert.match(witness(1), /TRAIL_ROLLED_BACK[\s\S]*It is not cosigned/);
  const refused = JSON.parse(witness(1, "--format", "json"));
  const codes = refused.findings.map(({ code }: { code: string }) => code);
  assert.deepEqual([refused.cosigned, codes.includes("TRAIL_ROLLED_BACK")], [false, true]);
  assert.ok(!existsSync(at("cosigned")));
  assert.notDeepEqual(readFileSync(at("state")), kept);
  writeFileSync(at("cosigned"), before);
});

test("an owner's approval changes what the trail says of itself", () => {
  const { directory } = repository;
  const key = ["--key", `file:${at("log.pem")}`];
  assert.match(run(directory, 2, "configure"), /TRAIL_FILE_SAME/);
  assert.match(run(directory, 2, "configure", "--witness-policy", at("entry.json")), /TRAIL_POLICY_INVALID/);
  const wanted = ["--glob", "models/**", "data/**", "--heartbeat-minutes", "30", "--no-witnesses"];
  const text = run(directory, 0, "configure", ...wanted);
  const asJson = JSON.parse(run(directory, 0, "configure", ...wanted, "--format", "json"));
  assert.equal(asJson.approval, text);
  assert.match(
    text,
    /^weighbridge-trail\/approval\/v1\nexample\.com\/acme\/models\/trail\nconfig\.changed\n/,
  );
  writeFileSync(at("approval.sig"), ownerOf(21).sign(text));
  const approval = ["--approval", at("approval.sig"), ...key];
  assert.match(run(directory, 2, "configure", "--no-witnesses", ...approval), /TRAIL_APPROVAL_WRONG/);
  const done = JSON.parse(run(directory, 0, "configure", ...wanted, ...approval, "--format", "json"));
  assert.deepEqual(done, { changed: true, digest: asJson.digest });
  const file = JSON.parse(readFile(repository, "trail.json").toString());
  assert.deepEqual(file.governed, { branch: "main", globs: ["models/**", "data/**"] });
  assert.deepEqual([file.heartbeat_minutes, file.witness], [30, undefined]);
  writeFileSync(at("owners"), `maria ${ownerOf(21).publicKey}\n`);
  const pins = ["--pin-key", pin, "--owners", at("owners")];
  // What a witness cosigned that is named no more went with its name, and does not come back.
  assert.ok(!paths(repository).includes("checkpoint.witnessed"));
  append("merge.observed");
  assert.ok(!paths(repository).includes("checkpoint.witnessed"));
  assert.match(run(directory, 0, "verify", ...pins), /Nothing is wrong\./);
});
