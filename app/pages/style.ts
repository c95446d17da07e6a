import { createHash } from "node:crypto";
import { htm } from "../../gate/report/escape.ts";
import { STYLE } from "../../gate/report/html-style.ts";

/** What the dashboard adds to the look of a report: a frame around it, lists of things, and charts. */
const FRAME = htm`
:root { --link: #0b57b7; --focus: #0b57b7; }
@media (prefers-color-scheme: dark) { :root { --link: #8fbcff; --focus: #8fbcff; } }
a { color: var(--link); text-underline-offset: 0.15em; text-decoration-thickness: 1px; overflow-wrap: anywhere; }
a:hover { text-decoration-thickness: 2px; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--paper); padding: 0.25rem 0.75rem; z-index: 1; }

.bar { background: var(--paper); border-bottom: 1px solid var(--line); }
.bar > div {
  max-width: 60rem; margin: 0 auto; padding: 0.6rem 1rem;
  display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 1rem;
}
.brand { display: inline-flex; align-items: center; gap: 0.55rem; font-weight: 650; color: var(--ink); text-decoration: none; margin-right: auto; }
.brand img { display: block; }
.who { display: flex; align-items: center; gap: 0.75rem; }
.who form { margin: 0; }
button, .button {
  font: inherit; font-size: 0.92rem; color: var(--ink); background: var(--soft); cursor: pointer;
  border: 1px solid var(--line); border-radius: 8px; padding: 0.3rem 0.8rem; text-decoration: none; white-space: nowrap;
}
button:hover, .button:hover { border-color: var(--quiet); }
.button.first { display: inline-block; background: var(--link); border-color: var(--link); color: var(--paper); padding: 0.6rem 1.2rem; font-size: 1rem; font-weight: 600; }

.crumbs { font-size: 0.92rem; margin: 0 0 1rem; color: var(--quiet); }
.crumbs ol { list-style: none; display: flex; flex-wrap: wrap; gap: 0.1rem 0.5rem; margin: 0; padding: 0; }
.crumbs li + li::before { content: "/"; margin-right: 0.5rem; color: var(--quiet); }
.crumbs li { overflow-wrap: anywhere; }
.lead { color: var(--quiet); max-width: 44rem; margin-bottom: 0.75rem; }
h4 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
h3.group { margin: 1.25rem 0 0.5rem; }
.verdict > h2:first-child { margin-top: 0; }
footer.end { max-width: 60rem; margin: 0 auto; padding: 0 1rem 2.5rem; color: var(--quiet); font-size: 0.86rem; }

.card { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; margin: 0 0 0.75rem; padding: 1rem 1.25rem; }
.card > h2:first-child, .card > h3:first-child { margin: 0 0 0.35rem; font-size: 1.05rem; }
.rows { list-style: none; margin: 0 0 0.75rem; padding: 0; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
.rows > li { padding: 0.85rem 1.25rem; }
.rows > li + li { border-top: 1px solid var(--line); }
.row { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.15rem 1.25rem; align-items: baseline; }
.row > .quiet { grid-column: 1; font-size: 0.92rem; margin: 0; }
.row > .state { grid-column: 2; grid-row: 1; }
.row > .facts { grid-column: 1 / -1; }
.state { font-weight: 600; }
.row > .state, td .state { white-space: nowrap; }
.state .mark { display: inline-block; width: 1.1em; }
.state.passes { color: var(--pass); }
.state.closes { color: var(--close); }
.state.warns { color: var(--warn); }
.state.notes { color: var(--quiet); }
.roles { list-style: none; display: flex; flex-wrap: wrap; gap: 0.35rem; margin: 0.35rem 0 0; padding: 0; }
.roles li { background: var(--warn-soft); color: var(--warn); border: 1px solid currentColor; border-radius: 999px; padding: 0 0.65rem; font-size: 0.88rem; font-weight: 600; }
.roles li.label { background: none; border: 0; padding: 0; color: var(--quiet); font-weight: 400; }
dl.facts { border: 0; padding: 0; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0.75rem 1.25rem; margin: 0.6rem 0 0; }
.card > dl.facts:first-child { margin: 0; }
dl.facts dt { font-size: 0.86rem; }
dl.facts dd { margin: 0; overflow-wrap: anywhere; }
dl.plain { border: 0; padding: 0; }
dl.plain > div { display: contents; }
.card > dl.plain { margin: 0.35rem 0 0; }
.tier { font-weight: 600; border: 1px solid var(--line); background: var(--soft); border-radius: 6px; padding: 0 0.45rem; font-size: 0.86rem; white-space: nowrap; }
.empty { background: var(--paper); border: 1px dashed var(--line); border-radius: 10px; padding: 1.5rem 1.25rem; color: var(--quiet); }
.actions { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0.9rem 0 0; }

.metric { display: grid; grid-template-columns: minmax(0, 1.5fr) minmax(0, 1fr); gap: 0.5rem 1.5rem; align-items: start; }
.metric > h3 { grid-column: 1 / -1; }
.metric figure { margin: 0; }
.metric img { display: block; width: 100%; height: auto; }
.metric figcaption { color: var(--quiet); font-size: 0.86rem; }
.numbers { max-height: 15rem; overflow: auto; border: 1px solid var(--line); border-radius: 8px; }
.numbers th, .numbers td { padding: 0.35rem 0.6rem; }
th[scope="row"] { font-weight: 600; }
th .below { display: block; font-weight: 400; }
th time, td time { white-space: nowrap; }
pre { margin: 0.5rem 0; padding: 0.75rem 1rem; background: var(--soft); border-radius: 8px; overflow-x: auto; }
pre code { overflow-wrap: normal; }
ol.steps { padding-left: 1.4rem; margin: 0.5rem 0 0; }
ol.steps > li { margin: 0 0 0.9rem; }
ol.hashes { margin: 0.35rem 0 0; padding-left: 2rem; }
.inside { border-top: 1px solid var(--line); padding: 0.75rem 1.25rem; }
.plain-list { list-style: none; margin: 0.35rem 0; padding: 0; }
.welcome { max-width: 34rem; margin: 8vh auto 0; text-align: center; }
.welcome img { width: 72px; height: 72px; }
@media (max-width: 36rem) {
  .card, .rows > li, .inside { padding: 0.85rem 1rem; }
  .who { flex: 1; justify-content: space-between; }
  .metric { grid-template-columns: minmax(0, 1fr); }
  .row { grid-template-columns: minmax(0, 1fr); }
  .row > .state { grid-column: 1; grid-row: auto; }
  dl.facts { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.6rem 1rem; }
  dl.plain { grid-template-columns: minmax(0, 1fr); }
}
@media print { .bar, .crumbs, .actions { display: none; } }
`;

export const STYLE_SHEET = `${STYLE.source}${FRAME.source}`;

/** Named after its content: it may be kept for as long as anybody likes. */
export const STYLE_PATH = `/style.${createHash("sha256").update(STYLE_SHEET).digest("hex").slice(0, 16)}.css`;

/** A beam on its post, in balance. */
export const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">
<rect width="32" height="32" rx="7" fill="#1d5fbf"/>
<g fill="none" stroke="#fff" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round">
<path d="M16 7v17M10 25h12M6 10h20"/>
<path d="M3.5 18a3.2 3.2 0 0 0 6 0L6.5 10.5z M22.5 18a3.2 3.2 0 0 0 6 0L25.5 10.5z"/>
</g>
</svg>
`;
