// Speed of reading artifacts, as a Markdown table: node bench/artifact.ts
import { createHash, hash } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { markdownTable } from "markdown-table";
import { bufferSource, fileSource, sha256 } from "../gate/artifact/bytes.ts";
import { identify } from "../gate/artifact/identify.ts";
import { scanFile } from "../gate/artifact/scan.ts";

const MIB = 1024 * 1024;
const FILE_MIB = 512;
const ROUNDS = 5;

const rows: string[][] = [["what", "best of 5", "per CPU second"]];

/** Best wall time and best CPU time of a few rounds, in milliseconds. */
async function best(run: () => unknown): Promise<{ wall: number; cpu: number }> {
  let wall = Number.POSITIVE_INFINITY;
  let cpu = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    const start = performance.now();
    await run();
    wall = Math.min(wall, performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    cpu = Math.min(cpu, (user + system) / 1000);
  }
  return { wall, cpu };
}

async function throughput(what: string, bytes: number, run: () => unknown): Promise<void> {
  const { wall, cpu } = await best(run);
  const rate = (ms: number) => `${(bytes / ms / 1e6).toFixed(2)} GB/s`;
  rows.push([what, rate(wall), rate(cpu)]);
}

async function duration(what: string, run: () => unknown): Promise<void> {
  const { wall, cpu } = await best(run);
  rows.push([what, `${wall.toFixed(1)} ms`, `${cpu.toFixed(1)} ms of CPU`]);
}

/** A safetensors file of one tensor, or of many small ones. */
function safetensors(tensors: number, floatsEach: number): Buffer {
  const header: Record<string, object> = {};
  for (let index = 0; index < tensors; index++) {
    const start = index * floatsEach * 4;
    const name = `model.layers.${index}.self_attn.q_proj.weight`;
    header[name] = { dtype: "F32", shape: [floatsEach], data_offsets: [start, start + floatsEach * 4] };
  }
  const text = JSON.stringify(header);
  const padded = Buffer.from(text.padEnd(Math.ceil(text.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, Buffer.alloc(tensors * floatsEach * 4, 0x3d)]);
}

const memory = Buffer.alloc(8 * MIB, 7);
await throughput("crypto.hash SHA-256, 8 MiB in memory", memory.length, () => hash("sha256", memory));
await throughput("createHash SHA-256, 8 MiB in memory", memory.length, () =>
  createHash("sha256").update(memory).digest(),
);

const folder = await mkdtemp(join(tmpdir(), "weighbridge-bench-"));
try {
  const path = join(folder, "large.safetensors");
  const file = await open(path, "w");
  const large = safetensors(1, 0);
  const data = FILE_MIB * MIB;
  const header = JSON.stringify({ w: { dtype: "F32", shape: [data / 4], data_offsets: [0, data] } }).padEnd(
    96,
  );
  large.writeBigUInt64LE(BigInt(header.length));
  await file.write(Buffer.concat([large.subarray(0, 8), Buffer.from(header)]));
  for (let chunk = 0; chunk < FILE_MIB / 8; chunk++) await file.write(Buffer.alloc(8 * MIB, 0x3d));
  await file.close();
  const source = await fileSource(path, path);
  await throughput(`sha256 of a file of ${FILE_MIB} MiB`, source.size, () => sha256(source));
  await throughput("scanFile of it: digest, header and values of F32", source.size, () =>
    scanFile(source, path),
  );
  await duration("identify of it", () => identify(source, path));
  await source.close();
} finally {
  await rm(folder, { recursive: true });
}

for (const tensors of [10_000, 100_000]) {
  const bytes = safetensors(tensors, 1);
  const source = bufferSource("many.safetensors", bytes);
  const title = `header of ${tensors} tensors, ${(bytes.readUInt32LE(0) / 1e6).toFixed(1)} MB`;
  await duration(title, () => scanFile(source, "many.safetensors", { sha256: "0".repeat(64) }));
}

console.log(markdownTable(rows));
