import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { canonical } from "../../gate/parse/canonical.ts";
import { type Files, modelFiles, NOW, POLICY } from "../acceptance/governed.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { assertStatus, installCommand, type WeighbridgeCommand } from "./command.ts";

const ORIGIN = "example.com/acme/models/trail";

let weighbridge: WeighbridgeCommand;
let scratch: ScratchRepository;
let number = 0;

before(async () => {
  weighbridge = await installCommand();
  scratch = await scratchRepository();
  scratch.commit("policy and first model", {
    ".gitignore": "/*.json\n*.key\n",
    ".weighbridge/policy.yml": POLICY,
    ...modelFiles({ version: 1, auc: 0.85 }),
  });
  await run(0, "trail", "key", "new", "--origin", ORIGIN, "--out", "log.key");
  await trail("init", "--origin", ORIGIN);
});
after(() => {
  weighbridge.remove();
  scratch.remove();
});

async function run(status: number, ...args: readonly string[]): Promise<string> {
  const result = await weighbridge.run(scratch.directory, args);
  assertStatus(result, status);
  return result.stdout;
}

async function trail(...args: readonly string[]): Promise<void> {
  await run(0, "trail", ...args, "--key", `file:${join(scratch.directory, "log.key")}`);
}

/** Judges a commit on top of `main`, on a branch of its own. */
async function propose(files: Files): Promise<{ readonly record: DecisionRecord; readonly head: string }> {
  scratch.git("checkout", "--quiet", "-B", `change-${++number}`, "main");
  const head = scratch.commit(`change ${number}`, files);
  const args = ["--base", "main", "--head", head, "--now", NOW, "--format", "json"];
  const { stdout } = await weighbridge.run(scratch.directory, ["check", ...args]);
  return { record: JSON.parse(stdout), head };
}

/** Judges it, writes the decision to the trail, and lets it in by a merge commit or squashed. */
async function letIn(files: Files, how: "merge" | "squash" = "merge"): Promise<DecisionRecord> {
  const { record, head } = await propose(files);
  assert.equal(record.verdict, "pass");
  scratch.write("decision.json", JSON.stringify(record));
  await trail("append", "decision.json", "--pr", String(number), "--repository-name", "acme/models");
  const base = scratch.git("rev-parse", "main");
  scratch.git("checkout", "--quiet", "main");
  scratch.git("merge", "--quiet", ...(how === "merge" ? ["--no-ff", "--no-edit"] : ["--squash"]), head);
  const merged = how === "merge" ? scratch.git("rev-parse", "HEAD") : scratch.commit(`squashed ${number}`);
  scratch.write("merge.json", canonical(observed({ head, base, merged })));
  await trail("append", "--entry", "merge.json");
  return record;
}

interface Merged {
  readonly head: string;
  readonly base: string;
  readonly merged: string;
}

function observed({ head, base, merged }: Merged) {
  return {
    subject: [{ name: "git+https://example.com/acme/models", digest: { gitCommit: merged } }],
    predicate: {
      kind: "merge.observed",
      source_ts: "2026-11-21T12:00:00.000Z",
      repo: { id: 42, name: "acme/models" },
      pr: { number, base: "main", base_sha: base, head_sha: head },
      merge: { sha: merged, ref: "refs/heads/main" },
    },
  };
}

async function classOf(files: Files): Promise<string> {
  const { record } = await propose(files);
  const [model] = record.input.change.models;
  return `${model?.changeClass}: ${model?.classReasons[0]}`;
}

const first = modelFiles({ version: 1, auc: 0.85 });
const second = modelFiles({ version: 2, auc: 0.86 });
const third = modelFiles({ version: 3, auc: 0.87 });

describe("a change that takes another back", { concurrency: 1 }, () => {
  it("is a refresh where nobody approved what it brings back", async () => {
    await letIn(second);
    assert.match(await classOf(first), /^B: /);
  });

  it("is no rollback for what its own pull request decided before it entered", async () => {
    const { record } = await propose(third);
    scratch.write("decision.json", JSON.stringify(record));
    await trail("append", "decision.json", "--pr", String(number), "--repository-name", "acme/models");
    assert.match(await classOf(third), /^B: /);
  });

  it("is of class E where the trail has it approved and merged before, and names the decision", async () => {
    await letIn(third, "squash");
    const { digest } = await letIn(modelFiles({ version: 4, auc: 0.88 }), "squash");
    const { record } = await propose(third);
    assert.match(
      record.input.change.models[0]?.classReasons[0] ?? "",
      /^The model becomes again sha256:.*let pass$/,
    );
    assert.equal(record.models[0]?.changeClass, "E");
    assert.match(await classOf(second), /^E: /, "any that entered before, not the last alone");
    assert.match(await classOf(modelFiles({ version: 5, auc: 0.9 })), /^B: /);
    assert.notEqual(digest, record.digest);
  });

  it("is not of class E where anything of the model is another than it was", async () => {
    const manifest = Object.keys(third).find((path) => path.endsWith("model.yml")) ?? "";
    const restated = { ...third, [manifest]: `${third[manifest]}`.replace("2030-01-01", "2031-01-01") };
    assert.match(await classOf(restated), /^[BC]: /);
    assert.match(await classOf({ ...third, "models/credit-pd/serve.py": "THRESHOLD = 0.1\n" }), /^C: /);
  });

  it("does not bring back what was taken back itself", async () => {
    // Its numbers are lower than those of the base: it enters as an owner lets it, and the merge is written down.
    const { record, head } = await propose(third);
    assert.equal(record.models[0]?.changeClass, "E");
    scratch.git("checkout", "--quiet", "main");
    scratch.git("merge", "--quiet", "--no-ff", "--no-edit", head);
    assert.match(await classOf(modelFiles({ version: 4, auc: 0.88 })), /^B: /);
    assert.match(await classOf(second), /^E: /);
  });

  it("is judged by the same record again", async () => {
    const { record } = await propose(second);
    assert.equal(record.models[0]?.changeClass, "E");
    scratch.write("back.json", JSON.stringify(record));
    await run(0, "replay", "back.json");
  });
});
