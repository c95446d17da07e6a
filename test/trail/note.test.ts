import assert from "node:assert/strict";
import { createPrivateKey, hash, sign } from "node:crypto";
import { describe, test } from "node:test";
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from "../../gate/trail/checkpoint.ts";
import {
  cosignatureTime,
  cosignedMessage,
  formatCosignature,
  formatWitnessVkey,
  parseWitnessVkey,
} from "../../gate/trail/cosignature.ts";
import { rawPublicKey } from "../../gate/trail/ed25519.ts";
import {
  formatNote,
  formatSignature,
  formatVkey,
  parseNote,
  parseVkey,
  signNote,
  verifyNote,
} from "../../gate/trail/note.ts";

const ORIGIN = "example.com/acme/models/trail";
const VKEY = "example.com/acme/models/trail+cbe37d85+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";
const SECOND = "example.com/acme/models/trail+eb16c691+Ae1JKMYo0cLG6ukDOJBZlWEpWSc6XGP5NjbBRhSshzfR";
const WITNESS = "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU";
const CHECKPOINT = `example.com/acme/models/trail
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

— example.com/acme/models/trail y+N9hepwpNvUYo8lg88GxNGrPiwYQsI2yd0Rk0uauLgiGd6VyrFPUMWWfTk1La5myg9l3pE8qSQxXe9aVRTtjxRQTwU=
`;
const COSIGNATURE =
  "— witness.example/w1 3xwKNQAAAABrSdIAV+HRT2ncZ2tP2XddOgDO3Op0NtgrYkQBlH4VVKHx+gcIjGF61mZVjvLC0KRQAfM+JgdQA5veWW7+OZZc607CDg==\n";

/** The Ed25519 key whose seed is 32 times this byte. */
function keyOf(byte: number) {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, byte)]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

function signerOf(byte: number, name = ORIGIN) {
  const key = keyOf(byte);
  const vkey = formatVkey(name, rawPublicKey(key));
  const { keyId } = parseVkey(vkey);
  return { name, keyId, vkey, sign: async (text: Uint8Array) => sign(null, text, key) };
}

const open = (text: string, vkeys: readonly string[]) =>
  verifyNote(parseNote(Buffer.from(text), "it"), vkeys.map(parseVkey), "it");

describe("the published vectors:", () => {
  test("keys", () => {
    assert.equal(signerOf(1).vkey, VKEY);
    assert.equal(signerOf(3).vkey, SECOND);
    assert.equal(formatWitnessVkey("witness.example/w1", rawPublicKey(keyOf(2))), WITNESS);
  });

  test("the checkpoint of size 8 is signed with the same bytes, and verifies", async () => {
    const { origin, size, root } = parseCheckpoint(CHECKPOINT.split("\n\n")[0]!.concat("\n"), "it");
    const note = await signNote(formatCheckpoint({ origin, size, root }), [signerOf(1)]);
    const bytes = formatNote(note);
    assert.equal(bytes.length, 205);
    assert.equal(Buffer.from(bytes).toString(), CHECKPOINT);
    assert.equal(
      hash("sha256", bytes, "hex"),
      "15c6e057f49fbe09f8d37abb3049e7b8dd3dd906cf2e52905baa38d5514a0724",
    );
    assert.equal(openCheckpoint(bytes, [parseVkey(VKEY)], "it").size, 8);
  });

  test("the witness's cosignature is made with the same bytes, and verifies", () => {
    const text = CHECKPOINT.split("\n\n")[0]!.concat("\n");
    const signature = formatCosignature(
      1_800_000_000,
      sign(null, cosignedMessage(text, 1_800_000_000), keyOf(2)),
    );
    const line = formatSignature({ name: "witness.example/w1", keyId: "df1c0a35", signature });
    assert.equal(line, COSIGNATURE);
    const verifiers = [parseVkey(VKEY), parseWitnessVkey(WITNESS)];
    const { signatures } = openCheckpoint(Buffer.from(CHECKPOINT + COSIGNATURE), verifiers, "it");
    assert.equal(signatures.length, 2);
    assert.equal(cosignatureTime(signatures[1]!.signature), 1_800_000_000);
  });

  test("the example of the specification", () => {
    const vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const signature =
      "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=";
    const note = `This is an example message.\n\n— example.com/foo ${signature}\n`;
    assert.equal(open(note, [vkey]).length, 1);
  });
});

