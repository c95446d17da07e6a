import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Archive, DecisionRow, KeptVote, PullRow } from "../../../app/store/archive.ts";
import { CACHED_BYTES_MAX } from "../../../app/store/sql-archive.ts";
import { kinds, type Rig } from "./rigs.ts";

const REPOSITORY = 777_000_111;
const OTHER = 5;

function decision(digest: string, more: Partial<DecisionRow> = {}): DecisionRow {
  return {
    repositoryId: REPOSITORY,
    number: 7,
    head: "a".repeat(40),
    base: "b".repeat(40),
    baseRef: "main",
    digest,
    subject: "sha256:s",
    verdict: "pass",
    models: ["credit-pd"],
    record: `{"digest":"${digest}"}`,
    decidedAt: 1_000,
    ...more,
  };
}

function pull(number: number, more: Partial<PullRow> = {}): PullRow {
  return {
    repositoryId: REPOSITORY,
    installationId: 9,
    repository: "acme/models",
    number,
    title: "Lower the floor of <b>AUC</b> 'to' 0.7 \u{1f4c9}",
    author: "maria",
    state: "open",
    head: "a".repeat(40),
    base: "b".repeat(40),
    baseRef: "main",
    governed: true,
    waitsFor: ["validator", "risk"],
    updatedAt: 1_000,
    ...more,
  };
}

const VOTE: KeptVote = {
  repositoryId: REPOSITORY,
  number: 7,
  source: "review",
  sourceId: 2 ** 50,
  userId: 42,
  login: "jonas",
  kind: "approve",
  head: "a".repeat(40),
  subject: "sha256:s",
  at: 1_000,
};

const digests = (rows: readonly DecisionRow[]) => rows.map(({ digest }) => digest);

