import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { amend, flipped, paths, readFile } from "../test/trail/tamper.ts";
import type { Weighed } from "./play.ts";
import { buildExample, runGit } from "./recidivism.ts";

const COMMAND = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

/** What somebody types, and what they see. */
export interface Scene {
  readonly typed: string;
  readonly status: number;
  readonly output: string;
}

/** The trail of weighed pull requests: begun, written, read and verified; then one byte is changed in it. */
export function playTrail(weighed: readonly Weighed[]): readonly Scene[] {
  const example = buildExample();
  const home = mkdtempSync(join(tmpdir(), "weighbridge-trail-"));
  const scenes: Scene[] = [];
  const type = (...args: readonly string[]) => scenes.push(run(example.directory, home, args));
  try {
    const [origin, key] = ["github.com/acme/justice/trail", `file:${join(home, "log.key")}`];
    run(example.directory, home, ["trail", "key", "new", "--out", join(home, "log.key"), "--origin", origin]);
    type("trail", "init", "--key", key, "--origin", origin);
    for (const [index, { pull, record }] of weighed.entries()) {
      const file = join(home, `${pull.name}.json`);
      writeFileSync(file, record);
      type(
        "trail",
        "append",
        file,
        "--pr",
        `${index + 1}`,
        "--key",
        key,
        "--repository-name",
        "acme/justice",
      );
    }
    type("trail", "log");
    type("trail", "verify");
    scenes.push(tamper(example.directory));
    type("trail", "verify");
    return scenes;
  } finally {
    example.remove();
    rmSync(home, { recursive: true, force: true });
  }
}

const BLAMED = '"number":2';

/** Whoever may write to the branch can put anything there: here the failed decision becomes that of another pull request. */
function tamper(directory: string): Scene {
  const git = (...args: string[]) => runGit(directory, args);
  const repository = { directory, git };
  const path = paths(repository).find((each) => readFile(repository, each).includes(BLAMED)) ?? "";
  const bytes = readFile(repository, path);
  amend(repository, { [path]: flipped(bytes, bytes.indexOf(BLAMED) + BLAMED.length - 1) });
  const typed = `(somebody changes one byte of ${path}: ${BLAMED} becomes ${BLAMED.replace("2", "3")})`;
  return { typed, status: 0, output: "" };
}

function run(directory: string, home: string, args: readonly string[]): Scene {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], {
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: home, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_NOSYSTEM: "1" },
    encoding: "utf8",
  });
  const typed = ["weighbridge", ...args].join(" ").replaceAll(home, "~");
  return { typed, status: status ?? -1, output: `${stdout}${stderr}`.trimEnd() };
}
