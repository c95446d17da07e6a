import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { Clock, decision, FIRST_KEY, landed, openRig, type Rig, startedRig } from "./rig.ts";

/** A writer killed with SIGKILL right after each step of an append, and a fresh one that goes on. */

const CHILD = fileURLToPath(new URL("crash-child.ts", import.meta.url));

const STEPS: readonly [fault: string, step: string][] = [
  ["F1: killed after the event is in the outbox", "enqueue"],
  ["F2: killed after the batch is reserved, before it is signed", "reserve"],
  ["F3: killed after signing, before the signature is kept", "sign"],
  ["F3: killed after the signature is kept, before anything is sent", "keepSigned"],
  ["F4: killed after it has landed, before that is known", "append"],
  ["F4: killed after its id is known, before it is recorded as landed", "addIds"],
  ["F4: killed after it is recorded as landed, before the outbox is cleared", "land"],
  ["F4: killed after the outbox is cleared", "remove"],
];

for (const [fault, step] of STEPS) {
  describe(fault, () => {
    let rig: Rig;
    let reservation: string | undefined;
    before(async () => {
      rig = await startedRig();
      await rig.close();
      const args = [CHILD, rig.repository.directory, rig.journalFolder, step];
      const { signal, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
      assert.equal(signal, "SIGKILL", `${stdout}${stderr}`);
      reservation = readReservation(rig.journalFolder);
      const clock = new Clock();
      // Another time of day: what was reserved must not be made anew.
      clock.time += 3_600_000;
      rig = await openRig({ directory: rig.repository.directory, journalFolder: rig.journalFolder, clock });
      await rig.writer.enqueue(decision(7));
      for (let flush = await rig.writer.flush(); flush.kind !== "idle"; flush = await rig.writer.flush())
        landed(flush);
    });
    after(async () => {
      await rig.close();
      rig.repository.remove();
    });

    test("lands once, and the trail verifies", async () => {
      const { report } = await verifyTrail({ store: rig.store, level: 1 });
      assert.deepEqual(report.findings, []);
      assert.equal(report.size, 2);
      assert.equal(rig.repository.git("rev-list", "--count", "weighbridge-trail"), "2");
    });

    test("keeps the size and root that were reserved", () => {
      if (reservation === undefined) return assert.ok(["enqueue", "land", "remove"].includes(step));
      const { size, root, batchId, time } = JSON.parse(reservation);
      const checkpoint = rig.repository.git("show", "weighbridge-trail:checkpoint");
      assert.ok(checkpoint.startsWith(`example.com/acme/models/trail\n${size}\n${root}\n`));
      const commit = rig.repository.git("log", "-1", "--format=%ct %B", "weighbridge-trail");
      assert.ok(commit.startsWith(`${time} `));
      assert.ok(commit.includes(`Batch-Id: ${batchId}`));
    });

    test("leaves nothing pending, reserved or halted", async () => {
      assert.deepEqual(await rig.journal.pending(10), []);
      assert.equal(await rig.journal.reserved(), undefined);
      assert.equal(await rig.writer.halted(), undefined);
      assert.equal((await rig.writer.flush()).kind, "idle");
      assert.deepEqual(await rig.journal.landed().then((last) => last?.size), 2);
    });
  });
}

function readReservation(folder: string): string | undefined {
  const [name] = readdirSync(join(folder, "reserved")).sort();
  return name === undefined ? undefined : readFileSync(join(folder, "reserved", name), "utf8");
}

test("a child without a step to die at lands as any writer does", async () => {
  const rig = await startedRig();
  await rig.close();
  const args = [CHILD, rig.repository.directory, rig.journalFolder, "none"];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  assert.equal(stdout, "survived", stderr);
  assert.equal(rig.repository.git("rev-list", "--count", "weighbridge-trail"), "2");
  assert.match(rig.repository.git("show", "weighbridge-trail:checkpoint"), new RegExp(FIRST_KEY.name));
  rig.repository.remove();
});