const CASES: Readonly<Record<string, (archive: Archive, rig: Rig) => Promise<void>>> = {
  "a decision is kept as it was, and the same again changes nothing": async (archive) => {
    await archive.keepDecision(decision("sha256:1"));
    await archive.keepDecision(decision("sha256:1", { decidedAt: 2_000, verdict: "fail" }));
    assert.deepEqual(await archive.findDecision(REPOSITORY, "sha256:1"), decision("sha256:1"));
    assert.equal(await archive.findDecision(REPOSITORY, "sha256:2"), undefined);
  },

  "C80: a decision of one repository is none of another's": async (archive) => {
    await archive.keepDecision(decision("sha256:1"));
    await archive.keepDecision(decision("sha256:1", { repositoryId: OTHER, verdict: "fail" }));
    assert.equal(await archive.findDecision(3, "sha256:1"), undefined);
    assert.equal((await archive.findDecision(OTHER, "sha256:1"))?.verdict, "fail");
    const rows = await archive.decisions({ repositoryId: OTHER, countMax: 9 });
    assert.deepEqual(
      rows.map(({ verdict }) => verdict),
      ["fail"],
    );
  },

  "two pull requests may be decided alike, each has its own": async (archive) => {
    await archive.keepDecision(decision("sha256:1", { number: 8, baseRef: "release" }));
    await archive.keepDecision(decision("sha256:1", { number: 7 }));
    for (const number of [7, 8]) {
      const rows = await archive.decisions({ repositoryId: REPOSITORY, number, countMax: 9 });
      assert.deepEqual(digests(rows), ["sha256:1"]);
    }
    const [only, ...others] = await archive.decisions({
      ...{ repositoryId: REPOSITORY, baseRef: "main", countMax: 9 },
    });
    assert.deepEqual([only?.number, others.length], [7, 0]);
    assert.equal((await archive.findDecision(REPOSITORY, "sha256:1"))?.number, 7);
  },

  "decisions are found by what a model is in them": async (archive) => {
    const models = ["credit-pd", "fraud"];
    const contents = new Map([
      ["credit-pd", "sha256:a"],
      ["fraud", "sha256:b"],
    ]);
    await archive.keepDecision(decision("sha256:1", { models }), contents);
    await archive.keepDecision(decision("sha256:2"));
    const of = async (model: string, content: string) =>
      digests(await archive.decisions({ repositoryId: REPOSITORY, model, content, countMax: 9 }));
    assert.deepEqual(await of("credit-pd", "sha256:a"), ["sha256:1"]);
    assert.deepEqual(await of("fraud", "sha256:b"), ["sha256:1"]);
    assert.deepEqual(await of("credit-pd", "sha256:b"), []);
  },

  "decisions are listed from the newest, by pull request and by model": async (archive) => {
    await archive.keepDecision(decision("sha256:1", { decidedAt: 1_000 }));
    await archive.keepDecision(
      decision("sha256:2", { decidedAt: 3_000, number: 8, models: ["fraud", "credit-pd"] }),
    );
    await archive.keepDecision(decision("sha256:3", { decidedAt: 2_000, models: [] }));
    const of = async (filter: object) =>
      digests(await archive.decisions({ repositoryId: REPOSITORY, countMax: 9, ...filter }));
    assert.deepEqual(await of({}), ["sha256:2", "sha256:3", "sha256:1"]);
    assert.deepEqual(await of({ countMax: 2 }), ["sha256:2", "sha256:3"]);
    assert.deepEqual(await of({ number: 7 }), ["sha256:3", "sha256:1"]);
    assert.deepEqual(await of({ model: "credit-pd" }), ["sha256:2", "sha256:1"]);
    assert.deepEqual(await of({ model: "fraud", number: 7 }), []);
    const head = "c".repeat(40);
    await archive.keepDecision(decision("sha256:4", { decidedAt: 500, head }));
    assert.deepEqual(await of({ head }), ["sha256:4"]);
    assert.deepEqual(await of({ head, number: 8 }), []);
    assert.deepEqual(await of({ model: "credit-pd", verdict: "pass", number: 7 }), ["sha256:1", "sha256:4"]);
  },

  "what was shown is told by when it first was, whenever it was decided": async (archive) => {
    const head = "c".repeat(40);
    await archive.keepDecision(decision("sha256:1", { decidedAt: 4_000 }));
    await archive.keepDecision(decision("sha256:2", { decidedAt: 2_000, head }));
    await archive.keepDecision(decision("sha256:3", { decidedAt: 3_000 }));
    await archive.keepDecision(decision("sha256:4", { number: 8 }));
    await archive.keepDecision(decision("sha256:2", { repositoryId: OTHER }));
    await archive.markShown(decision("sha256:1"), 5_000);
    await archive.markShown(decision("sha256:2"), 6_000);
    await archive.markShown(decision("sha256:4"), 5_500);
    await archive.markShown(decision("sha256:1"), 7_000);
    const of = async (filter: object) => {
      const about = { repositoryId: REPOSITORY, number: 7, before: 9_000, ...filter };
      return (await archive.lastShown(about))?.digest;
    };
    assert.equal(await of({}), "sha256:2");
    assert.equal(await of({ before: 6_001 }), "sha256:2");
    assert.equal(await of({ before: 6_000 }), "sha256:1");
    assert.equal(await of({ before: 5_001 }), "sha256:1");
    assert.equal(await of({ before: 5_000 }), undefined);
    assert.equal(await of({ head }), "sha256:2");
    assert.equal(await of({ head: "a".repeat(40) }), "sha256:1");
    assert.equal(await of({ repositoryId: OTHER }), undefined);
  },

  "what was decided about, of one head": async (archive) => {
    await archive.keepDecision(decision("sha256:1"));
    await archive.keepDecision(decision("sha256:2", { subject: "sha256:t" }));
    await archive.keepDecision(decision("sha256:3", { subject: "sha256:t" }));
    await archive.keepDecision(decision("sha256:4", { subject: "sha256:u", number: 8 }));
    assert.deepEqual(await archive.subjects(REPOSITORY, 7, "a".repeat(40)), ["sha256:s", "sha256:t"]);
    assert.deepEqual(await archive.subjects(REPOSITORY, 7, "c".repeat(40)), []);
  },

  "whoever had a hand in what was merged of a model is known": async (archive) => {
    const merged = { repositoryId: REPOSITORY, number: 7, models: ["credit-pd"], userIds: [11], at: 1_000 };
    await archive.keepDevelopers({ ...merged, number: 1, at: 500 });
    await archive.keepDevelopers({ ...merged, models: ["credit-pd", "fraud"], userIds: [12, 13, 12] });
    await archive.keepDevelopers({ ...merged, number: 8, userIds: [14], at: 2_000 });
    await archive.keepDevelopers({ ...merged, repositoryId: OTHER, userIds: [15] });
    const of = (filter: object) =>
      archive.developers({
        ...{ repositoryId: REPOSITORY, model: "credit-pd", exceptNumber: 9, since: 1_000, ...filter },
      });
    assert.deepEqual(await of({}), [12, 13, 14]);
    assert.deepEqual(await of({ exceptNumber: 8 }), [12, 13]);
    assert.deepEqual(await of({ model: "fraud" }), [12, 13]);
    assert.deepEqual(await of({ since: 2_000 }), [14]);
    assert.deepEqual(await of({ since: 500 }), [11, 12, 13, 14]);
  },

  "a merge that is told again keeps its people for no longer": async (archive) => {
    const merged = { repositoryId: REPOSITORY, number: 7, models: ["credit-pd"], userIds: [12], at: 1_000 };
    for (const at of [1_000, 3_000]) await archive.keepDevelopers({ ...merged, at });
    const filter = { repositoryId: REPOSITORY, model: "credit-pd", exceptNumber: 9 };
    assert.deepEqual(await archive.developers({ ...filter, since: 1_000 }), [12]);
    assert.deepEqual(await archive.developers({ ...filter, since: 1_001 }), []);
  },

  "a pull request has one row, the last": async (archive) => {
    await archive.keepPull(pull(7, { decision: "sha256:1", verdict: "wait", checkRunId: 11, commentId: 12 }));
    assert.deepEqual(
      await archive.findPull(REPOSITORY, 7),
      pull(7, { decision: "sha256:1", verdict: "wait", checkRunId: 11, commentId: 12 }),
    );
    await archive.keepPull(pull(7, { governed: false, waitsFor: [], title: "" }));
    assert.deepEqual(
      await archive.findPull(REPOSITORY, 7),
      pull(7, { governed: false, waitsFor: [], title: "" }),
    );
    assert.equal(await archive.findPull(OTHER, 7), undefined);
  },

  "C80: pull requests of one number in two repositories are two": async (archive) => {
    await archive.keepPull(pull(7));
    await archive.keepPull(pull(7, { repositoryId: OTHER, title: "another" }));
    assert.equal((await archive.findPull(OTHER, 7))?.title, "another");
    assert.deepEqual((await archive.openPulls([OTHER, REPOSITORY, OTHER])).length, 2);
  },

  "open pull requests are those of the repositories asked for": async (archive) => {
    for (const row of [pull(9), pull(7), pull(8, { state: "merged" }), pull(1, { repositoryId: OTHER })]) {
      await archive.keepPull(row);
    }
    assert.deepEqual(
      (await archive.openPulls([REPOSITORY])).map(({ number }) => number),
      [7, 9],
    );
    assert.deepEqual(await archive.openPulls([]), []);
  },

  "C76: the places of an installation have the names that were seen last": async (archive) => {
    for (const row of [
      pull(7, { repository: "acme/zeta", updatedAt: 1_000 }),
      pull(8, { repository: "acme/alpha", updatedAt: 2_000 }),
      pull(1, { repositoryId: OTHER, repository: "acme/other", state: "closed" }),
      pull(1, { repositoryId: 6, installationId: 10, repository: "acme/elsewhere" }),
    ]) {
      await archive.keepPull(row);
    }
    assert.deepEqual(await archive.places(9), [
      { installationId: 9, repositoryId: OTHER, owner: "acme", repo: "other" },
      { installationId: 9, repositoryId: REPOSITORY, owner: "acme", repo: "alpha" },
    ]);
    assert.deepEqual(await archive.places(11), []);
  },

  "C76: a repository that moved is a place of its new installation alone": async (archive) => {
    for (const row of [
      pull(7),
      pull(8, { state: "merged", updatedAt: 9_000 }),
      pull(7, { repositoryId: OTHER, repository: "acme/other" }),
    ]) {
      await archive.keepPull(row);
    }
    const place = { installationId: 12, repositoryId: REPOSITORY, owner: "globex", repo: "models" };
    await archive.movePulls(place);
    assert.deepEqual(await archive.places(12), [place]);
    assert.deepEqual(
      (await archive.places(9)).map(({ repositoryId }) => repositoryId),
      [OTHER],
    );
    const moved = { installationId: 12, repository: "globex/models" };
    assert.deepEqual(await archive.findPull(REPOSITORY, 7), pull(7, moved));
  },

  "C19: a commit may head several pull requests": async (archive) => {
    const head = "c".repeat(40);
    for (const row of [pull(9, { head }), pull(7, { head }), pull(8), pull(6, { head, state: "closed" })]) {
      await archive.keepPull(row);
    }
    assert.deepEqual(
      (await archive.pullsWithHead(REPOSITORY, head)).map(({ number }) => number),
      [7, 9],
    );
    assert.deepEqual(await archive.pullsWithHead(OTHER, head), []);
  },

  "a vote is bound to what its voter saw first": async (archive) => {
    await archive.keepVote(VOTE);
    await archive.keepVote({ ...VOTE, head: "d".repeat(40), subject: "sha256:changed" });
    assert.deepEqual(await archive.votes(REPOSITORY, 7), [VOTE]);
  },

  "a vote whose subject is not known yet is bound once it is, for the head that it was about": async (
    archive,
  ) => {
    const { subject: _, ...rest } = { ...VOTE, model: "fraud" };
    await archive.keepVote(rest);
    assert.deepEqual(await archive.votes(REPOSITORY, 7), [rest]);
    await archive.keepVote({ ...rest, head: "d".repeat(40), subject: "sha256:other" });
    assert.deepEqual(await archive.votes(REPOSITORY, 7), [rest]);
    await archive.keepVote({ ...rest, subject: "sha256:s", at: 9_000 });
    await archive.keepVote({ ...rest, subject: "sha256:late", at: 9_000 });
    await archive.keepVote(rest);
    assert.deepEqual(await archive.votes(REPOSITORY, 7), [{ ...rest, subject: "sha256:s" }]);
  },

  "the same review in another state is another vote": async (archive) => {
    const { subject: _, ...rest } = VOTE;
    const revoked: KeptVote = { ...rest, kind: "revoke", at: 2_000 };
    await archive.keepVote(revoked);
    await archive.keepVote(VOTE);
    await archive.keepVote({ ...VOTE, source: "comment", at: 3_000 });
    await archive.keepVote({ ...VOTE, number: 8 });
    assert.deepEqual(await archive.votes(REPOSITORY, 7), [
      VOTE,
      revoked,
      { ...VOTE, source: "comment", at: 3_000 },
    ]);
  },

  "a small value is set, set once, and removed": async (archive) => {
    assert.equal(await archive.get("cursor"), undefined);
    assert.equal(await archive.setOnce("cursor", "a"), "a");
    assert.equal(await archive.setOnce("cursor", "b"), "a");
    await archive.set("cursor", "c");
    assert.equal(await archive.get("cursor"), "c");
    await archive.remove("cursor");
    assert.equal(await archive.get("cursor"), undefined);
  },

  "of many who set a value once, all are told the same": async (archive) => {
    const stands = await Promise.all(
      Array.from({ length: 12 }, (_, at) => archive.setOnce("id", String(at))),
    );
    assert.equal(new Set(stands).size, 1);
    assert.equal(await archive.get("id"), stands[0]);
  },

  "of many who change a value that they read, one does; nobody changes one that is not there": async (
    archive,
  ) => {
    await archive.set("incident", "read");
    const swaps = await Promise.all(
      Array.from({ length: 12 }, (_, at) => archive.swap("incident", "read", String(at))),
    );
    assert.deepEqual(swaps.filter(Boolean), [true]);
    assert.equal(await archive.get("incident"), String(swaps.indexOf(true)));
    assert.equal(await archive.swap("other", "read", "written"), false);
    assert.equal(await archive.get("other"), undefined);
  },

  "what begins so is found, and nothing else": async (archive) => {
    for (const name of ["incident/5/2", "incident/5/10", "incident/55/1", "Incident/5/3"]) {
      await archive.set(name, name);
    }
    assert.deepEqual([...(await archive.under("incident/5/"))].sort(), ["incident/5/10", "incident/5/2"]);
    assert.deepEqual(await archive.under("incident/_/"), []);
  },

  "a number that many add to has what they all added": async (archive) => {
    const sums = await Promise.all(Array.from({ length: 12 }, (_, at) => archive.add("worked", at)));
    assert.equal(Math.max(...sums), 66);
    assert.equal(await archive.add("worked", 0), 66);
  },

  "what cannot change is cached, but not what is too large": async (archive) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    await archive.keepCached("5/blob/a", bytes);
    await archive.keepCached("5/blob/a", Buffer.from("another"));
    await archive.keepCached("5/blob/b", new Uint8Array(0));
    await archive.keepCached("5/blob/c", new Uint8Array(CACHED_BYTES_MAX + 1));
    assert.deepEqual(Buffer.from((await archive.cached("5/blob/a"))!), Buffer.from(bytes));
    assert.equal((await archive.cached("5/blob/b"))?.length, 0);
    assert.equal(await archive.cached("5/blob/c"), undefined);
  },

  "a session ends with its time, by its id, or with all of its person": async (archive, rig) => {
    const session = (id: string, userId: number, minutes: number) => ({
      ...{ id, userId, login: "maria", token: "sealed" },
      expires: rig.now() + minutes * 60_000,
    });
    for (const row of [session("a", 1, 10), session("b", 1, 20), session("c", 2, 20)])
      await archive.keepSession(row);
    assert.deepEqual(await archive.findSession("a", rig.now()), session("a", 1, 10));
    assert.equal(await archive.findSession("a", rig.now() + 10 * 60_000), undefined);
    assert.equal(await archive.findSession("x", rig.now()), undefined);
    await archive.removeSession("a");
    assert.equal(await archive.findSession("a", rig.now()), undefined);
    await archive.removeSessionsOf(1);
    assert.equal(await archive.findSession("b", rig.now()), undefined);
    assert.equal((await archive.findSession("c", rig.now()))?.userId, 2);
  },

  "what was kept is there for the next process": async (archive, rig) => {
    await archive.keepVote(VOTE);
    const next = await rig.reopen();
    assert.deepEqual(await next.store.archive.votes(REPOSITORY, 7), [VOTE]);
    await next.close();
  },
};

for (const kind of kinds()) {
  describe(`the archive of ${kind.name}`, () => {
    for (const [name, run] of Object.entries(CASES)) {
      test(name, async () => {
        const rig = await kind.open();
        await run(rig.store.archive, rig);
        if (!name.includes("next process")) await rig.close();
      });
    }
  });
}
