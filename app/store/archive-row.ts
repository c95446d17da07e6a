import type { DecisionRow, KeptVote, PullRow, SessionRow } from "./archive.ts";
import { findInteger, findText, integerOf, type Row, textOf } from "./database.ts";

/** Rows of the archive's tables, read back. Each throws a TypeError where somebody else has written. */

export function toDecision(row: Row): DecisionRow {
  return {
    repositoryId: integerOf(row, "repository_id"),
    number: integerOf(row, "number"),
    head: textOf(row, "head"),
    base: textOf(row, "base"),
    baseRef: textOf(row, "base_ref"),
    digest: textOf(row, "digest"),
    subject: textOf(row, "subject"),
    verdict: oneOf(VERDICTS, textOf(row, "verdict")),
    models: textsOf(row, "models"),
    record: textOf(row, "record"),
    decidedAt: integerOf(row, "decided_at"),
  };
}

export function toPull(row: Row): PullRow {
  const decision = findText(row, "decision");
  const verdict = findText(row, "verdict");
  const checkRunId = findInteger(row, "check_run_id");
  const commentId = findInteger(row, "comment_id");
  return {
    repositoryId: integerOf(row, "repository_id"),
    installationId: integerOf(row, "installation_id"),
    repository: textOf(row, "repository"),
    number: integerOf(row, "number"),
    title: textOf(row, "title"),
    author: textOf(row, "author"),
    state: oneOf(STATES, textOf(row, "state")),
    head: textOf(row, "head"),
    base: textOf(row, "base"),
    baseRef: textOf(row, "base_ref"),
    ...(decision === undefined ? {} : { decision }),
    ...(verdict === undefined ? {} : { verdict: oneOf(VERDICTS, verdict) }),
    governed: integerOf(row, "governed") === 1,
    waitsFor: textsOf(row, "waits_for"),
    ...(checkRunId === undefined ? {} : { checkRunId }),
    ...(commentId === undefined ? {} : { commentId }),
    updatedAt: integerOf(row, "updated_at"),
  };
}

/** In the place of a model's id, which is never empty: the whole change. */
export const WHOLE = "";

export function toVote(row: Row): KeptVote {
  const subject = findText(row, "subject");
  const model = textOf(row, "model");
  return {
    repositoryId: integerOf(row, "repository_id"),
    number: integerOf(row, "number"),
    source: oneOf(SOURCES, textOf(row, "source")),
    sourceId: integerOf(row, "source_id"),
    userId: integerOf(row, "user_id"),
    login: textOf(row, "login"),
    kind: oneOf(KINDS, textOf(row, "kind")),
    head: textOf(row, "head"),
    ...(model === WHOLE ? {} : { model }),
    ...(subject === undefined ? {} : { subject }),
    at: integerOf(row, "at"),
  };
}

export function toSession(row: Row): SessionRow {
  return {
    id: textOf(row, "id"),
    userId: integerOf(row, "user_id"),
    login: textOf(row, "login"),
    token: textOf(row, "token"),
    expires: integerOf(row, "expires"),
  };
}

const VERDICTS = ["pass", "fail", "wait", "error"] as const;
const STATES = ["open", "closed", "merged"] as const;
const SOURCES = ["review", "comment"] as const;
const KINDS = ["approve", "reject", "revoke"] as const;

function oneOf<T extends string>(words: readonly T[], text: string): T {
  const word = words.find((known) => known === text);
  if (word === undefined)
    throw new TypeError(`The store says "${text}", expected one of ${words.join(", ")}`);
  return word;
}

function textsOf(row: Row, column: string): readonly string[] {
  const value: unknown = JSON.parse(textOf(row, column));
  if (Array.isArray(value) && value.every((text) => typeof text === "string")) return value;
  throw new TypeError(`Column ${column} holds no list of texts`);
}
