import assert from "node:assert/strict";
import { test } from "node:test";
import { DECISION_ARTIFACT, EVIDENCE_ARTIFACT, readEvidence } from "../../../app/github/evidence.ts";
import { apiRepository } from "../../../app/github/repository.ts";
import { workflowText } from "../../../cli/commands/workflow.ts";
import type { DecisionRecord } from "../../../gate/model/decision.ts";
import { digestOf } from "../../../gate/parse/canonical.ts";
import { toJson } from "../../../gate/report/json.ts";
import type { Files } from "../../github/play/pushes.ts";
import { gate, record, result } from "../../report/records.ts";
import { openScene } from "./scene.ts";
import { zipFile } from "./zip-file.ts";

const WORKFLOW = ".github/workflows/weighbridge.yml";
const ZIP = zipFile([{ name: "models/pd/metrics.json", content: '{"auc": 0.8}' }]);
const OWN_ACTION = `weighbridge/weighbridge@${"a".repeat(40)}`;

async function withRun(files: { base?: Files; head?: Files } = {}) {
  const scene = await openScene();
  const { stand, repository, maria, client, address } = scene;
  const { play } = stand;
  const main = { [WORKFLOW]: workflowText(OWN_ACTION), ...files.base };
  const base = play.push(repository, { branch: "main", by: maria, files: main });
  const head = play.push(repository, {
    branch: "next",
    by: maria,
    parents: [base],
    files: { a: "1", ...files.head },
  });
  const request = {
    ...{ ...address, repositoryId: repository.id, headRepositoryId: repository.id, base, head },
    repository: apiRepository({ client, ...address, repositoryId: repository.id }),
  };
  const run = (over: Partial<Parameters<typeof play.completeRun>[1]> = {}) =>
    play.completeRun(repository, {
      by: maria,
      head,
      branch: "next",
      artifacts: { [EVIDENCE_ARTIFACT]: ZIP },
      ...over,
    });
  const read = (over: object = {}) => readEvidence(client, { ...request, ...over });
  return { ...scene, base, head, request, run, read };
}

test("C61: the files of the run about the head are evidence, where the Action would find them", async () => {
  const { run, read, stand } = await withRun();
  const { id } = run();
  const found = await read();
  assert.ok(found.kind === "found");
  assert.equal(found.runId, id);
  assert.deepEqual(
    found.files.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()]),
    [["weighbridge-evidence/models/pd/metrics.json", '{"auc": 0.8}']],
  );
  assert.equal(stand.count("actions/list-workflow-runs-for-repo"), 1);
});

test("C67: where no workflow ran, or none has ended, nothing is evidence", async () => {
  const { run, read } = await withRun();
  assert.equal((await read()).kind, "absent");
  const started = run({ artifacts: {} });
  started.status = "in_progress";
  assert.deepEqual(await read(), { kind: "pending", runId: started.id });
  started.status = "completed";
  assert.equal((await read()).kind, "absent");
});

test("C66: of a run that failed the jobs are asked, of one that succeeded at once they are not", async () => {
  const { run, read, stand } = await withRun();
  const asked = () => stand.count("actions/list-jobs-for-workflow-run");
  const older = run();
  assert.equal((await read()).kind, "found");
  assert.equal(asked(), 0);
  const killed = run({ conclusion: "failure", jobs: { evaluate: "failure", weigh: "failure" } });
  const before = await read();
  assert.ok(before.kind === "found" && before.runId === older.id);
  assert.equal(asked(), 1);
  older.conclusion = "cancelled";
  const reason = `the job of run ${killed.id} that left ${EVIDENCE_ARTIFACT} did not succeed`;
  assert.deepEqual(await read(), { kind: "refused", reason });
  killed.conclusion = "success";
  assert.equal((await read()).kind, "found");
  killed.attempt = 2;
  assert.equal((await read()).kind, "refused", "an earlier attempt left it");
  const closed = run({
    conclusion: "failure",
    jobs: { skipped: "skipped", evaluate: "success", weigh: "failure" },
  });
  stand.github.artifacts.at(-1)!.createdAt = new Date(closed.jobs[1]!.startedAt);
  const found = await read();
  assert.ok(found.kind === "found" && found.runId === closed.id);
});

test("C62: an artifact of another pull request's run is not found by what it says", async () => {
  const { run, read, stand, repository, maria, base } = await withRun();
  const other = stand.play.push(repository, {
    branch: "other",
    by: maria,
    parents: [base],
    files: { b: "1" },
  });
  run({ head: other, branch: "other" });
  assert.equal((await read()).kind, "absent");
});

test("C62: a run of another repository's head, of a push, or by hand, is not believed", async () => {
  const { run, read, stand, repository } = await withRun();
  const fork = stand.play.fork(repository, { by: stand.github.addAccount("stranger") });
  run({ from: fork });
  run({ event: "push" });
  run({ event: "workflow_dispatch" });
  run({ event: "pull_request_target" });
  run({ event: "merge_group" });
  assert.equal((await read()).kind, "absent");
  assert.equal((await read({ event: "merge_group" })).kind, "found");
  assert.equal((await read({ event: "merge_group", repositoryId: repository.id + 1 })).kind, "absent");
});

test("C67: a workflow that has nothing to do with evidence is not waited for", async () => {
  const { run, read } = await withRun({ base: { ".github/workflows/lint.yml": "jobs: {}\n" } });
  const started = run({ path: ".github/workflows/lint.yml", artifacts: {} });
  started.status = "in_progress";
  assert.equal((await read()).kind, "absent");
  run();
  assert.equal((await read()).kind, "found");
});

