import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { type GitHubSite, openSite, startedOnline } from "./github-rig.ts";
import { programEnvironment } from "./programs.ts";
import { type Rig, startedRig } from "./rig.ts";
import { scratchFolder } from "./scratch.ts";

/** Eight processes that write one trail at once, 500 records each, and hand the lead on among themselves. */

const CHILD = fileURLToPath(new URL("writer-child.ts", import.meta.url));
const WRITERS = 8;
const RECORDS = 500;
/** Numbers of a writer's pull requests begin at a multiple of this. */
const SPAN = 1_000;

const run = promisify(execFile);

/** `place` is a folder, or the address of the stand-in for GitHub. */
async function writeAll(place: string, folder: string): Promise<void> {
  const writers = Array.from({ length: WRITERS }, (_, at) => {
    const args = [CHILD, place, folder, String((at + 1) * SPAN), String(RECORDS)];
    return run(process.execPath, args, { env: programEnvironment() });
  });
  await Promise.all(writers);
}

/** Pull requests of the entries by writer, in the trail's order. */
async function numbersByWriter(rig: Rig): Promise<ReadonlyMap<number, readonly number[]>> {
  const numbers = new Map<number, number[]>();
  const { report } = await verifyTrail({
    store: rig.store,
    level: 1,
    visit: ({ predicate: { pr } }) => {
      if (pr === undefined) return;
      const writer = Math.floor(pr.number / SPAN);
      numbers.set(writer, [...(numbers.get(writer) ?? []), pr.number]);
    },
  });
  assert.deepEqual(report.findings, []);
  assert.equal(report.size, 1 + WRITERS * RECORDS);
  return numbers;
}

async function assertAllThere(rig: Rig): Promise<void> {
  const numbers = await numbersByWriter(rig);
  for (let writer = 1; writer <= WRITERS; writer++) {
    const expected = Array.from({ length: RECORDS }, (_, at) => writer * SPAN + at);
    assert.deepEqual(numbers.get(writer), expected);
  }
}

describe("eight writers at once on one repository", () => {
  let rig: Rig;
  before(async () => {
    rig = await startedRig({ journalFolder: join(scratchFolder(), "journal") });
    await rig.journal.close();
    await writeAll(rig.repository.directory, rig.journalFolder);
  });
  after(async () => {
    await rig.close();
    rig.repository.remove();
  });

  test("lose nothing, write nothing twice, and keep each writer's order", () => assertAllThere(rig));
});

describe("eight writers at once on GitHub", () => {
  let site: GitHubSite;
  let rig: Rig;
  before(async () => {
    site = await openSite();
    rig = await startedOnline(site, { journalFolder: join(scratchFolder(), "journal") });
    await rig.journal.close();
    await writeAll(site.stand.origin, rig.journalFolder);
  });
  after(async () => {
    await rig.close();
    await site.close();
  });

  test("lose nothing, write nothing twice, and keep each writer's order", () => assertAllThere(rig));

  test("move the branch once for each commit, in one request", () => {
    const commits = Number(rig.repository.git("rev-list", "--count", "weighbridge-trail"));
    // The first began the branch, over REST.
    assert.equal(site.stand.count("graphql"), commits - 1);
  });
});
