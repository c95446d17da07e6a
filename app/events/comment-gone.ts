import type { Command } from "../../gate/approval/command.ts";
import type { Site } from "../services.ts";

/** Comments that were deleted: that they were may be told before what was in them. */

/** Who deleted it. */
type Remover = "author" | "other";

export async function noteGone(site: Site, commentId: number, remover: Remover): Promise<void> {
  await site.store.archive.set(goneName(site, commentId), remover);
}

/** What of these words counts still: nothing that its author took back, and of what others removed only a refusal. */
export async function wordsLeft(
  site: Site,
  commentId: number,
  commands: readonly Command[],
): Promise<readonly Command[]> {
  const remover = await site.store.archive.get(goneName(site, commentId));
  if (remover === undefined) return commands;
  return remover === "author" ? [] : commands.filter(({ kind }) => CLOSING.has(kind));
}

const CLOSING: ReadonlySet<Command["kind"]> = new Set(["reject", "withdraw"]);

function goneName({ place }: Site, commentId: number): string {
  return `comment-gone/${place.repositoryId}/${commentId}`;
}
