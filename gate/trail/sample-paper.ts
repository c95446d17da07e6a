import { type Html, htm, join, shellWord } from "../report/escape.ts";
import { STYLE } from "../report/html-style.ts";
import type { Entry } from "./entry.ts";
import type { Sample, SampledEntry } from "./sample.ts";
import type { Story } from "./story.ts";

/**
 * An audit sample as working papers: for each entry drawn a page to read and to tick off, with the files that prove
 * it, and an index that says how to draw the same again. Same sample, same bytes: no page says when it was made.
 */
export interface SamplePaper {
  readonly sample: Sample;
  /** Entries asked for, which may be more than there were. */
  readonly count: number;
  /** Commit of the trail's branch that the sample was drawn from. */
  readonly commit: string;
  readonly branch: string;
  /** By `pullOf`: one for each pull request of an entry drawn. */
  readonly stories: ReadonlyMap<string, Story>;
}

export interface PaperFile {
  readonly name: string;
  readonly text: string;
}

/** One entry of the sample, read. */
export interface Item extends SampledEntry {
  readonly content: Entry;
  /** 1 for what was drawn first. */
  readonly turn: number;
}

/** Numbers of files are as wide as this, so that a folder lists them in order. */
const NUMBER_WIDTH = 6;

export type Fact = readonly [term: string, value: Html];

export const NEWLINE = htm`\n`;

/**
 * What the papers add to the look of a report. Paper has no scroll bars: there everything breaks into lines, and
 * whoever reads in the dark prints on white all the same.
 */
export const PAPER_STYLE = htm`${STYLE}
:root { --link: #0b57b7; }
@media (prefers-color-scheme: dark) { :root { --link: #8fbcff; } }
a { color: var(--link); text-underline-offset: 0.15em; text-decoration-thickness: 1px; overflow-wrap: anywhere; }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; margin: 0.75rem 0 0; padding: 1rem 1.25rem; }
.card > h2 { margin: 0 0 0.5rem; }
.card > h3 { margin: 1rem 0 0.25rem; }
.card dl { border: 0; padding: 0; }
.card ul, .card ol { list-style: none; margin: 0; padding: 0; }
.card li { padding: 0.4rem 0; }
.card li + li { border-top: 1px solid var(--line); }
.card li p { margin: 0; }
.story li.here { border-left: 4px solid var(--link); padding-left: 0.75rem; }
.when { white-space: nowrap; }
.item { display: grid; grid-template-columns: 1.75rem 1fr; }
.tick { width: 1rem; height: 1rem; margin-top: 0.25rem; border: 1.5px solid var(--ink); border-radius: 2px; }
pre { margin: 0.5rem 0; padding: 0.75rem 1rem; background: var(--soft); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere; }
.blank { display: grid; grid-template-columns: 1fr 1fr; gap: 0.75rem 1.25rem; margin: 0; }
.blank > div { border-bottom: 1px solid var(--quiet); min-height: 3.25rem; }
.blank > div.wide { grid-column: 1 / -1; }
.blank > div.tall { min-height: 9rem; }
@media (max-width: 36rem) {
  .card { padding: 0.85rem 1rem; }
  .blank { grid-template-columns: 1fr; }
}
@media print {
  :root {
    color-scheme: light; font-size: 80%;
    --paper: #ffffff; --ground: #ffffff; --ink: #1c2128; --quiet: #5b6572; --line: #dfe3e8; --soft: #eef1f4;
    --close: #b42318; --warn: #8a5300; --pass: #1a6b3c; --link: #0b57b7;
  }
  body { font-size: 1rem; }
  main { max-width: none; padding: 0; }
  .card { padding: 0.75rem 1rem; }
  .card li, .card dd, .blank { break-inside: avoid; }
  .card > h2 { break-after: avoid; }
}
`;

export function fileName({ size }: Sample, seq: number): string {
  return String(seq).padStart(Math.max(NUMBER_WIDTH, String(size - 1).length), "0");
}

export function option(name: string, value: string): string {
  return `--${name}=${shellWord(value)}`;
}

export function card(title: string, blocks: readonly Html[]): Html {
  return htm`<section class="card"><h2>${title}</h2>\n${join(blocks, NEWLINE)}\n</section>`;
}

export function facts(rows: readonly Fact[]): Html {
  const lines = rows.map(([term, value]) => htm`<dt>${term}</dt><dd>${value}</dd>`);
  return htm`<dl>\n${join(lines, NEWLINE)}\n</dl>`;
}

export function bullets(items: readonly Html[]): Html {
  return htm`<ul>\n${join(items, NEWLINE)}\n</ul>`;
}

export function quiet(text: Html): Html {
  return htm`<p class="quiet">${text}</p>`;
}

export function command(text: string): Html {
  return htm`<pre tabindex="0"><code>${whole(text)}</code></pre>`;
}

/** The text in pieces that are each shown in full: a command that was cut short would do something else. */
export function whole(text: string): Html {
  return join(
    (text.match(/.{1,2000}/gsu) ?? []).map((piece) => htm`${piece}`),
    htm``,
  );
}
