import type { Outcome } from "../model/decision.ts";
import { type Html, htm, htmlLink, join, shellWord } from "../report/escape.ts";
import { toDocument } from "../report/html-frame.ts";
import { code, MARKS } from "../report/html-phrases.ts";
import { OUTCOME_WORDS, type Standing } from "../report/results.ts";
import { phrase } from "../report/sentences.ts";
import { evidencePathOf } from "./batch.ts";
import type { Entry, Subject } from "./entry.ts";
import { OVERFLOW } from "./kind.ts";
import { parseSampled, type Sample } from "./sample.ts";
import { indexPage } from "./sample-index.ts";
import {
  bullets,
  card,
  command,
  type Fact,
  facts,
  fileName,
  type Item,
  NEWLINE,
  option,
  PAPER_STYLE,
  type PaperFile,
  quiet,
  type SamplePaper,
} from "./sample-paper.ts";
import { pullOf, type Story, type StoryLine, type StoryTie } from "./story.ts";

/** The files of the papers, one after the other; the index comes last, so that a folder with it is whole. */
export function* samplePaper(paper: SamplePaper): Generator<PaperFile> {
  const items = paper.sample.drawn.map((drawn, at) => ({
    ...drawn,
    content: parseSampled(drawn),
    turn: at + 1,
  }));
  const drawn = new Set(items.map(({ seq }) => seq));
  for (const item of items) {
    const name = fileName(paper.sample, item.seq);
    yield { name: `${name}.json`, text: item.entry };
    yield { name: `${name}.tlog-proof`, text: item.proof };
    yield { name: `${name}.html`, text: itemPage(paper, item, drawn) };
  }
  yield { name: "index.html", text: indexPage(paper, items) };
}

/** `drawn` says which entries have a page to link to. */
function itemPage(paper: SamplePaper, item: Item, drawn: ReadonlySet<number>): string {
  const { sample } = paper;
  const { seq, content } = item;
  const blocks = [
    head(sample, item),
    entryCard(content),
    subjectCard(content),
    ...policyCard(content),
    ...decisionCards(content),
    ...reasonCard(content),
    ...evidenceCard(paper, content),
    storyCard(paper, item, drawn),
    verifyCard(sample, seq),
    blankCard(),
  ];
  return toDocument({ title: `Entry ${seq} of ${sample.origin}`, style: PAPER_STYLE, blocks });
}

/** Colors of the verdict; an entry that decides nothing has none. */
const TONES = { pass: "passed", fail: "closed", error: "closed", wait: "waiting" } as const;

function head(sample: Sample, { seq, turn, content: { predicate } }: Item): Html {
  const { kind, repo, decision } = predicate;
  const tone = decision === undefined ? "none" : TONES[decision.verdict];
  const verdict =
    decision === undefined ? htm`` : htm`<li>Verdict: <strong>${decision.verdict}</strong></li>`;
  return htm`<header class="verdict ${tone}">
<p class="quiet"><a href="index.html">Audit sample</a> · ${turn} of ${sample.drawn.length} drawn</p>
<h1>Entry ${seq}: ${kind}</h1>
<ul><li>${repo.name}, ${aboutText(predicate)}</li>${verdict}</ul>
</header>`;
}

function aboutText({ pr, group }: Entry["predicate"]): string {
  if (pr !== undefined) return `pull request ${pr.number}`;
  return group === undefined ? "no pull request" : "merge queue";
}

/** Members that have a place of their own on the page. */
const PLACED: ReadonlySet<string> = new Set([
  ...["v", "seq", "kind", "ts", "source_ts", "repo", "pr", "group"],
  ...["policy", "evidence", "reason", "decision"],
]);

/** Who, when, where, and every member that only some kinds have: nothing of the entry is left out. */
function entryCard({ predicate }: Entry): Html {
  const { seq, kind, ts, source_ts, repo, pr, group } = predicate;
  const rest = Object.entries(predicate).filter(([member]) => !PLACED.has(member));
  const commits = pr ?? group;
  return card("The entry", [
    facts([
      ["Number", htm`${seq}`],
      ["Kind", code(kind)],
      ["Written (ts)", htm`${ts}`],
      ["Happened (source_ts)", htm`${source_ts}`],
      ["Repository", htm`${code(repo.name)} (id ${repo.id})`],
      ...(pr === undefined
        ? []
        : [["Pull request", htm`${pr.number}, into ${code(pr.base)}`] satisfies Fact]),
      ...(commits === undefined
        ? []
        : ([
            ["Head", code(commits.head_sha)],
            ["Base", code(commits.base_sha)],
          ] satisfies Fact[])),
      ...(pr?.merge_sha === undefined ? [] : [["Merged as", code(pr.merge_sha)] satisfies Fact]),
      ...rest.flatMap(([member, value]) => factsOf(member, value)),
    ]),
  ]);
}

