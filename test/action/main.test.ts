import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { digestOf } from "../acceptance/governed.ts";
import { safetensorsFile, tensor } from "../artifact/safetensors-file.ts";
import { mergeGroupEvent, pushEvent } from "../github/deliveries.ts";
import * as faults from "../github/faults.ts";
import { installAction, type StepResult } from "./runner.ts";
import { modelFiles, POLICY, type Scenario, type ScenarioOptions, startScenario } from "./scenario.ts";

/** The bundle, run as the runner runs it, against the stand-in: the real engine, git, files and HTTP. */

let action: string;

before(async () => {
  action = await installAction();
});
after(() => rmSync(action, { recursive: true }));

async function start(test: TestContext, options?: ScenarioOptions): Promise<Scenario> {
  const scenario = await startScenario(action, options);
  test.after(() => scenario.remove());
  return scenario;
}

/** Bodies of the comments that the workflow's token wrote. */
function ourComments({ stand }: Scenario): string[] {
  const { comments, actionsBot } = stand.github;
  return comments.filter(({ author }) => author === actionsBot).map(({ body }) => body);
}

function messages({ commands }: StepResult, level: string): string[] {
  return commands.filter(({ name }) => name === level).map(({ message }) => message);
}

/** What only a fault of ours may say. */
const OUR_FAULT = /fault of Weighbridge|\n {4}at |node:internal/;
const MARKER = "<!-- weighbridge:1 -->";
const lax = POLICY.replace("min: 0.8", "min: 0.1");
const WEAK = modelFiles({ version: 2, auc: 0.7 });

