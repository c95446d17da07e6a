import { groupBy } from "../../gate/model/group.ts";
import { type Html, htm, join } from "../../gate/report/escape.ts";
import { CLASS_WORDS } from "../../gate/report/sentences.ts";
import type { PullRow } from "../store/archive.ts";
import type { Answer } from "./answer.ts";
import { type Chart, drawChart, type Scheme, SIZES, type Size } from "./chart.ts";
import type { MetricPoint, ModelDecision, ModelHistory } from "./history.ts";
import type { Repository } from "./login.ts";
import { crumbOf } from "./overview.ts";
import { day, facts, link, moment, NO_HTML, pageAnswer, pullName, verdictWord } from "./page.ts";
import { chartPath, decisionPath, modelPath, pullPath } from "./route.ts";
import { championWords, findChampion, reviewWords } from "./standing.ts";

/** The history of one model: what was decided about it, and its metrics from decision to decision. */

const METRICS_SHOWN_MAX = 24;

export interface ModelPage {
  readonly login: string;
  readonly repository: Repository;
  readonly history: ModelHistory;
  readonly findPull: (number: number) => Promise<PullRow | undefined>;
  readonly now: number;
}

export async function modelPage({ login, repository, history, findPull, now }: ModelPage): Promise<Answer> {
  const { id, decisions } = history;
  const last = decisions[0]!;
  const champion = await findChampion(history, findPull);
  const title = last.title ?? id;
  const blocks = [
    htm`<h1>${title}</h1>`,
    htm`<div class="card">${facts("facts", [
      ["Model", htm`<code>${id}</code>`],
      ["Tier", htm`<span class="tier">Tier ${last.tier}</span>`],
      ["Owner", last.owner ?? "not stated"],
      ["Last decision", verdictWord(last.verdict)],
      ["Champion", championWords(repository, champion)],
      ["Next review", reviewWords(last.nextReview, now)],
    ])}</div>`,
    ...metricBlocks(repository, history),
    decisionTable(repository, history),
  ];
  const crumbs = [crumbOf(repository), { text: id, path: modelPath(repository, id) }];
  return pageAnswer({ title, login, crumbs, blocks });
}

interface Name {
  readonly metric: string;
  readonly dataset: string;
}

interface Measured {
  readonly decision: ModelDecision;
  readonly point: MetricPoint;
}

interface Series extends Name {
  /** The newest first. */
  readonly measured: readonly Measured[];
}

/** Each metric with what was measured; those of the newest decision first, in its order. */
function seriesOf({ decisions }: ModelHistory): readonly Series[] {
  const all = decisions.flatMap((decision) => decision.metrics.map((point) => ({ decision, point })));
  const groups = groupBy(all, ({ point }) => JSON.stringify([point.metric, point.dataset]));
  return [...groups.values()].map((measured) => {
    const { metric, dataset } = measured[0]!.point;
    return { metric, dataset, measured };
  });
}

function metricBlocks(repository: Repository, history: ModelHistory): readonly Html[] {
  const series = seriesOf(history);
  if (series.length === 0) return [];
  const shown = series.slice(0, METRICS_SHOWN_MAX);
  const more = series.length - shown.length;
  return [
    htm`<h2>Metrics over decisions</h2>`,
    htm`<p class="lead">A filled disc is a decision that passed, a hollow diamond one that did not; a dashed line is what the policy asked for.</p>`,
    ...shown.map((one) => metricBlock(repository, history.id, one)),
    ...(more > 0 ? [htm`<p class="quiet">${more} more metrics are on the pages of the decisions.</p>`] : []),
  ];
}

function metricBlock(repository: Repository, model: string, series: Series): Html {
  const { metric, dataset, measured } = series;
  const lines = measured.map((one) => numberRow(repository, one));
  const hasLimits = measured.some(({ point }) => limitText(point) !== "");
  return htm`<section class="card metric"><h3>${metric} <span class="quiet">on ${dataset}</span></h3>
${figure(repository, model, series)}
<div class="numbers" role="region" tabindex="0" aria-label="${metric} on ${dataset}"><table>
<thead><tr><th scope="col">Decision</th><th scope="col" class="number">Value</th>${hasLimits ? htm`<th scope="col" class="number">Asked</th>` : NO_HTML}</tr></thead>
<tbody>
${join(
  lines.map((line) => line(hasLimits)),
  htm`\n`,
)}
</tbody></table></div></section>`;
}

