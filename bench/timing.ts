import { spawn } from "node:child_process";
import { markdownTable } from "markdown-table";

/** A program with all that it needs to run. */
export interface Program {
  readonly name: string;
  readonly script: string;
  readonly args?: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** One run, in milliseconds from the start of the process. */
export interface Timing {
  /** The first byte on standard output; the end, for a program that says nothing. */
  readonly answer: number;
  readonly end: number;
  /** Processor time in user mode, with that of the processes it waited for. */
  readonly user: number;
}

/**
 * Runs the programs in turn, so that what else the machine does falls on all of them alike; the first round is not
 * counted. Rejects where one ends with another status than 0 or 1, for then it has not done its work.
 */
export async function race(
  programs: readonly Program[],
  rounds: number,
): Promise<ReadonlyMap<string, readonly Timing[]>> {
  const timings = new Map(programs.map(({ name }) => [name, [] as Timing[]]));
  for (let round = 0; round <= rounds; round++) {
    for (const program of programs) {
      const timing = await time(program);
      if (round > 0) timings.get(program.name)?.push(timing);
    }
  }
  return timings;
}

/** The shell's `time` is the one way to learn what a process and its children took. */
async function time({ name, script, args = [], cwd, env }: Program): Promise<Timing> {
  const start = process.hrtime.bigint();
  const elapsed = () => Number(process.hrtime.bigint() - start) / 1e6;
  const shell = ["-c", 'TIMEFORMAT=%U; time "$@" 2>/dev/null', "bash", process.execPath, script, ...args];
  const child = spawn("bash", shell, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let answer: number | undefined;
  let report = "";
  child.stdout.on("data", () => {
    answer ??= elapsed();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    report += chunk.toString();
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (status !== 0 && status !== 1) throw new Error(`Cannot time ${name}: it ended with status ${status}`);
  const end = elapsed();
  return { answer: answer ?? end, end, user: Number(report.trim()) * 1000 };
}

export function minimum(values: readonly number[]): number {
  return Math.min(...values);
}

/** The lower one of two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? Number.NaN;
}

export function milliseconds(value: number): string {
  return `${Math.round(value)} ms`;
}

export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const align = ["l", ...header.slice(1).map(() => "r")];
  console.log(`${markdownTable([[...header], ...rows.map((row) => [...row])], { align })}\n`);
}
