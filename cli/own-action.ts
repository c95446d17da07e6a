import { execFileSync } from "node:child_process";
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Above the sources and above the bundle alike. */
const HOME = fileURLToPath(new URL("../", import.meta.url));
const GITHUB_REMOTE = /^(?:https:\/\/[^/]+\/|git@[^:]+:)([\w.-]+\/[\w.-]+?)(?:\.git)?$/;

/** This Weighbridge as a workflow names it, `owner/repo@commit`; undefined where it does not run from its own clone. */
export function ownAction(): string | undefined {
  const top = git(["rev-parse", "--show-toplevel"]);
  // Installed as a package, it stands in somebody else's clone.
  if (top === undefined || realpathSync(top) !== realpathSync(HOME)) return undefined;
  const [, repository] = GITHUB_REMOTE.exec(git(["remote", "get-url", "origin"]) ?? "") ?? [];
  const commit = git(["rev-parse", "HEAD"]);
  return repository === undefined || commit === undefined ? undefined : `${repository}@${commit}`;
}

function git(args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", ["-C", HOME, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}