describe("the Action", { concurrency: 3 }, () => {
  it("passes a change that meets its policy: status, outputs, files, summary and comment say so", async (test) => {
    const scenario = await start(test);
    const { run, pull } = scenario;
    const result = await run();
    assert.equal(result.status, 0, result.log);
    const { verdict, decision = "", report = "", directory, "decision-digest": digest } = result.outputs;
    assert.equal(verdict, "pass");
    assert.equal(directory, join(result.temp, "weighbridge"));
    assert.deepEqual(readdirSync(directory).sort(), [
      "decision.json",
      "report.html",
      "report.junit.xml",
      "report.md",
      "report.sarif",
    ]);
    const record = JSON.parse(readFileSync(decision, "utf8"));
    assert.equal(record.digest, digest);
    assert.deepEqual([record.input.change.base, record.input.change.head], [pull.base.sha, pull.head.sha]);
    assert.ok(existsSync(report));
    assert.match(result.summary, /no gate closes this change/);
    assert.match(ourComments(scenario).join(), /no gate closes this change/);
    assert.match(result.outputs["comment-url"] ?? "", /issuecomment-\d+$/);
    assert.deepEqual(messages(result, "error"), []);
  });

  it("fails a change that does not: an annotation at the place, the remedy, and status 1", async (test) => {
    const scenario = await start(test, { head: WEAK });
    const { run } = scenario;
    const result = await run();
    assert.equal(result.status, 1);
    assert.equal(result.outputs.verdict, "fail");
    const [error] = result.commands.filter(({ name }) => name === "error");
    assert.equal(error?.properties.file, "models/credit-pd/metrics.json");
    assert.match(error?.message ?? "", /0\.7.*\nFix: Train again, or ask for a waiver$/s);
    assert.match(result.summary, /1 gate closes this change/);
  });

  it("C60: hashes a model that is larger than what GitHub's API gives, and reads it completely", async (test) => {
    const bytes = 101 * 1024 * 1024;
    const weights = safetensorsFile({ w: tensor("U8", [bytes], 0, bytes) }, Buffer.alloc(bytes, "weights "));
    const policy = `${POLICY}  - { id: digest, rule: artifact.digest, severity: block }
  - { id: format, rule: artifact.format, severity: block }
`;
    const head = modelFiles({ version: 2, auc: 0.9, weights });
    const { run } = await start(test, { policy, head });
    const { status, log, outputs } = await run();
    assert.equal(status, 0, log);
    const { results } = JSON.parse(readFileSync(outputs.decision ?? "", "utf8"));
    const seen = results
      .filter(({ gate }: { gate: string }) => gate === "digest" || gate === "format")
      .map(({ gate, outcome, observed }: Record<string, string>) => [gate, outcome, observed]);
    assert.deepEqual(seen, [
      ["digest", "pass", digestOf(weights)],
      ["format", "pass", "safetensors"],
    ]);
  });

  it("writes one comment and edits it when it runs again", async (test) => {
    const scenario = await start(test, { head: WEAK });
    const { run, push, stand } = scenario;
    await run();
    push(modelFiles({ version: 3, auc: 0.9 }));
    const second = await run();
    assert.equal(second.status, 0, second.log);
    assert.equal(stand.count("issues/create-comment"), 1);
    const [comment = "", ...more] = ourComments(scenario);
    assert.deepEqual(more, []);
    assert.match(comment, /no gate closes this change/);
  });

  it("judges a merge group and a push, and comments on nothing", async (test) => {
    const scenario = await start(test, { head: WEAK });
    const { run, stand, repository, pull } = scenario;
    const base = pull.base.sha;
    const head = pull.head.sha;
    const events = [
      ["merge_group", mergeGroupEvent(stand, repository, { base, head })],
      ["push", pushEvent(stand, repository, { ref: "refs/heads/main", before: base, after: head })],
    ] as const;
    for (const [event, payload] of events) {
      const result = await run({ event, payload });
      assert.deepEqual([result.status, result.outputs.verdict], [1, "fail"], result.log);
    }
    assert.equal(stand.requests.length, 0);
  });

  it("refuses the pull request's own branch as the base, with and without a policy required", async (test) => {
    const { run } = await start(test, { head: { ...WEAK, ".weighbridge/policy.yml": lax } });
    for (const required of ["false", "true"]) {
      const result = await run({ inputs: { base: "feature", "require-policy": required } });
      assert.deepEqual([result.status, result.outputs.verdict], [1, "error"], result.log);
      assert.match(
        messages(result, "error").join(),
        /Cannot take "feature" as the base: .* wants to enter main/,
      );
    }
  });

  it("says plainly where base and head are one commit, or the base holds the head already", async (test) => {
    const scenario = await start(test, { head: WEAK });
    const { run, pull } = scenario;
    const empty = [
      [pull.head.sha, /base and head are the same commit, so there is nothing to judge/],
      [pull.base.sha, /the base already holds the head, so there is nothing to judge/],
    ] as const;
    for (const [head, says] of empty) {
      const result = await run({ event: "schedule", payload: {}, inputs: { base: "feature", head } });
      assert.deepEqual([result.status, result.outputs.verdict], [0, "pass"], result.log);
      for (const text of [result.summary, result.log]) assert.match(text, says);
      assert.doesNotMatch(result.summary, /✅/);
    }
  });

  it("takes evidence of the run as data, and says which pattern names nothing", async (test) => {
    const scenario = await start(test, { head: modelFiles({ version: 2, auc: 0.7 }) });
    const { run, workspace } = scenario;
    const results = modelFiles({ version: 2, auc: 0.95 })["models/credit-pd/metrics.json"] ?? "";
    workspace.write("results/models/credit-pd/metrics.json", results);
    const result = await run({ inputs: { evidence: "results/**\nnothing/*.json" } });
    const record = JSON.parse(readFileSync(result.outputs.decision ?? "", "utf8"));
    const sources = record.input.evidence.map((fact: { trust: string; source: { path: string } }) => [
      fact.trust,
      fact.source.path,
    ]);
    assert.ok(
      sources.some(([trust, path]: string[]) => trust === "ci" && path?.startsWith("results/")),
      result.log,
    );
    assert.match(
      messages(result, "notice").join("\n"),
      /No file matches the evidence pattern nothing\/\*\.json/,
    );
  });

  it("takes evidence from a folder outside of the checkout, under the names that it has in there", async (test) => {
    const { run } = await start(test, { head: modelFiles({ version: 2, auc: 0.7 }) });
    const outside = mkdtempSync(join(action, "downloads-"));
    const folder = join(outside, "weighbridge-evidence/models/credit-pd");
    mkdirSync(folder, { recursive: true });
    const results = modelFiles({ version: 2, auc: 0.95 })["models/credit-pd/metrics.json"] ?? "";
    writeFileSync(join(folder, "metrics.json"), results);
    const inputs = { evidence: "weighbridge-evidence/**", "evidence-directory": outside };
    const result = await run({ inputs });
    const record = JSON.parse(readFileSync(result.outputs.decision ?? "", "utf8"));
    const paths = record.input.evidence.flatMap(
      ({ trust, source }: { trust: string; source: { path: string } }) =>
        trust === "ci" ? [source.path] : [],
    );
    const path = "weighbridge-evidence/models/credit-pd/metrics.json";
    assert.deepEqual([...new Set(paths)].sort(), ["models/credit-pd/model.safetensors", path], result.log);
    assert.equal(result.outputs.verdict, "pass", result.log);
    const nowhere = await run({ inputs: { ...inputs, "evidence-directory": join(outside, "none") } });
    assert.deepEqual([nowhere.status, nowhere.outputs.verdict], [1, "error"], nowhere.log);
    assert.match(
      messages(nowhere, "error").join(),
      /^Cannot read the input evidence-directory: there is no folder/,
    );
  });

  it("looks for content of DVC in the cache that it is given, and believes the digest alone", async (test) => {
    const weights = safetensorsFile({ w: tensor("F32", [1], 0, 4) }, 4);
    const md5 = createHash("md5").update(weights).digest("hex");
    const pointer = `outs:\n- { md5: ${md5}, size: ${weights.length}, hash: md5, path: model.safetensors }\n`;
    const { "models/credit-pd/model.safetensors": _, ...files } = modelFiles({
      version: 2,
      auc: 0.9,
      weights,
    });
    const policy = `${POLICY}  - { id: format, rule: artifact.format, severity: block }\n`;
    const scenario = await start(test, {
      policy,
      head: { ...files, "models/credit-pd/model.safetensors.dvc": pointer },
    });
    const { run, workspace } = scenario;
    workspace.git("rm", "--quiet", "models/credit-pd/model.safetensors");
    scenario.push({ "models/credit-pd/.gitignore": "/model.safetensors\n" });
    const cache = mkdtempSync(join(action, "cache-"));
    const place = join(cache, "files/md5", md5.slice(0, 2), md5.slice(2));
    mkdirSync(dirname(place), { recursive: true });
    const outcomes: string[] = [];
    for (const bytes of [undefined, Buffer.from("else"), weights]) {
      if (bytes !== undefined) writeFileSync(place, bytes);
      const { outputs } = await run({ inputs: { "dvc-cache": cache } });
      const { results } = JSON.parse(readFileSync(outputs.decision ?? "", "utf8"));
      const format = results.find(({ gate }: { gate: string }) => gate === "format");
      const [finding] = format.findings;
      outcomes.push(finding === undefined ? format.outcome : finding.code);
    }
    assert.deepEqual(outcomes, ["POINTER_UNRESOLVED", "POINTER_MISMATCH", "pass"]);
  });

  it("only advises where the base has no policy, and fails there if a policy is required", async (test) => {
    const scenario = await start(test, { policy: "" });
    const { run } = scenario;
    const advised = await run();
    assert.equal(advised.status, 0, advised.log);
    assert.match(advised.summary, /advisory only/);
    const required = await run({ inputs: { "require-policy": "true" } });
    assert.deepEqual([required.status, required.outputs.verdict], [1, "error"]);
    assert.match(
      messages(required, "error").join(),
      /the base [0-9a-f]{40} has no policy\nFix: Merge a policy first/,
    );
    assert.match(required.summary, /could not be judged, so it stays closed/);
  });

  it("fails with the place and the remedy where the policy cannot be read", async (test) => {
    const scenario = await start(test, { policy: POLICY.replace("min: 0.8", "min: high") });
    const { run } = scenario;
    const result = await run();
    assert.deepEqual([result.status, result.outputs.verdict], [1, "error"]);
    const [error] = result.commands.filter(({ name }) => name === "error");
    assert.equal(error?.properties.file, ".weighbridge/policy.yml");
    assert.match(result.summary, /\.weighbridge\/policy\.yml/);
  });

  it("takes back what it said of the commit before when it cannot judge", async (test) => {
    const scenario = await start(test);
    const { run, stand } = scenario;
    await run();
    await run({ inputs: { "output-directory": "README.md" } });
    assert.equal(stand.count("issues/create-comment"), 1);
    const [comment = ""] = ourComments(scenario);
    assert.ok(comment.startsWith(MARKER));
    assert.match(comment, /this change could not be judged, so it stays closed/);
    assert.doesNotMatch(comment, /no gate closes/);
  });

  it("says what was decided in every other place where the summary cannot be written, and ends closed", async (test) => {
    const scenario = await start(test);
    const { run, push } = scenario;
    const env = { GITHUB_STEP_SUMMARY: action };
    const passed = await run({ env });
    assert.deepEqual([passed.status, passed.outputs.verdict], [1, "pass"], passed.log);
    assert.match(messages(passed, "error").join(), /^Cannot write the summary of the step: EISDIR/);
    assert.match(ourComments(scenario).join(), /no gate closes this change/);
    push(WEAK);
    const failed = await run({ env });
    assert.deepEqual([failed.status, failed.outputs.verdict], [1, "fail"], failed.log);
    assert.match(ourComments(scenario).join(), /1 gate closes this change/);
    for (const { log } of [passed, failed]) assert.doesNotMatch(log, OUR_FAULT);
  });

  it("takes back what it said before although neither summary nor outputs can be written", async (test) => {
    const scenario = await start(test);
    const { run } = scenario;
    await run();
    const inputs = { "output-directory": "README.md" };
    const unsummed = await run({ inputs, env: { GITHUB_STEP_SUMMARY: action } });
    assert.deepEqual([unsummed.status, unsummed.outputs.verdict], [1, "error"], unsummed.log);
    assert.match(ourComments(scenario).join(), /could not be judged, so it stays closed/);
    await run();
    assert.match(ourComments(scenario).join(), /no gate closes/);
    const mute = await run({
      inputs,
      env: { GITHUB_STEP_SUMMARY: action, GITHUB_OUTPUT: join(action, "none") },
    });
    assert.equal(mute.status, 1, mute.log);
    assert.match(ourComments(scenario).join(), /could not be judged, so it stays closed/);
    for (const { log } of [unsummed, mute]) assert.doesNotMatch(log, OUR_FAULT);
  });

  it("names the setting that is at fault where an address is none, or a report cannot be written", async (test) => {
    const scenario = await start(test);
    const { run, workspace } = scenario;
    mkdirSync(join(workspace.directory, "out/decision.json/x"), { recursive: true });
    const steps = [
      [
        { env: { GITHUB_API_URL: "api.github.com" } },
        /^Cannot read GITHUB_API_URL: "api\.github\.com", expected/,
      ],
      [{ env: { GITHUB_API_URL: "https://" } }, /^Cannot read GITHUB_API_URL/],
      [{ env: { GITHUB_SERVER_URL: "file:///etc" } }, /^Cannot read GITHUB_SERVER_URL/],
      [
        { inputs: { "output-directory": "out" } },
        /^Cannot write .*out\/decision\.json: .*Choose another output-directory$/s,
      ],
    ] as const;
    for (const [step, message] of steps) {
      const result = await run(step);
      assert.deepEqual([result.status, result.outputs.verdict], [1, "error"], result.log);
      assert.match(messages(result, "error").join("\n\n"), message);
      assert.doesNotMatch(result.log, OUR_FAULT);
    }
  });

  it("fails where the event, the checkout or an input is not what it has to be", async (test) => {
    const scenario = await start(test);
    const { run, stand } = scenario;
    const empty = join(action, "empty");
    mkdirSync(empty);
    const steps = [
      [{ event: "issues", payload: {} }, /the event is issues/],
      [{ workspace: empty, serverUrl: stand.origin }, /Cannot open the repository/],
      [{ inputs: { comment: "loudly" } }, /"loudly", expected auto or never/],
    ] as const;
    for (const [step, message] of steps) {
      const result = await run(step);
      assert.deepEqual([result.status, result.outputs.verdict], [1, "error"]);
      assert.match(messages(result, "error").join(), message);
      assert.match(result.summary, /could not be judged/);
    }
  });

  it("refuses to write through a link of the checkout", async (test) => {
    const scenario = await start(test);
    const { run, workspace } = scenario;
    const target = join(action, "elsewhere");
    mkdirSync(target);
    symlinkSync(target, join(workspace.directory, "out"));
    const result = await run({ inputs: { "output-directory": "out" } });
    assert.equal(result.status, 1);
    assert.match(messages(result, "error").join(), /a link there leads to/);
    assert.deepEqual(readdirSync(target), []);
  });

  it("judges again at GitHub's time where the runner's clock is off", async (test) => {
    const scenario = await start(test);
    const { run, stand } = scenario;
    stand.github.now = () => new Date("2041-05-06T07:08:09Z");
    const result = await run();
    const record = JSON.parse(readFileSync(result.outputs.decision ?? "", "utf8"));
    assert.equal(record.input.now, "2041-05-06T07:08:09Z");
  });

  it("keeps the token out of everything that it writes", async (test) => {
    const scenario = await start(test, { head: WEAK });
    const { run } = scenario;
    const result = await run();
    const written = readdirSync(join(result.temp, "weighbridge")).map((name) =>
      readFileSync(join(result.temp, "weighbridge", name), "utf8"),
    );
    for (const text of [result.log, result.summary, ...ourComments(scenario), ...written]) {
      assert.doesNotMatch(text, /ghs_writer|eC1hY2Nlc3MtdG9rZW4/);
    }
  });
});

