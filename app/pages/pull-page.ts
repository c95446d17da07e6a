import { type Html, htm, join } from "../../gate/report/escape.ts";
import { code } from "../../gate/report/html-phrases.ts";
import type { Archive, DecisionRow, KeptVote, PullRow } from "../store/archive.ts";
import type { Answer } from "./answer.ts";
import { DECISIONS_READ_MAX } from "./history.ts";
import type { Repository } from "./login.ts";
import { crumbOf, waitingRoles } from "./overview.ts";
import { facts, link, list, moment, NO_HTML, pageAnswer, shortId, stateWord, verdictWord } from "./page.ts";
import { decisionPath, modelPath, pullPath } from "./route.ts";

/** One pull request: how it stands, who is waited for, what was said, what was decided. */

export interface PullPage {
  readonly archive: Pick<Archive, "decisions" | "votes">;
  readonly login: string;
  readonly repository: Repository;
  readonly pull: PullRow;
  /** Where GitHub's own pages are. */
  readonly webUrl: string;
}

export async function pullPage({ archive, login, repository, pull, webUrl }: PullPage): Promise<Answer> {
  const { number, title } = pull;
  const decisions = await archive.decisions({
    repositoryId: repository.id,
    number,
    countMax: DECISIONS_READ_MAX,
  });
  const standing = decisions.find(({ digest }) => digest === pull.decision);
  const votes = await archive.votes(repository.id, number);
  const blocks = [
    htm`<h1>${title === "" ? `Pull request #${number}` : title} <span class="quiet">#${number}</span></h1>`,
    summary(repository, pull, webUrl),
    ...votesBlock(votes, standing),
    decisionsBlock(repository, pull, decisions),
  ];
  const crumbs = [crumbOf(repository), { text: `#${number}`, path: pullPath(repository, number) }];
  return pageAnswer({ title: `#${number} ${title}`, login, crumbs, blocks });
}

const STATES: Readonly<Record<PullRow["state"], string>> = {
  open: "open",
  closed: "closed",
  merged: "merged",
};

function summary(repository: Repository, pull: PullRow, webUrl: string): Html {
  const { owner, name } = repository;
  const { number, author, state, head, baseRef, decision, verdict, governed, waitsFor, updatedAt } = pull;
  const standing = governed ? verdictWord(verdict) : htm`touches no model`;
  return htm`<div class="card">${facts("facts", [
    ["Verdict", standing],
    ["State", `${STATES[state]} on GitHub`],
    ["By", author],
    ["Into", code(baseRef)],
    ["Head", shortId(head)],
    ["Last seen", moment(updatedAt)],
  ])}
${waitsFor.length === 0 ? NO_HTML : waitingRoles(waitsFor)}
<p class="actions">${decision === undefined ? NO_HTML : htm`<a class="button" href="${decisionPath(repository, decision)}">The decision that stands</a>`}
<a class="button" href="${`${webUrl}/${owner}/${name}/pull/${number}`}" rel="noreferrer">On GitHub</a></p></div>`;
}

const KINDS: Readonly<Record<KeptVote["kind"], string>> = {
  approve: "approved",
  reject: "asked for changes",
  revoke: "took it back",
};

/** What people said; a word about another state of the change is shown as what it is. */
function votesBlock(votes: readonly KeptVote[], standing: DecisionRow | undefined): readonly Html[] {
  if (votes.length === 0) return [];
  const items = [...votes]
    .sort((a, b) => b.at - a.at)
    .map(
      ({ login, kind, source, at, subject }) =>
        htm`<li><div class="row"><h3>${login} ${KINDS[kind]}</h3>
${boundWord(subject, standing)}
<p class="quiet">by ${source}, ${moment(at)}</p></div></li>`,
    );
  return [htm`<h2>What people said</h2>`, list("rows", items)];
}

function boundWord(subject: string | undefined, standing: DecisionRow | undefined): Html {
  if (standing === undefined || subject === undefined) return stateWord("notes", "about no decision");
  return subject === standing.subject
    ? stateWord("passes", "about what stands now")
    : stateWord("warns", "about an earlier state");
}

function decisionsBlock(repository: Repository, pull: PullRow, decisions: readonly DecisionRow[]): Html {
  if (decisions.length === 0) return htm`<h2>Decisions</h2>\n<p class="empty">Nothing was decided yet.</p>`;
  const items = decisions.map((row) => decisionItem(repository, row, row.digest === pull.decision));
  const cut =
    decisions.length < DECISIONS_READ_MAX
      ? NO_HTML
      : htm`\n<p class="quiet">The last ${DECISIONS_READ_MAX} decisions; older ones are in the trail.</p>`;
  return htm`<h2>Decisions</h2>\n${list("rows", items)}${cut}`;
}

function decisionItem(repository: Repository, row: DecisionRow, stands: boolean): Html {
  const { digest, verdict, head, models, decidedAt } = row;
  const links = models.map((model) => link(model, modelPath(repository, model)));
  return htm`<li><div class="row"><h3>${link(moment(decidedAt), decisionPath(repository, digest))}${stands ? htm` <span class="quiet">stands</span>` : NO_HTML}</h3>
${verdictWord(verdict)}
<p class="quiet">head ${shortId(head)}${links.length === 0 ? NO_HTML : htm` · ${join(links, htm`, `)}`}</p></div></li>`;
}
