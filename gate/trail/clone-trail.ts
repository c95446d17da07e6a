import { runGit } from "../checkout/git.ts";
import type { Checkout } from "../checkout.ts";
import { GateError } from "../model/error.ts";
import { once } from "../model/once.ts";
import type { Trail } from "../world.ts";
import { findChampions } from "./champion.ts";
import { DEFAULT_BRANCH, openGitStore } from "./git-store.ts";
import { PassedDecisions } from "./passed.ts";
import { findPredecessors } from "./predecessor.ts";
import { readTrailState } from "./state.ts";
import { countUses } from "./waiver-uses.ts";

/** Where a clone has the trail: as its remote last said; where it was never fetched, as it is written here. */
const PLACES = [`refs/remotes/origin/${DEFAULT_BRANCH}`, `refs/heads/${DEFAULT_BRANCH}`];

/** The trail that a clone has, looked for when it is first asked for; `close` ends its git process. */
export function cloneTrail(checkout: Checkout): Trail & { close(): Promise<void> } {
  const opened = once(() => open(checkout));
  const state = once(async () => {
    const trail = await opened();
    return trail && readTrailState(trail.store, trail.ref);
  });
  let isAsked = false;
  const isBefore = (base: string) => (commit: string) => isAncestor(checkout.directory, commit, base);
  /** The word of a trail that does not verify is no baseline, and no count. */
  const verified = async () => {
    isAsked = true;
    const trail = await opened();
    return (await state())?.findings.length === 0 ? trail?.store : undefined;
  };
  const passed = once(async () => {
    const store = await verified();
    return store && PassedDecisions.open(store);
  });
  return {
    state: () => {
      isAsked = true;
      return state();
    },
    champions: async (states, base) => {
      const found = states.length === 0 ? undefined : await passed();
      return found === undefined ? [] : findChampions(found, states, isBefore(base));
    },
    predecessors: async (replacements, base) => {
      const found = replacements.length === 0 ? undefined : await passed();
      return found === undefined ? [] : findPredecessors(found, replacements, isBefore(base));
    },
    uses: async (waivers) => {
      const store = await verified();
      return store && countUses(store, waivers);
    },
    async close() {
      if (isAsked) await (await opened())?.store.close();
    },
  };
}

async function open(checkout: Checkout) {
  const ref = await findRef(checkout);
  if (ref === undefined) return undefined;
  return { ref, store: await openGitStore(checkout.directory, DEFAULT_BRANCH, ref) };
}

/** False as well where a shallow clone does not have it. */
async function isAncestor(directory: string, commit: string, of: string): Promise<boolean> {
  return (await runGit(directory, ["merge-base", "--is-ancestor", commit, of])).status === 0;
}

async function findRef(checkout: Checkout): Promise<string | undefined> {
  for (const ref of PLACES) {
    try {
      await checkout.commit(ref);
      return ref;
    } catch (cause) {
      if (!(cause instanceof GateError && ABSENT.has(cause.code))) throw cause;
    }
  }
  return undefined;
}

/** A shallow clone may have left the branch out; then nobody can look at it here. */
const ABSENT = new Set(["REVISION_UNKNOWN", "REVISION_SHALLOW"]);
