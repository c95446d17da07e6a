import type { GateError } from "../../model/error.ts";

/** One thing that is wrong with a trail, and where. */
export interface TrailFinding {
  readonly code: string;
  readonly message: string;
  /** File of the branch. */
  readonly path?: string;
  /** Index of the entry. */
  readonly seq?: number;
  readonly commit?: string;
}

/** What was verified, and what is wrong, open, or to be known. */
export interface VerifyReport {
  readonly origin: string;
  readonly commit: string;
  readonly size: number;
  /** Standard base64. */
  readonly root: string;
  /** 0 structure of one commit, 1 the whole history as well. */
  readonly level: 0 | 1;
  /** Entries whose bytes were read; fewer than `size` only if a kept state stands for the rest. */
  readonly entriesRead: number;
  /** Checkpoints that were verified. */
  readonly checkpoints: number;
  readonly findings: readonly TrailFinding[];
  /** What could not be told: neither right nor wrong. */
  readonly undecided: readonly TrailFinding[];
  /** What the verification does not cover. */
  readonly notes: readonly string[];
}

/** What takes long, and how much of it is done; it is told of now and then. */
export type Progress = (what: "checkpoints" | "entries", done: number, total: number) => void;

/** Findings that are listed; the rest is counted. */
export const FINDINGS_MAX = 1_000;

/** Collects while verifying: nothing stops at the first finding. */
export class Findings {
  readonly findings: TrailFinding[] = [];
  readonly undecided: TrailFinding[] = [];
  readonly notes: string[] = [];
  #count = 0;

  add(code: string, message: string, place: Place = {}): void {
    this.#count++;
    if (this.findings.length < FINDINGS_MAX) this.findings.push({ code, message, ...place });
  }

  addError(error: GateError, place: Place = {}): void {
    this.add(error.code, error.message, place);
  }

  leaveOpen(code: string, message: string, place: Place = {}): void {
    if (this.undecided.length < FINDINGS_MAX) this.undecided.push({ code, message, ...place });
  }

  note(text: string): void {
    this.notes.push(text);
  }

  /** Findings beyond those that are listed. */
  get unlisted(): number {
    return this.#count - this.findings.length;
  }
}

type Place = Pick<TrailFinding, "path" | "seq" | "commit">;

/** Exit status of a verification: 0 clean, 1 findings, 2 undecided; never 0 on doubt. */
export function exitStatus({ findings, undecided }: Pick<VerifyReport, "findings" | "undecided">): 0 | 1 | 2 {
  if (findings.length > 0) return 1;
  return undecided.length > 0 ? 2 : 0;
}
