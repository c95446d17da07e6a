import type { ByteSource } from "../model/bytes.ts";
import { PEEK_INPUT_BYTES, TAR_MEMBERS_MAX } from "./limits.ts";

const BLOCK_BYTES = 512;

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
    offset += BLOCK_BYTES + Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return members.length > 0 ? members : undefined;
}

/** The first bytes of a member. */
export async function tarMemberHead(source: ByteSource, { offset, bytes }: TarMember): Promise<Uint8Array> {
  const length = Math.min(bytes, PEEK_INPUT_BYTES, source.size - offset);
  return length > 0 ? source.read(offset, length) : new Uint8Array(0);
}

/** By the magic, or by the checksum alone: Python's tarfile opens archives without a magic. */
function isHeader(header: Buffer): boolean {
  if (header[0] === 0) return false;
  if (header.toString("latin1", 257, 262) === "ustar") return true;
  const sum = header.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  return octal(header.subarray(148, 156)) === sum;
}

/** Bytes of the member: octal text, or big-endian with the first bit set (GNU). */
function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  if (field[0] !== 0x80) return octal(field) ?? 0;
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0);
}

function octal(field: Buffer): number | undefined {
  const text = /^ *([0-7]+)[ \0]*$/.exec(field.toString("latin1"));
  return text?.[1] === undefined ? undefined : Number.parseInt(text[1], 8);
}

function nameOf(header: Buffer): string {
  const text = (start: number, end: number) => header.toString("utf8", start, end).split("\0")[0] ?? "";
  const prefix = header.toString("latin1", 257, 263) === "ustar\0" ? text(345, 500) : "";
  return prefix === "" ? text(0, 100) : `${prefix}/${text(0, 100)}`;
}
