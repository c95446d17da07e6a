import type { VerdictKind } from "../../gate/model/decision.ts";
import { type Html, htm, join, TEXT_CHARS_MAX } from "../../gate/report/escape.ts";
import { code, MARKS } from "../../gate/report/html-phrases.ts";
import type { Standing } from "../../gate/report/results.ts";
import { ENGINE } from "../../gate/verdict/decide.ts";
import type { Answer } from "./answer.ts";
import { STYLE_PATH } from "./style.ts";

/** The frame of every page, and the phrases that several pages share. */

export interface Page {
  readonly title: string;
  /** Absent where nobody has signed in. */
  readonly login?: string;
  /** From the overview down to the page that this one is below. */
  readonly crumbs?: readonly Crumb[];
  readonly blocks: readonly Html[];
}

export interface Crumb {
  readonly text: string;
  readonly path: string;
}

const NEWLINE = htm`\n`;
export const NO_HTML = htm``;

export function pageAnswer(page: Page, status = 200): Answer {
  return { status, type: "text/html; charset=utf-8", body: toDocument(page).source };
}

function toDocument({ title, login, crumbs = [], blocks }: Page): Html {
  return htm`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Weighbridge</title>
<link rel="stylesheet" href="${STYLE_PATH}">
<link rel="icon" href="/weighbridge.svg" type="image/svg+xml">
</head>
<body>
<a class="skip" href="#content">Skip to content</a>
<header class="bar"><div>
<a class="brand" href="/"><img src="/weighbridge.svg" alt="" width="28" height="28">Weighbridge</a>
${login === undefined ? NO_HTML : account(login)}
</div></header>
<main id="content">
${crumbs.length === 0 ? NO_HTML : breadcrumbs(crumbs)}
${join(blocks, NEWLINE)}
</main>
<footer class="end">Weighbridge ${ENGINE}. All times are UTC.</footer>
</body>
</html>
`;
}

function account(login: string): Html {
  return htm`<div class="who"><span class="quiet">${login}</span>
<form method="post" action="/logout"><button type="submit">Sign out</button></form></div>`;
}

function breadcrumbs(crumbs: readonly Crumb[]): Html {
  const above = [{ text: "Overview", path: "/" }, ...crumbs.slice(0, -1)];
  const items = [
    ...above.map(({ text, path }) => htm`<li>${link(text, path)}</li>`),
    ...crumbs.slice(-1).map(({ text }) => htm`<li aria-current="page">${text}</li>`),
  ];
  return htm`<nav class="crumbs" aria-label="You are here"><ol>${join(items, NO_HTML)}</ol></nav>`;
}

/** A link to a page of ours; the text alone where the address would be cut. */
export function link(text: string | Html, path: string): Html {
  return path.length > TEXT_CHARS_MAX ? htm`${text}` : htm`<a href="${path}">${text}</a>`;
}

export function list(className: string, items: readonly Html[]): Html {
  return htm`<ul class="${className}">\n${join(items, NEWLINE)}\n</ul>`;
}

/** Pairs of a word and what it stands for. */
export function facts(
  className: "facts" | "plain",
  pairs: readonly (readonly [string, Html | string])[],
): Html {
  const items = pairs.map(([term, value]) => htm`<div><dt>${term}</dt><dd>${value}</dd></div>`);
  return htm`<dl class="${className}">\n${join(items, NEWLINE)}\n</dl>`;
}

const VERDICTS: Readonly<Record<VerdictKind, readonly [Standing, string]>> = {
  pass: ["passes", "Passed"],
  wait: ["warns", "Waits for approval"],
  fail: ["closes", "Closed"],
  error: ["closes", "Could not be judged"],
};

/** The verdict in words; the color and the mark only repeat them. */
export function verdictWord(verdict: VerdictKind | undefined): Html {
  const [standing, word] = verdict === undefined ? (["notes", "Not judged yet"] as const) : VERDICTS[verdict];
  return stateWord(standing, word);
}

export function stateWord(standing: Standing, word: string): Html {
  return htm`<span class="state ${standing}"><span class="mark" aria-hidden="true">${MARKS[standing]}</span>${word}</span>`;
}

/** The first digits of a digest or commit; whoever needs all of them finds them on the page of the thing. */
export function shortId(id: string): Html {
  return code(id.replace(/^sha256:/, "").slice(0, 12));
}

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeZone: "UTC" });
const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** A moment, of milliseconds since 1970: `2 Nov 2026, 09:12`. */
export function moment(ms: number): Html {
  const date = new Date(ms);
  return htm`<time datetime="${date.toISOString()}">${TIME.format(date)}</time>`;
}

/** A day, of `YYYY-MM-DD`; what is none stands as it is. */
export function day(text: string): Html {
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) ? htm`${text}` : htm`<time datetime="${text}">${DAY.format(ms)}</time>`;
}

/** A pull request by its number, or the merge queue. */
export function pullName(number: number): string {
  return number === 0 ? "merge queue" : `#${number}`;
}
