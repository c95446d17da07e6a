import type { ByteSource } from "../model/bytes.ts";
import { PEEK_INPUT_BYTES, TAR_MEMBERS_MAX } from "./limits.ts";

const BLOCK_BYTES = 512;

/** What `str.strip` takes off has four separators more than white space has elsewhere. */
const BLANKS = /^[\s\x1c-\x1f]*$/;
const OCTAL = /^[\s\x1c-\x1f]*([+-]?)(?:0o_?)?([0-7]+(?:_[0-7]+)*)[\s\x1c-\x1f]*$/i;

export interface TarMember {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** A hard or a symbolic link. */
  readonly isLink: boolean;
}

/** The members of the tar that a file is (POSIX.1-1988 ustar, GNU and the older v7); undefined if it is none. */
export async function findTar(source: ByteSource): Promise<readonly TarMember[] | undefined> {
  const members: TarMember[] = [];
  let offset = 0;
  while (offset + BLOCK_BYTES <= source.size && members.length < TAR_MEMBERS_MAX) {
    const header = Buffer.from(await source.read(offset, BLOCK_BYTES));
    if (!isHeader(header)) break;
    const bytes = sizeOf(header);
    const isLink = header[156] === 0x31 || header[156] === 0x32;
    members.push({ name: nameOf(header), offset: offset + BLOCK_BYTES, bytes, isLink });
    const dataBytes = hasData(header) ? bytes : 0;
    offset += BLOCK_BYTES + Math.ceil(dataBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return members.length > 0 ? members : undefined;
}

/** The first bytes of a member. */
export async function tarMemberHead(source: ByteSource, { offset, bytes }: TarMember): Promise<Uint8Array> {
  const length = Math.min(bytes, PEEK_INPUT_BYTES, source.size - offset);
  return length > 0 ? source.read(offset, length) : new Uint8Array(0);
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
