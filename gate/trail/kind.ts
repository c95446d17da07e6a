import { MEMBERS, type Member, type Members } from "./member.ts";
import { type Keep, record, type Shape } from "./shape.ts";

/** Every kind of entry: which members it has, and what makes two of them the same event. */

/** Name of the evidence that holds what was too large for the entry. */
export const OVERFLOW = "overflow.json";

const ALWAYS = [
  "v",
  "seq",
  "prev",
  "id",
  "kind",
  "ts",
  "source_ts",
  "repo",
] as const satisfies readonly Member[];
/** What any event may say of its circumstances. */
const CONTEXT = [
  "app",
  "pr",
  "group",
  "policy",
  "evidence",
  "refs",
  "reason",
] as const satisfies readonly Member[];

/** Kinds that only the trail writes, each in the commit of the file that it tells of: alone they are damage. */
export const OWN_KINDS: ReadonlySet<string> = new Set([
  "trail.created",
  "config.changed",
  "key.rotated",
  "key.revoked",
  "anchor.recorded",
]);

/** The predicate of an entry, of any kind. The kind says which of the optional members are there. */
export type Predicate = Pick<Members, (typeof ALWAYS)[number]> &
  Partial<Omit<Members, (typeof ALWAYS)[number]>>;

type KeyPart = string | number | readonly string[];

export interface Kind {
  /** The whole predicate. */
  readonly shape: Shape<Predicate>;
  /** What makes two entries the same event, beside repository and kind. */
  key(predicate: Predicate): readonly KeyPart[];
  /** Members that `key` and the rules from entry to entry need; the others may be left out. */
  readonly keep: Keep;
}

/** `human`: a person did it, and says who and why. `system`: nobody did. `any`: perhaps somebody. */
type By = "human" | "system" | "any";

interface KindSpec<N extends Member> {
  readonly needs: readonly N[];
  readonly key: (predicate: Predicate & Pick<Members, N>) => readonly KeyPart[];
  readonly by?: By;
  /** Names the pull request or merge group that it is about. */
  readonly judged?: true;
}

function kind<N extends Member>({ needs, key, by = "any", judged }: KindSpec<N>): Kind {
  const required: Member[] = [...ALWAYS, ...needs];
  if (by === "human") required.push("actor", "reason");
  const optional: Member[] = by === "system" ? [...CONTEXT] : ["actor", ...CONTEXT];
  const shape = record(
    shapesOf(required),
    shapesOf(optional.filter((member) => !required.includes(member))),
    { atMostOne: ["pr", "group"], ...(judged === true ? { atLeastOne: ["pr", "group"] } : {}) },
  ) as Shape<Predicate>;
  return {
    shape,
    key: (predicate) => key(predicate as Predicate & Pick<Members, N>),
    keep: { ...KEPT, ...Object.fromEntries(needs.map((member) => [member, KEPT_PARTS[member] ?? true])) },
  };
}

/** What `key` functions and the rules from entry to entry look at. */
const KEPT = {
  id: true,
  kind: true,
  prev: true,
  seq: true,
  ts: true,
  repo: { id: true },
  pr: { number: true, head_sha: true, base_sha: true },
  group: true,
  evidence: true,
  refs: true,
};
/** Of the members with long lists, only what `key` functions look at. */
const KEPT_PARTS: Readonly<Record<string, Keep>> = {
  decision: { verdict: true, subject_digest: true, evidence_digest: true },
};

function shapesOf(members: readonly Member[]): Readonly<Record<string, Shape<unknown>>> {
  return Object.fromEntries(members.map((member) => [member, MEMBERS[member]]));
}

/** Number (0 for a merge group), head and base of what was judged. */
function headOf({ pr, group }: Predicate): readonly [number, string, string] {
  if (pr !== undefined) return [pr.number, pr.head_sha, pr.base_sha];
  if (group !== undefined) return [0, group.head_sha, group.base_sha];
  throw new TypeError("Cannot identify entry: it has neither pr nor group");
}

function evidenceDigests({ evidence }: Predicate): readonly string[] {
  const own = (evidence ?? []).filter(({ name }) => name !== OVERFLOW);
  return own.map(({ digest }) => digest.sha256).sort();
}

