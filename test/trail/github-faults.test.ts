import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { adopt } from "../../gate/trail/adoption.ts";
import type { EntryContent } from "../../gate/trail/entry.ts";
import { enqueueRows } from "../../gate/trail/file-journal.ts";
import { commandSigner } from "../../gate/trail/keys.ts";
import type { Signer } from "../../gate/trail/note.ts";
import { toRow } from "../../gate/trail/outbox-row.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import type { Flush } from "../../gate/trail/writer.ts";
import { problem } from "../github/exchange.ts";
import * as faults from "../github/faults.ts";
import { CONTENTS } from "./entries.ts";
import { type GitHubSite, type OnlineOptions, openOnline, openSite, startedOnline } from "./github-rig.ts";
import { decision, decisions, FIRST_KEY, landed, type Rig, SETTING } from "./rig.ts";
import { scratchFolder } from "./scratch.ts";

/** The faults that a writer meets on GitHub, driven by the stand-in; time passes on the test's clock alone. */

let site: GitHubSite;
const rigs: Rig[] = [];
before(async () => {
  site = await openSite();
});
afterEach(async () => {
  // Each test begins its own trail, on the one repository.
  for (const rig of rigs.splice(0)) await rig.close();
  site.setTip(undefined);
});
after(() => site.close());

async function begun(options: OnlineOptions = {}): Promise<Rig> {
  const rig = await startedOnline(site, { journalFolder: scratchFolder(), ...options });
  rigs.push(rig);
  return rig;
}
async function reopened(rig: Rig, options: OnlineOptions = {}): Promise<Rig> {
  await rig.journal.close();
  const next = await openOnline(site, { journalFolder: rig.journalFolder, ...options });
  rigs.push(next);
  return next;
}

async function sizeOf({ store }: Rig): Promise<number> {
  const { report } = await verifyTrail({ store, level: 1 });
  assert.deepEqual(report.findings, []);
  return report.size;
}
async function drain({ writer }: Rig): Promise<void> {
  for (let flush = await writer.flush(); flush.kind !== "idle"; flush = await writer.flush()) landed(flush);
}
function haltOf(flush: Flush): string {
  assert.equal(flush.kind, "halted");
  return flush.halt.code;
}
/** How often a commit was asked for, and how often anything was signed. */
const asked = () => site.stand.count("graphql");
const bodies = () =>
  site.stand.requests.filter(({ operation }) => operation === "graphql").map(({ body }) => body);

function counting(): { readonly signer: Signer; count: number } {
  const counted = {
    count: 0,
    signer: {
      ...FIRST_KEY,
      sign: (text: Uint8Array) => {
        counted.count++;
        return FIRST_KEY.sign(text);
      },
    },
  };
  return counted;
}

describe("F4: a commit that landed, but whose answer was lost", () => {
  for (const [how, effect] of [
    ["with the connection", faults.RESET],
    ["behind a 502", faults.serverError(502)],
    ["behind a 504", faults.serverError(504)],
    ["behind a proxy's page", faults.html()],
  ] as const) {
    test(`${how} is found by its Batch-Id, and nothing is sent again`, async () => {
      const signer = counting();
      const rig = await begun({ signers: [signer.signer] });
      const before = { asked: asked(), signed: signer.count };
      site.stand.fail({ match: "graphql", when: "after", effect });
      await rig.append([decision(1)]);
      assert.deepEqual([asked() - before.asked, signer.count - before.signed], [1, 1]);
      assert.equal(await sizeOf(rig), 2);
    });
  }

  test("at the very beginning is found, too", async () => {
    site.stand.fail({ match: "git/create-ref", when: "after", effect: faults.RESET });
    const rig = await begun();
    assert.equal(await sizeOf(rig), 1);
  });
});

test("F5: after a 502 and a lost request that did not land the same bytes go out, signed once", async () => {
  const signer = counting();
  const rig = await begun({ signers: [signer.signer] });
  const before = { asked: asked(), signed: signer.count };
  site.stand.fail({ match: "graphql", effect: faults.serverError(502) });
  site.stand.fail({ match: "graphql", effect: faults.RESET });
  await rig.append([decision(1)]);
  const [first, ...rest] = bodies().slice(before.asked);
  assert.deepEqual(rest, [first, first]);
  assert.equal(signer.count - before.signed, 1);
  assert.equal(await sizeOf(rig), 2);
});

