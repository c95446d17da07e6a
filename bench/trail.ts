// The trail at 1,000 to 1,000,000 entries, and one commit per record beside it, as a Markdown table:
//   node bench/trail.ts [--million]
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { markdownTable } from "markdown-table";
import { ObjectReader } from "../gate/checkout/objects.ts";
import { FileJournal } from "../gate/trail/file-journal.ts";
import { DEFAULT_BRANCH, openGitStore } from "../gate/trail/git-store.ts";
import { toRow } from "../gate/trail/outbox-row.ts";
import { openTrail, readLog } from "../gate/trail/read.ts";
import { verifyTrail } from "../gate/trail/verify.ts";
import { TrailWriter } from "../gate/trail/writer.ts";
import { BENCH_SIGNER, benchContent, generatePlain, generateTrail } from "./trail-generate.ts";

const SIZES = [1_000, 10_000, 100_000, ...(process.argv.includes("--million") ? [1_000_000] : [])];
const PER_COMMIT = 16;
/** A larger trail is measured as it was imported: git takes minutes to pack it anew. */
const REPACK_MAX = 100_000;
const MODEL = "models/model-017";
const PROOFS = 5;
const CLI = fileURLToPath(new URL("../dist/cli.js", import.meta.url));

/** Numbers of the events that are appended: beyond those of any generated trail. */
let events = 1_000_000_000;

const folder = mkdtempSync(join(tmpdir(), "weighbridge-bench-"));
const columns = new Map<number, Map<string, string>>();
try {
  for (const size of SIZES) columns.set(size, await measure(size));
} finally {
  rmSync(folder, { recursive: true });
}
const names = [...columns.get(SIZES[0]!)!.keys()];
const head = ["", ...SIZES.map((size) => size.toLocaleString("en"))];
const rows = names.map((name) => [name, ...SIZES.map((size) => columns.get(size)?.get(name) ?? "")]);
process.stdout.write(`${markdownTable([head, ...rows], { align: ["l", ...SIZES.map(() => "r")] })}\n`);

async function measure(size: number): Promise<Map<string, string>> {
  const result = new Map<string, string>();
  const directory = bare(`trail-${size}`);
  process.stderr.write(`${size}: writing\n`);
  await generateTrail(directory, size, PER_COMMIT);
  const bytes = pack(directory, size);
  result.set("stored, KB per entry", (bytes / size / 1000).toFixed(2));
  const clone = (...args: string[]) => seconds(() => cloneOf(directory, args));
  result.set("full clone", await clone());
  result.set("clone of depth 1", await clone("--depth=1"));
  process.stderr.write(`${size}: reading\n`);
  await read(directory, size, result);
  process.stderr.write(`${size}: appending\n`);
  await append(directory, result);
  process.stderr.write(`${size}: one commit per record\n`);
  await plain(size, result);
  return result;
}

async function read(directory: string, size: number, result: Map<string, string>): Promise<void> {
  const store = await openGitStore(directory);
  result.set("verify, last commit", await seconds(() => clean(verifyTrail({ store, level: 0 }))));
  result.set("verify, every checkpoint", await seconds(() => clean(verifyTrail({ store, level: 1 }))));
  let found = 0;
  const lookUp = async () => {
    for await (const _ of readLog(store, await openTrail(store), { models: [MODEL] })) found++;
  };
  result.set("log of one model", await seconds(lookUp));
  if (found !== Math.floor((size - 1 - 17) / 200) + 1) throw new Error(`${found} entries of ${MODEL}`);
  await store.close();
  // What nothing that reads all entries can be faster than, on one processor.
  result.set("limit: git alone unpacks the entries", await seconds(() => unpack(directory)));
  const times: number[] = [];
  for (let turn = 0; turn < PROOFS; turn++) {
    const start = performance.now();
    prove(directory, Math.floor((size * (2 * turn + 1)) / (2 * PROOFS)));
    times.push(performance.now() - start);
  }
  result.set("prove one, a process from its start", `${Math.max(...times).toFixed(0)} ms`);
}

/** As a person does it: what this process has in memory would be in the way. */
function prove(directory: string, seq: number): void {
  const out = ["--out", join(folder, "proof"), "--entry-out", join(folder, "entry")];
  execFileSync(process.execPath, [CLI, "trail", "prove", String(seq), ...out], {
    ...{ cwd: directory, stdio: "pipe" },
  });
}

