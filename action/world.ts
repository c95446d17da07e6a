import { relative, resolve, sep } from "node:path";
import type { Checkout } from "../gate/checkout.ts";
import { readEvidenceFiles } from "../gate/evidence-files.ts";
import { openPacks } from "../gate/packs.ts";
import type { World } from "../gate/world.ts";
import type { RunRequest } from "./inputs.ts";

/** Beside the sources and beside the bundle alike. */
const POLICIES = new URL("../policies/", import.meta.url);

/** All that the engine asks of outside but the time, and what is to be said about it. */
export async function openWorld(
  request: RunRequest,
  repository: Checkout,
): Promise<{ world: Omit<World, "now">; notices: readonly string[] }> {
  const { files, unmatched } = await readEvidenceFiles(request.evidence, request.workspace);
  const fromTop = (path: string) =>
    relative(repository.directory, resolve(request.workspace, path)).split(sep).join("/");
  const evidence = files.map((file) => ({ ...file, path: fromTop(file.path) }));
  return {
    world: { repository, packs: openPacks(POLICIES, request), evidence },
    // Not an error: a run that changes no model may evaluate none. A gate that needs the file closes without it.
    notices: unmatched.map((pattern) => `No file matches the evidence pattern ${pattern}`),
  };
}
