import { createPrivateKey, hash, sign } from "node:crypto";
import { type Approvable, approvalText } from "../../gate/trail/approval.ts";
import { rawPublicKey } from "../../gate/trail/ed25519.ts";
import { ORIGIN } from "./rig.ts";

/** An owner's SSH key, and what ssh-keygen -Y sign would make with it. */
export interface Owner {
  /** As in allowed_signers. */
  readonly publicKey: string;
  sign(text: string, namespace?: string): Uint8Array;
  approve(change: Approvable, origin?: string): Uint8Array;
}

function string(bytes: Uint8Array | string): Buffer {
  const content = Buffer.from(bytes as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

/** The owner whose Ed25519 seed is 32 times this byte. */
export function ownerOf(byte: number): Owner {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, byte)]);
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const blob = Buffer.concat([string("ssh-ed25519"), string(rawPublicKey(key))]);
  const signText = (text: string, namespace = "weighbridge-trail") => {
    const digest = hash("sha512", text, "buffer");
    const head = [string(namespace), string(""), string("sha512")];
    const signature = sign(null, Buffer.concat([Buffer.from("SSHSIG"), ...head, string(digest)]), key);
    const version = Buffer.from([0, 0, 0, 1]);
    const wrapped = string(Buffer.concat([string("ssh-ed25519"), string(signature)]));
    const body = Buffer.concat([Buffer.from("SSHSIG"), version, string(blob), ...head, wrapped]).toString(
      "base64",
    );
    const lines = body.match(/.{1,70}/g)!.join("\n");
    return Buffer.from(`-----BEGIN SSH SIGNATURE-----\n${lines}\n-----END SSH SIGNATURE-----\n`);
  };
  return {
    publicKey: `ssh-ed25519 ${blob.toString("base64")}`,
    sign: signText,
    approve: (change, origin = ORIGIN) => signText(approvalText(origin, change)),
  };
}