describe("F6: a commit that landed while reads are 30 s old", () => {
  test("is waited for and found", async () => {
    const rig = await begun();
    const [start, before] = [site.clock.time, asked()];
    site.stand.fail({ match: "git/get-ref", times: 17, effect: faults.STALE });
    site.stand.fail({ match: "graphql", when: "after", effect: faults.serverError(504) });
    await rig.append([decision(1)]);
    assert.equal(asked() - before, 1);
    assert.ok(site.clock.time - start >= 30_000, `${site.clock.time - start}`);
    assert.equal(await sizeOf(rig), 2);
  });

  test("is no rollback to the next flush, that reads what was before it", async () => {
    const rig = await begun();
    const older = site.tip();
    await rig.append([decision(1)]);
    const answer = { ref: "refs/heads/weighbridge-trail", object: { type: "commit", sha: older } };
    site.stand.fail({ match: "git/get-ref", times: 10, effect: faults.answer(200, answer) });
    await rig.append([decision(2)]);
    assert.equal(await rig.writer.halted(), undefined);
    assert.equal(await sizeOf(rig), 3);
  });

  test("is found by a writer that was killed meanwhile and reads what was two commits before", async () => {
    const rig = await begun();
    const oldest = site.tip();
    await rig.append([decision(1)]);
    await rig.writer.enqueue(decision(2));
    const deaf = { ...site.open(), append: async () => Promise.reject(new Error("killed")) };
    const killed = await reopened(rig, { store: deaf });
    assert.equal((await killed.writer.flush()).kind, "waiting");
    await killed.journal.close();
    const journalFolder = join(scratchFolder(), "journal");
    cpSync(rig.journalFolder, journalFolder, { recursive: true });
    await drain(await reopened(killed));
    const again = await reopened(rig, { journalFolder });
    const answer = { ref: "refs/heads/weighbridge-trail", object: { type: "commit", sha: oldest } };
    site.stand.fail({ match: "git/get-ref", times: 5, effect: faults.answer(200, answer) });
    const before = asked();
    assert.equal(landed(await again.writer.flush()).commit, site.tip());
    assert.equal(asked(), before);
    assert.equal(await sizeOf(again), 3);
  });
});

test("F7: one attempt is one request, whatever GitHub answers", async () => {
  const rig = await begun();
  const effects: readonly faults.Effect[] = [
    faults.secondaryLimit(1),
    faults.secondaryLimit(1, 429),
    { kind: "reply", reply: problem(401, "Bad credentials") },
  ];
  await rig.writer.enqueue(decision(1));
  for (const effect of effects) {
    const before = asked();
    site.stand.fail({ match: "graphql", effect });
    assert.equal((await rig.writer.flush()).kind, "waiting");
    assert.equal(asked(), before + 1);
  }
  // Without any answer it is three attempts, a minute apart, each one request.
  const before = { asked: asked(), time: site.clock.time };
  site.stand.fail({ match: "graphql", times: 3, effect: faults.RESET });
  assert.equal((await rig.writer.flush()).kind, "waiting");
  assert.equal(asked(), before.asked + 3);
  assert.ok(site.clock.time - before.time >= 180_000);
  await drain(rig);
  assert.equal(await sizeOf(rig), 2);
});

test("F8: one delivery three times, by reconciling, and after the journal was lost, is one entry", async () => {
  let rig = await begun();
  const again = (delivery: string): EntryContent => {
    const { predicate, subject } = decision(1);
    return { subject, predicate: { ...predicate, app: { version: "1.4.2", delivery } } };
  };
  for (const delivery of ["a", "b", "b"]) await rig.writer.enqueue(again(delivery));
  await drain(rig);
  rig = await reopened(rig, { journalFolder: scratchFolder() });
  await rig.writer.enqueue(again("reconcile"));
  assert.equal((await rig.writer.flush()).kind, "idle");
  assert.equal(await sizeOf(rig), 2);
});

