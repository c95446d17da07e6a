import type { Digest } from "../../gate/model/digest.ts";
import type { Predecessor, Replacement } from "../../gate/model/trail.ts";
import type { Site } from "../services.ts";
import type { DecisionRow } from "../store/archive.ts";
import { hasEntered } from "./champions.ts";
import { decisionsInto, recentDefaultBranch } from "./default-branch.ts";

/** Decisions about one state of a model that are looked at. */
const ROWS_MAX = 64;

/** What the replacements bring back, from what was kept when it was decided: what a clone's reader finds in the trail. */
export async function keptPredecessors(
  site: Site,
  replacements: readonly Replacement[],
): Promise<readonly Predecessor[]> {
  if (replacements.length === 0) return [];
  const baseRef = await recentDefaultBranch(site);
  const found = await Promise.all(replacements.map((replacement) => findKept(site, replacement, baseRef)));
  return found.filter((predecessor) => predecessor !== undefined);
}

async function findKept(
  site: Site,
  { model, from, to }: Replacement,
  baseRef: string,
): Promise<Predecessor | undefined> {
  const entered = await enteredAs(site, { model, content: to, baseRef });
  if (entered === undefined || entered.length === 0) return undefined;
  const current = await enteredAs(site, { model, content: from, baseRef });
  // Which of two came first nobody can tell from a list that has lost its beginning.
  if (current === undefined) return undefined;
  const [first] = current;
  const before = entered.filter((row) => first === undefined || row.decidedAt < first.decidedAt);
  const last = before.at(-1);
  return last && { model, subject: to, decision: last.digest as Digest, commit: last.head };
}

/** The decisions that let a state of a model in, the oldest first; undefined if there are too many to know them all. */
async function enteredAs(
  site: Site,
  about: { readonly model: string; readonly content: Digest; readonly baseRef: string },
): Promise<readonly DecisionRow[] | undefined> {
  const { model, content, baseRef } = about;
  const rows = await decisionsInto(site, baseRef, { model, content, verdict: "pass", countMax: ROWS_MAX });
  if (rows.length === ROWS_MAX) return undefined;
  const entered: DecisionRow[] = [];
  for (const row of rows) if (await hasEntered(site, row)) entered.push(row);
  return entered.reverse();
}
