import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders: string[] = [];
/** Where syncing costs nothing, if there is such a place: journals of tests sync thousands of files. */
const ROOT = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

/** A folder of its own, removed when the process ends. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(ROOT, "weighbridge-test-"));
  if (folders.push(folder) === 1) {
    process.once("exit", () => {
      for (const each of folders) rmSync(each, { recursive: true, force: true });
    });
  }
  return folder;
}
