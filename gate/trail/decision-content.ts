import type { ModelChange } from "../model/change.ts";
import type { DecisionRecord, GateResult } from "../model/decision.ts";
import { GateError } from "../model/error.ts";
import { canonical, sha256Of } from "../parse/canonical.ts";
import type { EntryContent, Subject } from "./entry.ts";
import type { Of } from "./shape.ts";
import { fits } from "./shape.ts";
import { type DECISION, TOKEN, VALUE } from "./vocabulary.ts";

/** From a decision record to the entry that keeps it: what an auditor searches by; the record itself is evidence. */

export const DECISION_FILE = "decision.json";

/** Subjects that one entry holds. */
export const SUBJECTS_MAX = 256;
const GATES_MAX = 1_024;
const APPROVALS_MAX = 64;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** What the record does not say of itself. */
export interface DecisionSetting {
  readonly repo: EntryContent["predicate"]["repo"];
  /** `git+https://<host>/<owner>/<repo>`, named where the change touches no artifact. */
  readonly state: string;
  readonly app: NonNullable<EntryContent["predicate"]["app"]>;
  readonly actor?: EntryContent["predicate"]["actor"];
  /** The pull request; absent for a merge group or a run without one. */
  readonly pr?: { readonly number: number; readonly base: string };
}

/** An entry's content and the files that its evidence names. */
export interface ContentWithEvidence {
  readonly content: EntryContent;
  readonly evidence: readonly Uint8Array[];
}

/**
 * The entry of a decision. Throws `TRAIL_DECISION_ALTERED` if the record's digest is not that of its other members,
 * `TRAIL_DECISION_UNCOMMITTED` if it is about a work tree, for only commits can be found again, and
 * `TRAIL_DECISION_INVALID`.
 */
export function toDecisionContent(record: DecisionRecord, setting: DecisionSetting): ContentWithEvidence {
  try {
    return toContent(record, setting);
  } catch (cause) {
    // A record may come from anywhere, and only its outline was checked where it was read.
    if (!(cause instanceof TypeError)) throw cause;
    const message = "Cannot record the decision: it lacks what a decision says";
    throw new GateError("TRAIL_DECISION_INVALID", message, { cause });
  }
}

function toContent(record: DecisionRecord, setting: DecisionSetting): ContentWithEvidence {
  const { digest, ...rest } = record;
  const file = Buffer.from(canonical(rest), "utf8");
  if (sha256Of(file) !== digest) {
    throw new GateError(
      "TRAIL_DECISION_ALTERED",
      "Cannot record the decision: its digest is not that of its content",
    );
  }
  const { base, head } = record.input.change;
  if (!COMMIT.test(base) || !COMMIT.test(head)) {
    throw new GateError(
      "TRAIL_DECISION_UNCOMMITTED",
      "Cannot record the decision: it is not about two commits",
      {
        fix: "Commit the change and judge it again",
      },
    );
  }
  const sha256 = { sha256: hexOf(digest) };
  const commits = { base_sha: base, head_sha: head };
  const content: EntryContent = {
    subject: toSubjects(record.input.change.models, { state: setting.state, commit: head }),
    predicate: {
      kind: "decision.made",
      source_ts: record.input.now.replace(/Z$/, ".000Z"),
      repo: setting.repo,
      app: setting.app,
      ...(setting.actor === undefined ? {} : { actor: setting.actor }),
      ...(setting.pr === undefined ? { group: commits } : { pr: { ...setting.pr, ...commits } }),
      policy: policyOf(record),
      decision: decisionOf(record),
      evidence: [{ name: DECISION_FILE, digest: sha256, size: file.length, mediaType: "application/json" }],
    },
  };
  return { content, evidence: [file] };
}

function policyOf({ digests, input }: DecisionRecord): NonNullable<EntryContent["predicate"]["policy"]> {
  const { path, sources } = input.policy;
  const digest = { sha256: hexOf(digests.policy) };
  // Without a policy of its own, the repository was judged by the packs that it names.
  return { path: path ?? sources[0]?.name ?? input.policy.name, commit: input.change.base, digest };
}

function decisionOf({ verdict, digest, digests, results }: DecisionRecord): Of<typeof DECISION> {
  const waivers = [
    ...new Set(results.flatMap(({ waiver }) => (waiver === undefined ? [] : [waiver]))),
  ].sort();
  return {
    verdict,
    digest: { sha256: hexOf(digest) },
    subject_digest: hexOf(digests.subject),
    evidence_digest: hexOf(digests.evidence),
    // Beyond that the record alone lists them: it is the evidence of this entry.
    ...(results.length > GATES_MAX ? {} : { gates: results.map(toGate) }),
    ...approvalsOf(results),
    ...(waivers.length === 0 || waivers.length > 64 ? {} : { waivers }),
  };
}

/** Who agreed in which role, by number: as many as the entry holds, or the record alone lists them. */
function approvalsOf(results: DecisionRecord["results"]): Pick<Of<typeof DECISION>, "approvals"> {
  const seats = results.flatMap((result) => result.seats ?? []);
  const taken = seats.flatMap(({ state, userId, role }) =>
    state === "approved" && userId !== undefined && fits(role, TOKEN) ? [{ id: userId, role }] : [],
  );
  const approvals = [...new Map(taken.map((each) => [`${each.id} ${each.role}`, each])).values()];
  return approvals.length === 0 || approvals.length > APPROVALS_MAX ? {} : { approvals };
}

type Gate = NonNullable<Of<typeof DECISION>["gates"]>[number];

/** Outcome and numbers of a gate. What was seen goes along only as a number or a code: no prose enters the trail. */
function toGate({ gate, outcome, model, observed, expected, measured }: GateResult): Gate {
  const seen = [observed, measured === undefined ? undefined : String(measured)].find((value) =>
    fits(value, VALUE),
  );
  return {
    id: gate,
    outcome,
    ...(fits(model, TOKEN) ? { model } : {}),
    ...(seen === undefined ? {} : { observed: seen }),
    ...(fits(expected, VALUE) ? { expected } : {}),
  };
}

/**
 * What an entry about models names: their artifacts as they are at head, each once, also where two models share it; if
 * there are too many, one digest for each model; if there are none with a SHA-256, the commit.
 */
export function toSubjects(
  models: readonly ModelChange[],
  { state, commit }: { readonly state: string; readonly commit: string },
): readonly Subject[] {
  const artifacts = unique(models.flatMap(artifactsOf));
  if (artifacts.length > 0 && artifacts.length <= SUBJECTS_MAX) return artifacts;
  const named = unique(models.flatMap(modelOf));
  if (artifacts.length > 0 && named.length > 0 && named.length <= SUBJECTS_MAX) return named;
  return [{ name: state, digest: { gitCommit: commit } }];
}

function artifactsOf({ head }: ModelChange): readonly Subject[] {
  return (head?.artifacts ?? []).flatMap(({ path, digest }) =>
    digest?.startsWith("sha256:") ? [{ name: path, digest: { sha256: hexOf(digest) } }] : [],
  );
}

function modelOf({ id, head }: ModelChange): readonly Subject[] {
  const { subject } = head ?? {};
  return subject?.startsWith("sha256:") ? [{ name: id, digest: { sha256: hexOf(subject) } }] : [];
}

function unique(subjects: readonly Subject[]): readonly Subject[] {
  return [...new Map(subjects.map((subject) => [subject.name, subject])).values()];
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}
