// All tests: node scripts/test.ts [files]. Most of a test waits for git, a server or a timer, so there are more of
// them at a time than processors; what each process compiles, the next one finds compiled.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** For one test: what never ends is to be named. */
const TIMEOUT_MS = 15 * 60_000;
/** Linux keeps it in memory: repositories and stores are written there without waiting for a disk. */
const MEMORY = "/dev/shm";
/** Of room in memory: ten times of what the tests have at once. */
const ROOM_BYTES = 1024 ** 3;

const scratch = mkdtempSync(join(isOfUse(MEMORY) ? MEMORY : tmpdir(), "weighbridge-tests-"));
// PostgreSQL runs as a user of its own.
chmodSync(scratch, 0o711);
try {
  const { status } = spawnSync(
    process.execPath,
    [
      "--test",
      `--test-concurrency=${2 * availableParallelism()}`,
      `--test-timeout=${TIMEOUT_MS}`,
      ...(process.argv.length > 2 ? process.argv.slice(2) : ["test/**/*.test.ts"]),
    ],
    {
      cwd: ROOT,
      env: {
        NODE_COMPILE_CACHE: `${ROOT}node_modules/.cache/node`,
        ...process.env,
        TMPDIR: scratch,
        WEIGHBRIDGE_TESTS_SHARED: scratch,
      },
      stdio: "inherit",
    },
  );
  process.exitCode = status ?? 1;
} finally {
  rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
}

/** Whether there is room, and programs may be run from there. */
function isOfUse(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    const mount = readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .findLast((line) => line.split(" ")[1] === folder);
    return mount !== undefined && !/\bnoexec\b/.test(mount) && bavail * bsize >= ROOM_BYTES;
  } catch {
    return false;
  }
}