describe("verifyNote()", () => {
  const forged = CHECKPOINT.replace("\n8\n", "\n9\n");

  test("rejects a known key whose signature is wrong, even beside a right one", async () => {
    assert.throws(() => open(forged, [VKEY]), { code: "TRAIL_NOTE_FORGED" });
    const right = formatNote(await signNote("text\n", [signerOf(3)]));
    const wrong = formatSignature({ name: ORIGIN, keyId: "cbe37d85", signature: new Uint8Array(64) });
    assert.throws(() => open(Buffer.from(right).toString() + wrong, [VKEY, SECOND]), {
      code: "TRAIL_NOTE_FORGED",
      message: `Cannot accept it: the signature of ${ORIGIN}+cbe37d85 is wrong`,
    });
  });

  test("rejects a second, wrong signature of the same key", async () => {
    const right = Buffer.from(formatNote(await signNote("text\n", [signerOf(1)]))).toString();
    const wrong = formatSignature({ name: ORIGIN, keyId: "cbe37d85", signature: new Uint8Array(64) });
    assert.throws(() => open(right + wrong, [VKEY]), { code: "TRAIL_NOTE_FORGED" });
  });

  test("ignores unknown keys, and rejects a note that only they signed", async () => {
    const both = formatNote(await signNote("text\n", [signerOf(5), signerOf(1)]));
    assert.equal(open(Buffer.from(both).toString(), [VKEY]).length, 1);
    assert.throws(() => open(CHECKPOINT, [SECOND]), { code: "TRAIL_NOTE_UNSIGNED" });
    assert.throws(() => open(CHECKPOINT, []), { code: "TRAIL_NOTE_UNSIGNED" });
  });

  test("takes the right name with a wrong key id for an unknown key", () => {
    const blob = Buffer.from(CHECKPOINT.split(" ").at(-1)!, "base64");
    blob[0]! ^= 1;
    const other = `${CHECKPOINT.split("\n\n")[0]}\n\n— ${ORIGIN} ${blob.toString("base64")}\n`;
    assert.throws(() => open(other, [VKEY]), { code: "TRAIL_NOTE_UNSIGNED" });
  });

  test("takes 16 signatures", async () => {
    const signers = Array.from({ length: 16 }, (_, at) => signerOf(10 + at));
    const note = formatNote(await signNote("text\n", signers));
    assert.equal(
      open(
        Buffer.from(note).toString(),
        signers.map(({ vkey }) => vkey),
      ).length,
      16,
    );
  });
});

describe("parseNote() refuses", () => {
  const [text, signature] = CHECKPOINT.split("\n\n");
  const notes: readonly [string, string | Uint8Array][] = [
    ["no empty line", `${text}\n${signature}`],
    ["no signature", `${text}\n\n`],
    ["no newline at the end", CHECKPOINT.slice(0, -1)],
    ["a hyphen for the dash", CHECKPOINT.replace("— ", "- ")],
    ["two spaces in a signature line", CHECKPOINT.replace("— ", "—  ")],
    ["a third part of a signature line", CHECKPOINT.replace("=\n\n", "=\n\n").replace(/=\n$/, "= x\n")],
    ["a plus in a key name", CHECKPOINT.replace("— example.com", "— example+com")],
    ["base64 without padding", CHECKPOINT.replace(/=\n$/, "\n")],
    ["base64 with stray bits", CHECKPOINT.replace(/TwU=\n$/, "TwV=\n")],
    ["a signature of 4 bytes", `${text}\n\n— ${ORIGIN} y+N9hQ==\n`],
    ["a carriage return", CHECKPOINT.replaceAll("\n", "\r\n")],
    ["a tab", CHECKPOINT.replace("8\n", "8\t\n")],
    ["a zero byte", CHECKPOINT.replace("8\n", "8\0\n")],
    ["bytes that are not UTF-8", Buffer.concat([Buffer.from([0xff]), Buffer.from(CHECKPOINT)])],
    ["101 signatures", `${text}\n\n${signature!.repeat(101)}`],
    ["more than 256 KiB", `${"a".repeat(256 * 1024)}\n\n${signature}`],
    ["nothing", ""],
  ];
  for (const [name, note] of notes) {
    test(name, () => {
      assert.throws(() => parseNote(Buffer.from(note as string), "it"), { code: "TRAIL_NOTE_MALFORMED" });
    });
  }

  test("nothing of a text with empty lines: it splits at the last", async () => {
    const note = await signNote("a\n\nb\n\n\nc\n", [signerOf(1)]);
    const read = parseNote(formatNote(note), "it");
    assert.equal(read.text, "a\n\nb\n\n\nc\n");
    assert.equal(verifyNote(read, [parseVkey(VKEY)], "it").length, 1);
  });
});

