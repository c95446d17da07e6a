import { createHmac, timingSafeEqual } from "node:crypto";

/** As in `X-Hub-Signature-256`. The older SHA-1 of `X-Hub-Signature` is nobody's proof any more. */
const SIGNATURE = /^sha256=([0-9a-f]{64})$/;

/**
 * The secret with which the body was signed; undefined if with none of them. Takes the same time whichever fits and
 * however much of a signature is right.
 */
export function findSigningSecret(
  body: Uint8Array,
  signature: string | undefined,
  secrets: readonly string[],
): string | undefined {
  const [, hex] = SIGNATURE.exec(signature ?? "") ?? [];
  if (hex === undefined) return undefined;
  const given = Buffer.from(hex, "hex");
  const fitting = secrets.filter((secret) =>
    timingSafeEqual(createHmac("sha256", secret).update(body).digest(), given),
  );
  return fitting[0];
}
