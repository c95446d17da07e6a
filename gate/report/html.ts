import type { GateResult } from "../model/decision.ts";
import { type Html, htm, join } from "./escape.ts";
import { approvalBlocks } from "./html-approvals.ts";
import { detailBlocks } from "./html-details.ts";
import { toDocument } from "./html-frame.ts";
import { code, explanations, outcomeWord } from "./html-phrases.ts";
import { STYLE } from "./html-style.ts";
import type { MetricRow } from "./metric-rows.ts";
import type { Report, WaivedResult } from "./report.ts";
import { OUTCOME_WORDS, remedyOf, standingOf } from "./results.ts";
import { CLASS_WORDS, countsLine } from "./sentences.ts";

const WORST_SHOWN = 3;

/** One page that needs nothing else, as `toDocument` makes it. */
export function toHtml(report: Report): string {
  return toDocument({ title: report.headline, style: STYLE, blocks: toHtmlBlocks(report) });
}

/** The parts of the page, to stand in a `main` whose style sheet is `STYLE`. */
export function toHtmlBlocks(report: Report): readonly Html[] {
  return [
    head(report),
    ...notices(report),
    ...worst(report),
    ...approvalBlocks(report),
    ...metrics(report),
    ...waivers(report),
    htm`<h2>Gates</h2>\n<p class="quiet">${countsLine(report.counts)}.</p>`,
    ...detailBlocks(report),
  ];
}

function head({ tone, mode, statement, models, record }: Report): Html {
  const { policy } = record.input;
  const advisory = mode === "advisory" ? htm` · <strong>advisory only</strong>` : htm``;
  const lines = [...models.values()].map(
    ({ id, changeClass, tier }) =>
      htm`<li>${code(id)}: ${CLASS_WORDS[changeClass]} (class ${changeClass}), tier ${tier}</li>`,
  );
  return htm`<header class="verdict ${tone}">
<p class="quiet">Weighbridge · ${policy.name} ${policy.version}${advisory}</p>
<h1>${statement.slice(0, 1).toUpperCase() + statement.slice(1)}</h1>
<ul>${join(lines, htm``)}</ul>
</header>`;
}

function notices({ next, policyChange }: Report): readonly Html[] {
  return [
    ...(next === undefined
      ? []
      : [htm`<p class="notice"><strong>Advisory only.</strong> ${next.text} ${code(next.command)}.</p>`]),
    ...(policyChange === undefined ? [] : [htm`<p class="notice">${policyChange.summary}</p>`]),
  ];
}

function worst(report: Report): readonly Html[] {
  const { blockers, warnings } = report;
  const results = blockers.length > 0 ? blockers : warnings;
  if (results.length === 0) return [];
  const items = results.slice(0, WORST_SHOWN).map(worstItem);
  const more = results.length - items.length;
  return [
    htm`<h2>${blockers.length > 0 ? "What closes it" : "What warns"}</h2>`,
    htm`<ol class="worst">\n${join(items, htm`\n`)}\n</ol>`,
    ...(more > 0
      ? [htm`<p class="quiet">${more} more ${blockers.length > 0 ? "close" : "warn"}; see below.</p>`]
      : []),
  ];
}

function worstItem(result: GateResult): Html {
  const model = result.model === undefined ? htm`` : htm` · ${code(result.model)}`;
  return htm`<li>
<h3>${result.title}</h3>
<p class="quiet">${code(result.gate)}${model} · ${outcomeWord(result)}</p>
${explanations(result)}
<p class="quiet">Why: ${result.why}</p>
<p class="fix"><strong>Fix:</strong> ${remedyOf(result)}</p>
</li>`;
}

function metrics({ metrics: rows, models }: Report): readonly Html[] {
  if (rows.length === 0) return [];
  const isOne = models.size === 1;
  const lines = rows.map((row) => metricRow(row, isOne ? htm`` : htm`<td>${code(row.model)}</td>`));
  return [
    htm`<h2>Metrics</h2>
<div class="scroll" role="region" aria-label="Metrics" tabindex="0"><table>
<thead><tr>${isOne ? htm`` : htm`<th>Model</th>`}<th>Metric</th><th class="number">Base</th><th class="number">Head</th><th class="number">Change</th><th>Gate</th></tr></thead>
<tbody>
${join(lines, htm`\n`)}
</tbody>
</table></div>`,
  ];
}

function metricRow(row: MetricRow, model: Html): Html {
  const { metric, dataset, base = "–", head: now = "–", delta = "–", change } = row;
  const direction =
    change === undefined || change === "same" ? htm`` : htm`<span class="below quiet">${change}</span>`;
  return htm`<tr>${model}<td>${code(metric)}<span class="below quiet">${dataset}</span></td><td class="number">${base}</td><td class="number">${now}</td><td class="number">${delta}${direction}</td><td>${judgedCell(row)}</td></tr>`;
}

function judgedCell({ judged }: MetricRow): Html {
  if (judged === undefined) return htm`–`;
  const { outcome, result } = judged;
  // A gate over several numbers may pass this one and fail for another.
  if (outcome !== result.outcome) return htm`<span class="word passes">${OUTCOME_WORDS[outcome]}</span>`;
  return htm`<span class="word ${standingOf(result)}">${OUTCOME_WORDS[outcome]}</span> ${code(result.gate)}`;
}

function waivers({ waived }: Report): readonly Html[] {
  if (waived.length === 0) return [];
  return [htm`<h2>Open by waiver</h2>\n<ol class="worst">\n${join(waived.map(waiverItem), htm`\n`)}\n</ol>`];
}

function waiverItem({ result, waiver }: WaivedResult): Html {
  const title = htm`<h3>${code(result.gate)} ${result.title}: <span class="word waived">${OUTCOME_WORDS[result.outcome]}</span></h3>`;
  if (waiver === undefined) return htm`<li>${title}<p>Waived by ${code(result.waiver ?? "")}</p></li>`;
  const people = waiver.approvals.map(
    ({ role, login, userId }) => htm`${login ?? `user ${userId}`} (${role})`,
  );
  const agreed = people.length === 0 ? htm`` : htm`, agreed by ${join(people, htm`, `)}`;
  return htm`<li>
${title}
<p>Waived by ${code(waiver.id)} until ${waiver.expires}${agreed}</p>
<p>Reason: ${waiver.reason}</p>
<p>Risk accepted: ${waiver.riskAccepted}</p>
</li>`;
}
