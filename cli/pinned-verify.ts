import type { Command } from "commander";
import type { GitStore } from "../gate/trail/git-store.ts";
import { type Verification, type VerifyRequest, verifyTrail } from "../gate/trail/verify.ts";
import { type ProgressBar, progressBar } from "./terminal.ts";
import { readOwners } from "./trail-world.ts";

/** What an auditor or a witness holds against a trail, and did not take from it. */
export interface PinOptions {
  readonly pinKey?: string;
  readonly pinDigest?: string;
  readonly owners?: string;
}

export function pinOptions(command: Command): Command {
  return command
    .option("--pin-digest <digest>", "the first description, as trail init printed it")
    .option("--owners <file>", "who may approve new keys, as an allowed_signers file");
}

/** Verifies against what the options pin, with a bar where it takes long. */
export async function verifyPinned(
  store: GitStore,
  { pinKey, pinDigest, owners }: PinOptions,
  request: Omit<VerifyRequest, "store" | "pin" | "onProgress">,
): Promise<Verification> {
  const pin = {
    ...(pinKey === undefined ? {} : { vkey: pinKey }),
    ...(pinDigest === undefined ? {} : { digest: pinDigest }),
    ...(owners === undefined ? {} : { owners: await readOwners(owners) }),
  };
  const progress = new VerifyProgress();
  return verifyTrail({ ...request, store, pin, onProgress: progress.show }).finally(progress.stop);
}

/** Checkpoints and entries below which a bar would only flicker. */
const BAR_MIN = 20_000;

/** One bar after the other. */
class VerifyProgress {
  #shown: string | undefined;
  #bar: ProgressBar | undefined;

  readonly show = (what: string, done: number, total: number): void => {
    if (this.#shown !== what) {
      this.stop();
      this.#bar = progressBar(what, total, BAR_MIN);
      this.#shown = what;
    }
    this.#bar?.update(done);
  };

  readonly stop = (): void => {
    this.#bar?.stop();
    this.#bar = undefined;
  };
}
