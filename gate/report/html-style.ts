import { htm } from "./escape.ts";

/** The page's whole look: two palettes, one column, tables that scroll by themselves on a narrow screen. */
export const STYLE = htm`
:root {
  color-scheme: light dark;
  --paper: #ffffff; --ground: #f5f6f8; --ink: #1c2128; --quiet: #5b6572; --line: #dfe3e8;
  --close: #b42318; --warn: #8a5300; --pass: #1a6b3c; --soft: #eef1f4;
  --close-soft: #fdf1ef; --warn-soft: #fdf6e7; --pass-soft: #eff8f2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171b21; --ground: #0f1216; --ink: #e6e9ee; --quiet: #9aa5b3; --line: #2b323c;
    --close: #ff9c8f; --warn: #f0bd5f; --pass: #74cf9a; --soft: #202630;
    --close-soft: #2b1917; --warn-soft: #2a2113; --pass-soft: #14251b;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0.25rem 0 0.75rem; text-wrap: balance; }
h2 { font-size: 1.05rem; margin: 2.25rem 0 0.75rem; }
h3 { font-size: 1rem; margin: 0; }
p { margin: 0.35rem 0; }
code { font: 0.86em/1.4 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
h1, h3, p, li, dd, dt { overflow-wrap: anywhere; }
.quiet { color: var(--quiet); }
.verdict {
  background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  border-top: 5px solid var(--quiet); padding: 1.1rem 1.25rem;
}
.verdict.passed { border-top-color: var(--pass); }
.verdict.closed { border-top-color: var(--close); }
.verdict.warned, .verdict.waiting { border-top-color: var(--warn); }
.verdict ul { list-style: none; margin: 0; padding: 0; }
.notice { background: var(--warn-soft); border-left: 4px solid var(--warn); padding: 0.6rem 1rem; margin: 1rem 0 0; }
ol.worst { list-style: none; margin: 1rem 0 0; padding: 0; }
ol.worst > li {
  background: var(--paper); border: 1px solid var(--line); border-radius: 10px;
  padding: 1rem 1.25rem; margin: 0 0 0.75rem;
}
.fix { background: var(--soft); border-radius: 6px; padding: 0.5rem 0.75rem; margin: 0.75rem 0 0; }
.scroll { overflow-x: auto; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
th, td { text-align: left; padding: 0.5rem 0.75rem; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--quiet); font-weight: 600; }
td code, td .below { display: block; width: max-content; max-width: 16rem; }
td.number .below { margin-left: auto; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
details { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; margin: 0 0 0.75rem; }
summary { cursor: pointer; padding: 0.75rem 1.25rem; font-weight: 600; overflow-wrap: anywhere; }
details > ul { list-style: none; margin: 0; padding: 0; }
details > ul > li { border-top: 1px solid var(--line); padding: 0.75rem 1.25rem; }
details > .scroll { border: 0; border-top: 1px solid var(--line); border-radius: 0; }
.gate { display: grid; grid-template-columns: 1.5rem 1fr; }
.mark { font-weight: 700; }
.closes .mark, .word.closes { color: var(--close); }
.warns .mark, .waived .mark, .word.warns, .word.waived { color: var(--warn); }
.passes .mark, .word.passes { color: var(--pass); }
.notes .mark, .not_applicable .mark, .word.notes, .word.not_applicable { color: var(--quiet); }
.word { font-weight: 600; white-space: nowrap; }
dl { margin: 0; padding: 0.25rem 1.25rem 1rem; display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: 0.35rem 1rem; border-top: 1px solid var(--line); }
dt { color: var(--quiet); }
dd { margin: 0; }
@media (max-width: 36rem) {
  dl { grid-template-columns: 1fr; gap: 0 1rem; }
  dd { margin-bottom: 0.5rem; }
  .verdict, ol.worst > li { padding: 0.9rem 1rem; }
  table { font-size: 0.85rem; }
  th, td { padding: 0.5rem 0.35rem; }
}
@media print { body { background: none; } details:not([open]) > *:not(summary) { display: block; } }
`;
