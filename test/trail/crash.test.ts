import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { type GitHubSite, openOnline, openSite, startedOnline } from "./github-rig.ts";
import { programEnvironment } from "./programs.ts";
import { Clock, decision, FIRST_KEY, landed, openRig, type Rig, START, startedRig } from "./rig.ts";
import { scratchFolder } from "./scratch.ts";

/** A writer killed with SIGKILL right after each step of an append, and a fresh one that goes on. */

const CHILD = fileURLToPath(new URL("crash-child.ts", import.meta.url));
const BRANCH = "weighbridge-trail";

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

interface Ended {
  readonly signal: string | null;
  readonly output: string;
}

function runChild(place: string, folder: string, step: string): Promise<Ended> {
  const options = { encoding: "utf8", env: programEnvironment() } as const;
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [CHILD, place, folder, step], options, (_, stdout, stderr) =>
      resolve({ signal: child.signalCode, output: `${stdout}${stderr}` }),
    );
  });
}

/** Where the trail is: its writers begin it, go on an hour later, and leave nothing behind. */
interface Where {
  begin(): Promise<Rig>;
  /** For the child. */
  address(rig: Rig): string;
  reopen(rig: Rig): Promise<Rig>;
  end(rig: Rig): Promise<void>;
}

const HOUR_MS = 3_600_000;

const HERE: Where = {
  begin: () => startedRig(),
  address: ({ repository }) => repository.directory,
  reopen: ({ repository: { directory }, journalFolder }) => {
    const clock = new Clock();
    clock.time += HOUR_MS;
    return openRig({ directory, journalFolder, clock });
  },
  async end(rig) {
    await rig.close();
    rig.repository.remove();
  },
};

let site: GitHubSite;
before(async () => {
  site = await openSite();
});
after(() => site.close());

const ON_GITHUB: Where = {
  begin: () => startedOnline(site, { journalFolder: join(scratchFolder(), "journal") }),
  address: () => site.stand.origin,
  reopen: ({ journalFolder }) => {
    site.clock.time += HOUR_MS;
    return openOnline(site, { journalFolder });
  },
  async end(rig) {
    await rig.close();
    site.setTip(undefined);
    site.clock.time = START;
  },
};

for (const [where, place] of [
  ["", HERE],
  [", on GitHub", ON_GITHUB],
] as const) {
  for (const [fault, step] of STEPS) {
    describe(`${fault}${where}`, () => {
      let rig: Rig;
      let reservation: string | undefined;
      before(async () => {
        rig = await place.begin();
        await rig.close();
        const { signal, output } = await runChild(place.address(rig), rig.journalFolder, step);
        assert.equal(signal, "SIGKILL", output);
        reservation = readReservation(rig.journalFolder);
        // Another time of day: what was reserved must not be made anew.
        rig = await place.reopen(rig);
        await rig.writer.enqueue(decision(7));
        for (let flush = await rig.writer.flush(); flush.kind !== "idle"; flush = await rig.writer.flush())
          landed(flush);
      });
      after(() => place.end(rig));

      test("lands once, and the trail verifies", async () => {
        const { report } = await verifyTrail({ store: rig.store, level: 1 });
        assert.deepEqual(report.findings, []);
        assert.equal(report.size, 2);
        assert.equal(rig.repository.git("rev-list", "--count", BRANCH), "2");
      });

      test("keeps the size and root that were reserved", () => {
        if (reservation === undefined) return assert.ok(["enqueue", "land", "remove"].includes(step));
        const { size, root, batchId } = JSON.parse(reservation);
        const checkpoint = rig.repository.git("show", `${BRANCH}:checkpoint`);
        assert.ok(checkpoint.startsWith(`example.com/acme/models/trail\n${size}\n${root}\n`));
        assert.ok(rig.repository.git("log", "-1", "--format=%B", BRANCH).includes(`Batch-Id: ${batchId}`));
      });

      test("leaves nothing pending, reserved or halted", async () => {
        assert.deepEqual(await rig.journal.pending(10), []);
        assert.equal(await rig.journal.reserved(), undefined);
        assert.equal(await rig.writer.halted(), undefined);
        assert.equal((await rig.writer.flush()).kind, "idle");
        assert.equal((await rig.journal.landed())?.size, 2);
      });
    });
  }
}

function readReservation(folder: string): string | undefined {
  const [name] = readdirSync(join(folder, "reserved")).sort();
  return name === undefined ? undefined : readFileSync(join(folder, "reserved", name), "utf8");
}

test("a child without a step to die at lands as any writer does", async () => {
  const rig = await startedRig();
  await rig.close();
  const { output } = await runChild(rig.repository.directory, rig.journalFolder, "none");
  assert.equal(output, "survived");
  assert.equal(rig.repository.git("rev-list", "--count", BRANCH), "2");
  assert.match(rig.repository.git("show", `${BRANCH}:checkpoint`), new RegExp(FIRST_KEY.name));
  rig.repository.remove();
});
