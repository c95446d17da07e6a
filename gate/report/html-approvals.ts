import type { Seat } from "../model/approval.ts";
import { approvalsSentence, type SeatRow, type UncountedVote, uncountedWords } from "./approval-rows.ts";
import { type Html, htm, join } from "./escape.ts";
import { code } from "./html-phrases.ts";
import type { Report } from "./report.ts";

/** Classes of the style sheet: what is approved looks like what passes. */
const STATE_CLASSES = {
  approved: "passes",
  waiting: "warns",
  rejected: "closes",
} as const satisfies Readonly<Record<Seat["state"], string>>;

/** Who approved, who is waited for, and which votes do not count. */
export function approvalBlocks({ approvals, models }: Report): readonly Html[] {
  if (approvals === undefined) return [];
  const { seats, uncounted } = approvals;
  const isMany = models.size > 1;
  const title = htm`<h2>Approvals</h2>\n<p class="quiet">${approvalsSentence(approvals)}.</p>`;
  return [
    title,
    ...(seats.length === 0 ? [] : [seatTable(seats, isMany)]),
    ...(uncounted.length === 0 ? [] : [uncountedList(uncounted)]),
  ];
}

function seatTable(seats: readonly SeatRow[], isMany: boolean): Html {
  const rows = seats.map((seat) => seatRow(seat, isMany));
  return htm`<div class="scroll" role="region" aria-label="Approvals" tabindex="0"><table>
<thead><tr>${isMany ? htm`<th>For</th>` : htm``}<th>Role</th><th>State</th><th>By</th></tr></thead>
<tbody>
${join(rows, htm`\n`)}
</tbody>
</table></div>`;
}

function seatRow({ model, role, state, who }: SeatRow, isMany: boolean): Html {
  const about = model === undefined ? htm`the policy` : code(model);
  const word = htm`<span class="word ${STATE_CLASSES[state]}">${state}</span>`;
  return htm`<tr>${isMany ? htm`<td>${about}</td>` : htm``}<td>${role}</td><td>${word}</td><td>${who ?? "–"}</td></tr>`;
}

function uncountedList(votes: readonly UncountedVote[]): Html {
  const items = votes.map((vote) => htm`<li>${vote.who} (${uncountedWords(vote)}): ${vote.reason}</li>`);
  return htm`<details><summary>Votes that do not count: ${votes.length}</summary>\n<ul>\n${join(items, htm`\n`)}\n</ul></details>`;
}