/** A member as rows, one for each value in it: `Approval role`. */
function factsOf(name: string, value: unknown): readonly Fact[] {
  if (typeof value !== "object" || value === null) return [[toTerm(name), code(String(value))]];
  const members = Array.isArray(value)
    ? value.map((each, at) => [String(at + 1), each] as const)
    : Object.entries(value);
  return members.flatMap(([member, each]) => factsOf(`${name} ${member}`, each));
}

/** Members whose name alone says too little. */
const TERMS: ReadonlyMap<string, string> = new Map([
  ["id", "Id of the event"],
  ["prev", "Leaf hash of the entry before"],
]);

function toTerm(name: string): string {
  return TERMS.get(name) ?? `${name.slice(0, 1).toUpperCase()}${name.slice(1).replaceAll("_", " ")}`;
}

function subjectCard({ subject, predicate }: Entry): Html {
  const items = subject.map(
    (each) => htm`<li><p>${code(each.name)}</p><p class="quiet">${code(digestOf(each))}</p></li>`,
  );
  const isElsewhere = subject.some(({ name }) => name === OVERFLOW) && overflowOf(predicate) !== undefined;
  return card("What it is about", [
    bullets(items),
    ...(isElsewhere
      ? [quiet(htm`They are too many for the entry: ${code(OVERFLOW)} below lists them.`)]
      : []),
  ]);
}

function policyCard({ predicate: { policy } }: Entry): readonly Html[] {
  if (policy === undefined) return [];
  const rows: readonly Fact[] = [
    ["Path", code(policy.path)],
    ["Commit", code(policy.commit)],
    ["Digest", code(`sha256:${policy.digest.sha256}`)],
  ];
  return [card("Policy", [facts(rows)])];
}

type Decision = NonNullable<Entry["predicate"]["decision"]>;

function decisionCards({ predicate }: Entry): readonly Html[] {
  const { decision } = predicate;
  if (decision === undefined) return [];
  const { verdict, digest, subject_digest, evidence_digest } = decision;
  const rows: readonly Fact[] = [
    ["Verdict", htm`<strong>${verdict}</strong>`],
    ["Decision record", code(`sha256:${digest.sha256}`)],
    ["Subject of approvals", code(`sha256:${subject_digest}`)],
    ["Evidence as weighed", code(`sha256:${evidence_digest}`)],
  ];
  return [
    card("Verdict", [facts(rows)]),
    card("Gates", gateBlocks(predicate, decision)),
    card("Approvals", [approvalList(decision)]),
    card("Waivers", [waiverList(decision)]),
  ];
}

function gateBlocks(predicate: Entry["predicate"], { gates }: Decision): readonly Html[] {
  if (gates === undefined) {
    const file = overflowOf(predicate) === undefined ? "the decision record" : OVERFLOW;
    return [quiet(htm`They are too many for the entry: ${file} below lists them.`)];
  }
  if (gates.length === 0) return [quiet(htm`None.`)];
  return [
    quiet(
      htm`${phrase(gates.length, "gate", "gates")}. Which of those not met close and which only warn, the decision record says.`,
    ),
    bullets(gates.map(gateItem)),
  ];
}

function gateItem({ id, outcome, model, observed, expected }: NonNullable<Decision["gates"]>[number]): Html {
  const standing = standingOf(outcome);
  const words = [
    htm`<span class="word ${standing}">${OUTCOME_WORDS[outcome]}</span>`,
    ...(observed === undefined ? [] : [htm`observed ${observed}`]),
    ...(expected === undefined ? [] : [htm`expected ${expected}`]),
    ...(model === undefined ? [] : [code(model)]),
  ];
  return htm`<li class="gate ${standing}"><span class="mark" aria-hidden="true">${MARKS[standing]}</span><div>
<p>${code(id)}</p><p class="quiet">${join(words, htm` · `)}</p>
</div></li>`;
}

/** An entry keeps no severities: what is not met may have closed the change or only have warned. */
function standingOf(outcome: Outcome): Standing {
  if (outcome === "pass") return "passes";
  return outcome === "not_applicable" ? "not_applicable" : "warns";
}

function approvalList({ approvals }: Decision): Html {
  if (approvals === undefined || approvals.length === 0) return quiet(htm`The entry names none.`);
  const items = approvals.map(({ id, role, review, comment }) => {
    const where = [
      ...(review === undefined ? [] : [htm`, review ${review}`]),
      ...(comment === undefined ? [] : [htm`, comment ${comment}`]),
    ];
    return htm`<li>${code(role)}: person ${id}${join(where, htm``)}</li>`;
  });
  return bullets(items);
}

function waiverList({ waivers }: Decision): Html {
  if (waivers === undefined || waivers.length === 0) return quiet(htm`The entry names none.`);
  return bullets(waivers.map((waiver) => htm`<li>${code(waiver)}</li>`));
}

