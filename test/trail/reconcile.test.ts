import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { createTrail } from "../../gate/trail/change.ts";
import { formatCheckpoint } from "../../gate/trail/checkpoint.ts";
import { type EntryContent, sealEntry } from "../../gate/trail/entry.ts";
import { EMPTY_EDGE, foldEntries } from "../../gate/trail/fold.ts";
import { leafHash } from "../../gate/trail/merkle.ts";
import { formatNote, signNote } from "../../gate/trail/note.ts";
import { reconcile } from "../../gate/trail/reconcile.ts";
import { formatEntries, parseEntries } from "../../gate/trail/tile.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { CONTENTS, decisionContent } from "./entries.ts";
import { FIRST_KEY, landed, ORIGIN, openRig, type Rig, SETTING, trailFile } from "./rig.ts";
import { amend, readFile } from "./tamper.ts";

const repositories: ScratchRepository[] = [];
const rigs: Rig[] = [];
after(async () => {
  for (const rig of rigs) await rig.close();
  for (const repository of repositories) repository.remove();
});

/** A governed repository with its trail beside it. */
async function governed(): Promise<{ repository: ScratchRepository; rig: Rig; genesis: string }> {
  const repository = await scratchRepository();
  repositories.push(repository);
  const genesis = repository.commit("begin", { "README.md": "1", "models/a/weights": "1" });
  const rig = await openRig({ directory: repository.directory });
  rigs.push(rig);
  landed(await createTrail(rig.writer, { ...trailFile(), genesis }, SETTING));
  return { repository, rig, genesis };
}

type Detail = Partial<EntryContent["predicate"]>;

function with_(kind: string, detail: Detail): EntryContent {
  const content = CONTENTS[kind]!;
  return { ...content, predicate: { ...content.predicate, ...detail } };
}
function decisionAbout(head_sha: string, verdict: "pass" | "fail" = "pass"): EntryContent {
  const { evidence: _, ...predicate } = decisionContent().predicate;
  return {
    ...decisionContent(),
    predicate: {
      ...predicate,
      pr: { ...predicate.pr!, head_sha },
      decision: { ...predicate.decision!, verdict },
    },
  };
}
function mergeOf(sha: string, head_sha = sha, before?: string): EntryContent {
  const { pr } = CONTENTS["merge.observed"]!.predicate;
  const merge = { sha, ref: "refs/heads/main", ...(before === undefined ? {} : { before }) };
  return with_("merge.observed", { merge, pr: { ...pr!, head_sha } });
}

async function codesOf(rig: Rig, repository: ScratchRepository, now = rig.clock.now()) {
  const { findings } = await reconcile({ store: rig.store, governed: repository.directory, now });
  return findings.map(({ code }) => code);
}