/** A commit by somebody whom no rule held off. */
function pushForeign(files: Readonly<Record<string, string>> = { note: "hello" }): string {
  const { source } = site;
  const lines = source.git("ls-tree", site.tip()).split("\n");
  const blobs = Object.entries(files).map(([path, text]) => {
    source.write(".git/foreign", text);
    return `100644 blob ${source.git("hash-object", "-w", ".git/foreign")}\t${path}`;
  });
  const kept = lines.filter((line) => files[line.split("\t")[1] ?? ""] === undefined);
  source.write(".git/foreign", `${[...kept, ...blobs].join("\n")}\n`);
  const tree = source.git("-c", "alias.t=!git mktree < .git/foreign", "t");
  const commit = source.git("commit-tree", "-p", site.tip(), "-m", "fix typo", tree);
  site.setTip(commit);
  return commit;
}

describe("F10: above a foreign commit on GitHub", () => {
  test("it halts, keeps the outbox, sends nothing, and says which commit it was", async () => {
    const rig = await begun();
    const foreign = pushForeign();
    await rig.writer.enqueue(decision(1));
    const before = asked();
    const flush = await rig.writer.flush();
    assert.equal(haltOf(flush), "TRAIL_FOREIGN_COMMIT");
    assert.ok(flush.kind === "halted" && flush.halt.message.includes(foreign));
    assert.equal(asked(), before);
    assert.equal((await rig.journal.pending(10)).length, 1);
  });

  test("that slips in between reading and writing, it halts as well: GitHub compares", async () => {
    const rig = await begun();
    await rig.writer.enqueue(decision(1));
    const store = site.open();
    const late = await reopened(rig, {
      store: {
        ...store,
        append: (commit) => {
          if (site.tip() === commit.parent) pushForeign();
          return store.append(commit);
        },
      },
    });
    assert.equal(haltOf(await late.writer.flush()), "TRAIL_FOREIGN_COMMIT");
    assert.equal(site.source.git("log", "-1", "--format=%s", "weighbridge-trail"), "fix typo");
  });

  test("adopting puts back what it touched, explains it, and the trail verifies", async () => {
    const rig = await begun();
    await rig.append(decisions(3));
    const foreign = pushForeign({ note: "hello", "trail.json": "{}" });
    await rig.writer.enqueue(decision(9));
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
    const { journal, clock } = rig;
    const world = { store: site.open(), journal, signers: [FIRST_KEY], now: clock.now, sleep: clock.sleep };
    const content = CONTENTS["gap.explained"]!;
    const gap = { code: "foreign-commit", object: foreign };
    await adopt(world, () => ({ ...content, predicate: { ...content.predicate, gap } }));
    await drain(rig);
    assert.equal(await sizeOf(rig), 6);
  });
});

describe("on a branch of GitHub that was", () => {
  test("F11: forced back to an own older commit it halts, and moves nothing", async () => {
    const rig = await begun();
    const first = site.tip();
    await rig.append([decision(1)], [decision(2)]);
    site.setTip(first);
    await rig.writer.enqueue(decision(3));
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_REWRITTEN");
    assert.equal(site.tip(), first);
  });

  test("F11: forced back before the REST way was asked it halts, too", async () => {
    let rig = await begun();
    const first = site.tip();
    await rig.append([decision(1)]);
    rig = await reopened(rig, { store: site.open({ commits: "rest" }) });
    site.setTip(first);
    await rig.writer.enqueue(decision(3));
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_REWRITTEN");
    assert.equal(site.tip(), first);
  });

  test("F12: deleted it halts, and does not make it again", async () => {
    const rig = await begun();
    await rig.append([decision(1)]);
    site.setTip(undefined);
    await rig.writer.enqueue(decision(2));
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_BRANCH_GONE");
    assert.equal(site.tip(), "");
  });

  test("F12: made again from another beginning it halts", async () => {
    const rig = await begun();
    await rig.append([decision(1)]);
    const tree = site.source.git("rev-parse", `${site.tip()}^{tree}`);
    site.setTip(site.source.git("commit-tree", "-m", "trail: 0..1 [skip ci]", tree));
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_REWRITTEN");
  });
});

