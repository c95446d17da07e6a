import { type Html, htm, join } from "../report/escape.ts";
import { toDocument } from "../report/html-frame.ts";
import { code } from "../report/html-phrases.ts";
import { phrase } from "../report/sentences.ts";
import type { LogFilter } from "./read.ts";
import type { Sample } from "./sample.ts";
import {
  card,
  facts,
  fileName,
  type Item,
  NEWLINE,
  option,
  PAPER_STYLE,
  quiet,
  type SamplePaper,
  whole,
} from "./sample-paper.ts";

/** What was drawn from what, how to draw it again, and the pages in the order drawn. */
export function indexPage(paper: SamplePaper, items: readonly Item[]): string {
  const { sample, commit } = paper;
  const { origin, size, root, seed, population, unknown, populationDigest, drawn } = sample;
  const blocks = [
    htm`<header class="verdict none">
<p class="quiet">Weighbridge · audit sample</p>
<h1>${phrase(drawn.length, "entry", "entries")} of ${population} drawn</h1>
<ul><li>${origin}</li></ul>
</header>`,
    card("The sample", [
      facts([
        ["Trail", code(origin)],
        ["Size", htm`${phrase(size, "entry", "entries")}`],
        ["Root", code(root)],
        ["Commit of the branch", code(commit)],
        ["Seed", seed === "" ? htm`empty` : htm`<code>${whole(seed)}</code>`],
        ["Filter", filterText(sample.filter)],
        ["Population", htm`${phrase(population, "entry", "entries")}`],
        ["Digest of the population", code(`sha256:${populationDigest}`)],
        [
          "Not in it",
          htm`${phrase(unknown, "entry", "entries")} of a kind that this version does not know: no filter could be held against them`,
        ],
      ]),
    ]),
    redrawCard(paper),
    card("Entries in the order drawn", [
      items.length === 0
        ? quiet(htm`No entry passes the filter.`)
        : htm`<ol>\n${join(
            items.map((item) => indexItem(sample, item)),
            NEWLINE,
          )}\n</ol>`,
    ]),
  ];
  return toDocument({ title: `Audit sample of ${origin}`, style: PAPER_STYLE, blocks });
}

function filterText({ models = [], pr, actor, kinds = [], from, until }: LogFilter): Html {
  const conditions = [
    ...models.map((model) => htm`about model ${code(model)}`),
    ...(pr === undefined ? [] : [htm`about pull request ${pr}`]),
    ...(actor === undefined ? [] : [htm`by person ${actor}`]),
    ...(kinds.length === 0 ? [] : [htm`of kind ${join(kinds.map(code), htm` or `)}`]),
    ...(from === undefined ? [] : [htm`from ${from} on`]),
    ...(until === undefined ? [] : [htm`before ${until}`]),
  ];
  return conditions.length === 0 ? htm`none: every entry` : join(conditions, htm`, `);
}

/** The trail has grown since, and another root draws others: the commit is what the sample belongs to. */
function redrawCard({ sample, count, commit }: SamplePaper): Html {
  const { seed, filter, size } = sample;
  const branch = `audit-sample-${size}`;
  const { models = [], pr, actor, kinds = [], from, until } = filter;
  const words = [
    "weighbridge trail sample",
    option("branch", branch),
    ...models.map((model) => option("model", model)),
    ...(pr === undefined ? [] : [option("pr", String(pr))]),
    ...(actor === undefined ? [] : [option("actor", String(actor))]),
    ...kinds.map((kind) => option("kind", kind)),
    ...(from === undefined ? [] : [option("from", from)]),
    ...(until === undefined ? [] : [option("until", until)]),
    option("n", String(count)),
    option("seed", seed),
  ];
  return card("Draw the same sample again", [
    htm`<p>In a clone that has the trail's branch. The same entries come in the same order, under the root above.</p>`,
    htm`<pre tabindex="0"><code>git branch ${branch} ${commit}
${whole(words.join(" "))}</code></pre>`,
  ]);
}

function indexItem(sample: Sample, { seq, content }: Item): Html {
  const { subject, predicate } = content;
  const { kind, ts, decision, pr } = predicate;
  const [first] = subject;
  const more = subject.length - 1;
  const words = [
    code(kind),
    ...(decision === undefined ? [] : [htm`${decision.verdict}`]),
    ...(pr === undefined ? [] : [htm`pull request ${pr.number}`]),
  ];
  return htm`<li class="item"><span class="tick" aria-hidden="true"></span><div>
<p><a href="${fileName(sample, seq)}.html">Entry ${seq}</a> · ${join(words, htm` · `)}</p>
<p class="quiet">${ts} · ${code(first?.name ?? "")}${more === 0 ? htm`` : htm` and ${more} more`}</p>
</div></li>`;
}
