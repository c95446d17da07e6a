import { readChangeSet } from "../../gate/change/read.ts";
import type { ModelChange } from "../../gate/model/change.ts";
import type { Repository } from "../../gate/world.ts";

const NOTHING = "0".repeat(40);

/** Every model that a commit has, as if all of it were new: what each is, by its digest. */
export async function readModels(repository: Repository, commit: string): Promise<readonly ModelChange[]> {
  const change = await readChangeSet({ base: NOTHING, head: commit }, fromNothing(repository));
  return change.models;
}

/** The repository with an empty tree before its first commit. */
function fromNothing(repository: Repository): Repository {
  return {
    ...repository,
    commit: async (revision) => (revision === NOTHING ? NOTHING : repository.commit(revision)),
    mergeBase: async () => NOTHING,
    tree: async (commit) => (commit === NOTHING ? new Map() : repository.tree(commit)),
  };
}
