import { type Html, htm, join } from "../../gate/report/escape.ts";
import { phrase } from "../../gate/report/sentences.ts";
import type { Archive, PullRow } from "../store/archive.ts";
import type { Answer } from "./answer.ts";
import type { History } from "./history.ts";
import type { Repository } from "./login.ts";
import { link, list, moment, NO_HTML, pageAnswer, pullName, verdictWord } from "./page.ts";
import { pullPath, repositoryPath, trailPath } from "./route.ts";
import { modelsBlock, type RepositoryModels, standingModels } from "./standing.ts";
import type { Sight } from "./visibility.ts";

/** What the person may see at a glance: who is waited for, and how the models stand. */

/** Repositories whose models one page shows, and that it looks through for them; more are on the next. */
const REPOSITORIES_SHOWN = 20;
const REPOSITORIES_ASKED_MAX = 500;
const PULLS_SHOWN_MAX = 200;

export interface OverviewWorld {
  readonly archive: Pick<Archive, "openPulls" | "findPull">;
  readonly history: History;
  readonly now: number;
}

/** The overview of everything that the person may see; models from the repository at `from` on. */
export async function overviewPage(
  world: OverviewWorld,
  login: string,
  sight: Sight,
  from: number,
): Promise<Answer> {
  const { repositories, complete } = sight;
  const { found, next } = await collectModels(world, repositories, from);
  const blocks = [
    htm`<h1>Overview</h1>`,
    ...(complete ? [] : [INCOMPLETE]),
    ...(repositories.length === 0 ? [NO_REPOSITORIES] : []),
    ...(from === 0 ? [await waitingPulls(world, repositories)] : []),
    modelsBlock(found, world.now, repositories.length > 1),
    ...(next < repositories.length
      ? [htm`<p class="actions"><a class="button" href="/?from=${next}">More repositories</a></p>`]
      : []),
  ];
  return pageAnswer({ title: "Overview", login, blocks });
}

interface Collected {
  readonly found: readonly RepositoryModels[];
  /** Index of the first repository that was not looked at. */
  readonly next: number;
}

/** The next repositories that have models: the App may be installed on many that have none. */
async function collectModels(
  world: OverviewWorld,
  repositories: readonly Repository[],
  from: number,
): Promise<Collected> {
  const found: RepositoryModels[] = [];
  let next = from;
  for (const repository of repositories.slice(from, from + REPOSITORIES_ASKED_MAX)) {
    if (found.length === REPOSITORIES_SHOWN) break;
    const models = await standingModels(world, repository);
    if (models.models.length > 0) found.push(models);
    next += 1;
  }
  return { found, next };
}

/** The same of one repository. */
export async function repositoryPage(
  world: OverviewWorld,
  login: string,
  repository: Repository,
): Promise<Answer> {
  const { owner, name } = repository;
  const blocks = [
    htm`<h1>${owner}/${name}</h1>`,
    htm`<p>${link("Trail of this repository", trailPath(repository))}</p>`,
    await waitingPulls(world, [repository]),
    modelsBlock([await standingModels(world, repository)], world.now, false),
  ];
  return pageAnswer({ title: `${owner}/${name}`, login, crumbs: [crumbOf(repository)], blocks });
}

export function crumbOf(repository: Repository) {
  return { text: `${repository.owner}/${repository.name}`, path: repositoryPath(repository) };
}

const INCOMPLETE = htm`<p class="notice">GitHub did not list all of your repositories: some are not shown here. An organisation that asks for single sign-on is listed after you have signed in to it.</p>`;
const NO_REPOSITORIES = htm`<p class="empty">Weighbridge is not installed on any repository that you can see.</p>`;

async function waitingPulls({ archive }: OverviewWorld, repositories: readonly Repository[]): Promise<Html> {
  const known = new Map(repositories.map((repository) => [repository.id, repository]));
  const open = await archive.openPulls([...known.keys()]);
  const governed = open.filter((pull) => pull.governed).sort((a, b) => b.updatedAt - a.updatedAt);
  const rest = open.length - governed.length;
  const items = governed.slice(0, PULLS_SHOWN_MAX).flatMap((pull) => {
    const repository = known.get(pull.repositoryId);
    return repository === undefined ? [] : [pullItem(repository, pull)];
  });
  const more = governed.length - items.length;
  return htm`<h2>Open pull requests</h2>
${items.length === 0 ? htm`<p class="empty">No open pull request changes a model.</p>` : list("rows", items)}
${more > 0 ? htm`<p class="quiet">${more} more are not shown.</p>` : NO_HTML}
${rest > 0 ? htm`<p class="quiet">${phrase(rest, "open pull request touches", "open pull requests touch")} no model.</p>` : NO_HTML}`;
}

function pullItem(repository: Repository, pull: PullRow): Html {
  const { number, title, author, verdict, waitsFor, updatedAt } = pull;
  const { owner, name } = repository;
  return htm`<li><div class="row"><h3>${link(title === "" ? pullName(number) : title, pullPath(repository, number))}</h3>
${verdictWord(verdict)}
<p class="quiet">${owner}/${name} ${pullName(number)} by ${author}, ${moment(updatedAt)}</p></div>
${waitsFor.length === 0 ? NO_HTML : waitingRoles(waitsFor)}</li>`;
}

/** Roles, never the people who have not acted yet. */
export function waitingRoles(roles: readonly string[]): Html {
  const items = roles.map((role) => htm`<li>${role}</li>`);
  return htm`<ul class="roles"><li class="label">Waits for</li>${join(items, NO_HTML)}</ul>`;
}
