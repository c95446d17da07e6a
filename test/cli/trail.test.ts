import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { digestOf, type Files, POLICY, weightsOf } from "../acceptance/governed.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { amend, flipped, paths, readFile } from "../trail/tamper.ts";
import { assertStatus, installCommand, type WeighbridgeCommand } from "./command.ts";

const NOW = "2026-11-21T12:00:00Z";
const ORIGIN = "example.com/acme/models/trail";

let weighbridge: WeighbridgeCommand;
let scratch: ScratchRepository;
before(async () => {
  weighbridge = await installCommand();
  scratch = await scratchRepository();
  scratch.commit("policy and first model", {
    ".gitignore": "evidence/\n*.json\n*.key\n",
    ".weighbridge/policy.yml": POLICY,
    ...model(1),
  });
});
after(() => {
  weighbridge.remove();
  scratch.remove();
});

/** A model whose metrics are measured in the run and never committed. */
function model(version: number): Files {
  const weights = weightsOf(version);
  const digest = digestOf(weights);
  return {
    "models/credit-pd/model.safetensors": weights,
    "models/credit-pd/model.yml": `weighbridge: 1
id: credit-pd
owner: acme/credit-owners
purpose: Ranks applications for consumer credit
status: candidate
tier: T3
next_review: 2030-01-01
artifacts:
  - { path: model.safetensors, digest: "${digest}" }
evaluation:
  - path: metrics.json
    dataset: holdout
    role: test
    subject: "${digest}"
    produced_at: 2026-11-20T09:00:00Z
    metrics: [roc_auc]
context: { domain: other, exposure: 2, purpose: 1 }
`,
  };
}

/** Commits a version of the model, and leaves what its run measured beside the commit. */
function change(version: number, auc: number): void {
  scratch.commit(`model ${version}`, model(version));
  scratch.write("evidence/models/credit-pd/metrics.json", `{ "roc_auc": ${auc} }\n`);
}

async function check(status: number): Promise<DecisionRecord> {
  const args = ["check", "--base", "HEAD~1", "--head", "HEAD", "--now", NOW, "--format", "json"];
  const result = await weighbridge.run(scratch.directory, [...args, "--evidence", "evidence/**"]);
  assertStatus(result, status);
  return JSON.parse(result.stdout);
}

async function trail(...args: readonly string[]): Promise<void> {
  const key = `file:${join(scratch.directory, "log.key")}`;
  assertStatus(await weighbridge.run(scratch.directory, ["trail", ...args, "--key", key]), 0);
}

function outcomeOf({ results }: DecisionRecord, gate: string): string | undefined {
  return results.find((result) => result.gate === gate)?.outcome;
}

