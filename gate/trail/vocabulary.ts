import { anyOf, characters, integer, list, oneOf, record, text } from "./shape.ts";

/**
 * The words that entries are made of: ids, digests, codes and times. No shape here takes free text, for git
 * cannot forget: whoever wants to say more says it on the forge and gives URL and digest.
 */

export const SHA256 = characters({ of: "0-9a-f", lengths: [64] }, "64 hex digits");
export const COMMIT = characters({ of: "0-9a-f", lengths: [40, 64] }, "a commit id");
export const TOKEN = characters(
  { first: "A-Za-z0-9", of: "A-Za-z0-9._:/+-", lengths: { min: 1, max: 128 } },
  "a code without spaces",
);
export const PATH = characters({ of: "^\\u0000-\\u001f\\u007f", lengths: { min: 1, max: 1_024 } }, "a path");
export const REF = text(/^[^\s\u0000-\u001f\u007f]{1,255}$/u, "a ref or branch");
export const ORIGIN = text(
  /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/,
  "an origin as example.com/acme/models/trail",
);
export const VKEY = text(/^[^+\s]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40,60}={0,2}$/, "a vkey");
/** Numeric id of a person, a review, a comment, an app: 0 is nobody's. */
export const ID = integer(1);
export const DIGEST = record({ sha256: SHA256 });

/** A decimal, also with a comparison before it, or a code. */
export const VALUE = text(
  /^(?:(?:<=|>=|<|>|=)? ?-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|[A-Za-z0-9][A-Za-z0-9._:/+-]{0,127})$/,
  "a decimal or a code",
);

const DATE = String.raw`\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])`;
const HOURS = String.raw`(?:[01]\d|2[0-3])`;

/** RFC 3339, UTC, three decimals: the one form that Date prints. */
export const TIME = text(
  new RegExp(`^${DATE}T${HOURS}:[0-5]\\d:[0-5]\\d\\.\\d{3}Z$`),
  "a time as 2026-11-21T22:14:05.123Z",
  isDay,
);
export const HOUR = text(new RegExp(`^${DATE}T${HOURS}$`), "an hour as 2026-11-21T22", isDay);
export const DAY = text(new RegExp(`^${DATE}$`), "a day as 2026-11-21", isDay);

/** What an entry is about: an artifact, or a state of the repository. */
export const SUBJECT = anyOf(
  "a name with a sha256 digest, or git+https:// with a gitCommit",
  record({ name: PATH, digest: DIGEST }),
  record({
    name: text(/^git\+https:\/\/[!-~]{1,1000}$/, "git+https://<host>/<owner>/<repo>"),
    digest: record({ gitCommit: COMMIT }),
  }),
);

export const EVIDENCE = record({
  name: characters({ of: "^\\u0000-\\u001f\\u007f", lengths: { min: 1, max: 255 } }, "a file name"),
  digest: DIGEST,
  size: integer(),
  mediaType: text(/^[a-z0-9.+-]{1,63}\/[a-z0-9.+-]{1,63}$/, "a media type"),
});

export const TIER = oneOf("T1", "T2", "T3", "T4");
export const VERDICT = oneOf("pass", "fail", "wait", "error");
export const OUTCOME = oneOf("pass", "fail", "inconclusive", "not_applicable", "missing_evidence", "error");

const GATE_OUTCOME = record(
  { id: TOKEN, outcome: OUTCOME },
  { model: TOKEN, observed: VALUE, expected: VALUE },
);
const APPROVAL = record({ id: ID, role: TOKEN }, { review: ID, comment: ID });

export const DECISION = record(
  { verdict: VERDICT, digest: DIGEST, subject_digest: SHA256, evidence_digest: SHA256 },
  { gates: list(GATE_OUTCOME, 0, 1024), approvals: list(APPROVAL, 0, 64), waivers: list(TOKEN, 0, 64) },
);

/** True if the month has the day that the text begins with. */
function isDay(value: string): boolean {
  const day = Number(value.slice(8, 10));
  if (day <= 28) return true;
  const last = new Date(Date.UTC(Number(value.slice(0, 4)), Number(value.slice(5, 7)), 0));
  return day <= last.getUTCDate();
}
