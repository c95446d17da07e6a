import { htm } from "../../gate/report/escape.ts";
import { toHtmlBlocks } from "../../gate/report/html.ts";
import { toReport } from "../../gate/report/report.ts";
import type { DecisionRow } from "../store/archive.ts";
import type { Answer } from "./answer.ts";
import { recordOf } from "./history.ts";
import type { Repository } from "./login.ts";
import { crumbOf } from "./overview.ts";
import { link, moment, pageAnswer, pullName } from "./page.ts";
import { decisionPath, pullPath } from "./route.ts";

/** One decision, as the engine's own report shows it, and the way to its proof. */
export function decisionPage(login: string, repository: Repository, row: DecisionRow): Answer {
  const report = toReport(recordOf(row));
  const { digest, number, decidedAt } = row;
  const pull = number === 0 ? htm`${pullName(0)}` : link(pullName(number), pullPath(repository, number));
  const blocks = [
    ...toHtmlBlocks(report),
    htm`<h2>Proof</h2>
<div class="card"><p>Decided ${moment(decidedAt)} for ${pull}. The decision is written to the trail before anything green is shown.</p>
<p class="actions"><a class="button" href="${decisionPath(repository, digest, "proof")}">Trail proof of this decision</a>
<a class="button" href="${decisionPath(repository, digest, "decision.json")}">Decision record (JSON)</a></p></div>`,
  ];
  return pageAnswer({ title: report.headline, login, crumbs: decisionCrumbs(repository, row), blocks });
}

export function decisionCrumbs(repository: Repository, { digest, number }: DecisionRow) {
  return [
    crumbOf(repository),
    ...(number === 0 ? [] : [{ text: pullName(number), path: pullPath(repository, number) }]),
    { text: "Decision", path: decisionPath(repository, digest) },
  ];
}
