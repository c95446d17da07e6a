import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("recidivism/", import.meta.url));
/** The moment that the example is judged at: its evidence is a day old then. */
export const EXAMPLE_NOW = "2026-11-21T12:00:00Z";
export const EVIDENCE_FOLDER = "weighbridge-evidence";

/** One pull request of the example. */
export interface ExamplePull {
  readonly name: string;
  readonly title: string;
  readonly body: string;
  readonly branch: string;
  readonly head: string;
  /** Folder with what its evaluation job measured. */
  readonly evidence: string;
}

/** A real repository with the governed branch `main` and a branch for each pull request. */
export interface Example {
  readonly directory: string;
  readonly base: string;
  readonly pulls: readonly ExamplePull[];
  remove(): void;
}

/** The example as a git repository in a folder of its own; ids are the same on every machine. */
export function buildExample(): Example {
  const directory = mkdtempSync(join(tmpdir(), "weighbridge-example-"));
  const git = (...args: string[]) => runGit(directory, args);
  git("init", "--quiet", "--initial-branch=main");
  cpSync(join(FOLDER, "base"), directory, { recursive: true });
  const base = commit(git, "Two-year recidivism score");
  const names = readdirSync(join(FOLDER, "pulls")).sort();
  const pulls = names.map((name): ExamplePull => {
    const source = join(FOLDER, "pulls", name);
    const { title, body }: { title: string; body: string } = JSON.parse(
      readFileSync(join(source, "pull.json"), "utf8"),
    );
    git("checkout", "--quiet", "-b", name, "main");
    cpSync(join(source, "tree"), directory, { recursive: true });
    return { name, title, body, branch: name, head: commit(git, title), evidence: join(source, "evidence") };
  });
  git("checkout", "--quiet", "main");
  return { directory, base, pulls, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

function commit(git: (...args: string[]) => string, message: string): string {
  git("add", "--all");
  git("commit", "--quiet", "--message", message);
  return git("rev-parse", "HEAD");
}

/** Git without anybody's configuration, with a fixed identity and time. */
export function runGit(directory: string, args: readonly string[]): string {
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_AUTHOR_NAME: "Example",
    GIT_AUTHOR_EMAIL: "example@example.com",
    GIT_AUTHOR_DATE: "2026-11-20T10:00:00Z",
    GIT_COMMITTER_NAME: "Example",
    GIT_COMMITTER_EMAIL: "example@example.com",
    GIT_COMMITTER_DATE: "2026-11-20T10:00:00Z",
  };
  return execFileSync("git", [...args], { cwd: directory, env, encoding: "utf8" }).trim();
}
