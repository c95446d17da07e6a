import { TestClock } from "pg-boss";
import { openPostgresStore } from "../../../app/store/postgres-store.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";
import type { OpenJournal, Store } from "../../../app/store/store.ts";
import { openGitStore } from "../../../gate/trail/git-store.ts";
import type { Signer } from "../../../gate/trail/note.ts";
import type { TrailStore } from "../../../gate/trail/store.ts";
import { TrailWriter } from "../../../gate/trail/writer.ts";
import { Clock, decision, FIRST_KEY } from "../../trail/rig.ts";

/**
 * A process that appends one event and is killed by the operating system at a step:
 * `node journal-child.ts <kind> <where> <repository> <step> <repository id>`.
 */
const [kind, where, directory, step, repositoryId] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const OPTIONS = { leaseMs: 30_000, quietMs: 0 };

function die(): never {
  process.kill(process.pid, "SIGKILL");
  // The signal needs a moment, and nothing more may happen in it.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/** The same object, but that the named call is the last that this process makes. */
function dyingAfter<T extends object>(target: T, names: readonly string[]): T {
  return new Proxy(target, {
    get(object, name) {
      const member = Reflect.get(object, name);
      if (typeof member !== "function") return member;
      const call = member.bind(object);
      if (name !== step || !names.includes(step)) return call;
      return async (...args: unknown[]) => {
        await call(...args);
        die();
      };
    },
  });
}

function open(time: number): Promise<Store> | Store {
  if (kind === "SQLite") return openSqliteStore(where, OPTIONS, () => time);
  const onError = (cause: unknown) => {
    throw cause;
  };
  return openPostgresStore(where, { ...OPTIONS, clock: new TestClock(time), onError });
}

const clock = new Clock();
const repository = await openGitStore(directory);
const store = await open(clock.time);
const journal: OpenJournal = dyingAfter(await store.journal(Number(repositoryId)), [
  ...["enqueue", "reserve", "keepSigned", "addIds", "land", "remove"],
]);
const writer = new TrailWriter({
  store: dyingAfter<TrailStore>(repository, ["append"]),
  journal,
  signers: [dyingAfter<Signer>(FIRST_KEY, ["sign"])],
  ...{ now: clock.now, sleep: clock.sleep },
});
await writer.enqueue(decision(7));
await writer.flush();
await journal.close();
await store.close();
await repository.close();
process.stdout.write("survived");
