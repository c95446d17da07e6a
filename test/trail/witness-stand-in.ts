import { createPrivateKey, sign } from "node:crypto";
import { openCheckpoint } from "../../gate/trail/checkpoint.ts";
import { cosignedMessage, formatCosignature, formatWitnessVkey } from "../../gate/trail/cosignature.ts";
import { rawPublicKey } from "../../gate/trail/ed25519.ts";
import { assertConsistency } from "../../gate/trail/merkle.ts";
import { formatSignature, parseVkey, parseVkeyOf } from "../../gate/trail/note.ts";
import type { WitnessAnswer } from "../../gate/trail/witness.ts";
import { FIRST_KEY } from "./rig.ts";

/** A witness in this process, as c2sp.org/tlog-witness v1.0.0 describes it. */
export class Witness {
  readonly vkey: string;
  seen = { size: 0, root: Buffer.alloc(0) as Uint8Array };
  requests = 0;
  seconds = Date.UTC(2026, 10, 21, 22, 15) / 1000;
  readonly #key;
  readonly #name: string;
  readonly #log: () => string;

  /** `log` is the public key of the log that it follows. */
  constructor(name: string, byte: number, log = () => FIRST_KEY.vkey) {
    const der = Buffer.concat([
      Buffer.from("302e020100300506032b657004220420", "hex"),
      Buffer.alloc(32, byte),
    ]);
    this.#key = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
    this.#name = name;
    this.#log = log;
    this.vkey = formatWitnessVkey(name, rawPublicKey(this.#key));
  }

  answer(body: Uint8Array): WitnessAnswer {
    this.requests++;
    const text = Buffer.from(body).toString("utf8");
    const [head = ""] = text.split("\n\n", 1);
    const note = Buffer.from(text.slice(head.length + 2));
    const [old = "", ...hashes] = head.split("\n");
    const from = Number(/^old (\d+)$/.exec(old)?.[1]);
    const checkpoint = openCheckpoint(note, [parseVkey(this.#log())], "submitted");
    if (from > checkpoint.size) return { status: 400, body: new Uint8Array(0) };
    if (from !== this.seen.size) return this.conflict();
    if (from > 0) {
      try {
        const proof = hashes.map((hash) => Buffer.from(hash, "base64"));
        assertConsistency({ from: this.seen, to: checkpoint, proof });
      } catch {
        return from === checkpoint.size ? this.conflict() : { status: 422, body: new Uint8Array(0) };
      }
    }
    this.seen = checkpoint;
    return { status: 200, body: Buffer.from(this.cosign(checkpoint.text)) };
  }

  conflict(size = this.seen.size): WitnessAnswer {
    return { status: 409, body: Buffer.from(`${size}\n`) };
  }

  cosign(text: string, vkey = this.vkey): string {
    const signature = sign(null, cosignedMessage(text, this.seconds), this.#key);
    const { keyId } = parseVkeyOf(4, vkey);
    return formatSignature({
      name: this.#name,
      keyId,
      signature: formatCosignature(this.seconds, signature),
    });
  }
}
