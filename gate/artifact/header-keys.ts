import { type Findings, quoted, UNSEEN } from "./findings.ts";
import { TENSOR_NAME_BYTES_MAX } from "./limits.ts";

/** Adds what is wrong with one key of a JSON object: it stands there twice, or is not safe to show or to use. */
export function checkKey(key: string, seen: Set<string>, where: string, findings: Findings): void {
  if (seen.has(key)) {
    const message = `${quoted(key)} stands twice: readers differ in which one counts`;
    findings.fail("DUPLICATE_KEY", where, message);
  }
  seen.add(key);
  // Assigning to __proto__ changes the object instead of adding to it.
  if (key === "__proto__" || UNSEEN.test(key) || Buffer.byteLength(key) > TENSOR_NAME_BYTES_MAX) {
    findings.failNamed(
      "NAME_UNSAFE",
      key,
      "The name has characters that do not show, is a trap or is too long",
    );
  }
}
