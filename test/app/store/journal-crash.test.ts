import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { TestClock } from "pg-boss";
import { openPostgresStore } from "../../../app/store/postgres-store.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";
import type { OpenJournal, Store } from "../../../app/store/store.ts";
import { createTrail } from "../../../gate/trail/change.ts";
import { openGitStore } from "../../../gate/trail/git-store.ts";
import { verifyTrail } from "../../../gate/trail/verify.ts";
import { TrailWriter } from "../../../gate/trail/writer.ts";
import { scratchRepository } from "../../git.ts";
import { Clock, decision, FIRST_KEY, landed, SETTING, trailFile } from "../../trail/rig.ts";
import { type PostgresServer, startPostgres } from "../postgres.ts";

/** A writer killed with SIGKILL right after each step of an append, and another process that goes on. */

const CHILD = fileURLToPath(new URL("journal-child.ts", import.meta.url));
const OPTIONS = { leaseMs: 30_000, quietMs: 0 };
const HOUR_MS = 3_600_000;

const STEPS: readonly [fault: string, step: string][] = [
  ["after the event is in the outbox", "enqueue"],
  ["after the batch is reserved, before it is signed", "reserve"],
  ["after signing, before the signature is kept", "sign"],
  ["after the signature is kept, before anything is sent", "keepSigned"],
  ["after it has landed, before that is known", "append"],
  ["after its id is known, before it is recorded as landed", "addIds"],
  ["after it is recorded as landed, before the outbox is cleared", "land"],
  ["after the outbox is cleared", "remove"],
];

let server: PostgresServer;
const folder = mkdtempSync(join(tmpdir(), "weighbridge-journal-"));
before(async () => {
  server = await startPostgres({ databases: 1 });
});
after(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

interface Kind {
  readonly name: string;
  readonly where: () => string;
  readonly open: (time: number) => Promise<Store>;
}

const KINDS: readonly Kind[] = [
  { name: "SQLite", where: () => folder, open: async (time) => openSqliteStore(folder, OPTIONS, () => time) },
  {
    name: "PostgreSQL",
    where: () => server.url(0),
    open: (time) =>
      openPostgresStore(server.url(0), { ...OPTIONS, clock: new TestClock(time), onError: assert.ifError }),
  },
];

for (const kind of KINDS) {
  describe(`C78: the journal of ${kind.name}, its process killed`, () => {
    // One trail for each step, in one store.
    for (const [at, [fault, step]] of STEPS.entries()) {
      test(`C78: ${fault}: it lands once, with the root that was reserved`, async () => {
        const repositoryId = at + 1;
        const repository = await scratchRepository({ bare: true });
        const git = await openGitStore(repository.directory);
        const writing = async <T>(
          clock: Clock,
          work: (writer: TrailWriter, journal: OpenJournal) => Promise<T>,
        ) => {
          const store = await kind.open(clock.time);
          const journal = await store.journal(repositoryId);
          const { now, sleep } = clock;
          try {
            return await work(
              new TrailWriter({ store: git, journal, signers: [FIRST_KEY], now, sleep }),
              journal,
            );
          } finally {
            await journal.close();
            await store.close();
          }
        };
        await writing(new Clock(), async (writer) => landed(await createTrail(writer, trailFile(), SETTING)));
        const args = [CHILD, kind.name, kind.where(), repository.directory, step, String(repositoryId)];
        const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
        assert.equal(signal, "SIGKILL", `${stdout}${stderr}`);
        const clock = new Clock();
        // Another time of day: what was reserved must not be made anew.
        clock.time += HOUR_MS;
        await writing(clock, async (writer, journal) => {
          const reserved = await journal.reserved();
          await writer.enqueue(decision(7));
          for (let flush = await writer.flush(); flush.kind !== "idle"; flush = await writer.flush())
            landed(flush);
          const { report } = await verifyTrail({ store: git, level: 1 });
          assert.deepEqual(report.findings, []);
          assert.equal(report.size, 2);
          const checkpoint = repository.git("show", "weighbridge-trail:checkpoint");
          if (reserved !== undefined) {
            assert.ok(checkpoint.includes(`\n2\n${Buffer.from(reserved.root).toString("base64")}\n`));
          }
          assert.deepEqual(await journal.pending(9), []);
          assert.equal(await journal.reserved(), undefined);
          assert.equal((await journal.landed())?.size, 2);
        });
        assert.equal(repository.git("rev-list", "--count", "weighbridge-trail"), "2");
        await git.close();
        repository.remove();
      });
    }
  });
}
