import assert from "node:assert/strict";
import { test } from "node:test";
import { appPacks } from "../../../app/github/packs.ts";
import type { RemoteParent } from "../../../gate/world.ts";
import { scratchRepository } from "../../git.ts";
import * as faults from "../../github/faults.ts";
import { memoryArchive, openScene } from "./scene.ts";

const POLICIES = new URL("../../../policies/", import.meta.url);

async function withParent(isPrivate = false) {
  const scene = await openScene();
  const { stand, maria, client, repository } = scene;
  const central = await scratchRepository({ bare: true });
  const policies = stand.github.addRepository("policies", central.directory, { private: isPrivate });
  const commit = stand.play.push(policies, {
    ...{ branch: "main", by: maria },
    files: {
      "base.yml": "weighbridge: 1\n",
      "link.yml": { mode: "120000", content: "base.yml" },
      "d/x.yml": "x",
    },
  });
  const cache = memoryArchive();
  const packs = (privateParents: readonly string[] = []) =>
    appPacks({ policies: POLICIES, client, repositoryId: repository.id, cache, privateParents });
  const parent = { owner: "acme", repo: "policies", path: "base.yml", commit };
  return { ...scene, policies, packs, parent, central };
}

test("packs come with Weighbridge", async () => {
  const { packs } = await withParent();
  assert.match(Buffer.from(await packs().pack("core@1")).toString(), /CORE-01/);
  await assert.rejects(packs().pack("../core@1"), { code: "PACK_UNKNOWN" });
});

test("C6: a parent is read at its commit, and once", async () => {
  const { packs, parent, stand, central } = await withParent();
  assert.equal(Buffer.from(await packs().remote(parent)).toString(), "weighbridge: 1\n");
  const before = stand.requests.length;
  assert.equal(Buffer.from(await packs().remote(parent)).toString(), "weighbridge: 1\n");
  assert.equal(stand.requests.length, before);
  central.remove();
});

test("C5: a parent that is not there, may not be read, or does not come, is not available", async () => {
  const { packs, parent, stand, central } = await withParent();
  const absent: readonly RemoteParent[] = [
    { ...parent, repo: "nothing" },
    { ...parent, path: "other.yml" },
    { ...parent, path: "d" },
    { ...parent, commit: "f".repeat(40) },
  ];
  for (const each of absent) await assert.rejects(packs().remote(each), { code: "PARENT_UNAVAILABLE" });
  for (const effect of [faults.readOnly(), faults.serverError(), faults.RESET, faults.secondaryLimit(3600)]) {
    stand.fail({ match: "repos/get", times: 4, effect });
    await assert.rejects(packs().remote(parent), { code: "PARENT_UNAVAILABLE" });
    stand.requests.at(-1);
    await drain(stand);
  }
  central.remove();
});

test("C5: a parent whose API answers nothing is given up, and is not available", async ({ mock }) => {
  const { packs, parent, stand, central } = await withParent();
  const { timeout } = AbortSignal;
  mock.method(AbortSignal, "timeout", () => timeout(50));
  stand.fail({ match: "repos/get", times: 9, effect: faults.delay(2_000) });
  const begun = performance.now();
  await assert.rejects(packs().remote(parent), { code: "PARENT_UNAVAILABLE" });
  assert.ok(performance.now() - begun < 2_000, "nobody waited for it");
  central.remove();
});

/** Takes the faults that are left, so that the next begin anew. */
async function drain(stand: Awaited<ReturnType<typeof withParent>>["stand"]): Promise<void> {
  for (let time = 0; time < 4; time++) {
    await fetch(`${stand.origin}/repos/acme/none`, {
      headers: { "x-github-api-version": "2022-11-28" },
    }).catch(() => 0);
  }
}

test("C47: a parent that is a link is not followed", async () => {
  const { packs, parent, central } = await withParent();
  await assert.rejects(packs().remote({ ...parent, path: "link.yml" }), {
    code: "PARENT_UNAVAILABLE",
    message: `Cannot read policy acme/policies//link.yml@${parent.commit}: it is a symlink`,
  });
  central.remove();
});

test("a policy cannot send the App anywhere: what is no repository, path and commit is never asked for", async () => {
  const { packs, parent, stand, central } = await withParent();
  const before = stand.requests.length;
  const elsewhere: readonly Partial<RemoteParent>[] = [
    { owner: "169.254.169.254" },
    { owner: "evil.example/x" },
    { owner: "acme@evil.example" },
    { owner: ".." },
    { owner: "" },
    { repo: ".." },
    { repo: "policies/../../app" },
    { repo: "policies?x=" },
    { repo: "policies#" },
    { repo: "policies%2f.." },
    { path: "../../../app" },
    { path: "/base.yml" },
    { path: "a/./b" },
    { path: "base.yml\nx" },
    { path: "" },
    { commit: "main" },
    { commit: "a".repeat(39) },
    { commit: `${"a".repeat(40)}/../x` },
    { commit: "A".repeat(40) },
  ];
  for (const part of elsewhere) {
    await assert.rejects(
      packs().remote({ ...parent, ...part }),
      { code: "PARENT_UNAVAILABLE" },
      JSON.stringify(part),
    );
  }
  assert.equal(stand.requests.length, before);
  central.remove();
});

test("a private repository is only read out if the operator names it", async () => {
  const { packs, parent, central } = await withParent(true);
  await assert.rejects(packs().remote(parent), { code: "PARENT_UNAVAILABLE" });
  await assert.rejects(packs(["acme/other"]).remote(parent), { code: "PARENT_UNAVAILABLE" });
  assert.equal(Buffer.from(await packs(["Acme/Policies"]).remote(parent)).toString(), "weighbridge: 1\n");
  central.remove();
});