describe("a commit of the governed branch", () => {
  test("that is decided and recorded leaves no gap", async () => {
    const { repository, rig } = await governed();
    const sha = repository.commit("better", { "models/a/weights": "2" });
    await rig.append([decisionAbout(sha)], [mergeOf(sha)]);
    const result = await reconcile({
      store: rig.store,
      governed: repository.directory,
      now: rig.clock.now(),
    });
    assert.deepEqual(result.findings, []);
    assert.equal(result.commits, 1);
  });

  test("that is in no entry is a gap, until a person explains it", async () => {
    const { repository, rig } = await governed();
    const sha = repository.commit("silent", { "models/a/weights": "2" });
    const { findings } = await reconcile({
      store: rig.store,
      governed: repository.directory,
      now: rig.clock.now(),
    });
    assert.deepEqual(
      findings.map(({ code, commit }) => ({ code, commit })),
      [{ code: "TRAIL_GAP_MERGE", commit: sha }],
    );
    await rig.append([with_("gap.explained", { gap: { code: "merge-unrecorded", object: sha } })]);
    assert.deepEqual(await codesOf(rig, repository), []);
  });

  test("that touches nothing governed needs no entry", async () => {
    const { repository, rig } = await governed();
    repository.commit("docs", { "README.md": "2" });
    assert.deepEqual(await codesOf(rig, repository), []);
  });

  test("that went round the gate is recorded as that", async () => {
    const { repository, rig, genesis } = await governed();
    repository.commit("one", { "models/a/weights": "2" });
    const after = repository.commit("two", { "models/a/weights": "3" });
    await rig.append([
      with_("bypass.detected", { move: { ref: "refs/heads/main", before: genesis, after } }),
    ]);
    assert.deepEqual(await codesOf(rig, repository), []);
  });

  test("that is recorded twice is a gap", async () => {
    const { repository, rig, genesis } = await governed();
    const sha = repository.commit("one", { "models/a/weights": "2" });
    const move = { ref: "refs/heads/main", before: genesis, after: sha };
    await rig.append([decisionAbout(sha), mergeOf(sha), with_("bypass.detected", { move })]);
    assert.deepEqual(await codesOf(rig, repository), ["TRAIL_GAP_MERGE"]);
  });

  describe("is held against the last decision about the same head and base:", () => {
    function decidedBy(policy: string, verdict: "pass" | "fail", head: string, base = "44".repeat(20)) {
      const { subject, predicate } = decisionAbout(head, verdict);
      const digest = { sha256: policy.repeat(32) };
      const pr = { ...predicate.pr!, base_sha: base };
      return { subject, predicate: { ...predicate, pr, policy: { ...predicate.policy!, digest } } };
    }
    const cases: readonly [string, (sha: string) => readonly EntryContent[], readonly string[]][] = [
      [
        "a new policy takes back what an old one passed",
        (sha) => [decidedBy("a1", "pass", sha), decidedBy("b2", "fail", sha)],
        ["TRAIL_GAP_DECISION"],
      ],
      [
        "what failed may pass later",
        (sha) => [decidedBy("a1", "fail", sha), decidedBy("b2", "pass", sha)],
        [],
      ],
      [
        "what was passed on another base was not passed on this one",
        (sha) => [decidedBy("a1", "pass", sha, "45".repeat(20))],
        ["TRAIL_GAP_DECISION"],
      ],
      [
        "what failed on another base takes nothing back",
        (sha) => [decidedBy("a1", "pass", sha), decidedBy("a1", "fail", sha, "45".repeat(20))],
        [],
      ],
    ];
    for (const [name, decisions, codes] of cases) {
      test(name, async () => {
        const { repository, rig } = await governed();
        const sha = repository.commit("better", { "models/a/weights": "2" });
        await rig.append(decisions(sha), [mergeOf(sha)]);
        assert.deepEqual(await codesOf(rig, repository), codes);
      });
    }
  });

  test("of a merge brings its whole branch: only the merge is recorded", async () => {
    const { repository, rig } = await governed();
    repository.git("checkout", "--quiet", "-b", "topic");
    const head = repository.commit("work", { "models/a/weights": "2" });
    repository.git("checkout", "--quiet", "main");
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic");
    const sha = repository.git("rev-parse", "main");
    await rig.append([decisionAbout(head)], [mergeOf(sha, head)]);
    const result = await reconcile({
      store: rig.store,
      governed: repository.directory,
      now: rig.clock.now(),
    });
    assert.deepEqual(result.findings, []);
    assert.equal(result.commits, 1);
  });

  test("of a rebase merge is one of several that one entry brings", async () => {
    const { repository, rig, genesis } = await governed();
    repository.commit("one", { "models/a/weights": "2" });
    const sha = repository.commit("two", { "models/a/weights": "3" });
    await rig.append([decisionAbout(sha)], [mergeOf(sha, sha, genesis)]);
    assert.deepEqual(await codesOf(rig, repository), []);
  });

  test("that changes the policy needs its entry as well", async () => {
    const { repository, rig } = await governed();
    const sha = repository.commit("looser", { ".weighbridge/policy.yml": "weighbridge: 1\n" });
    assert.deepEqual(await codesOf(rig, repository), ["TRAIL_GAP_POLICY"]);
    const { policy } = CONTENTS["policy.changed"]!.predicate;
    await rig.append([with_("policy.changed", { policy: { ...policy!, commit: sha } })]);
    assert.deepEqual(await codesOf(rig, repository), []);
  });
});

describe("what was merged or deployed", () => {
  test("without a passing decision before it is a gap", async () => {
    const { repository, rig } = await governed();
    const sha = repository.commit("better", { "models/a/weights": "2" });
    await rig.append([decisionAbout(sha, "fail")], [mergeOf(sha)]);
    assert.deepEqual(await codesOf(rig, repository), ["TRAIL_GAP_DECISION"]);
    // A decision that comes after it changes nothing.
    await rig.append([decisionAbout(sha)]);
    assert.deepEqual(await codesOf(rig, repository), ["TRAIL_GAP_DECISION"]);
  });

  test("to production needs a passing decision about that digest", async () => {
    const { repository, rig } = await governed();
    await rig.append([CONTENTS["deploy.succeeded"]!]);
    assert.deepEqual(await codesOf(rig, repository), ["TRAIL_GAP_DECISION"]);
    const other = await governed();
    await other.rig.append([decisionAbout("33".repeat(20))], [CONTENTS["deploy.succeeded"]!]);
    assert.deepEqual(await codesOf(other.rig, other.repository), []);
  });

  test("and so does what a rollback brings back", async () => {
    const { repository, rig } = await governed();
    await rig.append([CONTENTS["deploy.rolled_back"]!]);
    assert.deepEqual(await codesOf(rig, repository), ["TRAIL_GAP_DECISION"]);
    const other = await governed();
    await other.rig.append([decisionAbout("33".repeat(20))], [CONTENTS["deploy.rolled_back"]!]);
    assert.deepEqual(await codesOf(other.rig, other.repository), []);
  });

  test("and what an entry builds on is there before it", async () => {
    const { repository, rig } = await governed();
    await rig.append([with_("waiver.used", { refs: ["ab".repeat(32)] })]);
    assert.deepEqual(await codesOf(rig, repository), ["TRAIL_GAP_REF"]);
  });
});

