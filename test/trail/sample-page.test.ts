import assert from "node:assert/strict";
import { createHash, hash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { evidencePathOf } from "../../gate/trail/batch.ts";
import type { EntryContent } from "../../gate/trail/entry.ts";
import { enqueueRows } from "../../gate/trail/file-journal.ts";
import { OWN_KINDS } from "../../gate/trail/kind.ts";
import { parseVkey } from "../../gate/trail/note.ts";
import { toOwnRow } from "../../gate/trail/outbox-row.ts";
import { parseProof, verifyProof } from "../../gate/trail/proof.ts";
import { type LogFilter, openTrail } from "../../gate/trail/read.ts";
import { drawSampleAt, parseSampled } from "../../gate/trail/sample.ts";
import { samplePaper } from "../../gate/trail/sample-page.ts";
import { readStories, STORY_END_MAX } from "../../gate/trail/story.ts";
import { tagsOf, textOf } from "../report/render-markdown.ts";
import { CONTENTS } from "./entries.ts";
import { decision, FIRST_KEY, landed, type Rig, startedRig } from "./rig.ts";
import { readFile } from "./tamper.ts";

const HOSTILE_NAMES = [
  `models/"><script>alert(1)</script>`,
  `models/' onmouseover='alert(1)`,
  "models/</code></style><!--",
  "models/&lt;b&gt;",
  "models/\u202efdp.snigol\u2069",
  "models/a\u2028b\u0085c",
];
const HOSTILE_SEED = `it's\n<img src=x onerror=alert(1)> "\u202e`;

/** One entry of each kind but the trail's own. */
const ENTRIES = Object.entries(CONTENTS).flatMap(([kind, content]) => (OWN_KINDS.has(kind) ? [] : [content]));

/** Appends the contents, each with a file of evidence that is there. */
async function append(rig: Rig, contents: readonly EntryContent[]): Promise<void> {
  const rows = contents.map(({ subject, predicate }) => {
    const file = Buffer.from(`a file of ${predicate.kind}`);
    const place = { size: file.length, digest: { sha256: hash("sha256", file) } };
    const evidence = predicate.evidence?.map((item) => ({ ...item, ...place }));
    if (evidence === undefined) return toOwnRow({ subject, predicate }, []);
    return toOwnRow({ subject, predicate: { ...predicate, evidence } }, [file]);
  });
  await enqueueRows(rig.journalFolder, rows);
  landed(await rig.writer.flush());
}

/** The decision of the table failed, and is about hostile names. */
function hostile({ subject, predicate }: EntryContent): EntryContent {
  if (predicate.decision === undefined) return { subject, predicate };
  const digest = { sha256: "11".repeat(32) };
  const gates = [
    { id: "SUP-01", outcome: "pass" as const },
    { id: "auc-floor", outcome: "fail" as const, observed: "0.713", expected: ">=0.780", model: "m" },
  ];
  return {
    subject: HOSTILE_NAMES.toSorted().map((name) => ({ name, digest })),
    predicate: {
      ...predicate,
      decision: { ...predicate.decision, verdict: "fail", waivers: ["WVR-7"], gates },
    },
  };
}

async function paperOf(
  rig: Rig,
  { count = 100, seed = "2026-11", filter = {} }: { count?: number; seed?: string; filter?: LogFilter } = {},
) {
  const head = await openTrail(rig.store);
  const sample = await drawSampleAt(rig.store, head, { count, seed, filter });
  const stories = await readStories(rig.store, head, sample.drawn.map(parseSampled));
  const paper = { sample, count, commit: head.commit, branch: "weighbridge-trail", stories };
  return { sample, head, files: new Map([...samplePaper(paper)].map(({ name, text }) => [name, text])) };
}

function bodyOf(page: string): string {
  return page.slice(page.indexOf("<body>"));
}

const ELEMENTS = new Set(
  "body main header section p h1 h2 ul ol li strong code span div dl dt dd pre a".split(" "),
);
const ATTRIBUTES =
  /^(?:(?:class="[\w ]+"|aria-hidden="true"|tabindex="0"|href="(?:\d{6}|index)\.html"|href="https:\/\/[^"<>]*"|rel="noreferrer") ?)*$/;

describe("the papers of a sample", () => {
  let rig: Rig;
  let paper: Awaited<ReturnType<typeof paperOf>>;
  const page = (name: string) => paper.files.get(name) ?? "";
  const seqOf = (kind: string) =>
    paper.sample.drawn.find((drawn) => parseSampled(drawn).predicate.kind === kind)!.seq;
  const pageOf = (kind: string) => page(`${String(seqOf(kind)).padStart(6, "0")}.html`);

  before(async () => {
    rig = await startedRig();
    await append(rig, ENTRIES.map(hostile));
    paper = await paperOf(rig, { seed: HOSTILE_SEED });
  });
  after(async () => {
    await rig.close();
    rig.repository.remove();
  });

  test("are a page, a proof and an entry for each drawn, and an index at the end", () => {
    const names = paper.sample.drawn.flatMap(({ seq }) => {
      const name = String(seq).padStart(6, "0");
      return [`${name}.json`, `${name}.tlog-proof`, `${name}.html`];
    });
    assert.equal(paper.sample.drawn.length, ENTRIES.length + 1);
    assert.deepEqual([...paper.files.keys()], [...names, "index.html"]);
  });

  test("hold proofs that prove what lies beside them", () => {
    for (const { seq } of paper.sample.drawn) {
      const name = String(seq).padStart(6, "0");
      const proof = parseProof(Buffer.from(page(`${name}.tlog-proof`)), name);
      verifyProof(proof, Buffer.from(page(`${name}.json`)), [parseVkey(FIRST_KEY.vkey)]);
      assert.equal(proof.index, seq);
    }
  });

  test("have our elements and attributes alone, whatever the entries and the seed say", () => {
    for (const [name, text] of paper.files) {
      if (!name.endsWith(".html")) continue;
      for (const tag of tagsOf(bodyOf(text))) {
        assert.ok(ELEMENTS.has(tag.name), `${name}: <${tag.name}>`);
        assert.match(tag.attributes, ATTRIBUTES, name);
      }
      assert.doesNotMatch(text, /[\u202a-\u202e\u2066-\u2069\u2028\u0085]/);
      const open: string[] = [];
      for (const [, slash, tag = ""] of bodyOf(text).matchAll(/<(\/?)(\w+)[^>]*>/g)) {
        if (slash === "") open.push(tag);
        else if (tag !== "html") assert.equal(open.pop(), tag, name);
      }
      assert.deepEqual(open, [], name);
    }
  });

  test("show hostile names as they are spelled", () => {
    const text = textOf(bodyOf(pageOf("decision.made")));
    assert.ok(text.includes(`models/"><script>alert(1)</script>`));
    assert.ok(text.includes("models/&lt;b&gt;"));
    assert.ok(text.includes("models/\\u{202e}fdp.snigol\\u{2069}"));
    assert.ok(text.includes("models/a\\u{2028}b\\u{85}c"));
  });

  test("admit one style sheet and load nothing", () => {
    for (const text of [page("index.html"), pageOf("decision.made")]) {
      const style = text.match(/<style>([\s\S]*?)<\/style>/)?.[1] ?? "";
      const digest = createHash("sha256").update(style).digest("base64");
      const policy = text.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/)?.[1];
      assert.equal(
        policy?.replaceAll("&#39;", "'"),
        `default-src 'none'; style-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`,
      );
      assert.doesNotMatch(style, /url\(|@import/i);
    }
  });

  test("show of a decision what it rests on, where its evidence lies, and what it says of each gate", () => {
    const text = textOf(bodyOf(pageOf("decision.made")));
    const file = hash("sha256", Buffer.from("a file of decision.made"));
    for (const part of [
      `Entry ${seqOf("decision.made")}: decision.made`,
      "2026-11-21T22:14:05.000Z",
      "2026-11-21T22:14:01.000Z",
      "acme/models (id 777000111)",
      "17, into main",
      "33".repeat(20),
      "44".repeat(20),
      ".weighbridge/policy.yml",
      `sha256:${"55".repeat(32)}`,
      `sha256:${"99".repeat(32)}`,
      "fail · observed 0.713 · expected >=0.780 · m",
      "validator: person 1000014, review 1900000003",
      "WVR-7",
      `sha256:${file}`,
      `git cat-file blob weighbridge-trail:${evidencePathOf(file)} | sha256sum`,
    ]) {
      assert.ok(text.includes(part), part);
    }
    assert.deepEqual(readFile(rig.repository, evidencePathOf(file)), Buffer.from("a file of decision.made"));
  });

  test("leave out no value of any entry", () => {
    for (const drawn of paper.sample.drawn) {
      const text = textOf(bodyOf(page(`${String(drawn.seq).padStart(6, "0")}.html`)));
      const { v: _, ...predicate } = parseSampled(drawn).predicate;
      for (const value of scalarsOf(predicate)) assert.ok(text.includes(value), `${drawn.seq}: ${value}`);
    }
  });

  test("link to the reason, to the pages beside them, and to nothing else", () => {
    const links = [...pageOf("approval.granted").matchAll(/href="([^"]*)"/g)].map(([, link]) => link);
    assert.ok(links.includes("https://github.com/acme/models/pull/17#pullrequestreview-1900000003"));
    for (const link of links.filter((each) => !each?.startsWith("https://")))
      assert.ok(paper.files.has(link!), link);
  });

  test("tell the story of the pull request, mark the entry in it and link to what was drawn too", () => {
    const body = bodyOf(pageOf("decision.made"));
    const story = [
      ...(body.match(/<ol class="story">([\s\S]*?)<\/ol>/)?.[1] ?? "").matchAll(/<li[^>]*>.*/g),
    ].map(([line]) => line);
    const kinds = story.map((line) => /<code>(.*?)<\/code>/.exec(line)?.[1]);
    assert.deepEqual(kinds.slice(0, 4), [
      "evidence.received",
      "approval.granted",
      "approval.withdrawn",
      "decision.made",
    ]);
    for (const kind of ["merge.observed", "bypass.detected", "breakglass.used", "deploy.succeeded"])
      assert.ok(kinds.includes(kind), kind);
    const here = story.filter((line) => line.includes("this entry"));
    assert.equal(here.length, 1);
    assert.match(here[0]!, /^<li class="here">/);
    assert.equal(story.filter((line) => line.includes(".html")).length, story.length - 1);
    assert.match(textOf(bodyOf(pageOf("heartbeat"))), /pull request\nThe entry names none\./);
  });

  test("say how to verify the item by itself, and leave room for the auditor", () => {
    const name = String(seqOf("decision.made")).padStart(6, "0");
    const text = textOf(bodyOf(pageOf("decision.made")));
    assert.ok(text.includes(`weighbridge trail verify ${name}.tlog-proof ${name}.json --pin-key "$KEY"`));
    for (const word of ["Checked by", "Date", "Conclusion", "Remarks"]) assert.ok(text.includes(word));
  });

  test("are the same bytes for the same sample, and depend on the seed", async () => {
    assert.deepEqual((await paperOf(rig, { seed: HOSTILE_SEED })).files, paper.files);
    assert.notDeepEqual((await paperOf(rig)).files, paper.files);
  });

  test("have an index that says what was drawn from what, in the order drawn", async () => {
    const filter = { kinds: ["deploy.", "decision.made"], pr: 17, until: "2030-01-01T00:00:00.000Z" };
    const { files, sample, head } = await paperOf(rig, { filter, count: 9 });
    const text = textOf(bodyOf(files.get("index.html")!));
    for (const part of [
      sample.origin,
      `${sample.size} entries`,
      sample.root,
      `sha256:${sample.populationDigest}`,
      "about pull request 17, of kind deploy. or decision.made, before 2030-01-01T00:00:00.000Z",
      "0 entries of a kind that this version does not know",
      `git branch audit-sample-${sample.size} ${head.commit}`,
      `weighbridge trail sample --branch=audit-sample-${sample.size} --pr=17 --kind=deploy. --kind=decision.made --until=2030-01-01T00:00:00.000Z --n=9 --seed=2026-11`,
    ]) {
      assert.ok(text.includes(part), part);
    }
    assert.deepEqual(
      [...page("index.html").matchAll(/href="(\d+)\.html"/g)].map(([, number]) => Number(number)),
      paper.sample.drawn.map(({ seq }) => seq),
    );
    const none = await paperOf(rig, { filter: { pr: 999 } });
    assert.deepEqual([...none.files.keys()], ["index.html"]);
    assert.ok(none.files.get("index.html")!.includes("No entry passes the filter."));
  });
});

test("a story that is too long says how many more there are, and that this entry is one of them", async () => {
  const rig = await startedRig();
  const { predicate, ...content } = decision(7);
  const count = 2 * STORY_END_MAX + 3;
  const many = Array.from({ length: count }, (_, at) => {
    const base_sha = (0x1000 + at).toString(16).repeat(10);
    return { ...content, predicate: { ...predicate, pr: { ...predicate.pr!, base_sha } } };
  });
  await rig.append(many);
  const { files } = await paperOf(rig, { count: 1_000 });
  const within = String(STORY_END_MAX + 2).padStart(6, "0");
  assert.match(
    textOf(files.get(`${within}.html`)!),
    /3 more entries here, not shown, this entry among them\./,
  );
  assert.match(textOf(files.get("000001.html")!), /3 more entries here, not shown\./);
  await rig.close();
  rig.repository.remove();
});

test("what was too large for an entry is said to lie in its overflow", async () => {
  const rig = await startedRig();
  const { predicate, ...content } = decision(7);
  const gates = Array.from({ length: 1_000 }, (_, at) => ({
    ...{ id: `gate-${String(at).padStart(100, "0")}`, outcome: "pass" as const },
  }));
  await rig.append([
    { ...content, predicate: { ...predicate, decision: { ...predicate.decision!, gates } } },
  ]);
  const text = textOf((await paperOf(rig)).files.get("000001.html")!);
  assert.match(text, /Gates\nThey are too many for the entry: overflow\.json below lists them\./);
  assert.match(text, /overflow\.json application\/json, \d+ bytes/);
  await rig.close();
  rig.repository.remove();
});

/** Every text and number in a value. */
function scalarsOf(value: unknown): readonly string[] {
  if (typeof value !== "object" || value === null)
    return [String(value).replace("not_applicable", "not applicable")];
  return Object.values(value).flatMap(scalarsOf);
}
