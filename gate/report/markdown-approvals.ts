import type { Seat } from "../model/approval.ts";
import { approvalsSentence, type SeatRow, type UncountedVote, uncountedWords } from "./approval-rows.ts";
import type { Section } from "./budget.ts";
import { join, type Markdown, md, tableLines } from "./escape.ts";
import { message, name } from "./markdown-phrases.ts";
import type { Report } from "./report.ts";

const SEATS_SHOWN = 20;

const STATE_ICONS: Readonly<Record<Seat["state"], Markdown>> = {
  approved: md`✅`,
  waiting: md`⏳`,
  rejected: md`❌`,
};

/** Who approved, who is waited for, and which votes do not count. */
export function approvalSections({ approvals, models }: Report): readonly Section[] {
  if (approvals === undefined) return [];
  const { seats, uncounted } = approvals;
  return [
    ...(seats.length === 0 ? [] : [seatsSection(seats, models.size > 1, approvalsSentence(approvals))]),
    ...(uncounted.length === 0 ? [] : [uncountedSection(uncounted)]),
  ];
}

function seatsSection(seats: readonly SeatRow[], isMany: boolean, sentence: string): Section {
  const head = [md`Role`, md`State`, md`By`];
  const rows = seats.map((seat) => (isMany ? [modelCell(seat), ...seatCells(seat)] : seatCells(seat)));
  const cells = [isMany ? [md`For`, ...head] : head, ...rows];
  const lines = tableLines(
    cells,
    (cells[0] ?? []).map(() => "left"),
  );
  const [open, rest] = [lines.slice(0, 2), lines.slice(2)];
  const more = rest.length - SEATS_SHOWN;
  return {
    rank: 2,
    open: md`**${sentence}**\n\n${join(open, md`\n`)}\n`,
    rows: rest.slice(0, SEATS_SHOWN).map((line) => md`${line}\n`),
    close: more > 0 ? md`\n${more} more approvals are in the full report.\n` : md``,
    rowsName: "approvals",
  };
}

function modelCell({ model }: SeatRow): Markdown {
  return model === undefined ? md`the policy` : name(model);
}

function seatCells({ role, state, who }: SeatRow): readonly Markdown[] {
  return [message(role), md`${STATE_ICONS[state]} ${state}`, who === undefined ? md`–` : message(who)];
}

function uncountedSection(votes: readonly UncountedVote[]): Section {
  return {
    rank: 3,
    open: md`<details><summary>Votes that do not count: ${votes.length}</summary>\n\n`,
    rows: votes.map(
      (vote) => md`- ${message(vote.who)} (${uncountedWords(vote)}): ${message(vote.reason)}\n`,
    ),
    close: md`\n</details>\n`,
    rowsName: "votes",
  };
}
