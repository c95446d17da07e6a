import { isPickleName } from "./archive-kind.ts";
import { lookInside } from "./compressed.ts";
import { Findings, quoted } from "./findings.ts";
import { newBudget } from "./identify.ts";
import { MEMBERS_OPENED_MAX } from "./limits.ts";
import { notRead, pickleNotScanned } from "./not-scanned.ts";
import type { Reader } from "./reader.ts";
import { findTar, unpackTarMember } from "./tar-members.ts";

/** Examines a tar by the names and first bytes of its members; it explains no byte, so no tar is ever complete. */
export const readTar: Reader = async ({ source, format }) => {
  const members = (await findTar(source)) ?? [];
  const findings = new Findings();
  // PyTorch 0.1 kept its pickles under names of their own, and `weights_only` never looked (CVE-2025-32434).
  if (format === "torch-tar") findings.add(pickleNotScanned(""));
  for (const { name, isLink } of members) {
    if (isLink || name.startsWith("/") || name.split("/").includes("..")) {
      findings.failNamed(
        "PATH_TRAVERSAL",
        name,
        "The member would be unpacked outside of its folder, or is a link",
      );
    }
    if (isPickleName(name)) findings.add(pickleNotScanned(quoted(name)));
  }
  const unnamed = members.filter(({ name }) => !isPickleName(name));
  const at = { depth: 1, budget: newBudget() };
  for (const member of unnamed.slice(0, MEMBERS_OPENED_MAX)) {
    const head = await unpackTarMember(source, member);
    for (const finding of await lookInside(head.bytes, quoted(member.name), at)) findings.add(finding);
  }
  if (unnamed.length > MEMBERS_OPENED_MAX) {
    findings.fail("COUNT_LIMIT", "", `${unnamed.length} members, looked into ${MEMBERS_OPENED_MAX}`);
  }
  return notRead(format, findings.list());
};
