import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { EntryContent } from "../../gate/trail/entry.ts";
import { readAssessmentResults } from "../../gate/trail/export-oscal.ts";
import { enqueueRows } from "../../gate/trail/file-journal.ts";
import { KINDS } from "../../gate/trail/kind.ts";
import type { AssessmentResult, AssessmentResults, OscalFinding, Risk } from "../../gate/trail/oscal.ts";
import { toOwnRow } from "../../gate/trail/outbox-row.ts";
import type { LogFilter } from "../../gate/trail/read.ts";
import { CONTENTS, decisionContent } from "./entries.ts";
import { decision, landed, type Rig, START, startedRig } from "./rig.ts";
import { amend, BRANCH, readFile } from "./tamper.ts";

/** `UPDATE_GOLDEN=1 node --test` writes the document anew, for a person to review. */
const GOLDEN = fileURLToPath(new URL("golden/assessment-results.json", import.meta.url));

const RECORD = Buffer.from('{"any":"record"}');
const MINUTE_MS = 60_000;

type Gates = NonNullable<NonNullable<EntryContent["predicate"]["decision"]>["gates"]>;
type Verdict = NonNullable<EntryContent["predicate"]["decision"]>["verdict"];

/** A decision about a pull request of its own, with its record as evidence. */
function judged(
  number: number,
  verdict: Verdict,
  { gates, waivers }: { readonly gates?: Gates; readonly waivers?: readonly string[] } = {},
): EntryContent {
  const { subject, predicate } = decisionContent();
  const { gates: _, ...rest } = predicate.decision!;
  const digest = { sha256: hash("sha256", RECORD) };
  return {
    subject,
    predicate: {
      ...predicate,
      pr: { ...predicate.pr!, number },
      decision: {
        ...{ ...rest, verdict, digest },
        ...(gates === undefined ? {} : { gates }),
        ...(waivers === undefined ? {} : { waivers }),
      },
      evidence: [{ name: "decision.json", digest, size: RECORD.length, mediaType: "application/json" }],
    },
  };
}

function content(kind: string): EntryContent {
  return CONTENTS[kind]!;
}

/** A waiver's entry with its terms. */
function waiver(kind: string, event: number, terms: Partial<EntryContent["predicate"]["waiver"]> = {}) {
  const { subject, predicate } = content(kind);
  const given = { id: "WVR-7", event, gates: ["auc-floor"], model: "credit-pd", ...terms };
  return { subject, predicate: { ...predicate, waiver: given } };
}

/** Each entry a minute after the one before, with the record as the file of whichever names one. */
async function appendAll(rig: Rig, contents: readonly EntryContent[]): Promise<void> {
  for (const each of contents) {
    rig.clock.time += MINUTE_MS;
    const files = each.predicate.evidence === undefined ? [] : [RECORD];
    await enqueueRows(rig.journalFolder, [toOwnRow(each, files)]);
    landed(await rig.writer.flush());
  }
}