describe("parseVkey() refuses", () => {
  const vkeys: readonly [string, string][] = [
    ["another key's id", VKEY.replace("cbe37d85", "cbe37d86")],
    ["another name", VKEY.replace("acme", "acne")],
    ["an id in upper case", VKEY.replace("cbe37d85", "CBE37D85")],
    ["a witness's key", WITNESS],
    ["an empty name", VKEY.slice(VKEY.indexOf("+"))],
    ["a name with a space", VKEY.replace("acme", "ac me")],
    ["a key of 31 bytes", `${ORIGIN}+cbe37d85+${Buffer.alloc(32, 1).toString("base64")}`],
    ["two parts", `${ORIGIN}+cbe37d85`],
    ["a newline at the end", `${VKEY}\n`],
  ];
  for (const [name, vkey] of vkeys) {
    test(name, () => assert.throws(() => parseVkey(vkey), { code: "TRAIL_VKEY_MALFORMED" }));
  }

  test("nothing of a key whose base64 holds a plus", () => {
    const plus = Array.from({ length: 60 }, (_, at) => signerOf(at).vkey).find(
      (vkey) => vkey.split("+").length > 3,
    );
    assert.ok(plus !== undefined);
    assert.equal(parseVkey(plus).vkey, plus);
  });
});

describe("parseCheckpoint() refuses", () => {
  const [origin, size, root] = CHECKPOINT.split("\n");
  const texts: readonly [string, string][] = [
    ["an extension line", `${origin}\n${size}\n${root}\nextra\n`],
    ["two lines", `${origin}\n${size}\n`],
    ["no newline at the end", `${origin}\n${size}\n${root}`],
    ["a size with a leading zero", `${origin}\n08\n${root}\n`],
    ["a size with a sign", `${origin}\n+8\n${root}\n`],
    ["a size above 2^53", `${origin}\n9007199254740992\n${root}\n`],
    ["an empty size", `${origin}\n\n${root}\n`],
    ["a root of 31 bytes", `${origin}\n${size}\n${Buffer.alloc(31).toString("base64")}\n`],
    ["a root in URL-safe base64", `${origin}\n${size}\n${root!.replace("+", "-").replace("/", "_")}\n`],
    ["an empty origin", `\n${size}\n${root}\n`],
  ];
  for (const [name, text] of texts) {
    test(name, () => {
      assert.throws(() => parseCheckpoint(text, "it"), { code: "TRAIL_CHECKPOINT_MALFORMED" });
    });
  }
});

test("openCheckpoint() refuses a checkpoint that only a witness, or a key of another log, signed", async () => {
  const text = `${CHECKPOINT.split("\n\n")[0]}\n`;
  const other = signerOf(7, "example.com/other/trail");
  const note = formatNote(await signNote(text, [other]));
  assert.throws(() => openCheckpoint(note, [parseVkey(other.vkey)], "it"), { code: "TRAIL_ORIGIN_WRONG" });
  const cosigned = Buffer.from(`${text}\n${COSIGNATURE}`);
  assert.throws(() => openCheckpoint(cosigned, [parseWitnessVkey(WITNESS)], "it"), {
    code: "TRAIL_ORIGIN_WRONG",
  });
});

test("signNote() refuses a signer whose signature its own key does not verify", async () => {
  const signer = { ...signerOf(1), sign: async () => new Uint8Array(64) };
  await assert.rejects(signNote("text\n", [signer]), { code: "TRAIL_SIGNER_WRONG" });
});

test("a witness's signature is wrong with one bit of time, text or signature turned over", () => {
  const witness = parseWitnessVkey(WITNESS);
  const text = `${CHECKPOINT.split("\n\n")[0]}\n`;
  const blob = Buffer.from(COSIGNATURE.trim().split(" ").at(-1)!, "base64").subarray(4);
  assert.ok(witness.verify(text, blob));
  assert.ok(!witness.verify(text.replace("8", "9"), blob));
  assert.ok(!witness.verify(text, blob.subarray(0, -1)));
  for (let bit = 0; bit < blob.length * 8; bit++) {
    const turned = Buffer.from(blob);
    turned[bit >> 3]! ^= 1 << (bit & 7);
    assert.ok(!witness.verify(text, turned), `bit ${bit}`);
  }
});