test("F21: an hour of 403 and 429 with 5,000 pending loses nothing, keeps the order, and drains", async () => {
  const signer = counting();
  const rig = await begun({ signers: [signer.signer] });
  const contents = Array.from(
    { length: 5_000 },
    (_, number): EntryContent => ({
      subject: [{ name: "models/a", digest: { sha256: "11".repeat(32) } }],
      predicate: { ...SETTING, kind: "incident.opened", incident: { id: String(number), event: 0 } },
    }),
  );
  await enqueueRows(
    rig.journalFolder,
    contents.map((content) => toRow(content)),
  );
  const before = { signed: signer.count, commits: asked(), time: site.clock.time };
  const quarters: readonly ((reset: number) => faults.Fault)[] = [
    () => ({ match: "graphql", effect: faults.secondaryLimit(900) }),
    (reset) => ({ match: "git/get-ref", effect: faults.primaryLimit(reset) }),
    () => ({ match: "graphql", effect: faults.secondaryLimit(900, 429) }),
    (reset) => ({ match: "git/get-ref", effect: faults.primaryLimit(reset) }),
  ];
  for (const quarter of quarters) {
    site.stand.fail(quarter(site.clock.time / 1_000 + 900));
    const flush = await rig.writer.flush();
    assert.equal(flush.kind === "waiting" && flush.seconds, 900);
    site.clock.time += 900_000;
  }
  assert.equal(site.clock.time - before.time, 3_600_000);
  assert.equal((await rig.journal.reserved())?.size, 1_025);
  await drain(rig);
  // 1,024 at a time; the first of them was sent twice more while the limits held, and signed once.
  assert.deepEqual([asked() - before.commits, signer.count - before.signed], [5 + 2, 5]);
  const incidents: string[] = [];
  const { report } = await verifyTrail({
    store: rig.store,
    level: 1,
    visit: ({ predicate }) => incidents.push(predicate.incident?.id ?? ""),
  });
  assert.deepEqual(report.findings, []);
  assert.deepEqual(
    incidents.slice(1),
    contents.map((_, number) => String(number)),
  );
});

describe("F22: the writer waits, keeps what is pending, and goes on by itself when it may see the branch again, after", () => {
  const cases: readonly [what: string, happen: () => () => void][] = [
    [
      "the installation was suspended",
      () => {
        site.installation.suspendedAt = site.clock.now();
        return () => delete site.installation.suspendedAt;
      },
    ],
    [
      "the repository was taken from the App",
      () => {
        site.installation.repositories = [];
        return () => {
          site.installation.repositories = "all";
        };
      },
    ],
  ];
  for (const [what, happen] of cases) {
    test(what, async () => {
      const rig = await begun();
      const restore = happen();
      await rig.writer.enqueue(decision(1));
      const flush = await rig.writer.flush().finally(restore);
      assert.equal(flush.kind === "waiting" && flush.cause.code, "TRAIL_STORE_UNAVAILABLE");
      assert.equal(await rig.writer.halted(), undefined);
      await drain(rig);
      assert.equal(await sizeOf(rig), 2);
    });
  }

  test("the repository was hidden between a read and the write that follows", async () => {
    const rig = await begun();
    await rig.writer.enqueue(decision(1));
    const errors = [
      { type: "NOT_FOUND", message: "Could not resolve to a Repository with the name 'acme/credit'." },
    ];
    const said = { data: { createCommitOnBranch: null }, errors };
    const gone: faults.Effect = { kind: "reply", reply: problem(404, "Not Found") };
    site.stand.fail({ match: "graphql", effect: faults.answer(200, said) });
    for (const match of ["git/get-ref", "git/list-matching-refs"]) site.stand.fail({ match, effect: gone });
    const flush = await rig.writer.flush();
    assert.equal(flush.kind === "waiting" && flush.cause.code, "TRAIL_STORE_UNAVAILABLE");
    await drain(rig);
    assert.equal(await rig.writer.halted(), undefined);
    assert.equal(await sizeOf(rig), 2);
  });
});

