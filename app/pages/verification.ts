import type { VerifyReport } from "../../gate/trail/verify/report.ts";
import type { Archive } from "../store/archive.ts";

/** The last verification of a trail, kept for the pages: they only say when it was and what came of it. */
export interface LastVerification {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly size: number;
  readonly level: 0 | 1;
  readonly findings: number;
  readonly undecided: number;
  /** Code of the first finding. */
  readonly code?: string;
  /** Why nothing could be told: then nothing was verified, and no number here says anything. */
  readonly failure?: { readonly code: string; readonly fix: string };
}

/** Keeps what a verification of the repository's trail came to. */
export async function keepVerification(
  archive: Pick<Archive, "set">,
  repositoryId: number,
  { report, at }: { readonly report: VerifyReport; readonly at: number },
): Promise<void> {
  const { size, level, findings, undecided } = report;
  const code = findings[0]?.code;
  const last: LastVerification = {
    ...{ at, size, level, findings: findings.length, undecided: undecided.length },
    ...(code === undefined ? {} : { code }),
  };
  await archive.set(nameOf(repositoryId), JSON.stringify(last));
}

/** Keeps that a verification came to nothing, and what helps. */
export async function keepFailure(
  archive: Pick<Archive, "set">,
  repositoryId: number,
  { failure, at }: Required<Pick<LastVerification, "failure" | "at">>,
): Promise<void> {
  const last: LastVerification = { at, size: 0, level: 0, findings: 0, undecided: 1, failure };
  await archive.set(nameOf(repositoryId), JSON.stringify(last));
}

/** Undefined before the first. */
export async function findVerification(
  archive: Pick<Archive, "get">,
  repositoryId: number,
): Promise<LastVerification | undefined> {
  const text = await archive.get(nameOf(repositoryId));
  // Kept by us: it has the form that `keepVerification` gave it.
  return text === undefined ? undefined : JSON.parse(text);
}

function nameOf(repositoryId: number): string {
  return `trail/${repositoryId}/verified`;
}
