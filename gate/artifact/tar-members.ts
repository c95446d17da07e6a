import type { ByteSource } from "../model/bytes.ts";
import { PEEK_INPUT_BYTES, TAR_MEMBERS_MAX } from "./limits.ts";
import type { Unpacked } from "./peek.ts";

const BLOCK_BYTES = 512;

/** What `str.strip` takes off has four separators more than white space has elsewhere. */
const BLANKS = /^[\s\x1c-\x1f]*$/;
/** Of a pax header, which holds names, times and attributes of one member. */
const PAX_BYTES_MAX = 1024 * 1024;
/** The front of a record, as far as a size may go. */
const PAX_RECORD = /^(\d{1,10}) (?:size=(\d{1,15}))?/;
const PAX_RECORD_CHARACTERS = 40;
/** Blocks that go on with the map of one sparse file, 21 stretches each. */
const SPARSE_BLOCKS_MAX = 4096;
const OCTAL = /^[\s\x1c-\x1f]*([+-]?)(?:0o_?)?([0-7]+(?:_[0-7]+)*)[\s\x1c-\x1f]*$/i;

export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** A hard or a symbolic link. */
  readonly isLink: boolean;
  /** Where it ends is said elsewhere than in its header, which not every reader heeds: by pax, or as a sparse file. */
  readonly isResized: boolean;
}

/** The members of the tar that a file is (POSIX.1-2001 pax, ustar, GNU and the older v7); undefined if it is none. */
export async function findTar(source: ByteSource): Promise<readonly TarMember[] | undefined> {
  const members: TarMember[] = [];
  /** What pax says of the member to come. */
  let resized: number | undefined;
  let offset = 0;
  while (offset + BLOCK_BYTES <= source.size && members.length < TAR_MEMBERS_MAX) {
    const header = Buffer.from(await source.read(offset, BLOCK_BYTES));
    if (!isHeader(header)) break;
    const type = String.fromCharCode(header[156] ?? 0);
    const isExtended = /[gxXLK]/.test(type);
    const isResized = type === "S" || (!isExtended && resized !== undefined);
    const bytes = isExtended ? sizeOf(header) : (resized ?? sizeOf(header));
    offset = type === "S" ? await skipSparse(source, header, offset) : offset + BLOCK_BYTES;
    members.push({ name: nameOf(header), offset, bytes, isLink: /[12]/.test(type), isResized });
    if (!isExtended) resized = undefined;
    else if (/[xX]/.test(type)) resized = sizeIn(await readPax(source, offset, bytes)) ?? resized;
    if (hasData(header)) offset += Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return members.length > 0 ? members : undefined;
}

/** Where the data of a sparse file of GNU begins: behind the blocks that go on with its map. */
async function skipSparse(source: ByteSource, header: Buffer, offset: number): Promise<number> {
  let next = offset + BLOCK_BYTES;
  let goesOn = header[482] !== 0;
  for (let blocks = 0; goesOn && blocks < SPARSE_BLOCKS_MAX && next + BLOCK_BYTES <= source.size; blocks++) {
    goesOn = (await source.read(next + 504, 1))[0] !== 0;
    next += BLOCK_BYTES;
  }
  return next;
}

async function readPax(source: ByteSource, offset: number, bytes: number): Promise<Buffer> {
  const length = Math.max(0, Math.min(bytes, PAX_BYTES_MAX, source.size - offset));
  return Buffer.from(await source.read(offset, length));
}

/** The size that a pax header gives to the member behind it: records are `<length> <key>=<value>\n`, the last counts. */
function sizeIn(pax: Buffer): number | undefined {
  let size: number | undefined;
  const text = pax.toString("latin1");
  for (let at = 0; at < text.length; ) {
    const [, length, value] = PAX_RECORD.exec(text.slice(at, at + PAX_RECORD_CHARACTERS)) ?? [];
    if (!(Number(length) > 0)) break;
    if (value !== undefined) size = Number(value);
    at += Number(length);
  }
  return size;
}

/** The first bytes of a member. */
export async function tarMemberHead(source: ByteSource, { offset, bytes }: TarMember): Promise<Uint8Array> {
  const length = Math.min(bytes, PEEK_INPUT_BYTES, source.size - offset);
  return length > 0 ? source.read(offset, length) : new Uint8Array(0);
}

/** A member, to its end or to a limit. */
export async function unpackTarMember(
  source: ByteSource,
  { offset, bytes }: TarMember,
  bytesMax: number,
): Promise<Unpacked> {
  const length = Math.max(0, Math.min(bytes, bytesMax, source.size - offset));
  return { bytes: await source.read(Math.min(offset, source.size), length), isWhole: length === bytes };
}

/**
 * By the magic, or by the checksum alone: Python's tarfile opens archives without a magic, and takes the sum of bytes
 * with a sign for the checksum too, as some writers computed it (tarfile.py, calc_chksums). A block of zeros is the end.
 */
function isHeader(header: Buffer): boolean {
  if (header.every((byte) => byte === 0)) return false;
  if (header.toString("latin1", 257, 262) === "ustar") return true;
  const summed = Buffer.from(header).fill(0x20, 148, 156);
  const checksum = numberOf(header.subarray(148, 156));
  return checksum === sumOf(summed) || checksum === sumOf(new Int8Array(summed));
}

function sumOf(bytes: Iterable<number>): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum;
}

/** Links, devices, folders and pipes have none, whatever size they state; a file is a folder by its last slash. */
function hasData(header: Buffer): boolean {
  const type = String.fromCharCode(header[156] ?? 0);
  return !/[1-6]/.test(type) && !(type === "\0" && nameOf(header).endsWith("/"));
}

/** Bytes of the member; one of which the size is no number, or below zero, has none. */
function sizeOf(header: Buffer): number {
  return Math.max(0, numberOf(header.subarray(124, 136)) ?? 0);
}

/**
 * A number as Python's tarfile reads it (tarfile.py, nti): octal text up to a zero byte with all that `int` allows, or
 * big-endian behind a first byte of 80 or, below zero, FF (GNU).
 */
function numberOf(field: Buffer): number | undefined {
  if (field[0] === 0x80 || field[0] === 0xff) {
    const value = field.subarray(1).reduce((total, byte) => total * 256 + byte, 0);
    return field[0] === 0x80 ? value : value - 256 ** (field.length - 1);
  }
  const text = field.toString("latin1").split("\0")[0] ?? "";
  if (BLANKS.test(text)) return 0;
  const [, sign, digits] = OCTAL.exec(text) ?? [];
  if (digits === undefined) return undefined;
  return Number.parseInt(digits.replaceAll("_", ""), 8) * (sign === "-" ? -1 : 1);
}

function nameOf(header: Buffer): string {
  const text = (start: number, end: number) => header.toString("utf8", start, end).split("\0")[0] ?? "";
  const prefix = header.toString("latin1", 257, 263) === "ustar\0" ? text(345, 500) : "";
  return prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
}
