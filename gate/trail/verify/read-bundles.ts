import { parentPort, workerData } from "node:worker_threads";
import { ObjectReader } from "../../checkout/objects.ts";
import { readBlob } from "../git-store.ts";
import { summarize } from "./bundle-summary.ts";
import type { BundleSummary } from "./entries.ts";

/** A bundle to read: object ids of it and of its tile. */
export interface Task {
  readonly index: number;
  readonly bundle: string;
  readonly tile: string;
}

/** The thread of `bundle-threads.ts`: it reads bundles through a git of its own, until it is told that it is over. */
const port = parentPort!;
const objects = new ObjectReader(workerData);

port.on("message", async (tasks: readonly Task[] | undefined) => {
  if (tasks !== undefined) {
    port.postMessage(await Promise.all(tasks.map(read)));
    return;
  }
  await objects.close();
  port.close();
});

/** Whatever goes wrong here is met again, and said, where the bundle is read in its place. */
async function read({ index, bundle, tile }: Task): Promise<BundleSummary | undefined> {
  try {
    const [entries, hashes] = await Promise.all([readBlob(objects, bundle), readBlob(objects, tile)]);
    if (entries === undefined || hashes === undefined) return undefined;
    return summarize({ index, bundle: entries, tile: hashes });
  } catch {
    return undefined;
  }
}
