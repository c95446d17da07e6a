import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

/** The thread of `WalCheckpoint`: copies what is in the log by now each time it is asked, and says when it has. */

const database = new DatabaseSync(workerData as string);
const checkpoint = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");

parentPort?.on("message", (isMore: boolean) => {
  if (isMore) {
    checkpoint.get();
    parentPort?.postMessage(undefined);
    return;
  }
  database.close();
  parentPort?.close();
});