async function unpack(directory: string): Promise<void> {
  const listing = git(directory, "ls-tree", "-r", "--format=%(objectname)", DEFAULT_BRANCH, "tile/entries/");
  execFileSync("git", ["cat-file", "--batch", "--buffer"], {
    ...{ cwd: directory, input: listing, stdio: ["pipe", "ignore", "inherit"] },
  });
}

async function append(directory: string, result: Map<string, string>): Promise<void> {
  const store = await openGitStore(directory);
  // What looked at less is nothing to go on from.
  const { state } = await verifyTrail({ store, level: 1 });
  const journal = await FileJournal.open(join(folder, `journal-${performance.now()}`));
  const sleep = async () => {};
  const world = { store, journal, signers: [BENCH_SIGNER], now: () => new Date(), sleep };
  const writer = new TrailWriter(world);
  // The first flush reads all ids from the branch: that is what an empty journal costs.
  result.set("first append", await seconds(() => flush(writer, 1)));
  const turns = 10;
  const start = performance.now();
  for (let turn = 0; turn < turns; turn++) await flush(writer, PER_COMMIT);
  result.set(`append ${PER_COMMIT}`, `${((performance.now() - start) / turns).toFixed(0)} ms`);
  const since = state!;
  result.set(
    "verify what is new",
    await seconds(() => clean(verifyTrail({ store, level: 1, since, entries: "new" }))),
  );
  await journal.close();
  await store.close();
}

async function flush(writer: TrailWriter, count: number): Promise<void> {
  const rows = Array.from({ length: count }, () => toRow(benchContent(events++)));
  const { kind } = await writer.change(new Uint8Array(), () => ({ rows }));
  if (kind !== "landed") throw new Error(`append: ${kind}`);
}

async function plain(size: number, result: Map<string, string>): Promise<void> {
  const directory = bare(`plain-${size}`);
  await generatePlain(directory, size);
  const bytes = pack(directory, size);
  result.set("plain: stored, KB per entry", (bytes / size / 1000).toFixed(2));
  result.set("plain: full clone", await seconds(() => cloneOf(directory, [])));
  result.set("plain: read and parse all", await seconds(() => readPlain(directory)));
  const grep = ["log", "--fixed-strings", `--grep=${MODEL}/`, "--format=%H", DEFAULT_BRANCH];
  result.set("plain: log of one model", await seconds(async () => git(directory, ...grep)));
  rmSync(directory, { recursive: true });
}

/** What verifying would begin with: every record, parsed. */
async function readPlain(directory: string): Promise<void> {
  const ids = git(directory, "rev-list", DEFAULT_BRANCH).trim().split("\n");
  const objects = new ObjectReader(directory);
  for (let at = 0; at < ids.length; at += 256) {
    await Promise.all(
      ids.slice(at, at + 256).map(async (id) => {
        const chunks: Uint8Array[] = [];
        await objects.read(id, () => (chunk) => chunks.push(chunk));
        const text = Buffer.concat(chunks).toString("utf8");
        JSON.parse(text.slice(text.indexOf("\n\n")));
      }),
    );
  }
  await objects.close();
}

async function clean(verification: ReturnType<typeof verifyTrail>): Promise<void> {
  const { report } = await verification;
  const [finding] = [...report.findings, ...report.undecided];
  if (finding !== undefined) throw new Error(`${finding.code}: ${finding.message}`);
}

async function seconds(run: () => Promise<unknown>): Promise<string> {
  const start = performance.now();
  await run();
  return `${((performance.now() - start) / 1000).toFixed(2)} s`;
}

async function cloneOf(directory: string, args: readonly string[]): Promise<void> {
  const target = join(folder, "clone");
  git(folder, "clone", "--quiet", "--bare", ...args, `file://${directory}`, target);
  rmSync(target, { recursive: true });
}

function bare(name: string): string {
  const directory = join(folder, name);
  git(folder, "init", "--quiet", "--bare", `--initial-branch=${DEFAULT_BRANCH}`, directory);
  return directory;
}

/** Bytes of all packs, packed anew if that does not take minutes. */
function pack(directory: string, size: number): number {
  if (size <= REPACK_MAX) git(directory, "repack", "-adq", "--window=10", "--depth=50");
  const packs = join(directory, "objects", "pack");
  const names = readdirSync(packs).filter((name) => name.endsWith(".pack"));
  return names.reduce((sum, name) => sum + statSync(join(packs, name)).size, 0);
}

function git(directory: string, ...args: string[]): string {
  return execFileSync("git", args, { cwd: directory, encoding: "utf8", maxBuffer: 1024 ** 3 });
}
