import type { GateResult } from "../model/decision.ts";
import { type Html, htm, join } from "./escape.ts";
import { code, explanations, MARKS, outcomeWord, sourceBlock } from "./html-phrases.ts";
import { toWorded } from "./message.ts";
import type { Report, ReportedModel, ResultGroup } from "./report.ts";
import { isUnmet, placeText, remedyOf, standingOf } from "./results.ts";
import { phrase } from "./sentences.ts";

/** Everything else, folded; what closes is open. */
export function detailBlocks(report: Report): readonly Html[] {
  return [
    ...report.groups.map(gates),
    ...policyChange(report),
    ...unreadable(report),
    htm`<h2>How it was weighed</h2>`,
    ...models(report),
    ...tightenings(report),
    weighed(report),
  ];
}

function gates({ model, results }: ResultGroup): Html {
  const isClosed = results.some(({ closes }) => closes);
  const about = model === undefined ? htm`the whole change` : code(model);
  const items = results.map(gate);
  return htm`<details${isClosed ? htm` open` : htm``}><summary>${phrase(results.length, "gate", "gates")} of ${about}</summary>
<ul>
${join(items, htm`\n`)}
</ul></details>`;
}

function gate(result: GateResult): Html {
  const standing = standingOf(result);
  const { observed, expected, mapsTo } = result;
  const seen = [
    ...(observed === undefined ? [] : [htm`found ${observed}`]),
    ...(expected === undefined ? [] : [htm`asked ${expected}`]),
  ];
  return htm`<li class="gate ${standing}"><span class="mark" aria-hidden="true">${MARKS[standing]}</span><div>
<h3>${result.title}</h3>
<p class="quiet">${join([code(result.gate), outcomeWord(result), ...seen], htm` · `)}</p>
${notMet(result)}${supports(mapsTo)}
</div></li>`;
}

function notMet(result: GateResult): Html {
  if (result.outcome === "pass") return htm``;
  const fix = isUnmet(result) && result.waiver === undefined ? htm`\n<p>Fix: ${remedyOf(result)}</p>` : htm``;
  return htm`${explanations(result)}${fix}`;
}

/** A gate supports a control; it never is compliance. */
function supports(controls: readonly string[]): Html {
  return controls.length === 0 ? htm`` : htm`\n<p class="quiet">Supports ${controls.join(", ")}</p>`;
}

function folded(title: Html, items: readonly Html[]): readonly Html[] {
  if (items.length === 0) return [];
  return [htm`<details><summary>${title}</summary>\n<ul>\n${join(items, htm`\n`)}\n</ul></details>`];
}

function policyChange({ policyChange: change }: Report): readonly Html[] {
  if (change === undefined) return [];
  const { files, differences, unreadable: problem } = change;
  return folded(htm`What this change would do to its judge`, [
    ...(problem === undefined
      ? []
      : [htm`<li>Cannot be read: ${toWorded(problem.message).text} ${code(problem.code)}</li>`]),
    ...differences.map(
      ({ gate: id, what, from, to, effect }) =>
        htm`<li>${effect}: ${code(id)} ${code(what)} from ${code(from)} to ${code(to)}</li>`,
    ),
    ...files.map(({ path, kind }) => htm`<li>${kind} ${code(path)}</li>`),
  ]);
}

function unreadable({ unreadable: problems }: Report): readonly Html[] {
  return folded(
    htm`Evidence that could not be used: ${problems.length}`,
    problems.map(({ message, place, code: id }) => {
      const { text, source } = toWorded(message);
      return htm`<li>${text} <span class="quiet">${code(placeText(place))} ${code(id)}</span>${sourceBlock(source)}</li>`;
    }),
  );
}

function models({ models: all }: Report): readonly Html[] {
  return folded(htm`Why this class and tier`, [...all.values()].map(reasons));
}

function reasons({ id, changeClass, classReasons, tier, tierReasons }: ReportedModel): Html {
  const lines = [...classReasons, ...tierReasons].map((reason) => htm`<p>${reason}</p>`);
  return htm`<li><h3>${code(id)}: class ${changeClass}, tier ${tier}</h3>\n${join(lines, htm`\n`)}</li>`;
}

function tightenings({ tightenings: all }: Report): readonly Html[] {
  return folded(
    htm`Stricter here than in the packs: ${all.length}`,
    all.map(
      ({ gate: id, what, from, to, by }) =>
        htm`<li>${code(id)} ${code(what)} from ${code(from)} to ${code(to)} <span class="quiet">by ${code(by)}</span></li>`,
    ),
  );
}

function weighed({ record }: Report): Html {
  const { input, digests } = record;
  const { change, policy } = input;
  const rows: readonly (readonly [string, string])[] = [
    ["Decision", record.digest],
    ["Decided at", input.now],
    ["Base", change.base],
    ["Merge base", change.mergeBase],
    ["Head", change.head],
    ...policy.sources.map(({ name, digest }) => [name, digest] as const),
    ["Change", digests.change],
    ["Policy as merged", digests.policy],
    ["Evidence", digests.evidence],
    ["Subject of approvals", digests.subject],
    ["Engine", record.engine],
  ];
  const lines = rows.map(([label, value]) => htm`<dt>${label}</dt><dd>${code(value)}</dd>`);
  return htm`<details><summary>What was weighed</summary>\n<dl>\n${join(lines, htm`\n`)}\n</dl></details>`;
}