function figure(repository: Repository, model: string, { metric, dataset, measured }: Series): Html {
  const numbers = measured.filter(({ point }) => point.value !== undefined);
  if (numbers.length < 2) return htm`<p class="quiet">A chart begins with the second number.</p>`;
  const at = (size: Size, scheme: Scheme) => chartPath(repository, model, { metric, dataset, size, scheme });
  const [newest, oldest] = [numbers[0]!.point.shown, numbers.at(-1)!.point.shown];
  const text = `${metric} on ${dataset} over ${numbers.length} decisions, from ${oldest} to ${newest}; the table has the numbers`;
  const { width, height } = SIZES.wide;
  return htm`<figure><picture>
<source media="(max-width: 36rem) and (prefers-color-scheme: dark)" srcset="${at("narrow", "dark")}">
<source media="(max-width: 36rem)" srcset="${at("narrow", "light")}">
<source media="(prefers-color-scheme: dark)" srcset="${at("wide", "dark")}">
<img src="${at("wide", "light")}" alt="${text}" width="${width}" height="${height}">
</picture></figure>`;
}

function numberRow(repository: Repository, { decision, point }: Measured): (hasLimits: boolean) => Html {
  const { digest, number, decidedAt } = decision;
  const name = link(pullName(number), decisionPath(repository, digest));
  return (hasLimits) =>
    htm`<tr><th scope="row">${name} <span class="below quiet">${day(new Date(decidedAt).toISOString().slice(0, 10))}</span></th><td class="number">${point.shown}</td>${hasLimits ? htm`<td class="number">${limitText(point)}</td>` : NO_HTML}</tr>`;
}

function limitText({ floor, ceiling }: MetricPoint): string {
  const parts = [
    ...(floor === undefined ? [] : [`≥ ${floor}`]),
    ...(ceiling === undefined ? [] : [`≤ ${ceiling}`]),
  ];
  return parts.join(", ");
}

function decisionTable(repository: Repository, { decisions, isCut }: ModelHistory): Html {
  const lines = decisions.map(
    ({ digest, number, verdict, decidedAt, changeClass, tier }) =>
      htm`<tr><th scope="row">${link(moment(decidedAt), decisionPath(repository, digest))}</th><td>${verdictWord(verdict)}</td><td>${number === 0 ? pullName(0) : link(pullName(number), pullPath(repository, number))}</td><td>${CLASS_WORDS[changeClass]}</td><td>${tier}</td></tr>`,
  );
  const cut = isCut
    ? htm`\n<p class="quiet">The last ${decisions.length} decisions; older ones are in the trail.</p>`
    : NO_HTML;
  return htm`<h2>Decisions</h2>
<div class="scroll" role="region" tabindex="0" aria-label="Decisions"><table>
<thead><tr><th scope="col">Decided</th><th scope="col">Verdict</th><th scope="col">Pull request</th><th scope="col">Change</th><th scope="col">Tier</th></tr></thead>
<tbody>
${join(lines, htm`\n`)}
</tbody></table></div>${cut}`;
}

/** The chart of one metric; undefined where the model has no two numbers of it. */
export async function chartAnswer(
  history: ModelHistory,
  name: Name,
  look: Pick<Chart, "scheme" | "size">,
): Promise<Answer | undefined> {
  const series = seriesOf(history).find(
    ({ metric, dataset }) => metric === name.metric && dataset === name.dataset,
  );
  const numbers = series?.measured.filter(({ point }) => point.value !== undefined) ?? [];
  if (series === undefined || numbers.length < 2) return undefined;
  const body = await drawChart({ points: series.measured.toReversed().map(toPoint), ...look });
  return { status: 200, type: "image/svg+xml; charset=utf-8", body };
}

function toPoint({ decision, point }: Measured): Chart["points"][number] {
  const { value, floor, ceiling } = point;
  return {
    label: pullName(decision.number),
    passed: decision.verdict === "pass",
    ...(value === undefined ? {} : { value }),
    ...(floor === undefined ? {} : { floor }),
    ...(ceiling === undefined ? {} : { ceiling }),
  };
}