describe("heartbeats", () => {
  const beat = (hour: string) => {
    const { heartbeat } = CONTENTS.heartbeat!.predicate;
    return with_("heartbeat", { heartbeat: { ...heartbeat!, hour } });
  };
  const HOUR = 3_600_000;

  test("an hour apart are no silence; three hours are", async () => {
    const { repository, rig } = await governed();
    for (const hour of ["2026-11-21T22", "2026-11-21T23", "2026-11-22T00"]) {
      await rig.append([beat(hour)]);
      rig.clock.time += HOUR;
    }
    assert.deepEqual(await codesOf(rig, repository), []);
    rig.clock.time += 2 * HOUR;
    assert.deepEqual(await codesOf(rig, repository), ["TRAIL_GAP_SILENCE"]);
    await rig.append([beat("2026-11-22T03")]);
    assert.deepEqual(await codesOf(rig, repository), ["TRAIL_GAP_SILENCE"]);
    await rig.append([
      with_("gap.explained", { gap: { code: "heartbeat-silent", object: "2026-11-22T00" } }),
    ]);
    assert.deepEqual(await codesOf(rig, repository), []);
  });

  test("that tell of other rules than the one before are noted", async () => {
    const { repository, rig } = await governed();
    const { heartbeat } = CONTENTS.heartbeat!.predicate;
    const { rules, ...silent } = heartbeat!;
    const hours = [{ rules: rules! }, { rules: rules! }, {}, { rules: "ef".repeat(32) }];
    for (const [at, told] of hours.entries()) {
      const hour = `2026-11-21T0${at}`;
      await rig.append([with_("heartbeat", { heartbeat: { ...silent, ...told, hour } })]);
      rig.clock.time += HOUR;
    }
    const { notes } = await reconcile({
      store: rig.store,
      governed: repository.directory,
      now: rig.clock.now(),
    });
    assert.equal(notes.length, 1);
    assert.match(notes[0] ?? "", /rules of the governed branch changed between entries \d+ and \d+/);
  });

  test("that never came are said to be missing", async () => {
    const { repository, rig } = await governed();
    const { notes } = await reconcile({
      store: rig.store,
      governed: repository.directory,
      now: rig.clock.now(),
    });
    assert.deepEqual(notes, [
      "The trail has no heartbeats: that nothing happened cannot be told from silence.",
    ]);
  });
});

test("F23: an entry whose time an anchor excludes is a finding", async () => {
  const { repository, rig } = await governed();
  const anchored = (time: number) =>
    with_("anchor.recorded", {
      anchor: { size: 2, kind: "rfc3161", digest: "ef".repeat(32), time: new Date(time).toISOString() },
    });
  await rig.append([decisionAbout("33".repeat(20))]);
  await rig.append([anchored(rig.clock.time)]);
  assert.deepEqual(await codesOf(rig, repository), []);
  const other = await governed();
  await other.rig.append([decisionAbout("33".repeat(20))]);
  // The stamp is an hour older than the entries that it covers say they are.
  await other.rig.append([anchored(other.rig.clock.time - 3_600_000)]);
  assert.deepEqual(await codesOf(other.rig, other.repository), ["TRAIL_TIME_OUTSIDE"]);
});

test("F25: what was merged while nobody wrote is found, then recorded and explained", async () => {
  const { repository, rig, genesis } = await governed();
  const shas = ["2", "3"].map((content) => repository.commit(content, { "models/a/weights": content }));
  const { findings } = await reconcile({
    store: rig.store,
    governed: repository.directory,
    now: rig.clock.now(),
  });
  assert.deepEqual(
    findings.map(({ commit }) => commit),
    shas,
  );
  await rig.append(
    shas.map((object) => with_("gap.detected", { gap: { code: "merge-unrecorded", object } })),
    [with_("bypass.detected", { move: { ref: "refs/heads/main", before: genesis, after: shas[1]! } })],
  );
  assert.deepEqual(await codesOf(rig, repository), []);
});

