import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { notify } from "../events/notice.ts";
import { tip } from "../git-data.ts";
import { type Account, fullName, type Repository } from "../nouns.ts";
import { toOrganization } from "../resources/organization.ts";
import { toUser } from "../resources.ts";
import type { GitHubState } from "../state.ts";
import { editPull } from "./pulls.ts";
import { moveBranch } from "./pushes.ts";

interface By {
  readonly by: Account;
}

export function renameRepository(
  github: GitHubState,
  repository: Repository,
  { by, name }: By & { name: string },
): void {
  const from = repository.name;
  leaveName(repository, () => {
    repository.name = name;
  });
  notify(github, {
    ...{ event: "repository", repository, sender: by },
    own: () => ({ action: "renamed", changes: { repository: { name: { from } } } }),
  });
}

/** A name that it has again is no former one. */
function leaveName(repository: Repository, change: () => void): void {
  const left = fullName(repository);
  change();
  const now = fullName(repository);
  repository.formerNames = [...repository.formerNames, left].filter((name) => name !== now);
}

/** Only an App that is installed at the new owner is told. */
export function transferRepository(
  github: GitHubState,
  repository: Repository,
  { by, to }: By & { to: Account },
): void {
  const { owner } = repository;
  const from =
    owner.type === "Organization"
      ? { organization: toOrganization(github.origin, owner) }
      : { user: toUser(github.origin, owner) };
  leaveName(repository, () => {
    repository.owner = to;
  });
  notify(github, {
    ...{ event: "repository", repository, sender: by },
    own: () => ({ action: "transferred", changes: { owner: { from } } }),
  });
}

/** Makes another branch the default one. */
export function changeDefaultBranch(
  github: GitHubState,
  repository: Repository,
  { by, branch }: By & { branch: string },
): void {
  const from = repository.defaultBranch;
  repository.defaultBranch = branch;
  repository.updatedAt = github.now();
  notify(github, {
    ...{ event: "repository", repository, sender: by },
    own: () => ({ action: "edited", changes: { default_branch: { from } } }),
  });
}

/** Calls the default branch otherwise: pull requests into it go along. */
export function renameDefaultBranch(
  github: GitHubState,
  repository: Repository,
  { by, name }: By & { name: string },
): void {
  const from = repository.defaultBranch;
  moveBranch(github, repository, { branch: name, after: tip(repository, from), by });
  changeDefaultBranch(github, repository, { by, branch: name });
  for (const pull of github.pulls) {
    const isInto = pull.repository === repository && pull.state === "open" && pull.base.ref === from;
    if (isInto) editPull(github, pull, { by, base: name });
  }
  moveBranch(github, repository, { branch: from, after: undefined, by });
}

export function archiveRepository(github: GitHubState, repository: Repository, { by }: By): void {
  repository.archived = true;
  notify(github, {
    ...{ event: "repository", repository, sender: by },
    own: () => ({ action: "archived" }),
  });
}

/** A repository of its own with the same branches; the test removes its `directory`. */
export function fork(github: GitHubState, repository: Repository, { by }: By): Repository {
  const directory = mkdtempSync(join(tmpdir(), "weighbridge-fork-"));
  execFileSync("git", ["clone", "--quiet", "--bare", repository.directory, directory], { stdio: "ignore" });
  const { name, defaultBranch } = repository;
  return github.addRepository(name, directory, {
    ...{ owner: by, private: repository.private, defaultBranch, fork: true },
  });
}
