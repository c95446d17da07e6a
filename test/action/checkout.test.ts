import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { promisify } from "node:util";
import { openCompleteCheckout } from "../../action/checkout.ts";
import { runGit, type ScratchRepository, scratchRepository } from "../git.ts";
import { type StandIn, startServer } from "../github/server.ts";

/** Clones by HTTP from the stand-in, as shallow as actions/checkout makes them. */

const MAIN_COMMITS = 1_300;
const FORK_POINT = 20;

let origin: ScratchRepository;
let base: string;
let head: string;
let forkPoint: string;
let stand: StandIn;
let workspace: string;

before(async () => {
  origin = await scratchRepository({ bare: true });
  runGit(origin.directory, ["fast-import", "--quiet"], history());
  base = origin.git("rev-parse", "refs/heads/main");
  head = origin.git("rev-parse", "refs/heads/feature");
  forkPoint = origin.git("merge-base", base, head);
});

beforeEach(async () => {
  workspace = mkdtempSync(join(tmpdir(), "weighbridge-workspace-"));
  stand = await startServer();
  stand.github.addRepository("credit", origin.directory, { private: true });
  stand.github.addWorkflowToken("token", { contents: "read" });
});

afterEach(async () => {
  rmSync(workspace, { recursive: true });
  await stand.close();
});

after(() => origin.remove());

/** A long main, a branch off near its beginning, and the test merge that GitHub would make. */
function history(): string {
  const commit = (ref: string, mark: number, parents: string) =>
    `commit ${ref}\nmark :${mark}\ncommitter T <t@example.com> ${1_760_000_000 + mark} +0000\ndata 1\nx\n${parents}` +
    `M 100644 inline f${mark % 10}\ndata ${String(mark).length}\n${mark}\n\n`;
  const main = Array.from({ length: MAIN_COMMITS }, (_, index) =>
    commit("refs/heads/main", index + 1, index === 0 ? "" : `from :${index}\n`),
  );
  const feature = commit("refs/heads/feature", 5_000, `from :${FORK_POINT}\n`);
  const merge = commit("refs/pull/1/merge", 5_001, `from :${MAIN_COMMITS}\nmerge :5000\n`);
  return [...main, feature, merge].join("");
}

/** What actions/checkout does; `kept` leaves the token in the repository's configuration. */
async function checkout({ depth = 1, ref = "refs/pull/1/merge", kept = false } = {}): Promise<void> {
  const basic = Buffer.from("x-access-token:token").toString("base64");
  const header = `http.${stand.origin}/.extraheader`;
  const git = (...args: string[]) => promisify(execFile)("git", ["-C", workspace, ...args]);
  await git("init", "--quiet");
  await git("remote", "add", "origin", `${stand.origin}/acme/credit`);
  await git("config", header, `AUTHORIZATION: basic ${basic}`);
  const depths = depth === 0 ? [] : [`--depth=${depth}`];
  const refspec = ref.startsWith("refs/heads/")
    ? `+${ref}:refs/remotes/origin/${ref.slice(11)}`
    : `+${ref}:refs/remotes/${ref.slice(5)}`;
  await git("fetch", "--quiet", "--no-tags", ...depths, "origin", refspec);
  if (!kept) await git("config", "--unset-all", header);
}

async function open(revisions: { base: string; head: string }, token = "token") {
  const opened = await openCompleteCheckout({ ...revisions, workspace, serverUrl: stand.origin, token });
  const mergeBase = await opened.checkout.mergeBase(opened.base, opened.head);
  await opened.checkout.close();
  return { base: opened.base, head: opened.head, mergeBase };
}

describe("openCompleteCheckout", () => {
  it("fetches nothing where everything is there", async () => {
    await checkout({ depth: 0 });
    const before = stand.count("git");
    assert.deepEqual(await open({ base, head }), { base, head, mergeBase: forkPoint });
    assert.equal(stand.count("git"), before);
  });

  it("deepens a checkout of the test merge alone, signed in by what the checkout left", async () => {
    await checkout({ kept: true });
    assert.deepEqual(await open({ base, head }, "a token that GitHub does not know"), {
      base,
      head,
      mergeBase: forkPoint,
    });
  });

  it("signs in with the token where the checkout left nothing, and leaves nothing either", async () => {
    await checkout();
    assert.deepEqual(await open({ base, head }), { base, head, mergeBase: forkPoint });
    assert.doesNotMatch(runGit(workspace, ["config", "--list"]), /extraheader|eC1hY2Nlc3M/i);
  });

  it("fetches a commit that no branch of the checkout reaches", async () => {
    await checkout({ depth: 0, ref: "refs/heads/main" });
    assert.deepEqual(await open({ base: "main", head }), { base, head, mergeBase: forkPoint });
  });

  it("fetches a branch by its name", async () => {
    await checkout({ ref: "refs/heads/feature" });
    assert.deepEqual(await open({ base: "main", head }), { base, head, mergeBase: forkPoint });
  });

  it("says what is missing and how to get it, where GitHub refuses", async () => {
    await checkout();
    await assert.rejects(open({ base, head }, "a token that GitHub does not know"), {
      code: "CHECKOUT_FETCH",
      message: /^Cannot find .* shallow .*; fetching it from origin failed: /,
      fix: 'Give actions/checkout "fetch-depth: 0", so that the whole history is there',
    });
  });

  it("says so where GitHub has no such commit", async () => {
    await checkout({ depth: 0 });
    await assert.rejects(open({ base, head: "f".repeat(40) }), { code: "CHECKOUT_FETCH" });
  });

  it("refuses a folder that is no repository", async () => {
    await assert.rejects(open({ base, head }), { code: "NOT_A_REPOSITORY" });
  });
});
