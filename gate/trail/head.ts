import { GateError } from "../model/error.ts";
import { authenticate } from "./authenticate.ts";
import { CHECKPOINT_FILE } from "./batch.ts";
import type { SignedCheckpoint } from "./checkpoint.ts";
import type { TrailStore } from "./store.ts";
import { parseTrailFile, TRAIL_FILE, type TrailFile } from "./trail-file.ts";

/** What one commit of the branch says of the trail, signed by the keys that the same commit names. */
export interface Head {
  readonly commit: string;
  readonly file: TrailFile;
  readonly checkpoint: SignedCheckpoint;
  /** The signed note, verbatim. */
  readonly note: Uint8Array;
}

/** Reads one commit's description and checkpoint. Rejects `TRAIL_FILE_MISSING` and as `authenticate`. */
export async function readHead(store: Pick<TrailStore, "read">, commit: string): Promise<Head> {
  const [fileBytes, note] = await store.read(commit, [TRAIL_FILE, CHECKPOINT_FILE]);
  if (fileBytes === undefined || note === undefined) {
    const path = fileBytes === undefined ? TRAIL_FILE : CHECKPOINT_FILE;
    throw new GateError("TRAIL_FILE_MISSING", `Cannot read the trail at ${commit}: there is no ${path}`);
  }
  const file = parseTrailFile(fileBytes);
  return { commit, file, checkpoint: authenticate(note, file, CHECKPOINT_FILE), note };
}
