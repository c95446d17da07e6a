import { FileJournal } from "../../gate/trail/file-journal.ts";
import type { Journal } from "../../gate/trail/journal.ts";
import type { Signer } from "../../gate/trail/note.ts";
import type { TrailStore } from "../../gate/trail/store.ts";
import { TrailWriter } from "../../gate/trail/writer.ts";
import { openPlace } from "./place.ts";
import { Clock, decision, FIRST_KEY } from "./rig.ts";

/**
 * A process that appends one event and is killed by the operating system at a step:
 * `node crash-child.ts <repository or address> <journal> <step>`. What it is given around the store, the journal and
 * the signer dies right after the call that the step names.
 */
const [place, folder, step] = process.argv.slice(2) as [string, string, string];

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

const clock = new Clock();
const opened = await openPlace(place);
const files = await FileJournal.open(folder, () => clock.time);
const store: TrailStore = dyingAfter(opened.store, ["append"]);
const journal: Journal = dyingAfter(files, ["enqueue", "reserve", "keepSigned", "addIds", "land", "remove"]);
const signer: Signer = dyingAfter(FIRST_KEY, ["sign"]);
const writer = new TrailWriter({ store, journal, signers: [signer], now: clock.now, sleep: clock.sleep });
await writer.enqueue(decision(7));
await writer.flush();
await files.close();
await opened.close();
process.stdout.write("survived");
