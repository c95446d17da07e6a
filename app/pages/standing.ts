import { type Html, htm, join } from "../../gate/report/escape.ts";
import type { Archive, PullRow } from "../store/archive.ts";
import { DECISIONS_READ_MAX, type History, type ModelDecision, type ModelHistory } from "./history.ts";
import type { Repository } from "./login.ts";
import { day, facts, link, list, moment, NO_HTML, pullName, shortId, verdictWord } from "./page.ts";
import { decisionPath, modelPath, repositoryPath } from "./route.ts";

/** How the models of a repository stand: the last decision, the champion, the next review. */

/** Passing decisions of a model that are looked at for the one that was merged. */
const CHAMPIONS_TRIED_MAX = 10;

export interface RepositoryModels {
  readonly repository: Repository;
  readonly models: readonly StandingModel[];
  /** Whether there may be models that are only in older decisions. */
  readonly isCut: boolean;
}

interface StandingModel {
  readonly id: string;
  readonly last: ModelDecision;
  /** The last decision that passed and whose pull request was merged. */
  readonly champion?: ModelDecision;
}

export interface StandingWorld {
  readonly archive: Pick<Archive, "findPull">;
  readonly history: History;
}

export function modelsBlock(found: readonly RepositoryModels[], now: number, isNamed: boolean): Html {
  const blocks = found
    .filter(({ models }) => models.length > 0)
    .map((models) => repositoryModels(models, now, isNamed));
  return htm`<h2>Models</h2>
${blocks.length === 0 ? htm`<p class="empty">No model was judged yet.</p>` : join(blocks, htm`\n`)}`;
}

export async function standingModels(
  world: StandingWorld,
  repository: Repository,
): Promise<RepositoryModels> {
  const histories = await world.history.models(repository.id);
  const pulls = new Map<number, Promise<PullRow | undefined>>();
  const findPull = (number: number) => {
    const pull = pulls.get(number) ?? world.archive.findPull(repository.id, number);
    pulls.set(number, pull);
    return pull;
  };
  const models: StandingModel[] = [];
  for (const history of histories) {
    const champion = await findChampion(history, findPull);
    const [last] = history.decisions;
    models.push({ id: history.id, last: last!, ...(champion === undefined ? {} : { champion }) });
  }
  return { repository, models, isCut: histories.some(({ isCut }) => isCut) };
}

/** What is on the base: a decision that passed about exactly the head that was merged. */
export async function findChampion(
  { decisions }: ModelHistory,
  findPull: (number: number) => Promise<PullRow | undefined>,
): Promise<ModelDecision | undefined> {
  const passed = decisions.filter(({ verdict, number }) => verdict === "pass" && number > 0);
  for (const decision of passed.slice(0, CHAMPIONS_TRIED_MAX)) {
    const pull = await findPull(decision.number);
    if (pull?.state === "merged" && pull.head === decision.head) return decision;
  }
  return undefined;
}

function repositoryModels(
  { repository, models, isCut }: RepositoryModels,
  now: number,
  isNamed: boolean,
): Html {
  const { owner, name } = repository;
  // One level below what names the repository.
  const toHeading = isNamed ? (text: Html) => htm`<h4>${text}</h4>` : (text: Html) => htm`<h3>${text}</h3>`;
  const items = models.map((model) => modelItem(repository, model, { now, toHeading }));
  const heading = isNamed
    ? htm`<h3 class="group">${link(`${owner}/${name}`, repositoryPath(repository))}</h3>\n`
    : NO_HTML;
  const cut = isCut
    ? htm`\n<p class="quiet">Models of the last ${DECISIONS_READ_MAX} decisions; older ones are in the trail.</p>`
    : NO_HTML;
  return htm`${heading}${list("rows", items)}${cut}`;
}

interface Shown {
  readonly now: number;
  readonly toHeading: (text: Html) => Html;
}

function modelItem(repository: Repository, model: StandingModel, { now, toHeading }: Shown): Html {
  const { id, last, champion } = model;
  const { title, tier, verdict, decidedAt, digest, number, nextReview } = last;
  const name = htm`${link(title ?? id, modelPath(repository, id))} <span class="tier">Tier ${tier}</span>`;
  const decided = link(moment(decidedAt), decisionPath(repository, digest));
  return htm`<li><div class="row">${toHeading(name)}
${title === undefined ? NO_HTML : htm`<p class="quiet"><code>${id}</code></p>`}
${facts("facts", [
  ["Last decision", htm`${verdictWord(verdict)}<br>${decided}, ${pullName(number)}`],
  ["Champion", championWords(repository, champion)],
  ["Next review", reviewWords(nextReview, now)],
])}</div></li>`;
}

export function championWords(repository: Repository, champion: ModelDecision | undefined): Html {
  if (champion === undefined) return htm`none merged yet`;
  const { subject, removes, digest, number, decidedAt } = champion;
  const known = subject === undefined ? htm`unknown digest` : shortId(subject);
  const by = link(`by ${pullName(number)}`, decisionPath(repository, digest));
  return htm`${removes ? htm`taken out` : known}<br>${by}, ${moment(decidedAt)}`;
}

/** When it has to be looked at again, and whether that day has passed. */
export function reviewWords(nextReview: string | undefined, now: number): Html {
  if (nextReview === undefined) return htm`not set`;
  const isOverdue = Date.parse(`${nextReview}T00:00:00Z`) + 86_400_000 <= now;
  return isOverdue ? htm`${day(nextReview)}<br><span class="state closes">overdue</span>` : day(nextReview);
}
