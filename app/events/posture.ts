import type { Waiver } from "../../gate/model/policy.ts";
import { join, md } from "../../gate/report/escape.ts";
import { repeatedly } from "../github/writing.ts";
import type { Site } from "../services.ts";

/** Beside the check of a change: how the branch itself stands. */
const POSTURE_CHECK = "weighbridge/posture";

/**
 * Shows on a commit of the default branch that waivers in it have ended; and once that none has any more. Where nothing
 * was ever wrong, nothing is shown.
 */
export async function showPosture(site: Site, head: string, waivers: readonly Waiver[]): Promise<void> {
  const { client, place, store, now } = site;
  const { owner, repo, repositoryId } = place;
  const name = `posture/${repositoryId}`;
  const ended = waivers.filter(({ expires }) => Date.parse(expires) <= now());
  const shown = `${head} ${ended.map(({ id }) => id).join(" ")}`;
  const before = await store.archive.get(name);
  if (before === shown || (before === undefined && ended.length === 0)) return;
  const lines = ended.map(
    ({ id, model, expires, place }) =>
      md`- ${id} for ${model} ended at ${expires}: no change of that model passes, and no deployment of it goes on, while ${place.path} lies there.`,
  );
  const isSound = ended.length === 0;
  await repeatedly(client, () =>
    client.rest("POST /repos/{owner}/{repo}/check-runs", {
      ...{ owner, repo, name: POSTURE_CHECK, head_sha: head, status: "completed" },
      conclusion: isSound ? "success" : "failure",
      output: {
        title: isSound ? "No waiver has ended" : `Ended: ${ended.length}`,
        summary: isSound ? "Every waiver of this branch is in force." : join(lines, md`\n`).source,
      },
    }),
  );
  if (isSound) await store.archive.remove(name);
  else await store.archive.set(name, shown);
}