/** The content, its evidence replaced by a file that there is. */
function withRecord(each: EntryContent): EntryContent {
  const { evidence, ...predicate } = each.predicate;
  return evidence === undefined
    ? each
    : { ...each, predicate: { ...predicate, evidence: judged(1, "pass").predicate.evidence! } };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TOKEN = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
/** Members whose value has to have a form, wherever they are. */
const FORMS: Readonly<Record<string, RegExp>> = {
  uuid: UUID,
  ...{ "observation-uuid": UUID, "risk-uuid": UUID, "subject-uuid": UUID },
  ...{ name: TOKEN, class: TOKEN, "target-id": TOKEN, "control-id": TOKEN },
  ...{ "last-modified": TIME, start: TIME, end: TIME, collected: TIME, deadline: TIME },
  value: /^\S(?:.*\S)?$/,
  title: /^[^\n]+$/,
  description: /\S/,
  statement: /\S/,
  href: /^[!-~]+$/,
  "status-change": /^(?:open|investigating|deviation-requested|deviation-approved|closed)$/,
};

/** The structure that OSCAL 1.2.2 asks for, as far as these documents go. */
function assertOscal(document: AssessmentResults): void {
  assert.deepEqual(Object.keys(document), ["assessment-results"]);
  const root = document["assessment-results"];
  assert.equal(root.metadata["oscal-version"], "1.2.2");
  assert.match(root.metadata.version, /\S/);
  assert.ok(root.results.length > 0);
  const resources = root["back-matter"].resources.map(({ uuid }) => `#${uuid}`);
  assert.ok(resources.includes(root["import-ap"].href));
  const own: string[] = [];
  walk(document, (name, value) => {
    if (Array.isArray(value)) assert.ok(value.length > 0, `${name} is empty`);
    const form = FORMS[name];
    if (form !== undefined) assert.match(String(value), form, name);
    if (name === "uuid") own.push(String(value));
  });
  assert.equal(new Set(own).size, own.length, "an identity is there twice");
  for (const result of root.results) assertResult(result);
}

function assertResult(result: AssessmentResult): void {
  const idsOf = (list: readonly { readonly uuid: string }[] = []) => new Set(list.map(({ uuid }) => uuid));
  const observations = idsOf(result.observations);
  const risks = idsOf(result.risks);
  const items = idsOf(result["local-definitions"]?.["inventory-items"]);
  const controls = result["reviewed-controls"]["control-selections"].flatMap((selection) =>
    selection["include-controls"].map((control) => control["control-id"]),
  );
  assert.ok(controls.length > 0);
  walk(result, (name, value) => {
    if (name === "observation-uuid") assert.ok(observations.has(String(value)), "an observation is missing");
    if (name === "risk-uuid") assert.ok(risks.has(String(value)), "a risk is missing");
    if (name === "subject-uuid") assert.ok(items.has(String(value)), "a subject is missing");
    if (name === "target-id") assert.ok(controls.includes(String(value)), `${value} was not reviewed`);
  });
  for (const { methods } of result.observations ?? []) assert.match(methods.join(), /^(?:TEST|EXAMINE)$/);
  for (const { target, "related-observations": related } of result.findings ?? []) {
    assert.equal(target.type, "objective-id");
    assert.ok(related.length > 0);
    const { state, reason } = target.status;
    assert.match(`${state} ${reason}`, /^(?:satisfied pass|not-satisfied (?:fail|other))$/);
  }
}

function walk(value: unknown, visit: (name: string, value: unknown) => void): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (!Array.isArray(value)) visit(name, member);
    walk(member, visit);
  }
}

const resultsOf = (document: AssessmentResults) => document["assessment-results"].results;
const valuesOf = (props: readonly { readonly name: string; readonly value: string }[], wanted: string) =>
  props.filter(({ name }) => name === wanted).map(({ value }) => value);
const statusOf = ({ target }: OscalFinding) => `${target.status.state} ${target.status.reason}`;
/** The status of each target of a result. */
const statuses = ({ findings = [] }: AssessmentResult) =>
  Object.fromEntries(findings.map((finding) => [finding.target["target-id"], statusOf(finding)]));
const risksAbout = ({ risks = [] }: AssessmentResult, topic: string): readonly Risk[] =>
  risks.filter(({ props }) => valuesOf(props, "topic")[0] === topic);

