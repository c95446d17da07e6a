import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openCheckout } from "../../gate/checkout.ts";
import { cloneTrail } from "../../gate/trail/clone-trail.ts";
import type { EntryContent } from "../../gate/trail/entry.ts";
import { scratchRepository } from "../git.ts";
import { decision, type Rig, SETTING, startedRig } from "./rig.ts";
import { amend, flipped, readFile } from "./tamper.ts";

let rig: Rig;
before(async () => {
  rig = await startedRig();
  await rig.append(
    [told("waiver.used", "A", 1), decision(1), told("waiver.used", "B", 2)],
    // The same merge is heard of again, and asking for a waiver is no use of it.
    [told("waiver.used", "A", 3), told("waiver.used", "A", 1), told("waiver.expired", "A", 9)],
  );
});
after(async () => {
  await rig.close();
  rig.repository.remove();
});

function told(kind: string, id: string, event: number): EntryContent {
  const waiver = { id, event, gates: ["auc-floor"], expires: "2026-12-01T00:00:00.000Z" };
  const subject = [{ name: "git+https://github.com/acme/models", digest: { gitCommit: "a".repeat(40) } }];
  return { subject, predicate: { kind, ...SETTING, waiver } };
}

async function uses(directory: string, waivers: readonly string[]) {
  const checkout = await openCheckout(directory);
  const trail = cloneTrail(checkout);
  try {
    return await trail.uses(waivers);
  } finally {
    await trail.close();
    await checkout.close();
  }
}

test("a waiver was used as often as changes that it opened have entered", async () => {
  assert.deepEqual(await uses(rig.repository.directory, ["A", "B", "C"]), [
    { waiver: "A", count: 2 },
    { waiver: "B", count: 1 },
    { waiver: "C", count: 0 },
  ]);
});

test("without a trail nobody can tell", async () => {
  const repository = await scratchRepository();
  repository.commit("nothing yet");
  assert.equal(await uses(repository.directory, ["A"]), undefined);
  repository.remove();
});

test("a trail that does not verify tells nothing", async () => {
  amend(rig.repository, { checkpoint: flipped(readFile(rig.repository, "checkpoint"), 60) });
  assert.equal(await uses(rig.repository.directory, ["A"]), undefined);
});
