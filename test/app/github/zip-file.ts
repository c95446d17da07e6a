import { crc32, deflateRawSync } from "node:zlib";

/** One member; what is not said is what it should be. */
export interface Member {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  readonly stored?: boolean;
  /** What the directory says, if it lies. */
  readonly bytes?: number;
  /** Unix mode, as `0o120777`. */
  readonly mode?: number;
  readonly flags?: number;
  /** What the member's own header says, if it differs. */
  readonly localName?: string;
  /** Shares the bytes of the member before it. */
  readonly shared?: boolean;
}

/** A zip archive (APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16). */
export function zipFile(members: readonly Member[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  let last = 0;
  for (const member of members) {
    const content = Buffer.from(member.content ?? "");
    const packed = member.stored === true ? content : deflateRawSync(content);
    const name = Buffer.from(member.name);
    const local = Buffer.from(member.localName ?? name);
    const method = member.stored === true ? 0 : 8;
    const header = Buffer.alloc(30);
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(20, 4);
    header.writeUInt16LE(member.flags ?? 0, 6);
    header.writeUInt16LE(method, 8);
    header.writeUInt32LE(crc32(content), 14);
    header.writeUInt32LE(packed.length, 18);
    header.writeUInt32LE(content.length, 22);
    header.writeUInt16LE(local.length, 26);
    const at = member.shared === true ? last : offset;
    if (member.shared !== true) {
      parts.push(header, local, packed);
      last = offset;
      offset += 30 + local.length + packed.length;
    }
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(0x0314, 4);
    entry.writeUInt16LE(20, 6);
    entry.writeUInt16LE(member.flags ?? 0, 8);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(crc32(content), 16);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(member.bytes ?? content.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(((member.mode ?? 0o100644) << 16) >>> 0, 38);
    entry.writeUInt32LE(at, 42);
    directory.push(entry, name);
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listed, end]);
}