const modelKind = kind({ needs: ["model"], key: ({ model }) => [model.id, model.commit] });
const waiver = {
  needs: ["waiver"],
  key: ({ waiver }) => [waiver.id, waiver.event],
} satisfies KindSpec<"waiver">;
const approval = kind({
  needs: ["approval", "pr"],
  by: "human",
  key: ({ approval: { review, comment, command, state } }) =>
    review === undefined ? [comment!, command!, state] : [review, state],
});
const breakglass = kind({
  needs: ["breakglass"],
  by: "human",
  key: ({ breakglass }) => [breakglass.id, breakglass.event],
});
const incident = {
  needs: ["incident"],
  key: ({ incident }) => [incident.id, incident.event],
} satisfies KindSpec<"incident">;
const feedback = {
  needs: ["feedback"],
  key: ({ feedback }) => [feedback.id, feedback.event],
} satisfies KindSpec<"feedback">;
const deployment = kind({ needs: ["deployment"], key: ({ deployment: { id, status } }) => [id, status] });
const monitor = kind({
  needs: ["monitor"],
  by: "system",
  key: ({ monitor }) => [monitor.id, monitor.model, monitor.window],
});

/** Kinds by name: governance section 14. */
export const KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.entries({
    "model.registered": modelKind,
    "tier.changed": modelKind,
    "model.retired": modelKind,

    "evidence.received": kind({
      needs: ["evidence"],
      judged: true,
      key: (predicate) => [...headOf(predicate).slice(0, 2), evidenceDigests(predicate)],
    }),
    "gate.evaluated": kind({
      needs: ["gate"],
      key: ({ gate }) => [gate.id, gate.version, gate.head, gate.evidence_digest, gate.outcome],
    }),

    "approval.granted": approval,
    "approval.withdrawn": approval,
    "approval.stale": kind({
      needs: ["stale"],
      by: "system",
      key: ({ stale }) => [stale.approval, stale.subject_digest],
    }),
    "decision.made": kind({
      needs: ["decision", "policy"],
      judged: true,
      key: (predicate) => [
        ...headOf(predicate),
        predicate.policy.digest.sha256,
        predicate.decision.subject_digest,
        predicate.decision.evidence_digest,
        predicate.decision.verdict,
        // A verdict that returns after another is another event than the first: it names the one that it follows.
        ...(predicate.refs === undefined ? [] : [predicate.refs]),
      ],
    }),

    "waiver.requested": kind({ ...waiver, by: "human" }),
    "waiver.granted": kind({ ...waiver, by: "human" }),
    "waiver.expired": kind({ ...waiver, by: "system" }),
    "waiver.used": kind(waiver),
    "breakglass.used": breakglass,
    "breakglass.reviewed": breakglass,
    "bypass.detected": kind({ needs: ["move"], key: ({ move }) => [move.ref, move.before, move.after] }),

    "deploy.started": deployment,
    "deploy.succeeded": deployment,
    "deploy.failed": deployment,
    "deploy.rolled_back": deployment,

    "monitor.breach": monitor,
    "monitor.recovered": monitor,
    "feedback.received": kind(feedback),
    "feedback.triaged": kind({ ...feedback, by: "human" }),
    "incident.opened": kind(incident),
    "incident.closed": kind({ ...incident, by: "human" }),
    "revalidation.done": kind({
      needs: ["revalidation"],
      key: ({ revalidation }) => [revalidation.model, revalidation.due],
    }),

    "policy.changed": kind({ needs: ["policy"], key: ({ policy }) => [policy.path, policy.commit] }),
    "role.changed": kind({ needs: ["role"], key: ({ role }) => [role.name, role.commit] }),

    "trail.created": kind({ needs: ["trail"], key: ({ trail }) => [trail.digest] }),
    "config.changed": kind({
      needs: ["config", "evidence"],
      // A description may come back, and that is another change than the first.
      key: ({ config: { digest, from } }) => (from === undefined ? [digest] : [digest, from]),
    }),
    "key.rotated": kind({ needs: ["rotation", "evidence"], key: ({ rotation }) => [rotation.new] }),
    "key.revoked": kind({ needs: ["revocation", "evidence"], key: ({ revocation }) => [revocation.vkey] }),
    heartbeat: kind({ needs: ["heartbeat"], by: "system", key: ({ heartbeat }) => [heartbeat.hour] }),
    "anchor.recorded": kind({
      needs: ["anchor"],
      by: "system",
      key: ({ anchor }) => [anchor.size, anchor.kind, anchor.digest],
    }),
    "merge.observed": kind({ needs: ["merge"], key: ({ merge }) => [merge.sha] }),
    "gap.detected": kind({ needs: ["gap"], by: "system", key: ({ gap }) => [gap.code, gap.object] }),
    "gap.explained": kind({ needs: ["gap"], by: "human", key: ({ gap }) => [gap.code, gap.object] }),
    "tamper.detected": kind({
      needs: ["tamper"],
      by: "system",
      key: ({ tamper }) => [tamper.object, tamper.id, tamper.updated_at],
    }),
  }),
);
