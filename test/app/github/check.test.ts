import assert from "node:assert/strict";
import { test } from "node:test";
import { CHECK_NAME, concludeCheck, findCheck, startCheck } from "../../../app/github/check.ts";
import { conclusionOf, type HeadDecision, toOutput } from "../../../app/github/check-output.ts";
import type { DecisionRecord } from "../../../gate/model/decision.ts";
import { toReport } from "../../../gate/report/report.ts";
import * as faults from "../../github/faults.ts";
import { gate, record, result } from "../../report/records.ts";
import { memoryArchive, openScene } from "./scene.ts";

type Verdict = DecisionRecord["verdict"];

interface Findings {
  readonly count?: number;
  readonly message?: string;
}

function judged(
  verdict: Verdict,
  number = 1,
  { count = 0, message = "Too low" }: Findings = {},
): HeadDecision {
  const closes = verdict === "fail" || verdict === "error";
  const findings = Array.from({ length: count }, (_, index) => ({
    ...{
      code: "LOW",
      message: `${message} ${index}`,
      place: { path: "models/credit-pd/metrics.json", line: index + 1 },
    },
  }));
  const results = [
    result(gate("PERF-01"), {
      outcome: verdict === "pass" ? "pass" : "fail",
      closes,
      findings,
      model: "credit-pd",
    }),
  ];
  return { kind: "judged", number, report: toReport(record({ verdict, results })) };
}

async function withHead() {
  const scene = await openScene();
  const head = scene.stand.play.push(scene.repository, {
    branch: "main",
    by: scene.maria,
    files: { a: "1" },
  });
  const check = { ...scene.address, repositoryId: scene.repository.id, head };
  return { ...scene, check, runs: scene.stand.github.checks.runs, archive: memoryArchive() };
}

test("C66: a check is in progress at once, under our name and with our mark", async () => {
  const { client, check, runs, app, repository } = await withHead();
  const id = await startCheck(client, { ...check, detailsUrl: "https://weighbridge.example/1" });
  const [run] = runs;
  assert.equal(run?.id, id);
  assert.equal(run?.name, CHECK_NAME);
  assert.equal(run?.status, "in_progress");
  assert.equal(run?.externalId, `repo/${repository.id}/${check.head}`);
  assert.equal(run?.detailsUrl, "https://weighbridge.example/1");
  assert.equal(run?.suite.app.id, app.id);
});

const CONCLUSIONS: readonly (readonly [decisions: readonly HeadDecision[], conclusion: string])[] = [
  [[judged("pass")], "success"],
  [[judged("fail")], "failure"],
  [[judged("error")], "failure"],
  [[judged("wait")], "action_required"],
  [[{ ...judged("fail"), isBreakGlass: true } as HeadDecision], "neutral"],
  [[{ kind: "problem", number: 1, title: "Could not evaluate", message: "m" }], "failure"],
  [[], "failure"],
  [[judged("pass"), judged("fail", 2)], "failure"],
  [[judged("wait"), judged("pass", 2)], "action_required"],
  [[{ ...judged("fail"), isBreakGlass: true } as HeadDecision, judged("pass", 2)], "neutral"],
];

for (const [decisions, conclusion] of CONCLUSIONS) {
  const name = decisions
    .map((one) => (one.kind === "problem" ? "problem" : one.report.verdict))
    .join(" and ");
  test(`C68: ${name || "nothing"} concludes ${conclusion}`, () =>
    assert.equal(conclusionOf(decisions), conclusion));
}

test("C68: a warning is a success with its text", async () => {
  const { client, check, runs, archive } = await withHead();
  const warned = result(gate("PERF-01"), {
    outcome: "fail",
    severity: "warn",
    findings: [{ code: "X", message: "Hm" }],
  });
  const report = toReport(record({ verdict: "pass", results: [warned] }));
  await concludeCheck(client, check, [{ kind: "judged", number: 1, report }], archive);
  assert.equal(runs[0]?.conclusion, "success");
  assert.match(String(runs[0]?.output.summary), /1 gate warns/);
});

