import type { ByteSource } from "../model/bytes.ts";
import { ByteWindow } from "./byte-window.ts";
import { PEEK_BYTES, TAR_MEMBERS_MAX } from "./limits.ts";
import type { Unpacked } from "./peek.ts";

const BLOCK_BYTES = 512;

/** What `str.strip` takes off has four separators more than white space has elsewhere. */
const BLANKS = /^[\s\x1c-\x1f]*$/;
/** Of a pax header, which holds names, times and attributes of one member. */
const PAX_BYTES_MAX = 1024 * 1024;
/** The front of a record, as far as a size may go. */
const PAX_RECORD = /^(\d{1,10}) (?:size=(\d{1,15}))?/;
const PAX_RECORD_CHARACTERS = 40;
/** What says where a member ends, of which readers make this or that. */
const PAX_SIZES = /\d (?:size|GNU\.sparse\.\w+)=/;
/** Looked through for headers, in a second. */
const SWEEP_BYTES_MAX = 256 * 1024 * 1024;
/** Blocks that go on with the map of one sparse file, 21 stretches each. */
const SPARSE_BLOCKS_MAX = 4096;
const OCTAL = /^[\s\x1c-\x1f]*([+-]?)(?:0o_?)?([0-7]+(?:_[0-7]+)*)[\s\x1c-\x1f]*$/i;

export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** A hard or a symbolic link. */
  readonly isLink: boolean;
  /** Where it or the next one ends is said elsewhere than in its header, which not every reader heeds. */
  readonly isResized: boolean;
}

/**
 * The members of the tar that a file is (POSIX.1-2001 pax, ustar, GNU and the older v7); undefined if it is none.
 * Where readers differ in where a member ends, every block that is a header is one.
 */
export async function findTar(source: ByteSource): Promise<readonly TarMember[] | undefined> {
  const listed = await listMembers(source);
  const members = [...listed.values()];
  if (members.some(({ isResized }) => isResized)) members.push(...(await sweep(source, listed)));
  return members.length > 0 ? members : undefined;
}

/** By the offset of their headers. */
async function listMembers(source: ByteSource): Promise<Map<number, TarMember>> {
  const members = new Map<number, TarMember>();
  /** What pax says of the member to come. */
  let pax: Pax = NO_PAX;
  let offset = 0;
  while (offset + BLOCK_BYTES <= source.size && members.size < TAR_MEMBERS_MAX) {
    const at = offset;
    const header = Buffer.from(await source.read(offset, BLOCK_BYTES));
    if (!isHeader(header)) break;
    const type = typeOf(header);
    const isExtended = /[gxXLK]/.test(type);
    const bytes = isExtended ? sizeOf(header) : (pax.size ?? sizeOf(header));
    offset = type === "S" ? await skipSparse(source, header, offset) : offset + BLOCK_BYTES;
    const own = /[gxX]/.test(type) ? await readPax(source, offset, bytes) : NO_PAX;
    const isResized = type === "S" || own.isResizing;
    members.set(at, { name: nameOf(header), offset, bytes, isLink: /[12]/.test(type), isResized });
    if (!isExtended) pax = NO_PAX;
    else if (type !== "g") pax = { ...own, size: own.size ?? pax.size };
    if (hasData(header)) offset += Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return members;
}

/** The members of headers that are not listed. */
async function sweep(
  source: ByteSource,
  listed: ReadonlyMap<number, TarMember>,
): Promise<readonly TarMember[]> {
  const found: TarMember[] = [];
  const window = new ByteWindow(source);
  const last = Math.min(source.size, SWEEP_BYTES_MAX) - BLOCK_BYTES;
  for (let at = 0; at <= last && listed.size + found.length < TAR_MEMBERS_MAX; at += BLOCK_BYTES) {
    if (listed.has(at)) continue;
    if (!window.covers(at, BLOCK_BYTES)) await window.cover(at, BLOCK_BYTES);
    const header = Buffer.from(window.bytes(at, BLOCK_BYTES));
    if (!isHeader(header)) continue;
    const offset = at + BLOCK_BYTES;
    found.push({ name: nameOf(header), offset, bytes: sizeOf(header), isLink: false, isResized: true });
  }
  return found;
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

interface Pax {
  readonly size: number | undefined;
  readonly isResizing: boolean;
}

const NO_PAX: Pax = { size: undefined, isResizing: false };

async function readPax(source: ByteSource, offset: number, bytes: number): Promise<Pax> {
  const length = Math.max(0, Math.min(bytes, PAX_BYTES_MAX, source.size - offset));
  const text = Buffer.from(await source.read(Math.min(offset, source.size), length)).toString("latin1");
  return { size: sizeIn(text), isResizing: length < bytes || PAX_SIZES.test(text) };
}

/** The size that a pax header gives to the member behind it: records are `<length> <key>=<value>\n`, the last counts. */
function sizeIn(pax: string): number | undefined {
  let size: number | undefined;
  for (let at = 0; at < pax.length; ) {
    const [, length, value] = PAX_RECORD.exec(pax.slice(at, at + PAX_RECORD_CHARACTERS)) ?? [];
    if (!(Number(length) > 0)) break;
    if (value !== undefined) size = Number(value);
    at += Number(length);
  }
  return size;
}

/** A member: its first bytes, or all of it up to a limit. */
export async function unpackTarMember(
  source: ByteSource,
  { offset, bytes }: TarMember,
  bytesMax = PEEK_BYTES,
): Promise<Unpacked> {
  const length = Math.max(0, Math.min(bytes, bytesMax, source.size - offset));
  const read = await source.read(Math.min(offset, source.size), length);
  return { bytes: read, ended: length === bytes ? "end" : "limit", cost: length };
}

/**
 * By the magic, or by the checksum alone: Python's tarfile opens archives without a magic, and takes the sum of bytes
 * with a sign for the checksum too, as some writers computed it (tarfile.py, calc_chksums). A block of zeros is the end.
 */
function isHeader(header: Buffer): boolean {
  if (header.every((byte) => byte === 0)) return false;
  if (header.toString("latin1", 257, 262) === "ustar") return true;
  const checksum = numberOf(header.subarray(148, 156));
  if (checksum === undefined) return false;
  const summed = Buffer.from(header).fill(0x20, 148, 156);
  return checksum === sumOf(summed) || checksum === sumOf(new Int8Array(summed));
}

function sumOf(bytes: Iterable<number>): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum;
}

/**
 * Links, devices, folders and pipes have none, whatever size they state; a file is a folder by the last slash of its
 * name, without what stands before it (tarfile.py, frombuf).
 */
function hasData(header: Buffer): boolean {
  const type = typeOf(header);
  return !/[1-6]/.test(type) && !(type === "\0" && textIn(header, 0, 100).endsWith("/"));
}

function typeOf(header: Buffer): string {
  return String.fromCharCode(header[156] ?? 0);
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
  const prefix = header.toString("latin1", 257, 263) === "ustar\0" ? textIn(header, 345, 500) : "";
  return prefix === "" ? textIn(header, 0, 100) : `${prefix}/${textIn(header, 0, 100)}`;
}

function textIn(header: Buffer, start: number, end: number): string {
  return header.toString("utf8", start, end).split("\0")[0] ?? "";
}
