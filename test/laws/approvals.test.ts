import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Approvals, Participant, Vote } from "../../gate/model/approval.ts";
import type { DecisionInput } from "../../gate/model/decision.ts";
import type { Gate } from "../../gate/model/gate.ts";
import type { Policy } from "../../gate/model/policy.ts";
import { canonical, digestOf } from "../../gate/parse/canonical.ts";
import { decide } from "../../gate/verdict/decide.ts";
import { replay } from "../../gate/verdict/replay.ts";
import { subjectDigest } from "../../gate/verdict/subject.ts";
import { OTHER_SUBJECT, role, unbound, vote } from "../approval/ballots.ts";
import { metric, model, policy, version } from "../rules/view.ts";
import { gate, input } from "../verdict/gates.ts";

const NAMES = ["owner", "validator", "risk"] as const;
const BLOCK = { T1: "block", T2: "block", T3: "block", T4: "block" } as const;

type Rows = Readonly<Record<"B" | "C", readonly string[]>>;

interface Setting {
  readonly rows: Rows;
  readonly people: number;
  readonly unlinked: "extra" | "block";
  readonly roles: Policy["roles"];
  readonly approvals: Approvals;
}

function approvalGates({ rows, people, unlinked }: Setting): readonly Gate[] {
  const same = { severity: BLOCK, waivable: false };
  const matrix = { B: { T2: rows.B }, C: { T2: rows.C }, people: { T2: people } };
  return [
    gate({ severity: BLOCK }),
    gate({ ...same, id: "CORE-12", rule: "approvals.required", with: matrix }),
    gate({ ...same, id: "CORE-13", rule: "approvals.separation", with: { unlinked } }),
    gate({ ...same, id: "CORE-14", rule: "approvals.bound", with: {} }),
  ];
}

/** Two models of one tier, one refreshed and one changed, that meet all other gates. */
function inputOf(setting: Setting): DecisionInput {
  const models = [
    model({ id: "m" }),
    model({ id: "n", changeClass: "C", head: version(`sha256:${"d".repeat(64)}`) }),
  ];
  return input({
    change: { base: "1", mergeBase: "1", head: "2", files: [], models },
    evidence: [metric(), metric({ model: "n", subject: `sha256:${"d".repeat(64)}` })],
    policy: policy({
      models: ["m", "n"].map((id) => ({ id, path: id, tier: "T2" }) as const),
      gates: approvalGates(setting),
      roles: setting.roles,
    }),
    approvals: setting.approvals,
  });
}

/** The decision, with every vote that is meant for this content bound to it. */
function decideIn(setting: Setting) {
  const unvoted = inputOf(setting);
  const subject = subjectDigest(unvoted, digestOf(unvoted.policy));
  const votes = setting.approvals.votes.map((each) =>
    each.subject === undefined ? { ...each, subject } : each,
  );
  return decide(inputOf({ ...setting, approvals: { ...setting.approvals, votes } }));
}

const roles = fc
  .record({ exclusive: fc.boolean(), left: fc.subarray([...NAMES], { minLength: 2 }) })
  .map(({ exclusive, left }) => {
    const named = left.map((name) => [
      name,
      role(exclusive && name === "owner" ? { exclusiveWith: ["validator"] } : {}),
    ]);
    return Object.fromEntries(named) as Policy["roles"];
  });

const someVote: fc.Arbitrary<Vote> = fc
  .record({
    userId: fc.integer({ min: 1, max: 6 }),
    kind: fc.constantFrom(
      "approve" as const,
      "approve" as const,
      "approve" as const,
      "approve" as const,
      "reject" as const,
    ),
    roles: fc.subarray([...NAMES], { minLength: 1 }),
    stale: fc.constantFrom(false, false, false, true),
    canWrite: fc.constantFrom(true, true, true, true, false),
    model: fc.constantFrom(undefined, undefined, undefined, "m", "n"),
  })
  .map(({ userId, kind, roles: held, stale, canWrite, model: about }) => {
    const whole = vote(userId, held, {
      kind,
      canWrite,
      subject: OTHER_SUBJECT,
      ...(about === undefined || kind === "reject" ? {} : { model: about }),
    });
    return stale ? whole : unbound(whole);
  });

const participant: fc.Arbitrary<Participant> = fc
  .record({
    part: fc.constantFrom("author" as const, "committer" as const, "developer" as const),
    userId: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  })
  .map(({ part, userId }) => (userId === undefined ? { part } : { part, userId }));