describe("F22: the writer halts, keeps what is pending, and goes on when a person resumes, after", () => {
  const cases: readonly [what: string, happen: () => () => void][] = [
    [
      "the App lost its permission",
      () => {
        site.token.permissions = { metadata: "read", contents: "read" };
        return () => {
          site.token.permissions = { metadata: "read", contents: "write" };
        };
      },
    ],
    [
      "a ruleset closed the branch",
      () => {
        const { rulesets } = site.stand.github.rules;
        rulesets.push({
          ...{ id: 1, repository: site.repository, name: "closed", enforcement: "active", bypass: [] },
          ...{ include: ["~ALL"], rules: [{ type: "update" }], createdAt: site.clock.now() },
        });
        return () => rulesets.splice(0);
      },
    ],
    [
      "the repository was archived",
      () => {
        site.repository.archived = true;
        return () => {
          site.repository.archived = false;
        };
      },
    ],
  ];
  for (const [what, happen] of cases) {
    test(what, async () => {
      const rig = await begun();
      const restore = happen();
      await rig.writer.enqueue(decision(1));
      assert.equal(haltOf(await rig.writer.flush()), "TRAIL_REFUSED");
      // Halted means halted: nothing is asked any more.
      const before = site.stand.requests.length;
      assert.equal(haltOf(await rig.writer.flush()), "TRAIL_REFUSED");
      assert.equal(site.stand.requests.length, before);
      restore();
      await rig.writer.resume();
      await drain(rig);
      assert.equal(await sizeOf(rig), 2);
    });
  }

  test("F22: a signer that is too slow is ended, and the same batch lands by one that is not", async () => {
    let rig = await begun();
    const slow = commandSigner(FIRST_KEY.vkey, {
      command: [process.execPath, "--eval", "setTimeout(() => {}, 60_000)"],
      timeoutMs: 100,
    });
    rig = await reopened(rig, { signers: [slow] });
    await rig.writer.enqueue(decision(1));
    const before = asked();
    const flush = await rig.writer.flush();
    assert.equal(flush.kind === "waiting" && flush.cause.code, "TRAIL_SIGNER_TIMEOUT");
    assert.equal(asked(), before);
    const { root } = (await rig.journal.reserved())!;
    rig = await reopened(rig);
    assert.deepEqual(landed(await rig.writer.flush()).root, root);
  });
});

describe("F25: on GitHub, with a journal", () => {
  test("that is new it takes the branch's end, and knows every event that has landed", async () => {
    let rig = await begun();
    await rig.append(decisions(260), decisions(3, 500));
    rig = await reopened(rig, { journalFolder: scratchFolder() });
    await rig.writer.enqueue(decision(501));
    assert.equal((await rig.writer.flush()).kind, "idle");
    await rig.append([decision(900)]);
    assert.equal(await sizeOf(rig), 265);
  });

  test("from an old backup it signs nothing below the branch's end, and goes on from there", async () => {
    let rig = await begun();
    await rig.append([decision(1)]);
    await rig.journal.close();
    const backup = join(scratchFolder(), "journal");
    cpSync(rig.journalFolder, backup, { recursive: true });
    rig = await reopened(rig);
    await rig.append([decision(2)], [decision(3)]);
    const end = site.tip();
    rig = await reopened(rig, { journalFolder: backup });
    for (const number of [1, 2, 3, 4]) await rig.writer.enqueue(decision(number));
    await drain(rig);
    assert.equal(site.source.git("rev-parse", "weighbridge-trail~1"), end);
    assert.equal(await sizeOf(rig), 5);
  });

  test("from an old backup whose reservation the branch went past it halts", async () => {
    const down: Signer = { ...FIRST_KEY, sign: async () => Promise.reject(new Error("down")) };
    let rig = await begun();
    rig = await reopened(rig, { signers: [down] });
    await rig.writer.enqueue(decision(1));
    assert.equal((await rig.writer.flush()).kind, "waiting");
    await rig.journal.close();
    const backup = join(scratchFolder(), "journal");
    cpSync(rig.journalFolder, backup, { recursive: true });
    rig = await reopened(rig, { journalFolder: scratchFolder() });
    await rig.append([decision(2)]);
    const end = site.tip();
    rig = await reopened(rig, { journalFolder: backup });
    assert.equal(haltOf(await rig.writer.flush()), "TRAIL_FOREIGN_COMMIT");
    assert.equal(site.tip(), end);
    assert.equal(await sizeOf(rig), 2);
  });
});
