import { byCodeUnits } from "../../gate/model/order.ts";
import { canonical, sha256Of } from "../../gate/parse/canonical.ts";
import type { Client } from "./client.ts";
import { isFailure } from "./failure.ts";
import { readPages } from "./pages.ts";
import type { RepositoryAddress } from "./writers.ts";

const PAGES_MAX = 10;

/**
 * The rules of all rulesets that are in force for the branch. Undefined for a branch that is gone, and for a repository
 * whose plan has none.
 */
export async function readBranchRules(
  client: Client,
  { owner, repo }: RepositoryAddress,
  branch: string,
): Promise<readonly unknown[] | undefined> {
  try {
    return await readPages(client, "GET /repos/{owner}/{repo}/rules/branches/{branch}", {
      parameters: { owner, repo, branch },
      pagesMax: PAGES_MAX,
    });
  } catch (cause) {
    if (isFailure(cause, "GITHUB_NOT_FOUND", "GITHUB_FORBIDDEN")) return undefined;
    throw cause;
  }
}

/** SHA-256 in hex of the rules as canonical JSON, whatever order GitHub lists them in. */
export function digestOfRules(rules: readonly unknown[]): string {
  const sorted = rules.map(canonical).sort(byCodeUnits);
  return sha256Of(`[${sorted.join(",")}]`).slice("sha256:".length);
}