describe("check beside a trail", { concurrency: 1 }, () => {
  it("asks nothing of a trail that is not there, and has no baseline where the base has no metrics", async () => {
    change(2, 0.9);
    const record = await check(1);
    assert.equal(outcomeOf(record, "CORE-16"), "not_applicable");
    assert.equal(outcomeOf(record, "PERF-02"), "missing_evidence");
  });

  it("finds a trail that verifies to be in order", async () => {
    const made = await weighbridge.run(scratch.directory, [
      "trail",
      "key",
      "new",
      "--origin",
      ORIGIN,
      "--out",
      "log.key",
    ]);
    assertStatus(made, 0);
    await trail("init", "--origin", ORIGIN);
    const record = await check(1);
    assert.equal(outcomeOf(record, "CORE-16"), "pass");
    assert.deepEqual(record.input.trail?.findings, []);
    assert.equal(record.input.trail?.size, 1);
  });

  it("holds a candidate against the last decision that let pass what the base has", async () => {
    // Accepted as a new model, whose numbers nobody had before.
    scratch.git("checkout", "--quiet", "--orphan", "fresh");
    scratch.git("rm", "-rq", "--cached", "models");
    scratch.git("clean", "-fdq", "models");
    scratch.commit("policy alone");
    change(2, 0.9);
    const accepted = await check(0);
    assert.equal(accepted.verdict, "pass");
    scratch.write("accepted.json", JSON.stringify(accepted));
    await trail("append", "accepted.json", "--pr", "7", "--repository-name", "acme/models");
    change(3, 0.7);
    const worse = await check(1);
    const regression = worse.results.find(({ gate }) => gate === "PERF-02");
    assert.equal(regression?.outcome, "fail");
    assert.match(regression?.findings[0]?.message ?? "", /went from 0\.9 to 0\.7/);
    const champion = worse.input.evidence.find(({ side, kind }) => side === "base" && kind === "metric");
    assert.equal(champion?.source.adapter, "trail@1");
    assert.equal(champion?.source.digest, accepted.digest);
    scratch.write("evidence/models/credit-pd/metrics.json", '{ "roc_auc": 0.91 }\n');
    const better = await check(0);
    assert.equal(outcomeOf(better, "PERF-02"), "pass");
  });

  it("takes no champion's word from a branch that the base does not come from", async () => {
    scratch.git("checkout", "--quiet", "-b", "own", "HEAD~2");
    scratch.commit("whatever policy somebody likes", {
      ".weighbridge/policy.yml": POLICY.replace("min: 0.8", "min: 0.5"),
    });
    change(2, 0.6);
    const own = await check(0);
    scratch.write("own.json", JSON.stringify(own));
    await trail("append", "own.json", "--pr", "8", "--repository-name", "acme/models");
    scratch.git("checkout", "--quiet", "fresh");
    scratch.write("evidence/models/credit-pd/metrics.json", '{ "roc_auc": 0.7 }\n');
    const worse = await check(1);
    const regression = worse.results.find(({ gate }) => gate === "PERF-02");
    assert.match(regression?.findings[0]?.message ?? "", /went from 0\.9 to 0\.7/);
  });

  it("takes no champion's word of a change that left the model as it was and never entered", async () => {
    scratch.git("checkout", "--quiet", "-b", "again", "HEAD~1");
    const measured = (auc: number) =>
      scratch.write("evidence/models/credit-pd/metrics.json", `{ "roc_auc": ${auc} }\n`);
    scratch.commit("words alone", { "models/credit-pd/README.md": "A score.\n" });
    measured(0.899);
    const again = await check(0);
    assert.equal(again.models[0]?.changeClass, "A");
    scratch.write("again.json", JSON.stringify(again));
    await trail("append", "again.json", "--pr", "9", "--repository-name", "acme/models");
    scratch.git("checkout", "--quiet", "fresh");
    measured(0.7);
    const worse = await check(1);
    const regression = worse.results.find(({ gate }) => gate === "PERF-02");
    assert.match(regression?.findings[0]?.message ?? "", /went from 0\.9 to 0\.7/);
    scratch.git("checkout", "--quiet", "again");
    change(3, 0.7);
    const entered = await check(1);
    const lower = entered.results.find(({ gate }) => gate === "PERF-02");
    assert.match(lower?.findings[0]?.message ?? "", /went from 0\.899 to 0\.7/);
    scratch.git("checkout", "--quiet", "fresh");
  });

  it("takes no champion's word for another content than the base has", async () => {
    change(4, 0.95);
    const record = await check(1);
    assert.equal(outcomeOf(record, "PERF-02"), "missing_evidence", "nobody approved version 3");
  });

  it("closes where somebody changed one byte of the trail, and takes no baseline from it", async () => {
    scratch.git("checkout", "--quiet", "HEAD~1");
    scratch.write("evidence/models/credit-pd/metrics.json", '{ "roc_auc": 0.91 }\n');
    const path = paths(scratch).find((each) => each.startsWith("tail/")) ?? "";
    const bytes = readFile(scratch, path);
    amend(scratch, { [path]: flipped(bytes, bytes.length - 40) });
    const record = await check(1);
    assert.equal(outcomeOf(record, "CORE-16"), "fail");
    assert.equal(outcomeOf(record, "PERF-02"), "missing_evidence");
    assert.match(record.input.trail?.findings[0]?.code ?? "", /^TRAIL_/);
  });
});