function reasonCard({ predicate: { reason } }: Entry): readonly Html[] {
  if (reason === undefined) return [];
  const rows: readonly Fact[] = [
    ["Code", code(reason.code)],
    ["Said at", htmlLink(reason.url)],
    ["Digest of the text", code(`sha256:${reason.digest.sha256}`)],
  ];
  return [card("Reason", [facts(rows)])];
}

function evidenceCard({ branch }: SamplePaper, { predicate }: Entry): readonly Html[] {
  const { evidence } = predicate;
  if (evidence === undefined) return [];
  const items = evidence.map(({ name, digest: { sha256 }, size, mediaType }) => {
    const path = evidencePathOf(sha256);
    return htm`<li><p>${code(name)} <span class="quiet">${mediaType}, ${phrase(size, "byte", "bytes")}</span></p>
<p class="quiet">${code(`sha256:${sha256}`)}</p><p class="quiet">in the branch: ${code(path)}</p></li>`;
  });
  const example = evidencePathOf(evidence[0]?.digest.sha256 ?? "");
  return [
    card("Evidence", [
      bullets(items),
      htm`<p>A file is what was logged if its SHA-256 is the one above:</p>`,
      command(`git cat-file blob ${shellWord(`${branch}:${example}`)} | sha256sum`),
    ]),
  ];
}

function overflowOf({ evidence }: Entry["predicate"]) {
  return evidence?.find(({ name }) => name === OVERFLOW);
}

/** Why an entry that does not name the pull request stands in its story. */
const TIES: Readonly<Record<StoryTie, string>> = {
  number: "",
  reference: " · points at an entry of it",
  commit: " · about its commit",
  content: " · about the same bytes",
};

function storyCard(
  { sample, branch, stories }: SamplePaper,
  { seq, content }: Item,
  drawn: ReadonlySet<number>,
): Html {
  const title = "What else the trail says of this pull request";
  const { pr } = content.predicate;
  const story = stories.get(pullOf(content) ?? "");
  if (pr === undefined || story === undefined) return card(title, [quiet(htm`The entry names none.`)]);
  const line = (each: StoryLine) => storyLine(sample, each, { isHere: each.seq === seq, drawn });
  const { first, omitted, last } = story;
  const gap = omitted === 0 ? [] : [gapLine(story, seq)];
  const items = [...first.map(line), ...gap, ...last.map(line)];
  const options = [option("branch", branch), option("pr", String(pr.number))];
  return card(title, [
    htm`<ol class="story">\n${join(items, NEWLINE)}\n</ol>`,
    ...(sample.unknown === 0
      ? []
      : [
          quiet(
            htm`The trail has ${phrase(sample.unknown, "entry", "entries")} of a kind that this version does not know; whether they are about it, nobody can say here.`,
          ),
        ]),
    htm`<p class="quiet">All that name its number: ${code(["weighbridge trail log", ...options].join(" "))}</p>`,
  ]);
}

function gapLine({ first, omitted, last }: Story, seq: number): Html {
  const isWithin = seq > (first.at(-1)?.seq ?? seq) && seq < (last[0]?.seq ?? seq);
  const here = isWithin ? htm`, <strong>this entry among them</strong>` : htm``;
  return htm`<li>${phrase(omitted, "more entry", "more entries")} here, not shown${here}.</li>`;
}

function storyLine(
  sample: Sample,
  { seq, ts, kind, tie, words }: StoryLine,
  { isHere, drawn }: { readonly isHere: boolean; readonly drawn: ReadonlySet<number> },
): Html {
  const number =
    drawn.has(seq) && !isHere
      ? htm`<a href="${fileName(sample, seq)}.html">${seq}</a>`
      : htm`<strong>${seq}</strong>`;
  const here = isHere ? htm` · <strong>this entry</strong>` : htm``;
  return htm`<li${isHere ? htm` class="here"` : htm``}>${number} ${code(kind)} ${words} <span class="quiet"><span class="when">${ts}</span>${TIES[tie]}</span>${here}</li>`;
}

function verifyCard(sample: Sample, seq: number): Html {
  const name = fileName(sample, seq);
  return card("Verify this item by itself", [
    htm`<p>In the folder of this page. The key has to come from where you keep it, not from here.</p>`,
    command(`weighbridge trail verify ${name}.tlog-proof ${name}.json --pin-key "$KEY"`),
    quiet(
      htm`It says whether ${code(`${name}.json`)} is entry ${seq} of the log that the key signed. This page only shows what that file says.`,
    ),
  ]);
}

function blankCard(): Html {
  return htm`<section class="card"><h2>For the auditor</h2>
<div class="blank">
<div><span class="quiet">Checked by</span></div>
<div><span class="quiet">Date</span></div>
<div class="wide"><span class="quiet">Conclusion</span></div>
<div class="wide tall"><span class="quiet">Remarks</span></div>
</div></section>`;
}

function digestOf({ digest }: Subject): string {
  return "sha256" in digest ? `sha256:${digest.sha256}` : `git:${digest.gitCommit}`;
}
