import { readBranchRules } from "./branch-rules.ts";
import { CHECK_NAME } from "./check.ts";
import type { Client } from "./client.ts";
import { isFailure } from "./failure.ts";
import { at, listAt } from "./shape.ts";
import type { RepositoryAddress } from "./writers.ts";

/** Whether nothing enters the branch without our check, by a ruleset or by the older protection of branches. */
export async function isCheckRequired(
  client: Client,
  { owner, repo }: RepositoryAddress,
  branch: string,
): Promise<boolean> {
  const rules = await readBranchRules(client, { owner, repo }, branch);
  const ruled = (rules ?? [])
    .filter((rule) => at(rule, "type") === "required_status_checks")
    .flatMap((rule) => listAt(rule, "parameters", "required_status_checks"));
  if (ruled.some(isOurs)) return true;
  const route = "GET /repos/{owner}/{repo}/branches/{branch}";
  const protection = await client
    .rest(route, { owner, repo, branch })
    .then(({ data }) => at(data, "protection", "required_status_checks"), unlessUnruled);
  return at(protection, "checks") !== undefined && listAt(protection, "checks").some(isOurs);
}

function isOurs(check: unknown): boolean {
  return at(check, "context") === CHECK_NAME;
}

/** A branch that is gone has no protection. */
function unlessUnruled(cause: unknown): undefined {
  if (isFailure(cause, "GITHUB_NOT_FOUND", "GITHUB_FORBIDDEN")) return undefined;
  throw cause;
}
