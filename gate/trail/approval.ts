import { GateError } from "../model/error.ts";
import type { Predicate } from "./kind.ts";
import { APPROVAL_NAMESPACE, parseSshSignature, verifySshSignature } from "./sshsig.ts";

/** How an owner approves a change of keys or of the trail's description: an SSH signature over a few lines. */

export const APPROVAL_FILE = "approval.sig";

/** What a change to `trail.json` asks of an owner. */
export type Approvable =
  | { readonly kind: "key.rotated"; readonly old: string; readonly new: string }
  | {
      readonly kind: "key.revoked";
      readonly vkey: string;
      readonly lastGoodSize: number;
      readonly new: string;
    }
  | { readonly kind: "config.changed"; readonly digest: string };

/** The text to sign: `ssh-keygen -Y sign -n weighbridge-trail -f <key> <file with this text>`. */
export function approvalText(origin: string, change: Approvable): string {
  const lines = ["weighbridge-trail/approval/v1", origin, change.kind, ...detailOf(change)];
  return `${lines.join("\n")}\n`;
}

/** What an entry says that an owner approved; undefined for a kind that needs no owner. */
export function approvableOf({ rotation, revocation, config }: Predicate): Approvable | undefined {
  if (rotation !== undefined) return { kind: "key.rotated", old: rotation.old, new: rotation.new };
  if (config !== undefined) return { kind: "config.changed", digest: config.digest };
  if (revocation === undefined) return undefined;
  const { vkey, last_good_size } = revocation;
  return { kind: "key.revoked", vkey, lastGoodSize: last_good_size, new: revocation.new };
}

/**
 * The public key that approved the change, as `ssh-ed25519 AAAA…`. Whether it is an owner's is for the caller to say.
 * Throws the errors of `parseSshSignature`, and `TRAIL_APPROVAL_WRONG` if it signed something else.
 */
export function verifyApproval(signature: Uint8Array, origin: string, change: Approvable): string {
  const parsed = parseSshSignature(signature);
  const message = Buffer.from(approvalText(origin, change), "utf8");
  if (verifySshSignature(parsed, APPROVAL_NAMESPACE, message)) return parsed.publicKey;
  throw new GateError(
    "TRAIL_APPROVAL_WRONG",
    `Cannot accept ${change.kind}: the approval is not of this change`,
  );
}

function detailOf(change: Approvable): readonly string[] {
  switch (change.kind) {
    case "key.rotated":
      return [change.old, change.new];
    case "key.revoked":
      return [change.vkey, String(change.lastGoodSize), change.new];
    case "config.changed":
      return [change.digest];
  }
}