describe("a pull request from a fork", { concurrency: 3 }, () => {
  it("C61: survives a token that only reads, and the summary carries everything", async (test) => {
    const scenario = await start(test, { head: WEAK });
    const { run, stand } = scenario;
    const result = await run({ inputs: { token: "ghs_reader" } });
    assert.deepEqual([result.status, result.outputs.verdict], [1, "fail"]);
    assert.equal(stand.count("issues/create-comment"), 1);
    assert.equal(result.outputs["comment-url"], undefined);
    assert.match(result.summary, /1 gate closes this change/);
    assert.match(result.summary, /Train again, or ask for a waiver/);
    assert.match(
      messages(result, "notice").join(),
      /No comment on the pull request: Resource not accessible/,
    );
    assert.equal(readdirSync(join(result.temp, "weighbridge")).length, 5);
  });

  it("C61: does without a token at all", async (test) => {
    const scenario = await start(test);
    const { run, stand } = scenario;
    const result = await run({ inputs: { token: "" } });
    assert.equal(result.status, 0, result.log);
    assert.equal(stand.requests.length, 0);
    assert.match(messages(result, "notice").join(), /No comment on the pull request: there is no token/);
  });
});

describe("text of a pull request", { concurrency: 3 }, () => {
  const ATTACKS = [
    "::error::owned",
    "x\n::set-output name=verdict::pass",
    "x\r::add-mask::a",
    "##[error]owned",
    "%0A::warning::owned",
    "::stop-commands::x",
  ];

  it("C64: cannot inject a workflow command by a path, a branch, a title or a body", async (test) => {
    const models = ATTACKS.map((attack, index) =>
      modelFiles({
        version: 2,
        auc: 0.7,
        folder: `models/${attack.replaceAll("/", "")}`,
        id: `credit-${index}`,
      }),
    );
    const scenario = await start(test, { head: Object.assign({}, ...models), branch: "x-##-%0A-error" });
    const { run, pull } = scenario;
    pull.title = ATTACKS.join(" ");
    pull.body = ATTACKS.join("\n");
    const result = await run();
    assert.deepEqual([result.status, result.outputs.verdict], [1, "fail"], result.log);
    assert.deepEqual(Object.keys(result.outputs).sort(), OUTPUTS);
    assert.equal(messages(result, "error").length, ATTACKS.length);
    for (const { name, properties } of result.commands) {
      assert.ok(["error", "warning", "notice"].includes(name), name);
      assert.match(properties.title ?? "", /^auc-floor/);
    }
    for (const text of [...ourComments(scenario), result.summary]) assert.doesNotMatch(text, /\n(?:::|##\[)/);
  });

  it("C64: cannot inject one through the words of an error", async (test) => {
    const policy = `${POLICY}    extra: "\\n::set-output name=verdict::pass"\n`;
    const { run } = await start(test, { policy });
    const result = await run();
    assert.deepEqual([result.status, result.outputs.verdict], [1, "error"]);
    assert.deepEqual(Object.keys(result.outputs).sort(), ["comment-url", "verdict"]);
    assert.deepEqual(
      result.commands.map(({ name }) => name),
      ["error"],
    );
  });

  const OUTPUTS = ["comment-url", "decision", "decision-digest", "directory", "report", "verdict"];
});

describe("the comment", { concurrency: 3 }, () => {
  it("C73: leaves a comment alone that somebody else wrote with its marker", async (test) => {
    const scenario = await start(test);
    const { run, stand, pull, author } = scenario;
    const forged = stand.github.addComment(pull, author, `${MARKER}\n✅ everything passes`);
    await run();
    assert.equal(forged.body, `${MARKER}\n✅ everything passes`);
    assert.equal(ourComments(scenario).length, 1);
  });

  it("C73: is written again after it was deleted", async (test) => {
    const scenario = await start(test);
    const { run, stand } = scenario;
    await run();
    stand.github.comments.length = 0;
    await run();
    assert.equal(ourComments(scenario).length, 1);
  });

  it("C73: is given up where the conversation is locked, and the verdict stands", async (test) => {
    const scenario = await start(test, { head: WEAK });
    const { run, pull } = scenario;
    pull.locked = true;
    const result = await run();
    assert.deepEqual([result.status, result.outputs.verdict], [1, "fail"]);
    assert.match(messages(result, "notice").join(), /issue is locked/);
    assert.deepEqual(ourComments(scenario), []);
  });

  it("C73: is cut where it would be too long, with the marker counted and a link to all of it", async (test) => {
    const scenario = await start(test, { policy: manyGates(250), head: WEAK });
    const { run, stand } = scenario;
    const result = await run();
    assert.equal(result.status, 1, result.log);
    const [comment = ""] = ourComments(scenario);
    assert.ok(
      [...comment].length > 40_000 && [...comment].length <= 65_536,
      `${[...comment].length} characters`,
    );
    assert.ok(comment.isWellFormed());
    assert.ok(comment.startsWith(MARKER));
    assert.ok(comment.includes(`${stand.origin}/acme/credit/actions/runs/7`));
    assert.ok(result.summary.length > comment.length);
  });

  it("C72: is given up at a 403, and the verdict stands", async (test) => {
    const scenario = await start(test);
    const { run, stand } = scenario;
    stand.fail({ match: "issues/list-comments", times: 9, effect: faults.readOnly() });
    const result = await run();
    assert.deepEqual([result.status, result.outputs.verdict], [0, "pass"]);
    assert.match(messages(result, "notice").join(), /No comment .*Resource not accessible/);
  });

  it("C72: waits as long as a secondary limit asks, and is written once", async (test) => {
    const scenario = await start(test);
    const { run, stand } = scenario;
    stand.fail({ match: "issues/create-comment", effect: faults.secondaryLimit(1) });
    const result = await run();
    assert.equal(result.status, 0, result.log);
    assert.equal(stand.count("issues/create-comment"), 2);
    assert.equal(ourComments(scenario).length, 1);
  });

  it("C72: is given up at once where a limit asks for more than a minute", async (test) => {
    const scenario = await start(test);
    const { run, stand } = scenario;
    stand.fail({ match: "issues/create-comment", effect: faults.secondaryLimit(3600, 429) });
    const result = await run();
    assert.deepEqual([result.status, result.outputs.verdict], [0, "pass"]);
    assert.equal(stand.count("issues/create-comment"), 1);
    assert.match(messages(result, "notice").join(), /secondary rate limit/);
  });

  it("C72: is not written a second time after a server's error that came too late", async (test) => {
    const scenario = await start(test);
    const { run, stand } = scenario;
    stand.fail({ match: "issues/create-comment", when: "after", effect: faults.serverError(502) });
    const result = await run();
    assert.equal(result.status, 0, result.log);
    assert.equal(stand.count("issues/create-comment"), 1);
    assert.equal(ourComments(scenario).length, 1);
    assert.match(result.outputs["comment-url"] ?? "", /issuecomment/);
  });

  it("C72: is given up where GitHub says nothing but HTML, which reaches no log as a command", async (test) => {
    const scenario = await start(test, { head: WEAK });
    const { run, stand } = scenario;
    stand.fail({ match: "graphql", times: 9, effect: faults.html() });
    const result = await run();
    assert.deepEqual([result.status, result.outputs.verdict], [1, "fail"]);
    assert.equal(messages(result, "error").length, 1);
  });
});

describe("annotations", { concurrency: 3 }, () => {
  it("C74: are capped at what the log shows, with the totals", async (test) => {
    const scenario = await start(test, { policy: manyGates(60), head: WEAK });
    const { run } = scenario;
    const result = await run();
    assert.equal(messages(result, "error").length, 10);
    assert.match(result.log, /Weighbridge marks 10 of 60 errors here; the report has all/);
    assert.match(result.summary, /60 gates/);
  });
});

function manyGates(number: number): string {
  const gates = Array.from(
    { length: number },
    (_, index) => `  - id: gate-${index}
    rule: metric.floor
    with: { metric: roc_auc, dataset: holdout, min: ${0.8 + index / 10_000} }
    severity: block
    title: The ranking is good enough, demand number ${index} of very many that say nearly the same
    why: below this the scorecard loses to the one that it replaces, and nobody wants to explain that to the regulator
    fix: Train again, or ask for a waiver
`,
  );
  return `weighbridge: 1\npolicy: { name: many, version: 1.0.0 }\ngates:\n${gates.join("")}`;
}
