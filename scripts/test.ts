// All tests: node scripts/test.ts [files]. Most of a test waits for git, a server or a timer, so there are more of
// them at a time than processors; what each process compiles, the next one finds compiled.
import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** For one test: what never ends is to be named. */
const TIMEOUT_MS = 15 * 60_000;

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
    env: { NODE_COMPILE_CACHE: `${ROOT}node_modules/.cache/node`, ...process.env },
    stdio: "inherit",
  },
);
process.exitCode = status ?? 1;