const row = fc.subarray([...NAMES]);
const setting: fc.Arbitrary<Setting> = fc.record({
  rows: fc.record({ B: row, C: row }),
  people: fc.integer({ min: 1, max: 3 }),
  unlinked: fc.constantFrom("extra" as const, "extra" as const, "block" as const),
  roles,
  approvals: fc
    .array(someVote, { minLength: 2, maxLength: 7 })
    .map(
      (votes) =>
        ({ participants: [{ part: "author", userId: 9 }], complete: true, votes, unresolved: [] }) as const,
    ),
});

const RUNS = { numRuns: 600 };

/** That the law has something to say: some settings are open, some wait, some fail. */
function watch(): { see(verdict: string): void; check(): void } {
  const seen = new Map<string, number>();
  return {
    see: (verdict) => seen.set(verdict, (seen.get(verdict) ?? 0) + 1),
    check: () => assert.ok((seen.get("pass") ?? 0) >= 10, `too few are open: ${JSON.stringify([...seen])}`),
  };
}

function withApprovals(given: Setting, change: Partial<Approvals>): Setting {
  return { ...given, approvals: { ...given.approvals, ...change } };
}

test("removing an approval never opens a change, and adding a rejection never does", () => {
  const { see, check } = watch();
  fc.assert(
    fc.property(setting, fc.nat(), someVote, (given, pick, extra) => {
      const before = decideIn(given).verdict;
      see(before);
      const { votes } = given.approvals;
      const approvals = votes.filter(({ kind }) => kind === "approve");
      const removed = approvals[pick % Math.max(1, approvals.length)];
      const fewer = withApprovals(given, { votes: votes.filter((each) => each !== removed) });
      const rejected = withApprovals(given, { votes: [...votes, { ...extra, kind: "reject" }] });
      for (const after of [fewer, rejected]) {
        if (decideIn(after).verdict === "pass") assert.equal(before, "pass");
      }
    }),
    RUNS,
  );
  check();
});

test("somebody more who had a hand in the change never opens it", () => {
  const { see, check } = watch();
  fc.assert(
    fc.property(setting, participant, (given, more) => {
      const before = decideIn(given).verdict;
      see(before);
      const participants = [...given.approvals.participants, more];
      if (decideIn(withApprovals(given, { participants })).verdict === "pass") assert.equal(before, "pass");
    }),
    RUNS,
  );
  check();
});

test("asking more roles, more people, or for every address to have an account never opens a change", () => {
  const { see, check } = watch();
  fc.assert(
    fc.property(
      setting,
      row,
      row,
      fc.nat({ max: 2 }),
      fc.boolean(),
      (given, more, others, people, blocks) => {
        const union = (a: readonly string[], b: readonly string[]) => [...new Set([...a, ...b])];
        const tight: Setting = {
          ...given,
          rows: { B: union(given.rows.B, more), C: union(given.rows.C, others) },
          people: given.people + people,
          unlinked: blocks ? "block" : given.unlinked,
        };
        const before = decideIn(given).verdict;
        see(before);
        if (decideIn(tight).verdict === "pass") assert.equal(before, "pass");
      },
    ),
    RUNS,
  );
  check();
});

test("the order in which people voted and were found changes no byte", () => {
  const shuffled = setting.chain((given) => {
    const { votes, participants } = given.approvals;
    return fc.tuple(
      fc.constant(given),
      fc.shuffledSubarray([...votes], { minLength: votes.length }),
      fc.shuffledSubarray([...participants], { minLength: participants.length }),
    );
  });
  fc.assert(
    fc.property(shuffled, ([given, votes, participants]) => {
      const [one, other] = [given, withApprovals(given, { votes, participants })].map(decideIn);
      assert.equal(canonical(one), canonical(other));
    }),
    RUNS,
  );
});

test("nobody is seated twice about one model, and only those whose approvals count", () => {
  fc.assert(
    fc.property(setting, (given) => {
      const { results, votes = [] } = decideIn(given);
      const counted = new Set(votes.filter(({ state }) => state === "counted").map(({ userId }) => userId));
      for (const { seats = [] } of results) {
        const seated = seats.flatMap(({ state, userId }) => (state === "approved" ? [userId ?? 0] : []));
        assert.equal(new Set(seated).size, seated.length);
        for (const userId of seated) assert.ok(counted.has(userId));
      }
    }),
    RUNS,
  );
});

test("a decision with approvals replays", () => {
  fc.assert(
    fc.property(setting, (given) => {
      assert.deepEqual(replay(decideIn(given)).differences, []);
    }),
    { numRuns: 100 },
  );
});
