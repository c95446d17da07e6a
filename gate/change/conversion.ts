import { bufferSource } from "../artifact/bytes.ts";
import { identify } from "../artifact/identify.ts";
import type { ByteSource } from "../model/bytes.ts";
import type { TreeEntry } from "../model/change.ts";
import type { Finding } from "../model/finding.ts";
import type { Repository } from "../world.ts";
import { type Attributes, type Conversion, conversionsOf } from "./attributes.ts";

const CHUNK_BYTES = 1024 * 1024;
const OVERLAP_BYTES = 4;
/** What a checkout makes of a file is made whole in memory. */
const CONVERTED_BYTES_MAX = 64 * 1024 * 1024;
const LF = 0x0a;
const CR = 0x0d;

/** Why a checkout has other bytes for a model's file than those that git keeps and that are weighed. */
export async function findConversion(
  entry: TreeEntry,
  attributes: Attributes,
  repository: Repository,
): Promise<Finding | undefined> {
  const conversions = conversionsOf(entry.path, attributes);
  const always = conversions.find(({ kind }) => kind === "encoding" || kind === "filter");
  if (always !== undefined) return toFinding(entry.path, always);
  if (conversions.length === 0) return undefined;
  const content = await repository.open(entry);
  try {
    for (const conversion of conversions) {
      if (await changes(content, conversion.kind)) return toFinding(entry.path, conversion);
    }
    return undefined;
  } finally {
    await content.close();
  }
}

/** Why a checkout has a file in another encoding; what else is done to text leaves it what it is. */
export function findReencoding(path: string, attributes: Attributes): Finding | undefined {
  const encoding = conversionsOf(path, attributes).find(({ kind }) => kind === "encoding");
  return encoding && toFinding(path, encoding);
}

function toFinding(path: string, { state, place }: Conversion): Finding {
  return {
    code: "ATTRIBUTE_CONVERTS",
    message: `Cannot verify ${path}: ${place.path} sets ${state} for it, so that a checkout has other bytes than git keeps`,
    place,
    fix: `Set "-text -ident -filter !working-tree-encoding" for ${path} in .gitattributes, below that line`,
  };
}

/** Whether a checkout may make other bytes of a file than git keeps; filters run where somebody configures them. */
export function isConverted(path: string, attributes: Attributes): boolean {
  return conversionsOf(path, attributes).some(({ kind }) => kind !== "filter");
}

/**
 * Whether a file of which a checkout makes other bytes may be a model there. UTF-16 and Latin-1 can be told; what comes
 * out of another encoding is known to iconv alone.
 */
export async function mayBecomeModel(
  entry: TreeEntry,
  attributes: Attributes,
  repository: Repository,
): Promise<boolean> {
  const conversions = conversionsOf(entry.path, attributes).filter(({ kind }) => kind !== "filter");
  if (conversions.length === 0) return false;
  const content = await repository.open(entry);
  try {
    if (!(await changesAny(content, conversions))) return false;
    if (content.size > CONVERTED_BYTES_MAX) return true;
    const kept = Buffer.from(await content.read(0, content.size));
    const bytes = checkOut(kept, conversions, entry.oid);
    if (bytes === undefined) return true;
    return (await identify(bufferSource(entry.path, bytes), entry.path)).family === "model";
  } finally {
    await content.close();
  }
}

async function changesAny(content: ByteSource, conversions: readonly Conversion[]): Promise<boolean> {
  for (const { kind } of conversions) if (kind === "encoding" || (await changes(content, kind))) return true;
  return false;
}

/** What a checkout makes of a blob (convert.c, convert_to_working_tree); undefined for an encoding not known here. */
export function checkOut(
  kept: Buffer,
  conversions: readonly Pick<Conversion, "kind" | "value">[],
  oid: string,
): Buffer | undefined {
  const has = (kind: Conversion["kind"]) => conversions.find((one) => one.kind === kind);
  let text = kept.toString("latin1");
  if (has("ident") !== undefined) text = expandIdent(text, oid);
  const isLeft = has("crlf") === undefined && (has("crlf-auto") === undefined || /[\0\r]/.test(text));
  if (!isLeft) text = text.replaceAll(/(?<!\r)\n/g, "\r\n");
  const bytes = Buffer.from(text, "latin1");
  const encoding = has("encoding");
  return encoding === undefined ? bytes : reencode(bytes, encoding.value);
}

const KEYWORD = /Id(?:\$|:([^$\n]*)\$)/y;

/** `$Id$` becomes `$Id: <id of the blob> $`; one with a blank inside is another system's and stays. */
function expandIdent(text: string, oid: string): string {
  let expanded = "";
  let at = 0;
  for (let dollar = text.indexOf("$"); dollar >= 0; dollar = text.indexOf("$", at)) {
    expanded += text.slice(at, dollar + 1);
    at = dollar + 1;
    KEYWORD.lastIndex = at;
    const [found, inside = ""] = KEYWORD.exec(text) ?? [];
    if (found === undefined || inside.slice(1, -1).includes(" ")) continue;
    expanded += `Id: ${oid} $`;
    at += found.length;
  }
  return expanded + text.slice(at);
}

const UTF16 = /^utf-?16(le|be)?(-bom)?$/i;
const LATIN1 = /^(?:iso-?8859-1|latin-?1)$/i;

/** The bytes of UTF-8 text in another encoding; undefined for one that is not known here. */
function reencode(bytes: Buffer, encoding: string): Buffer | undefined {
  const text = bytes.toString("utf8");
  if (LATIN1.test(encoding)) return Buffer.from(text, "latin1");
  const [known, order, mark] = UTF16.exec(encoding) ?? [];
  if (known === undefined) return undefined;
  const isMarked = mark !== undefined || order === undefined;
  const units = Buffer.from(isMarked ? `\ufeff${text}` : text, "utf16le");
  return order?.toLowerCase() === "be" ? units.swap16() : units;
}

/** Whether a checkout changes this content (convert.c: ident_to_worktree, crlf_to_worktree). */
async function changes(content: ByteSource, kind: Conversion["kind"]): Promise<boolean> {
  if (kind === "ident") return some(content, hasKeyword);
  if (kind === "crlf-auto" && (await some(content, isLeftAlone))) return false;
  return some(content, hasLoneLf);
}

type Look = (bytes: Buffer, offset: number) => boolean;

/** Whether some stretch of the content has what is looked for, which is shorter than the stretches overlap. */
async function some(content: ByteSource, look: Look): Promise<boolean> {
  for (let offset = 0; offset < content.size; offset += CHUNK_BYTES - OVERLAP_BYTES) {
    const bytes = await content.read(offset, Math.min(CHUNK_BYTES, content.size - offset));
    if (look(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), offset)) return true;
  }
  return false;
}

function hasKeyword(bytes: Buffer): boolean {
  return bytes.includes("$Id$") || bytes.includes("$Id:");
}

/** The first byte of a later stretch was looked at with the one before it. */
function hasLoneLf(bytes: Buffer, offset: number): boolean {
  for (let at = bytes.indexOf(LF, offset === 0 ? 0 : 1); at >= 0; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at - 1] !== CR) return true;
  }
  return false;
}

/** With a NUL, or any CR, `text=auto` changes no line end on the way out. */
function isLeftAlone(bytes: Buffer): boolean {
  return bytes.includes(0) || bytes.includes(CR);
}