describe("a trail with decisions, waivers and what went round the gates", () => {
  let rig: Rig;
  before(async () => {
    rig = await startedRig();
    await appendAll(rig, [
      waiver("waiver.granted", 1, { expires: "2026-12-21T00:00:00.000Z" }),
      judged(17, "pass", {
        gates: [
          { id: "SUP-01", outcome: "pass" },
          { id: "auc-floor", outcome: "pass", model: "credit-pd", observed: "0.913", expected: ">=0.780" },
        ],
      }),
      judged(18, "pass", {
        waivers: ["WVR-7", "WVR-8"],
        gates: [
          { id: "auc-floor", outcome: "fail", model: "credit-pd" },
          { id: "auc-floor", outcome: "fail", model: "churn" },
          { id: "CORE-01", outcome: "inconclusive" },
          { id: "CORE-02", outcome: "missing_evidence" },
          { id: "CORE-03", outcome: "error" },
          { id: "CORE-04", outcome: "not_applicable" },
          { id: "acme/01_a", outcome: "fail" },
        ],
      }),
      judged(19, "wait"),
      content("merge.observed"),
      content("deploy.succeeded"),
      waiver("waiver.used", 18, { expires: "2026-12-21T00:00:00.000Z" }),
      content("bypass.detected"),
      content("breakglass.used"),
      content("incident.opened"),
      content("breakglass.reviewed"),
      content("heartbeat"),
    ]);
  });
  after(async () => {
    await rig.close();
    rig.repository.remove();
  });

  const read = (filter: LogFilter = {}, max?: number) => readAssessmentResults(rig.store, filter, max);

  test("is golden/assessment-results.json", async () => {
    const document = await read();
    assertOscal(document);
    const text = `${JSON.stringify(document, null, 2)}\n`;
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(GOLDEN, text);
    assert.ok(existsSync(GOLDEN), `${GOLDEN} is missing; UPDATE_GOLDEN=1 writes it`);
    assert.equal(text, readFileSync(GOLDEN, "utf8"));
  });

  test("has a result for each decision, and one for the rest", async () => {
    const titles = resultsOf(await read()).map(({ title }) => title);
    assert.deepEqual(titles, [
      "Decision on pull request 17: pass",
      "Decision on pull request 18: pass",
      "Decision on pull request 19: wait",
      "Recorded beside decisions",
    ]);
  });

  test("calls satisfied what passed, and nothing else", async () => {
    const [passed, mixed, waiting] = resultsOf(await read());
    assert.deepEqual(statuses(passed!), { "SUP-01": "satisfied pass", "auc-floor": "satisfied pass" });
    const found = (mixed!.findings ?? []).map((finding) => [finding.target["target-id"], statusOf(finding)]);
    assert.deepEqual(found, [
      ["auc-floor", "not-satisfied other"],
      ["auc-floor", "not-satisfied fail"],
      ["CORE-01", "not-satisfied other"],
      ["CORE-02", "not-satisfied other"],
      ["CORE-03", "not-satisfied other"],
      ["_acme_2f01_5fa", "not-satisfied fail"],
    ]);
    assert.ok(mixed!.observations!.some(({ props }) => valuesOf(props, "gate.id")[0] === "CORE-04"));
    assert.deepEqual(statuses(waiting!), { "_decision.made": "not-satisfied other" });
    assert.deepEqual(valuesOf(waiting!.props, "gates"), ["not-listed"]);
  });

  test("relates a waived gate to its waiver, which ends when the grant says", async () => {
    const mixed = resultsOf(await read({ kinds: ["decision.made"] }))[1]!;
    const [known, unheard] = mixed.risks!;
    assert.equal(known!.deadline, "2026-12-21T00:00:00.000Z");
    assert.equal(known!.status, "deviation-approved");
    assert.equal(unheard!.deadline, undefined);
    const related = mixed.findings!.map((finding) =>
      finding["related-risks"]?.map((risk) => risk["risk-uuid"]),
    );
    assert.deepEqual(related.slice(0, 2), [[known!.uuid], undefined]);
  });

  test("names decision record and approvals", async () => {
    const [passed] = resultsOf(await read());
    const record = hash("sha256", RECORD);
    const evidence = [
      {
        href: `evidence/${record.slice(0, 2)}/${record.slice(2)}`,
        description: `\`decision.json\`, SHA-256 \`${record}\``,
      },
    ];
    const tested = passed!.observations!.filter(({ methods }) => methods[0] === "TEST");
    assert.equal(tested.length, 3);
    for (const observation of tested) assert.deepEqual(observation["relevant-evidence"], evidence);
    const [approval] = passed!.observations!.filter(({ methods }) => methods[0] === "EXAMINE");
    assert.deepEqual(valuesOf(approval!.props, "approval.id"), ["1000014"]);
  });

  test("says what went round the gates as a finding and as a risk", async () => {
    const others = resultsOf(await read()).at(-1)!;
    assert.deepEqual(statuses(others), {
      "_bypass.detected": "not-satisfied fail",
      "_breakglass.used": "not-satisfied other",
      "_incident.opened": "not-satisfied other",
    });
    const standing = ["waiver", "bypass", "break-glass", "incident"].map((topic) =>
      risksAbout(others, topic).map(({ status }) => status),
    );
    assert.deepEqual(standing, [["deviation-approved"], ["open"], ["investigating"], ["open"]]);
    const [glass] = risksAbout(others, "break-glass");
    assert.deepEqual(
      glass!["risk-log"]!.entries.map((entry) => entry["status-change"]),
      ["open", "investigating"],
    );
    assert.equal(risksAbout(others, "waiver")[0]!.deadline, "2026-12-21T00:00:00.000Z");
  });

  test("counts what has no place", async () => {
    const { props } = (await read())["assessment-results"].metadata;
    const leftOut = props.filter(({ name }) => name === "left-out");
    assert.deepEqual(
      leftOut.map((each) => [each.class, each.value]),
      [
        ["heartbeat", "1"],
        ["trail.created", "1"],
      ],
    );
    assert.deepEqual(valuesOf(props, "unknown"), ["0"]);
  });

  test("holds only what passes the filter, and is as new as that", async () => {
    const document = await read({ pr: 17, kinds: ["decision.made"] });
    assertOscal(document);
    assert.equal(resultsOf(document).length, 1);
    const second = new Date(START + 2 * MINUTE_MS).toISOString();
    assert.equal(document["assessment-results"].metadata["last-modified"], second);
  });

  test("is the same again, and another document for another filter with the same objects", async () => {
    assert.deepEqual(await read(), await read());
    const [all, some] = [await read(), await read({ kinds: ["decision.made"] })];
    assert.notEqual(all["assessment-results"].uuid, some["assessment-results"].uuid);
    assert.deepEqual(resultsOf(all).slice(0, 3), resultsOf(some));
  });

  test("is refused where it would be empty or too large", async () => {
    await assert.rejects(read({ pr: 99 }), { code: "TRAIL_EXPORT_EMPTY" });
    await assert.rejects(read({ kinds: ["heartbeat"] }), { code: "TRAIL_EXPORT_EMPTY" });
    // Result, reference to the subject, observations of decision, gates and approval, findings of the gates.
    await assert.rejects(read({ pr: 17, kinds: ["decision.made"] }, 7), { code: "TRAIL_EXPORT_TOO_LARGE" });
    await read({ pr: 17, kinds: ["decision.made"] }, 8);
  });
});

