import { relative, resolve, sep } from "node:path";
import { type Checkout, openCheckout } from "../gate/checkout.ts";
import { readEvidenceFiles } from "../gate/evidence-files.ts";
import { GateError } from "../gate/model/error.ts";
import { openPacks } from "../gate/packs.ts";
import { cloneTrail } from "../gate/trail/clone-trail.ts";
import type { EvidenceFile, Packs, World } from "../gate/world.ts";
import { apiUrlOf } from "./environment.ts";

/** Beside the sources and beside the bundle alike. */
const POLICIES = new URL("../policies/", import.meta.url);

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/** Of `2026-11-21T12:00:00` */
const SECONDS_CHARS = 19;

export interface WorldOptions {
  readonly evidence?: readonly string[];
  /** Judge as of this moment instead of now. */
  readonly now?: string | undefined;
}

/** Runs `body` with the World of the repository around the working directory, and closes it afterwards. */
export async function withWorld<T>(
  options: WorldOptions,
  body: (world: World & { readonly repository: Checkout }) => Promise<T>,
): Promise<T> {
  const now = clock(options.now);
  const files = await readEvidence(options.evidence ?? []);
  const repository = await openCheckout(process.cwd());
  const trail = cloneTrail(repository);
  try {
    const evidence = files.map((file) => ({ ...file, path: pathFrom(repository.directory, file.path) }));
    return await body({ repository, packs: packs(), evidence, trail, now });
  } finally {
    await trail.close();
    await repository.close();
  }
}

/** A pattern that names nothing was mistyped: evidence that silently stays away looks like evidence never made. */
async function readEvidence(patterns: readonly string[]): Promise<readonly EvidenceFile[]> {
  const { files, unmatched } = await readEvidenceFiles(patterns, process.cwd());
  if (unmatched.length === 0) return files;
  throw new GateError("EVIDENCE_ABSENT", `Cannot read evidence: no file matches ${unmatched.join(", ")}`, {
    fix: "Give the paths of the files that the evaluation wrote, relative to the working directory",
  });
}

/** From the repository's top, so that the record is the same from whichever of its folders it is asked for. */
function pathFrom(top: string, path: string): string {
  return relative(top, resolve(path)).split(sep).join("/");
}

function packs(): Packs {
  const token = process.env.GH_TOKEN || process.env.GITHUB_TOKEN;
  return openPacks(POLICIES, { apiUrl: apiUrlOf(process.env), ...(token ? { token } : {}) });
}

/** Whether a day is one: `Date` takes the 30th of February for the 2nd of March. */
export function isOnCalendar(date: Date, written: string): boolean {
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(written.slice(0, SECONDS_CHARS));
}

function clock(at: string | undefined): () => Date {
  if (at === undefined) return () => new Date();
  const date = new Date(at);
  if (!INSTANT.test(at) || !isOnCalendar(date, at)) {
    throw new GateError("USAGE", `Cannot judge as of "${at}": not a time such as 2026-11-21T12:00:00Z`);
  }
  return () => date;
}
