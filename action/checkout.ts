import { type Checkout, openCheckout } from "../gate/checkout.ts";
import { GateError } from "../gate/model/error.ts";
import { DEEPENINGS, type Deepening, fetchCommits, type Origin } from "./fetch.ts";

/** A checkout that holds both commits and all history between them. */
export interface CompleteCheckout {
  readonly checkout: Checkout;
  /** Commit ids. */
  readonly base: string;
  readonly head: string;
}

export interface Wanted extends Origin {
  /** Commit ids, or names of branches of origin. */
  readonly base: string;
  readonly head: string;
  readonly dvcCache?: string;
}

/** What more history can cure. */
const INCOMPLETE = new Set(["REVISION_SHALLOW", "REVISION_UNKNOWN", "MERGE_BASE_SHALLOW"]);

/**
 * Opens what actions/checkout left, after fetching what a shallow checkout left out. Rejects as `openCheckout`
 * does, with the error that says what is missing, or with `CHECKOUT_FETCH`.
 */
export async function openCompleteCheckout(wanted: Wanted): Promise<CompleteCheckout> {
  for (const deepening of DEEPENINGS) {
    const opened = await tryOpen(wanted);
    if (!(opened instanceof GateError)) return opened;
    await fetchMissing(wanted, deepening, opened);
  }
  const opened = await tryOpen(wanted);
  if (opened instanceof GateError) throw opened;
  return opened;
}

/** The checkout, or why its history is not enough; rejects for every other reason. */
async function tryOpen({ workspace, base, head, dvcCache }: Wanted): Promise<CompleteCheckout | GateError> {
  const checkout = await openCheckout(workspace, dvcCache === undefined ? {} : { dvcCache });
  try {
    const ids = { base: await findCommit(checkout, base), head: await findCommit(checkout, head) };
    return { ...ids, checkout: withMergeBase(checkout, ids, await checkout.mergeBase(ids.base, ids.head)) };
  } catch (error) {
    await checkout.close();
    if (error instanceof GateError && INCOMPLETE.has(error.code)) return error;
    throw error;
  }
}

/** The engine will ask again, and each answer takes git a process or two. */
function withMergeBase(
  checkout: Checkout,
  known: { readonly base: string; readonly head: string },
  mergeBase: string,
): Checkout {
  return {
    ...checkout,
    mergeBase: async (base, head) =>
      base === known.base && head === known.head ? mergeBase : checkout.mergeBase(base, head),
  };
}

/** A name is first of all a branch of origin: a local branch of the same name may be anything. */
async function findCommit(checkout: Checkout, revision: string): Promise<string> {
  if (isCommitId(revision)) return checkout.commit(revision);
  try {
    return await checkout.commit(`refs/remotes/origin/${revision}`);
  } catch (error) {
    if (!(error instanceof GateError && INCOMPLETE.has(error.code))) throw error;
  }
  return checkout.commit(revision);
}

async function fetchMissing(wanted: Wanted, deepening: Deepening, missing: GateError): Promise<void> {
  const revisions = [wanted.base, wanted.head].map((revision) =>
    isCommitId(revision) ? revision : `+refs/heads/${revision}:refs/remotes/origin/${revision}`,
  );
  const refusal = await fetchCommits(wanted, revisions, deepening);
  if (refusal === undefined) return;
  throw new GateError("CHECKOUT_FETCH", `${missing.message}; fetching it from origin failed: ${refusal}`, {
    fix: 'Give actions/checkout "fetch-depth: 0", so that the whole history is there',
    cause: missing,
  });
}

function isCommitId(revision: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(revision);
}