test("every kind is in the document or counted as left out", async () => {
  const rig = await startedRig();
  const kinds = [...KINDS.keys()].filter((kind) => kind !== "trail.created");
  await appendAll(
    rig,
    kinds.map((kind) => withRecord(content(kind))),
  );
  const document = await readAssessmentResults(rig.store);
  assertOscal(document);
  const placed = resultsOf(document).flatMap(({ props, observations = [] }) =>
    [props, ...observations.map((each) => each.props)].flatMap((each) => valuesOf(each, "kind")),
  );
  const leftOut = document["assessment-results"].metadata.props.flatMap((each) => each.class ?? []);
  assert.deepEqual([...new Set([...placed, ...leftOut])].sort(), [...KINDS.keys()].sort());
  const others = statuses(resultsOf(document).at(-1)!);
  for (const kind of [
    "bypass.detected",
    "breakglass.used",
    "gap.detected",
    "tamper.detected",
    "key.revoked",
  ]) {
    assert.match(others[`_${kind}`] ?? "", /^not-satisfied/, kind);
  }
  await rig.close();
  rig.repository.remove();
});

test("a waiver that has ended stays so when its use is heard of late", async () => {
  const rig = await startedRig();
  const of = (kind: string, event: number) => waiver(kind, event);
  await appendAll(rig, [of("waiver.granted", 1), of("waiver.expired", 2), of("waiver.used", 3)]);
  const [result] = resultsOf(await readAssessmentResults(rig.store));
  assert.deepEqual(
    risksAbout(result!, "waiver").map(({ status }) => status),
    ["open"],
  );
  await rig.close();
  rig.repository.remove();
});

test("what a name says does nothing in the document", async () => {
  const rig = await startedRig();
  const name = " a\u202eb\u2028`](https://example.com) ";
  const { predicate } = decision(1);
  const subject = [{ name, digest: { sha256: "11".repeat(32) } }];
  await appendAll(rig, [{ subject, predicate: { ...predicate, actor: { id: 7, login: "somebody" } } }]);
  const document = await readAssessmentResults(rig.store);
  assertOscal(document);
  const text = JSON.stringify(document);
  for (const part of ["\u202e", "\u2028", "](", "somebody"]) assert.ok(!text.includes(part), part);
  await rig.close();
  rig.repository.remove();
});

describe("a trail that is not as it was written", () => {
  let rig: Rig;
  let path: string;
  before(async () => {
    rig = await startedRig();
    await rig.append([decision(1), content("heartbeat")]);
    path = rig.repository.git("ls-tree", "-r", "--name-only", BRANCH, "tail").trim().split("\n").at(-1)!;
  });
  after(async () => {
    await rig.close();
    rig.repository.remove();
  });

  test("has a kind of a later version, which is counted", async () => {
    const text = readFile(rig.repository, path)
      .toString("latin1")
      .replace('"kind":"heartbeat"', '"kind":"heartbeet"');
    amend(rig.repository, { [path]: Buffer.from(text, "latin1") });
    const { props } = (await readAssessmentResults(rig.store))["assessment-results"].metadata;
    assert.deepEqual(valuesOf(props, "unknown"), ["1"]);
  });

  test("has an event twice, which no document can tell apart", async () => {
    amend(rig.repository, { "tail/00000000/0/ff": readFile(rig.repository, path) });
    await assert.rejects(readAssessmentResults(rig.store), { code: "TRAIL_ID_TWICE" });
  });
});
