/**
 * Where the value of a key is found, for keys whose value is a fact: the example of the schema is right in form
 * and false in substance, and whoever pastes it has forged a digest, a date or somebody's approval.
 */
const FOUND: ReadonlyMap<string, string> = new Map([
  ["head_sha", "Write the whole id of the commit that the person approved, as git rev-parse prints it"],
  ["review_url", "Write the address of the review itself, which stands behind its date on GitHub"],
  ["user_id", "Write the account's number, which gh api users/LOGIN prints as id"],
  ["requested_by", "Write the account's number, which gh api users/LOGIN prints as id"],
  ["digest", "Write sha256: and the digest of the content itself, as sha256sum prints it"],
  ["dataset_digest", "Write sha256: and the digest of the data itself, as sha256sum prints it"],
  ["subject", "Write the digest of the model that was measured: of a single file as sha256sum prints it"],
  ["created", "Write the moment at which it was agreed, in UTC, as YYYY-MM-DDTHH:MM:SSZ"],
  ["expires", "Write the moment until which it was agreed, in UTC, as YYYY-MM-DDTHH:MM:SSZ"],
  ["produced_at", "Write the moment at which it was measured, in UTC, as YYYY-MM-DDTHH:MM:SSZ"],
  ["next_review", "Write the day on which the owner reviews it next, as YYYY-MM-DD"],
  ["from", "Write the first day that was agreed, as YYYY-MM-DD"],
  ["until", "Write the last day that was agreed, as YYYY-MM-DD"],
  [
    "renewals",
    "Write how often it was renewed; where that is too often, it takes a new waiver and a new decision",
  ],
  ["max_uses", "Write how many uses were agreed"],
]);

/** The one thing to do about a value; undefined where nothing better can be said than what was expected. */
export function fixOf(key: string | undefined, example: string | undefined): string | undefined {
  const found = key === undefined ? undefined : FOUND.get(key);
  return found ?? (example === undefined ? undefined : `Write ${example}`);
}
