import type { Subject } from "./entry.ts";
import type { LogEntry } from "./read.ts";

/** Entries as lines that other tools read. */

const COLUMNS: readonly (readonly [name: string, value: (entry: LogEntry) => string | number | undefined])[] =
  [
    ["seq", ({ seq }) => seq],
    ["ts", ({ predicate }) => predicate.ts],
    ["source_ts", ({ predicate }) => predicate.source_ts],
    ["kind", ({ predicate }) => predicate.kind],
    ["repo", ({ predicate }) => predicate.repo.name],
    ["pr", ({ predicate }) => predicate.pr?.number],
    ["head_sha", ({ predicate }) => predicate.pr?.head_sha ?? predicate.group?.head_sha],
    ["actor_id", ({ predicate }) => predicate.actor?.id],
    ["role", ({ predicate }) => predicate.actor?.role],
    ["subjects", ({ subject }) => subject.map(({ name }) => name).join(" | ")],
    ["digests", ({ subject }) => subject.map(digestOf).join(" | ")],
    ["verdict", ({ predicate }) => predicate.decision?.verdict],
    ["policy_digest", ({ predicate }) => predicate.policy?.digest.sha256],
    [
      "approvals",
      ({ predicate }) => predicate.decision?.approvals?.map(({ id, role }) => `${role}:${id}`).join(" | "),
    ],
    ["waivers", ({ predicate }) => predicate.decision?.waivers?.join(" | ")],
    ["reason", ({ predicate }) => predicate.reason?.code],
    ["reason_url", ({ predicate }) => predicate.reason?.url],
    ["id", ({ predicate }) => predicate.id],
  ];

/** The first line of the table, with its line end. */
export function csvHeader(): string {
  return csvLine(COLUMNS.map(([name]) => name));
}

/** One entry as a line of RFC 4180, with its line end. */
export function toCsv(entry: LogEntry): string {
  return csvLine(COLUMNS.map(([, value]) => String(value(entry) ?? "")));
}

/** One entry as a line of JSON: the statement itself, in its canonical form. */
export function toJsonLine({ bytes }: LogEntry): string {
  return `${Buffer.from(bytes).toString("utf8")}\n`;
}

function csvLine(cells: readonly string[]): string {
  return `${cells.map(csvCell).join(",")}\r\n`;
}

/** A spreadsheet runs what begins like a formula: such a cell gets an apostrophe before it. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function digestOf({ digest }: Subject): string {
  return "sha256" in digest ? `sha256:${digest.sha256}` : `git:${digest.gitCommit}`;
}