test("a clone that knows the branch only as origin's will do; a shallow one leaves it open", async () => {
  const { repository, rig } = await governed();
  repository.commit("better", { "models/a/weights": "2" });
  const clone = join(repository.directory, "clone");
  repository.git("clone", "--quiet", "--no-local", repository.directory, clone);
  repository.git("-C", clone, "checkout", "--quiet", "--detach");
  repository.git("-C", clone, "branch", "--quiet", "-D", "main");
  const result = await reconcile({ store: rig.store, governed: clone, now: rig.clock.now() });
  assert.equal(result.findings.length, 1);
  await assert.rejects(
    reconcile({
      store: rig.store,
      governed: rig.store.gitFolder.replace(/\.git$/, "nowhere"),
      now: rig.clock.now(),
    }),
  );
});

describe("a branch that does not hold what the trail says of it is left open:", () => {
  const undecided = async (rig: Rig, directory: string) => {
    const result = await reconcile({ store: rig.store, governed: directory, now: rig.clock.now() });
    return result.undecided.map(({ code, commit }) => ({ code, commit }));
  };

  test("a clone that is behind", async () => {
    const { repository, rig } = await governed();
    const clone = join(repository.directory, "clone");
    repository.git("clone", "--quiet", "--no-local", repository.directory, clone);
    const sha = repository.commit("better", { "models/a/weights": "2" });
    await rig.append([decisionAbout(sha)], [mergeOf(sha)]);
    assert.deepEqual(await undecided(rig, repository.directory), []);
    assert.deepEqual(await undecided(rig, clone), [{ code: "TRAIL_GOVERNED_OTHER", commit: sha }]);
  });

  test("one that was set back before the beginning, until a person explains it", async () => {
    const repository = await scratchRepository();
    repositories.push(repository);
    const first = repository.commit("first", { "models/a/weights": "0" });
    const genesis = repository.commit("begin", { "models/a/weights": "1" });
    const rig = await openRig({ directory: repository.directory });
    rigs.push(rig);
    landed(await createTrail(rig.writer, { ...trailFile(), genesis }, SETTING));
    repository.git("reset", "--quiet", "--hard", first);
    assert.deepEqual(await undecided(rig, repository.directory), [
      { code: "TRAIL_GOVERNED_OTHER", commit: genesis },
    ]);
    const gap = { code: "branch-rewritten", object: genesis };
    await rig.append([with_("gap.explained", { gap })]);
    assert.deepEqual(await undecided(rig, repository.directory), []);
  });

  test("one of a repository that does not know the beginning", async () => {
    const { rig, genesis } = await governed();
    const other = await scratchRepository();
    repositories.push(other);
    other.commit("another", { "README.md": "other" });
    assert.deepEqual(await undecided(rig, other.directory), [
      { code: "TRAIL_GOVERNED_OTHER", commit: genesis },
    ]);
  });
});

test("an entry of a kind that is not known leaves the question open, and others may build on it", async () => {
  const { repository, rig } = await governed();
  await rig.append([decisionAbout("33".repeat(20))]);
  const at = { first: "tail/00000000/0/00", second: "tail/00000000/0/01" };
  const [began] = parseEntries(readFile(repository, at.first), at.first);
  const [known] = parseEntries(readFile(repository, at.second), at.second);
  const unknown = Buffer.from(Buffer.from(known!).toString().replace("decision.made", "decision.felt"));
  const { id } = JSON.parse(unknown.toString()).predicate;
  const { bytes: building } = sealEntry(with_("waiver.used", { refs: [id] }), {
    ...{ seq: 2, prev: Buffer.from(leafHash(unknown)).toString("hex") },
    ts: rig.clock.now().toISOString(),
  });
  const { root } = foldEntries(EMPTY_EDGE, [began!, unknown, building]);
  const text = formatCheckpoint({ origin: ORIGIN, size: 3, root });
  const checkpoint = formatNote(await signNote(text, [FIRST_KEY]));
  amend(repository, { [at.second]: formatEntries([unknown, building]), checkpoint });
  const request = { store: rig.store, governed: repository.directory, now: rig.clock.now() };
  const { findings, undecided } = await reconcile(request);
  assert.deepEqual(findings, []);
  assert.deepEqual(
    undecided.map(({ code, seq }) => ({ code, seq })),
    [{ code: "TRAIL_KIND_UNKNOWN", seq: 1 }],
  );
});
