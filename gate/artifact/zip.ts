import type { ByteSource } from "../model/bytes.ts";
import type { FormatName } from "../model/formats.ts";
import { isPickleName } from "./archive-kind.ts";
import { lookInside } from "./compressed.ts";
import { Findings, quoted } from "./findings.ts";
import { newBudget } from "./identify.ts";
import { MEMBERS_OPENED_MAX } from "./limits.ts";
import { notRead, pickleNotScanned } from "./not-scanned.ts";
import type { Reader } from "./reader.ts";
import { DEFLATED, ENCRYPTED, findZip, STORED, unpackMember, type ZipEntry } from "./zip-directory.ts";

/** The kind of a Unix file in the upper half of its attributes. */
const SYMLINK = 0o12;

/**
 * Examines an archive by its central directory and the first bytes of its members. That finds what must not be
 * there; it explains no byte, so no archive is ever complete.
 */
export const readZip: Reader = async ({ source, format }) => {
  const directory = await findZip(source);
  const findings = new Findings();
  for (const finding of directory?.findings ?? []) findings.add(finding);
  const entries = directory?.entries ?? [];
  checkNames(entries, findings);
  for (const entry of entries) checkEntry(entry, findings);
  await lookIntoMembers(source, membersToOpen(entries, format), findings);
  return notRead(format, findings.list());
};

/** Names that a file system, or a reader that is lenient, takes for the same file. */
function checkNames(entries: readonly ZipEntry[], findings: Findings): void {
  const seen = new Set<string>();
  for (const { name } of entries) {
    const folded = foldName(name);
    if (seen.has(folded)) {
      findings.failNamed(
        "ZIP_DUPLICATE",
        name,
        "Two members have this name, or one that some reader takes for it",
      );
    }
    seen.add(folded);
  }
}

function foldName(name: string): string {
  const cut = name.split("\0")[0] ?? "";
  let end = cut.length;
  // Not by a pattern: on a name of 65,535 dots and a letter it would try from each of them.
  while (end > 0 && (cut[end - 1] === "." || cut[end - 1] === " ")) end--;
  return cut.slice(0, end).replaceAll("\\", "/").normalize("NFC").toLowerCase();
}

function checkEntry(entry: ZipEntry, findings: Findings): void {
  const where = quoted(entry.name);
  if (leavesFolder(entry)) {
    findings.fail(
      "PATH_TRAVERSAL",
      where,
      "The member would be unpacked outside of its folder, or is a link",
    );
  }
  if ((entry.flags & ENCRYPTED) !== 0) {
    findings.fail("ZIP_ENCRYPTED", where, "The member is encrypted, so nobody can look into it");
  } else if (entry.method !== STORED && entry.method !== DEFLATED) {
    findings.fail(
      "ZIP_METHOD",
      where,
      `Compression method ${entry.method}, expected 0 (stored) or 8 (deflated)`,
    );
  }
  if (isPickleName(entry.name)) findings.add(pickleNotScanned(where));
}

function leavesFolder({ name, externalAttributes }: ZipEntry): boolean {
  if (externalAttributes >>> 28 === SYMLINK) return true;
  return /^(?:[/\\]|[A-Za-z]:)/.test(name) || name.split(/[/\\]/).includes("..");
}

/** Raw tensors of PyTorch are numbers and not to be taken for anything else; the pickle beside them is found by name. */
function membersToOpen(entries: readonly ZipEntry[], format: FormatName): readonly ZipEntry[] {
  const isTorch = format === "torch-zip" || format === "torchscript";
  const members = entries.filter(({ name }) => !isPickleName(name) && !name.endsWith("/"));
  return isTorch ? members.filter(({ name }) => !/(?:^|\/)(?:data|constants)\/\d+$/.test(name)) : members;
}

async function lookIntoMembers(
  source: ByteSource,
  members: readonly ZipEntry[],
  findings: Findings,
): Promise<void> {
  const at = { depth: 1, budget: newBudget() };
  for (const entry of members.slice(0, MEMBERS_OPENED_MAX)) {
    const where = quoted(entry.name);
    const head = await unpackMember(source, entry);
    if (head === undefined) {
      findings.fail(
        "ZIP_MISMATCH",
        where,
        "The member's own header is not where the directory says, or has another name",
      );
      continue;
    }
    for (const finding of await lookInside(head.bytes, where, at)) findings.add(finding);
  }
  if (members.length > MEMBERS_OPENED_MAX) {
    findings.fail("COUNT_LIMIT", "", `${members.length} members, looked into ${MEMBERS_OPENED_MAX}`);
  }
}