test("C19: one commit that heads two pull requests has the worst verdict of both, and says both", async () => {
  const { client, check, runs, archive } = await withHead();
  await concludeCheck(client, check, [judged("pass", 7), judged("fail", 12)], archive);
  assert.equal(runs[0]?.conclusion, "failure");
  const summary = String(runs[0]?.output.summary);
  assert.match(summary, /heads 2 pull requests/);
  assert.ok(summary.indexOf("Pull request 12") < summary.indexOf("Pull request 7"), summary);
  assert.match(String(runs[0]?.output.text), /# Pull request 7/);
});

test("C74: annotations come fifty at a time, no more than 200, and the total is told", async () => {
  const { client, check, runs, archive, stand } = await withHead();
  const checkRunId = await startCheck(client, check);
  await concludeCheck(client, { ...check, checkRunId }, [judged("fail", 1, { count: 431 })], archive);
  assert.equal(runs.length, 1);
  assert.equal(runs[0]?.annotations.length, 200);
  assert.equal(stand.count("checks/update"), 4);
  assert.match(String(runs[0]?.output.summary), /200 of 431 findings/);
  assert.equal(runs[0]?.conclusion, "failure");
});

test("C74: concluded again, a run has each annotation once", async () => {
  const { client, check, runs, archive } = await withHead();
  const checkRunId = await startCheck(client, check);
  const conclude = (decision: HeadDecision, id: number) =>
    concludeCheck(client, { ...check, checkRunId: id }, [decision], archive);
  assert.equal(await conclude(judged("fail", 1, { count: 3 }), checkRunId), checkRunId);
  assert.equal(await conclude(judged("fail", 1, { count: 3 }), checkRunId), checkRunId);
  assert.equal(runs[0]?.annotations.length, 3);
  const next = await conclude(judged("fail", 1, { count: 2, message: "Other" }), checkRunId);
  assert.notEqual(next, checkRunId);
  assert.equal(runs[1]?.annotations.length, 2);
  assert.equal(runs[1]?.conclusion, "failure");
  const last = await conclude(judged("pass"), next);
  assert.notEqual(last, next, "a pass does not stand beside marks of a failure");
  assert.equal(runs[2]?.conclusion, "success");
});

test("C72: an update of which nobody knows whether it was done is not done twice", async () => {
  for (const when of ["before", "after"] as const) {
    const { client, check, runs, archive, stand } = await withHead();
    const checkRunId = await startCheck(client, check);
    stand.fail({ match: "checks/update", when, effect: faults.RESET });
    await concludeCheck(client, { ...check, checkRunId }, [judged("fail", 1, { count: 60 })], archive);
    assert.equal(runs[0]?.annotations.length, 60, when);
    assert.equal(runs[0]?.conclusion, "failure");
  }
});

test("C72: a check that may have been created is looked for before another is", async () => {
  for (const when of ["before", "after"] as const) {
    const { client, check, runs, stand } = await withHead();
    stand.fail({ match: "checks/create", when, effect: faults.serverError() });
    assert.equal(await startCheck(client, check), runs[0]?.id);
    assert.equal(runs.length, 1, when);
  }
});

test("C63: a check of our name by another App is not ours", async () => {
  const { client, check, stand, hub, repository } = await withHead();
  const other = stand.github.addApp("impostor");
  const token = stand.github.apps.issue(stand.play.install(other, { by: stand.github.owner }));
  stand.github.tokens.push(token);
  const forged = await fetch(`${stand.origin}/repos/acme/${repository.name}/check-runs`, {
    method: "POST",
    headers: { authorization: `Bearer ${token.text}`, "x-github-api-version": "2022-11-28" },
    body: JSON.stringify({
      name: CHECK_NAME,
      head_sha: check.head,
      status: "completed",
      conclusion: "success",
    }),
  });
  assert.equal(forged.status, 201);
  assert.ok(hub);
  assert.equal(await findCheck(client, check), undefined);
  const id = await startCheck(client, check);
  assert.deepEqual(await findCheck(client, check), { id, status: "in_progress" });
});

test("C74: summary and text stay within 65,535 characters, and say what they leave out", async () => {
  const { client, check, runs, archive } = await withHead();
  const long = "x".repeat(500);
  const results = Array.from({ length: 400 }, (_, index) =>
    result(gate(`G-${index}`, { title: long }), {
      ...{
        outcome: "fail",
        closes: true,
        findings: [{ code: "X", message: `${long} ${index}` }],
        model: "credit-pd",
      },
    }),
  );
  const report = toReport(record({ verdict: "fail", results }));
  for (const pulls of [1, 3, 40]) {
    const decisions = Array.from(
      { length: pulls },
      (_, index) => ({ kind: "judged", number: index + 1, report }) as const,
    );
    const { summary, text, title } = toOutput(decisions, []);
    assert.ok(summary.length <= 65_535 && text.length <= 65_535, `${summary.length} ${text.length}`);
    assert.match(text, /Left out for length/);
    assert.ok(title.length <= 300);
  }
  // GitHub's own limits hold in the stand-in.
  await concludeCheck(client, check, [{ kind: "judged", number: 1, report }], archive);
  assert.equal(runs[0]?.status, "completed");
});

test("C67: what nobody judged concludes as a failure that says how to go on", async () => {
  const { client, check, runs, archive } = await withHead();
  const problem = {
    kind: "problem",
    number: 1,
    title: "No evidence <arrived>",
    message: "Run `weighbridge init` @team",
  } as const;
  await concludeCheck(client, check, [problem], archive);
  assert.equal(runs[0]?.conclusion, "failure");
  assert.equal(runs[0]?.output.title, "No evidence <arrived>");
  assert.equal(runs[0]?.output.text, "Run \\`weighbridge init\\` @&#8203;team\n");
  assert.deepEqual(
    runs[0]?.actions.map((action) => (action as { identifier: string }).identifier),
    ["recheck", "explain"],
  );
});
