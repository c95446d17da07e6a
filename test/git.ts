import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A repository made with the real git: no user's configuration, fixed identity and dates, so ids are the same everywhere. */
export interface ScratchRepository {
  readonly directory: string;
  /** Writes a file below the directory, with its folders. */
  write(path: string, content: string | Uint8Array): void;
  /** Writes `files`, adds everything, commits; the commit's id. */
  commit(message: string, files?: Readonly<Record<string, string | Uint8Array>>): string;
  /** Standard output of git, without the last newline. Throws with git's own words when it fails. */
  git(...args: string[]): string;
  remove(): void;
}

export interface ScratchOptions {
  readonly objectFormat?: "sha1" | "sha256";
  readonly bare?: boolean;
}

/** An empty repository on branch `main` in a folder of its own; `remove()` deletes it. */
export async function scratchRepository(options: ScratchOptions = {}): Promise<ScratchRepository> {
  const directory = mkdtempSync(join(tmpdir(), "weighbridge-test-"));
  const repository = repositoryAt(directory);
  const format = `--object-format=${options.objectFormat ?? "sha1"}`;
  const bare = options.bare ? ["--bare"] : [];
  repository.git("init", "--quiet", "--template=", "--initial-branch=main", format, ...bare);
  return repository;
}

/** The same over a folder that already is a repository, such as a clone. */
export function repositoryAt(directory: string): ScratchRepository {
  const write = (path: string, content: string | Uint8Array) => {
    const file = join(directory, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  };
  const git = (...args: string[]) => runGit(directory, args);
  return {
    directory,
    write,
    git,
    commit(message, files = {}) {
      for (const [path, content] of Object.entries(files)) write(path, content);
      git("add", "--all");
      git("commit", "--quiet", "--allow-empty", "--message", message);
      return headOf(directory) ?? git("rev-parse", "HEAD");
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** The commit that the branch has come to, from where git has just written it: asking git takes another process. */
function headOf(directory: string): string | undefined {
  try {
    const head = readFileSync(join(directory, ".git", "HEAD"), "utf8").trim();
    return head.startsWith("ref: ")
      ? readFileSync(join(directory, ".git", head.slice(5)), "utf8").trim()
      : head;
  } catch {
    return undefined;
  }
}

/** Runs git in a folder with the scratch repositories' environment; `input` goes to its standard input. */
export function runGit(directory: string, args: readonly string[], input?: string | Uint8Array): string {
  const output = execFileSync("git", [...args], {
    cwd: directory,
    env: scratchEnvironment(),
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    stdio: ["pipe", "pipe", "pipe"],
    ...(input === undefined ? {} : { input }),
  });
  return output.replace(/\n$/, "");
}

function scratchEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  return {
    ...Object.fromEntries(inherited),
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    // No housekeeping in the background: it would outlive the test that removes the folder.
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_0: "gc.auto",
    GIT_CONFIG_VALUE_0: "0",
    GIT_CONFIG_KEY_1: "maintenance.auto",
    GIT_CONFIG_VALUE_1: "false",
    GIT_AUTHOR_NAME: "Tester",
    GIT_AUTHOR_EMAIL: "tester@example.com",
    GIT_AUTHOR_DATE: "2026-01-01T00:00:00Z",
    GIT_COMMITTER_NAME: "Tester",
    GIT_COMMITTER_EMAIL: "tester@example.com",
    GIT_COMMITTER_DATE: "2026-01-01T00:00:00Z",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
}
