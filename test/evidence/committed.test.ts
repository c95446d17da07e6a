import assert from "node:assert/strict";
import { test } from "node:test";
import { openCheckout } from "../../gate/checkout.ts";
import { assertFromTheRun } from "../../gate/evidence/committed.ts";
import type { World } from "../../gate/world.ts";
import { scratchRepository } from "../git.ts";

const bytes = Buffer.from("{}");

/** Holds evidence at `path` against a head that has one committed file and one that is only in the work tree. */
async function judgeEvidence(path: string, head: "HEAD" | "worktree"): Promise<void> {
  const scratch = await scratchRepository();
  const commit = scratch.commit("one", { "evidence/committed.json": "{}" });
  scratch.write("evidence/measured.json", "{}");
  const repository = await openCheckout(scratch.directory);
  try {
    const change = {
      base: commit,
      mergeBase: commit,
      head: await repository.commit(head),
      files: [],
      models: [],
    };
    const packs = { pack: () => Promise.reject(), remote: () => Promise.reject() };
    const world: World = { repository, packs, evidence: [{ path, bytes }], now: () => new Date(0) };
    await assertFromTheRun(change, world);
  } finally {
    await repository.close();
    scratch.remove();
  }
}

test("a committed file cannot pass for what the run measured, whatever it holds", async () => {
  for (const head of ["HEAD", "worktree"] as const) {
    await assert.rejects(judgeEvidence("evidence/committed.json", head), { code: "EVIDENCE_COMMITTED" });
  }
});

test("a file that the run wrote beside it is evidence, in a commit and in a work tree", async () => {
  for (const head of ["HEAD", "worktree"] as const) {
    await judgeEvidence("evidence/measured.json", head);
    await judgeEvidence("../elsewhere/committed.json", head);
  }
});
