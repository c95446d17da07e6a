import { readChangeSet } from "../../gate/change/read.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Repository } from "../../gate/world.ts";
import { readPages } from "../github/pages.ts";
import { apiRepository } from "../github/repository.ts";
import { at, flagAt, listAt, numberAt, objectIdAt, textAt } from "../github/shape.ts";
import { payloadOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { Delivery } from "../store/inbox.ts";
import { requestEvaluation } from "./ask.ts";
import { flagBypass } from "./bypass.ts";

const NOTHING = /^0+$/;
const PULLS_PAGES_MAX = 30;
const TRAIL_BRANCH = "weighbridge-trail";

/** A branch moved: what went around its gate is flagged, and what wants to enter it is judged by what it holds now. */
export async function workOnBranch(
  site: Site,
  branch: string,
  deliveries: readonly Delivery[],
): Promise<void> {
  if (branch === TRAIL_BRANCH) return;
  const pushes = deliveries.filter(({ event }) => event === "push").map(payloadOf);
  for (const push of pushes) await inspectPush(site, branch, push);
  const last = pushes.at(-1);
  if (last !== undefined) await askForPullsInto(site, branch, objectIdAt(last, "after"));
}

/** Only of branches that pull requests are gated on: the default branch, and those that have met the gate. */
async function inspectPush(site: Site, branch: string, push: unknown): Promise<void> {
  const [before, after] = [textAt(push, "before"), textAt(push, "after")];
  if (textAt(push, "repository", "default_branch") !== branch || NOTHING.test(after)) return;
  const isForced = flagAt(push, "forced");
  if (!isForced && (await isMerge(site, branch, after))) return;
  if (!isForced && NOTHING.test(before)) return;
  if (!isForced && !(await touchesModels(site, before, after))) return;
  const what = isForced ? "a force push" : "a direct push";
  await flagBypass(site, { ref: `refs/heads/${branch}`, before, after, what });
  await site.trails.settle(site.place);
}

/** Whether the commit came in by a pull request, whose own delivery says whether it might. */
async function isMerge({ client, place }: Site, branch: string, commit: string): Promise<boolean> {
  const { owner, repo } = place;
  const { data } = await client.rest("GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls", {
    ...{ owner, repo, commit_sha: commit, per_page: 100 },
  });
  return listAt(data).some(
    (pull) => at(pull, "merged_at") !== undefined && at(pull, "base", "ref") === branch,
  );
}

async function touchesModels(site: Site, before: string, after: string): Promise<boolean> {
  const { client, place, store } = site;
  const repository = apiRepository({ ...place, client, cache: store.archive });
  try {
    const change = await readChangeSet({ base: before, head: after }, straight(repository, before));
    return change.models.length > 0;
  } catch (cause) {
    // What cannot be read may be anything.
    if (cause instanceof GateError && cause.code !== "GITHUB_LIMITED") return true;
    throw cause;
  } finally {
    repository.close();
  }
}

/** A push is compared with what stood there, whatever the two have in common. */
export function straight(repository: Repository, before: string): Repository {
  return { ...repository, mergeBase: async () => before };
}

/** Every open pull request into the branch, each once for each commit that the branch comes to. */
async function askForPullsInto(site: Site, branch: string, after: string): Promise<void> {
  const { client, place, store, now } = site;
  const { owner, repo } = place;
  const pulls = await readPages(client, "GET /repos/{owner}/{repo}/pulls", {
    parameters: { owner, repo, state: "open", base: branch },
    pagesMax: PULLS_PAGES_MAX,
  });
  for (const pull of pulls) {
    const question = { place, number: numberAt(pull, "number"), why: `base/${after}`, now: now() };
    await requestEvaluation(store.inbox, question);
  }
}