test("C63: a workflow that the change edits, adds, or whose parts it edits, is not believed", async () => {
  const local = `jobs:\n  a:\n    uses: ./.github/workflows/evaluate.yml\n  b:\n    steps:\n      - uses: ./tools/measure\n      - with: { name: ${EVIDENCE_ARTIFACT} }\n`;
  const base = {
    [WORKFLOW]: local,
    ".github/workflows/evaluate.yml": "jobs:\n  c:\n    steps:\n      - uses: ./tools/deep/../other\n",
    "tools/measure/action.yml": "runs: { using: composite }\n",
    "tools/measure/run.sh": "true\n",
    "tools/other/action.yaml": "runs: { using: composite }\n",
  };
  const edits: readonly Files[] = [
    { [WORKFLOW]: `${local}# changed\n` },
    { [WORKFLOW]: { mode: "100755", content: local } },
    { ".github/workflows/evaluate.yml": "jobs: {}\n" },
    { "tools/measure/run.sh": "false\n" },
    { "tools/measure/more.sh": "true\n" },
    { "tools/measure/run.sh": null },
    { "tools/other/action.yaml": "runs: {}\n" },
  ];
  for (const head of edits) {
    const { run, read } = await withRun({ base, head });
    run();
    const { kind } = await read();
    assert.equal(kind, "refused", Object.keys(head)[0]);
  }
  const { run, read } = await withRun({ base });
  run();
  assert.equal((await read()).kind, "found");
});

test("C63: a workflow that only the change has, or that is nowhere, is not believed", async () => {
  const { run, read } = await withRun({ head: { ".github/workflows/mine.yml": "jobs: {}\n" } });
  run({ path: ".github/workflows/mine.yml" });
  run({ path: "dynamic/pages/build" });
  run({ path: ".github/workflows/../../x.yml" });
  assert.deepEqual(await read(), {
    kind: "refused",
    reason: ".github/workflows/../../x.yml is not where workflows are",
  });
});

test("C63: a workflow of another repository has to be named", async () => {
  const path = "acme/policies/.github/workflows/weigh.yml";
  const { run, read } = await withRun();
  run({ path: `${path}@refs/heads/main` });
  assert.equal((await read()).kind, "refused");
  assert.equal((await read({ workflows: ["acme/policies/.github/workflows/other.yml"] })).kind, "refused");
  assert.equal((await read({ workflows: [path] })).kind, "refused", "any ref may be anybody's");
  assert.equal((await read({ workflows: [`${path}@refs/heads/next`] })).kind, "refused");
  const found = await read({ workflows: [`${path}@refs/heads/main`] });
  assert.ok(found.kind === "found" && found.files.every(({ attested }) => attested === true));
  run();
  const own = await read();
  assert.ok(own.kind === "found" && own.files.every(({ attested }) => attested === undefined));
  const both = await read({ workflows: [`${path}@refs/heads/main`] });
  assert.ok(
    both.kind === "found" && both.files.every(({ attested }) => attested === true),
    "whatever is newer",
  );
});

test("C63: of a commit that a branch of anybody's was offered, only a workflow of another repository is believed", async () => {
  const path = "acme/policies/.github/workflows/weigh.yml@refs/heads/main";
  const { run, read } = await withRun();
  const { id } = run();
  const reason = `the commit was to go into another branch as well, and run ${id} may be of the workflow there`;
  assert.deepEqual(await read({ isUnguarded: true }), { kind: "refused", reason });
  const named = run({ path });
  const found = await read({ isUnguarded: true, workflows: [path] });
  assert.ok(found.kind === "found" && found.runId === named.id);
});

test("C62: a hostile archive is an error, an expired one is none", async () => {
  const { run, read, stand } = await withRun();
  run({ artifacts: { [EVIDENCE_ARTIFACT]: zipFile([{ name: "../x" }]) } });
  await assert.rejects(read(), { code: "EVIDENCE_ARCHIVE" });
  run();
  assert.equal((await read()).kind, "found", "the newest run counts");
  stand.github.artifacts.at(-1)!.expired = true;
  assert.equal((await read()).kind, "refused");
});

function decisionOf(head: string, files: DecisionRecord["input"]["change"]["files"]): DecisionRecord {
  const made = record({ verdict: "pass", results: [result(gate("PERF-01"))] });
  const { digest: _, ...rest } = {
    ...made,
    input: { ...made.input, change: { ...made.input.change, head, files } },
  };
  return { ...rest, digest: digestOf(rest) };
}

test("C62: a decision record of another head, of other files, or one that was edited, is foreign", async () => {
  const { run, read, head, request } = await withRun();
  const entry = (await request.repository.tree(head)).get("a")!;
  const added = { status: "added", path: "a", head: entry } as const;
  const good = decisionOf(head, [added]);
  const keep = (decision: unknown) =>
    run({
      artifacts: {
        [EVIDENCE_ARTIFACT]: ZIP,
        [DECISION_ARTIFACT]: zipFile([{ name: "decision.json", content: decision as string }]),
      },
    });
  keep(toJson(good));
  const found = await read();
  assert.ok(found.kind === "found");
  assert.equal(found.record?.digest, good.digest);
  const foreign = [
    toJson(decisionOf("b".repeat(40), [added])),
    toJson(decisionOf(head, [{ ...added, head: { ...entry, oid: "c".repeat(40) } }])),
    toJson(decisionOf(head, [{ ...added, path: "b" }])),
    toJson(decisionOf(head, [{ status: "removed", path: "a", base: entry }])),
    toJson({ ...good, verdict: "fail" }),
  ];
  for (const decision of foreign) {
    keep(decision);
    await assert.rejects(read(), { code: "EVIDENCE_FOREIGN" }, decision.slice(0, 200));
  }
  for (const decision of ["{}", toJson(decisionOf(head, [null as never]))]) {
    keep(decision);
    await assert.rejects(read(), { code: "DECISION_INVALID" });
  }
});
