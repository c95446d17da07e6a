import type { ChangeSet } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import type { World } from "../world.ts";

/**
 * Throws where a file that is handed over as measured in this run stands in the head's own tree. A change could
 * commit a file into the folder that the run's evidence is downloaded to, and have its word taken for the run's.
 */
export async function assertFromTheRun({ head }: ChangeSet, { repository, evidence }: World): Promise<void> {
  if (evidence.length === 0) return;
  // What stands uncommitted in a work tree is nobody's commit.
  const tree = await repository.tree(head === "worktree" ? await repository.commit("HEAD") : head);
  const committed = evidence.find(({ path }) => tree.has(path));
  if (committed === undefined) return;
  throw new GateError(
    "EVIDENCE_COMMITTED",
    `Cannot take ${committed.path} for evidence of this run: the change itself has a file at that path`,
    {
      place: { path: committed.path },
      fix: "Download evidence into a folder that the repository does not have; a committed file is read where model.yml names it",
    },
  );
}
