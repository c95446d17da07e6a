import type { ScanFinding } from "../model/evidence.ts";
import { FORMATS, type FormatName, PICKLE_FORMATS } from "../model/formats.ts";
import { bufferSource } from "./bytes.ts";
import { findInside, newBudget, type Place } from "./identify.ts";
import { NESTING_MAX } from "./limits.ts";
import { notRead, pickleNotScanned } from "./not-scanned.ts";
import { unpackInside } from "./peek.ts";
import type { Reader } from "./reader.ts";

const ARCHIVES: ReadonlySet<FormatName> = new Set(["7z", "rar", "tar", "zip"]);

/** Examines a compressed file by the first bytes of what is inside. */
export const readCompressed: Reader = async ({ source, format }) => {
  const inside = await unpackInside(format, source);
  const at = { depth: 1, budget: newBudget() };
  return notRead(format, inside === undefined ? [] : await lookInside(inside.bytes, "", at));
};

/** Findings on the first bytes of what an archive or a compressed file holds. */
export async function lookInside(
  head: Uint8Array,
  where: string,
  at: Place,
): Promise<readonly ScanFinding[]> {
  const found: ScanFinding[] = [];
  for (const format of await findInside(head, at)) {
    if (PICKLE_FORMATS.has(format)) found.push(pickleNotScanned(where));
    if (ARCHIVES.has(format)) found.push(nestedArchive(where, format));
    const inside = at.depth < NESTING_MAX ? await unpackInside(format, bufferSource(where, head)) : undefined;
    if (inside === undefined) continue;
    found.push(...(await lookInside(inside.bytes, where, { ...at, depth: at.depth + 1 })));
  }
  return found;
}

function nestedArchive(where: string, format: FormatName): ScanFinding {
  const message = `The content is ${FORMATS[format].title}, which is not opened inside of another; unpack it`;
  return { code: "ARCHIVE_NESTED", severity: "fail", where, message };
}
