import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GateError } from "../model/error.ts";
import type { Finding } from "../model/finding.ts";
import type { TrailState } from "../model/trail.ts";
import type { GitStore } from "./git-store.ts";
import { formatState, type KeptState, parseState } from "./kept-state.ts";
import type { TrailFinding, VerifyReport } from "./verify/report.ts";
import { verifyTrail } from "./verify.ts";

/** Findings that a decision lists; `weighbridge trail verify` has them all. */
const FINDINGS_MAX = 5;

/**
 * Whether the trail verifies: the last commit, and that it goes on from what the last check in this clone saw. The
 * verification itself never ends a decision; what it cannot do is a finding.
 */
export async function readTrailState(store: GitStore, branch: string): Promise<TrailState> {
  const path = join(store.gitFolder, "weighbridge", "verified", branch);
  const since = await findKept(path);
  try {
    const { report, state } = await verifyTrail({
      store,
      level: 0,
      entries: "new",
      ...(since === undefined ? {} : { since }),
    });
    if (state !== undefined) await keep(path, state);
    return toState(report);
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    const { code, message, fix } = cause;
    const finding = { code, message, ...(fix === undefined ? {} : { fix }) };
    return { origin: since?.origin ?? branch, size: 0, root: "", findings: [finding] };
  }
}

function toState({ origin, size, root, findings, undecided }: VerifyReport): TrailState {
  const all = [...findings, ...undecided].slice(0, FINDINGS_MAX).map(toFinding);
  return { origin, size, root: Buffer.from(root, "base64").toString("hex"), findings: all };
}

function toFinding({ code, message, path }: TrailFinding): Finding {
  const place = path === undefined ? {} : { place: { path } };
  return {
    code,
    message,
    ...place,
    fix: "Run weighbridge trail verify, and find out who wrote what it names",
  };
}

/** What is kept only spares reading: a file that is damaged is read as none. */
async function findKept(path: string): Promise<KeptState | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
  try {
    return parseState(bytes, path);
  } catch (cause) {
    if (cause instanceof GateError) return undefined;
    throw cause;
  }
}

async function keep(path: string, state: KeptState): Promise<void> {
  const unfinished = `${path}.${process.pid}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(unfinished, formatState(state));
    await rename(unfinished, path);
  } catch (cause) {
    // A clone that cannot be written to is verified from the start each time.
    if (cause instanceof Error && "code" in cause && (cause.code === "EACCES" || cause.code === "EROFS"))
      return;
    throw cause;
  }
}
