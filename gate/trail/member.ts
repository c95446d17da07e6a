import { integer, list, type Of, oneOf, record, type Shape, text, where } from "./shape.ts";
import {
  COMMIT,
  DAY,
  DECISION,
  DIGEST,
  EVIDENCE,
  HOUR,
  ID,
  ORIGIN,
  OUTCOME,
  PATH,
  REF,
  SHA256,
  TIER,
  TIME,
  TOKEN,
  VALUE,
  VKEY,
} from "./vocabulary.ts";

/** Files of evidence that one entry may name. */
export const EVIDENCE_MAX = 64;

const REPOSITORY_NAME = /^[A-Za-z0-9._-]{1,100}(?:\/[A-Za-z0-9._-]{1,100}){1,8}$/;
const EVENT = integer(0);
const OCCURRENCE = record({ id: TOKEN, event: EVENT }, { model: TOKEN, gates: list(TOKEN, 1, 64) });

/** Every member that a predicate can have; `kind.ts` says which kind has which. */
export const MEMBERS = {
  v: oneOf(1),
  seq: integer(),
  prev: SHA256,
  id: SHA256,
  kind: TOKEN,
  ts: TIME,
  source_ts: TIME,
  repo: record({ id: integer(), name: text(REPOSITORY_NAME, "a repository as acme/models") }),
  actor: record({ id: ID }, { role: TOKEN, login: text(/^[A-Za-z0-9_.[\]-]{1,64}$/, "a login") }),
  app: record({ version: TOKEN }, { id: ID, installation: ID, delivery: TOKEN }),
  pr: record({ number: ID, base: REF, base_sha: COMMIT, head_sha: COMMIT }, { merge_sha: COMMIT }),
  group: record({ base_sha: COMMIT, head_sha: COMMIT }),
  policy: record({ path: PATH, commit: COMMIT, digest: DIGEST }),
  /** One more than a writer may give: the file that holds what did not fit. */
  evidence: list(EVIDENCE, 1, EVIDENCE_MAX + 1),
  refs: list(SHA256, 1, 64),
  reason: record({
    code: TOKEN,
    url: text(/^https:\/\/[!-~]{1,1000}$/, "an https URL"),
    digest: DIGEST,
  }),

  decision: DECISION,
  model: record({ id: TOKEN, path: PATH, commit: COMMIT }, { tier: TIER, was: TIER }),
  gate: record(
    { id: TOKEN, version: TOKEN, head: COMMIT, evidence_digest: SHA256, outcome: OUTCOME },
    { model: TOKEN, observed: VALUE, expected: VALUE },
  ),
  approval: where(
    record(
      { role: TOKEN, state: TOKEN, subject_digest: SHA256 },
      { model: TOKEN, review: ID, comment: ID, command: TOKEN },
    ),
    ({ review, comment, command }) => {
      const byReview = review !== undefined && comment === undefined && command === undefined;
      const byComment = review === undefined && comment !== undefined && command !== undefined;
      return byReview || byComment
        ? undefined
        : { at: "", expected: "a review, or a comment and its command" };
    },
  ),
  stale: record({ approval: SHA256, subject_digest: SHA256 }, { role: TOKEN, model: TOKEN }),
  waiver: record(
    { id: TOKEN, event: EVENT },
    { model: TOKEN, gates: list(TOKEN, 1, 64), digest: DIGEST, expires: TIME },
  ),
  breakglass: OCCURRENCE,
  incident: OCCURRENCE,
  feedback: OCCURRENCE,
  move: record({ ref: REF, before: COMMIT, after: COMMIT }),
  merge: record({ sha: COMMIT, ref: REF }, { before: COMMIT }),
  deployment: record({ id: ID, status: ID, environment: TOKEN }, { sha: COMMIT }),
  monitor: record(
    { id: TOKEN, model: TOKEN, window: TOKEN },
    { metric: TOKEN, observed: VALUE, expected: VALUE },
  ),
  revalidation: record({ model: TOKEN, due: DAY, outcome: OUTCOME }),
  role: record({ name: TOKEN, path: PATH, commit: COMMIT }),
  trail: record(
    { origin: ORIGIN, digest: SHA256, vkey: VKEY },
    { previous: record({ origin: ORIGIN, size: integer(1), root: SHA256 }) },
  ),
  // `from`: size of the first tree with this description, as a key has it; entries of earlier versions lack it.
  config: record({ digest: SHA256, approval: SHA256 }, { successor: ORIGIN, from: integer(1) }),
  rotation: record({ old: VKEY, new: VKEY, digest: SHA256, approval: SHA256 }),
  revocation: record({ vkey: VKEY, last_good_size: integer(), new: VKEY, digest: SHA256, approval: SHA256 }),
  heartbeat: record(
    {
      hour: HOUR,
      head: COMMIT,
      outbox: record({ depth: integer(), oldest_seconds: integer() }),
      deliveries: integer(),
      key_id: text(/^[0-9a-f]{8}$/, "8 hex digits"),
      witnessed: integer(),
    },
    { rules: SHA256 },
  ),
  anchor: record({ size: integer(1), kind: oneOf("rfc3161"), digest: SHA256, time: TIME }),
  gap: record({ code: TOKEN, object: TOKEN }),
  tamper: record({ object: TOKEN, id: TOKEN, updated_at: TIME }),
} satisfies Readonly<Record<string, Shape<unknown>>>;

export type Members = { readonly [K in keyof typeof MEMBERS]: Of<(typeof MEMBERS)[K]> };
export type Member = keyof Members;
