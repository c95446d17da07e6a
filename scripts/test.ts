// All tests: node scripts/test.ts [files]. Most of a test waits for git, a server or a timer, so there are more of
// them at a time than processors; what each process compiles, the next one finds compiled.
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** For one test: what never ends is to be named. */
const TIMEOUT_MS = 15 * 60_000;
/** Linux keeps it in memory: repositories and stores are written there without waiting for a disk. */
const MEMORY = "/dev/shm";
/** Of room in memory: ten times of what the tests have at once. */
const ROOM_BYTES = 1024 ** 3;
/** Files of a folder that share a process: loading the sources takes most of them longer than their tests do. */
const GROUP_FILES_MAX = 4;

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
      ...(process.argv.length > 2 ? process.argv.slice(2) : writeGroups(join(scratch, "groups"))),
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

/**
 * Writes a test file for each group, in which every file of the group is a test: its hooks are its own, and it begins
 * when the one before it has ended. Node runs them by name: the largest folders first.
 */
function writeGroups(folder: string): readonly string[] {
  mkdirSync(folder);
  const files = globSync("test/**/*.test.ts", { cwd: ROOT }).sort();
  const folders = [...Map.groupBy(files, dirname).values()].sort((a, b) => b.length - a.length);
  return folders.flatMap(chunks).map((group, index) => {
    const path = join(folder, `${String(index + 1).padStart(3, "0")}.test.mjs`);
    const entries = group.map((file) => [file, pathToFileURL(join(ROOT, file)).href]);
    const lines = [
      'import { test } from "node:test";',
      `for (const [file, url] of ${JSON.stringify(entries)}) test(file, () => import(url));`,
    ];
    writeFileSync(path, lines.join("\n"));
    return path;
  });
}

/** Groups of much the same length. */
function chunks(files: readonly string[]): readonly (readonly string[])[] {
  const count = Math.ceil(files.length / GROUP_FILES_MAX);
  const start = (index: number) => Math.round((index * files.length) / count);
  return Array.from({ length: count }, (_, index) => files.slice(start(index), start(index + 1)));
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
