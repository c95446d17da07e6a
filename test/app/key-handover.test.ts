import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { rotateKey } from "../../gate/trail/change.ts";
import { FileJournal } from "../../gate/trail/file-journal.ts";
import { openGitStore } from "../../gate/trail/git-store.ts";
import { fileSigner, generateKey, pemSigner } from "../../gate/trail/keys.ts";
import { openTrail } from "../../gate/trail/read.ts";
import { currentKey } from "../../gate/trail/trail-file.ts";
import { TrailWriter } from "../../gate/trail/writer.ts";
import { ownerOf } from "../trail/owner.ts";
import { kindsOf, nextModel, startTeam, type Team } from "./team.ts";

const OWNER = ownerOf(21);

/** Hands the trail over as `weighbridge trail key rotate` does, while the App writes nothing; the new key's PEM. */
async function handOver({ repository, running }: Team): Promise<string> {
  const { trailKey } = running.services.config;
  assert.ok(trailKey.kind === "file");
  const store = await openGitStore(repository.directory);
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-handover-"));
  const journal = await FileJournal.open(folder);
  try {
    const { file } = await openTrail(store);
    const { pem } = generateKey(file.origin);
    const [old, next] = [
      await fileSigner(file.origin, trailKey.path),
      await pemSigner(file.origin, pem, "the new key"),
    ];
    const writer = new TrailWriter({
      ...{ store, journal, signers: [old, next], now: () => new Date() },
      sleep: (ms) => sleep(ms),
    });
    const change = { kind: "key.rotated", old: currentKey(file).vkey, new: next.vkey } as const;
    const approval = OWNER.approve(change, file.origin);
    const setting = {
      repo: { id: file.repo_id, name: "acme/credit" },
      source_ts: new Date().toISOString(),
      app: { version: "operator" },
    };
    const flush = await rotateKey(writer, { vkey: next.vkey, approval }, setting);
    assert.equal(flush.kind, "landed");
    return pem;
  } finally {
    await journal.close();
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

test("a trail that was handed over to another key goes on with it", async () => {
  const team = await startTeam();
  try {
    const { stand, people, running } = team;
    const first = await team.propose(nextModel(2));
    stand.play.review(first, { by: people.olga, state: "APPROVED" });
    await team.settle();
    await team.trail();
    const pem = await handOver(team);

    const { trailKey } = running.services.config;
    if (trailKey.kind === "file") writeFileSync(trailKey.path, pem);
    await team.restart();
    const second = await team.propose(nextModel(3));
    stand.play.review(second, { by: people.olga, state: "APPROVED" });
    await team.settle();
    assert.equal(team.checkOf(second.head.sha).conclusion, "success", team.commentOn(second));
    assert.ok(kindsOf(await team.trail()).includes("key.rotated"));
  } finally {
    await team.close();
  }
});
