import { realpath } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import type { Checkout } from "../gate/checkout.ts";
import { readEvidenceFiles } from "../gate/evidence-files.ts";
import { GateError } from "../gate/model/error.ts";
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
  const directory = await realFolder(request.evidenceDirectory);
  const { files, unmatched } = await readEvidenceFiles(request.evidence, directory);
  const evidence = files.map((file) => ({
    ...file,
    path: pathOf(resolve(directory, file.path), directory, repository),
  }));
  return {
    world: { repository, packs: openPacks(POLICIES, request), evidence },
    // Not an error: a run that changes no model may evaluate none. A gate that needs the file closes without it.
    notices: unmatched.map((pattern) => `No file matches the evidence pattern ${pattern}`),
  };
}

/** From the top of the checkout, where it is in there: what the change commits is known by that path. */
function pathOf(file: string, directory: string, repository: Checkout): string {
  const fromTop = relative(repository.directory, file);
  const isInside = !isAbsolute(fromTop) && fromTop.split(sep)[0] !== "..";
  return (isInside ? fromTop : relative(directory, file)).split(sep).join("/");
}

async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    const message = `Cannot read the input evidence-directory: there is no folder ${path}`;
    throw new GateError("RUN_INPUT", message, {
      cause,
      fix: "Download the evidence there, or correct the path",
    });
  }
}
