import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { createTrail } from "../../gate/trail/change.ts";
import { DEFAULT_BRANCH } from "../../gate/trail/git-store.ts";
import { openPushStore } from "../../gate/trail/push-store.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { decision, landed, openRig, type Rig, SETTING, trailFile } from "./rig.ts";

const rigs: Rig[] = [];
const remotes: ScratchRepository[] = [];
after(async () => {
  for (const rig of rigs) await rig.close();
  for (const { repository } of rigs) repository.remove();
  for (const remote of remotes) remote.remove();
});

async function remoteRepository(): Promise<ScratchRepository> {
  const remote = await scratchRepository({ bare: true });
  remotes.push(remote);
  return remote;
}

/** A clone that writes the remote's trail by pushing. */
async function pushing(remote: ScratchRepository): Promise<Rig> {
  const rig = await openRig({ wrapStore: (store) => openPushStore(store, "origin", DEFAULT_BRANCH) });
  rig.repository.git("remote", "add", "origin", remote.directory);
  rigs.push(rig);
  return rig;
}

test("a trail is begun and written on a remote, and verifies there and here", async () => {
  const remote = await remoteRepository();
  const rig = await pushing(remote);
  landed(await createTrail(rig.writer, trailFile(), SETTING));
  await rig.append([decision(1)], [decision(2)]);
  assert.equal(remote.git("rev-parse", DEFAULT_BRANCH), rig.repository.git("rev-parse", DEFAULT_BRANCH));
  const { report } = await verifyTrail({ store: rig.store, level: 1 });
  assert.deepEqual(report.findings, []);
  assert.equal(report.size, 3);
});

test("another clone goes on where the first stopped, and the first after it", async () => {
  const remote = await remoteRepository();
  const [first, second] = [await pushing(remote), await pushing(remote)];
  landed(await createTrail(first.writer, trailFile(), SETTING));
  await second.append([decision(1)]);
  await first.append([decision(2), decision(1)]);
  assert.equal(remote.git("rev-list", "--count", DEFAULT_BRANCH), "3");
  const { report } = await verifyTrail({ store: first.store, level: 1 });
  assert.deepEqual(report.findings, []);
  assert.equal(report.size, 3);
});

test("F22: a remote whose rules refuse the push halts the trail", async () => {
  const remote = await remoteRepository();
  const rig = await pushing(remote);
  landed(await createTrail(rig.writer, trailFile(), SETTING));
  remote.write("hooks/pre-receive", "#!/bin/sh\nexit 1\n");
  chmodSync(join(remote.directory, "hooks", "pre-receive"), 0o755);
  await rig.writer.enqueue(decision(1));
  const flush = await rig.writer.flush();
  assert.equal(flush.kind === "halted" && flush.halt.code, "TRAIL_REFUSED");
});

test("F5: a remote that cannot be reached is no answer, and the batch waits", async () => {
  const remote = await remoteRepository();
  const rig = await pushing(remote);
  landed(await createTrail(rig.writer, trailFile(), SETTING));
  await rig.writer.enqueue(decision(1));
  rig.repository.git("remote", "set-url", "--push", "origin", join(remote.directory, "nowhere"));
  assert.equal((await rig.writer.flush()).kind, "waiting");
  rig.repository.git("remote", "set-url", "--push", "origin", remote.directory);
  assert.equal(landed(await rig.writer.flush()).size, 2);
});

test("only a configured remote's name is taken", async () => {
  const rig = await openRig();
  rigs.push(rig);
  for (const name of ["--upload-pack=x", "ext::sh -c x", "", "a b"]) {
    assert.throws(() => openPushStore(rig.store, name, DEFAULT_BRANCH), { code: "TRAIL_REMOTE_INVALID" });
  }
});
