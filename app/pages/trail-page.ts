import { type Html, htm } from "../../gate/report/escape.ts";
import { code } from "../../gate/report/html-phrases.ts";
import { phrase } from "../../gate/report/sentences.ts";
import type { Answer } from "./answer.ts";
import type { Repository } from "./login.ts";
import { crumbOf } from "./overview.ts";
import { facts, list, moment, pageAnswer, stateWord } from "./page.ts";
import { trailPath } from "./route.ts";
import type { TrailStatus, TrailView, Witnessed } from "./trail-view.ts";
import type { LastVerification } from "./verification.ts";

/** How the trail of a repository stands: its last checkpoint, who has seen it, when it was verified. */

export interface TrailPage {
  readonly login: string;
  readonly repository: Repository;
  readonly trail: TrailView;
  readonly verification: LastVerification | undefined;
}

export async function trailPage({ login, repository, trail, verification }: TrailPage): Promise<Answer> {
  const status = await trail.status(repository);
  const body =
    status === undefined
      ? [
          htm`<p class="empty">This repository has no trail yet. It begins with <code>weighbridge trail init</code>.</p>`,
        ]
      : statusBlocks(status, verification);
  const blocks = [htm`<h1>Trail</h1>`, ...body];
  const crumbs = [crumbOf(repository), { text: "Trail", path: trailPath(repository) }];
  return pageAnswer({ title: "Trail", login, crumbs, blocks });
}

function statusBlocks(status: TrailStatus, verification: LastVerification | undefined): readonly Html[] {
  const { origin, size, root, commit, vkey, last, witnessed } = status;
  return [
    htm`<div class="card"><h2>Last checkpoint</h2>${facts("plain", [
      ["Trail", code(origin)],
      ["Entries", String(size)],
      ["Root", code(root)],
      ["Commit", code(commit)],
      ["Last entry", last === undefined ? "none" : lastWords(last)],
      ["Key", code(vkey)],
    ])}</div>`,
    verifiedBlock(verification, size),
    witnessedBlock(witnessed, size),
    htm`<h2>Verify it yourself</h2>
<p class="lead">A clone of the branch and the key that you keep are enough; no server is asked.</p>
<pre tabindex="0"><code>weighbridge trail verify --pin-key "$KEY" --state trail.state</code></pre>`,
  ];
}

function lastWords({ seq, kind, at }: NonNullable<TrailStatus["last"]>): Html {
  return htm`${seq}, ${code(kind)}, ${moment(Date.parse(at))}`;
}

function verifiedBlock(verification: LastVerification | undefined, size: number): Html {
  return htm`<div class="card"><h2>Last verification</h2>${
    verification === undefined
      ? htm`<p>${stateWord("notes", "Not verified yet by this App")}</p>`
      : verifiedFacts(verification, size)
  }</div>`;
}

function verifiedFacts(verification: LastVerification, size: number): Html {
  const { at, level, findings, undecided, code: first, failure } = verification;
  if (failure !== undefined) {
    return htm`<p>${resultWord(verification)}</p>${facts("plain", [
      ["When", moment(at)],
      ["Could not be told", code(failure.code)],
      ["Remedy", failure.fix],
    ])}`;
  }
  const since = size - verification.size;
  return htm`<p>${resultWord(verification)}</p>${facts("plain", [
    ["When", moment(at)],
    ["Covered", level === 1 ? "every commit of the branch" : "the last commit alone"],
    ["Entries", `${verification.size}${since > 0 ? `, ${phrase(since, "newer since", "newer since")}` : ""}`],
    ...(findings === 0
      ? []
      : [
          ["Findings", htm`${findings}${first === undefined ? htm`` : htm`, first ${code(first)}`}`] as const,
        ]),
    ...(undecided === 0 ? [] : [["Could not be told", String(undecided)] as const]),
  ])}`;
}

function resultWord({ findings, undecided, failure }: LastVerification): Html {
  if (failure !== undefined) return stateWord("warns", "It could not be told whether the trail is whole");
  if (findings > 0) return stateWord("closes", "Something is wrong with this trail");
  return undecided > 0
    ? stateWord("warns", "Not everything could be verified")
    : stateWord("passes", "Nothing is wrong");
}

function witnessedBlock(witnessed: Witnessed | undefined, size: number): Html {
  if (witnessed === undefined) {
    return htm`<div class="card"><h2>Witnesses</h2><p>None are named in <code>trail.json</code>: only who keeps an older checkpoint would notice if history were rewritten.</p></div>`;
  }
  const { isEnough, witnesses } = witnessed;
  const behind = witnessed.size === undefined ? size : size - witnessed.size;
  const items = witnesses.map(
    ({ name, at }) =>
      htm`<li>${name}: ${at === undefined ? stateWord("warns", "has not cosigned") : htm`${stateWord("passes", "cosigned")} ${moment(at)}`}</li>`,
  );
  return htm`<div class="card"><h2>Witnesses</h2>
<p>${isEnough ? stateWord("passes", "As many as asked for have cosigned") : stateWord("warns", "Fewer than asked for have cosigned")}</p>
${list("plain-list", items)}
<p class="quiet">${behind <= 0 ? "They have seen all entries." : `They have not seen the last ${phrase(behind, "entry", "entries")}.`}</p></div>`;
}
