import { type Node, nodeAt } from "../gate/parse/node.ts";
import type { Check } from "./diagnosis.ts";
import { namesIn } from "./workflow-node.ts";

/** After any of them the head may be one that nobody weighed. */
const ACTIVITIES = ["opened", "synchronize", "reopened"];
/** After it the base may be another one. GitHub leaves it out where a workflow names no types. */
const RETARGETED = "edited";

type Fault = Omit<Check, "name" | "state">;

/** Whether a workflow runs on pull requests, however it is granted to. */
export function runsOnPullRequests(root: Node): boolean {
  return namesIn(nodeAt(root, ["on"])).some((event) => event.startsWith("pull_request"));
}

/** What is wrong about when a workflow that weighs runs. A required check that never comes is waited for for ever. */
export function examineTriggers(root: Node): readonly Fault[] {
  const faults: Fault[] = [];
  if (runsOn(root, "pull_request_target")) {
    const detail = "pull_request_target gives the pull request a token that can write";
    faults.push({ detail, fix: "Use pull_request" });
  }
  for (const filter of ["paths", "paths-ignore"]) {
    if (nodeAt(root, ["on", "pull_request", filter]) === undefined) continue;
    const detail = `pull_request has ${filter}: where they do not match, the required check is waited for for ever`;
    faults.push({ detail, fix: "Take the filter away: a change without models passes in seconds" });
  }
  const types = nodeAt(root, ["on", "pull_request", "types"]);
  const names = types === undefined ? ACTIVITIES : namesIn(types);
  const missing = ACTIVITIES.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    const detail = `pull_request has types without ${missing.join(", ")}: commits stay that nobody weighs`;
    faults.push({ detail, fix: "Add what is missing" });
  }
  if (runsOn(root, "pull_request") && !names.includes(RETARGETED)) {
    const detail = "pull_request has no type edited: the verdict about one base stays when another is chosen";
    faults.push({ detail, fix: `Write types: [${[...ACTIVITIES, RETARGETED].join(", ")}]` });
  }
  return faults;
}

function runsOn(root: Node, event: string): boolean {
  return namesIn(nodeAt(root, ["on"])).includes(event);
}
