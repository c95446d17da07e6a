import assert from "node:assert/strict";
import { generateKeyPairSync, verify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { publicKeyFrom } from "../../gate/trail/ed25519.ts";
import {
  commandSigner,
  environmentSigner,
  fileSigner,
  generateKey,
  pemSigner,
} from "../../gate/trail/keys.ts";
import { parseVkeyOf, signNote } from "../../gate/trail/note.ts";
import { parseAllowedSigners, parseSshSignature, verifySshSignature } from "../../gate/trail/sshsig.ts";
import { ownerOf } from "./owner.ts";
import { FIRST_KEY, ORIGIN } from "./rig.ts";

const folder = mkdtempSync(join(tmpdir(), "weighbridge-keys-"));
after(() => rmSync(folder, { recursive: true }));

const { pem, vkey } = generateKey(ORIGIN);
const text = Buffer.from("text\n");

async function assertSigns(signer: {
  vkey: string;
  sign(text: Uint8Array): Promise<Uint8Array>;
}): Promise<void> {
  assert.equal(signer.vkey, vkey);
  const { publicKey } = parseVkeyOf(1, vkey);
  assert.ok(verify(null, text, publicKeyFrom(publicKey), await signer.sign(text)));
}

describe("a log key", () => {
  test("is read from a file", async () => {
    const path = join(folder, "log.pem");
    writeFileSync(path, pem);
    await assertSigns(await fileSigner(ORIGIN, path));
  });

  test("is read from an environment variable, also on one line", async () => {
    await assertSigns(environmentSigner(ORIGIN, "KEY", { KEY: pem }));
    await assertSigns(environmentSigner(ORIGIN, "KEY", { KEY: pem.replaceAll("\n", "\\n") }));
  });

  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({
    format: "pem",
    type: "pkcs8",
  });
  const wrongs: readonly [string, () => unknown][] = [
    ["a key of another algorithm", () => pemSigner(ORIGIN, rsa.toString(), "it")],
    ["no key", () => pemSigner(ORIGIN, "hello", "it")],
    ["a very long text", () => pemSigner(ORIGIN, "a".repeat(20_000), "it")],
    ["a variable that is not set", () => environmentSigner(ORIGIN, "KEY", {})],
    ["a file that is not there", () => fileSigner(ORIGIN, join(folder, "none"))],
  ];
  for (const [name, open] of wrongs) {
    test(`is not ${name}`, async () => {
      await assert.rejects(async () => open(), { code: "TRAIL_KEY_INVALID" });
    });
  }

  test("is not printed by the error that refuses it", () => {
    const broken = pem.replace("MC4C", "XXXX");
    assert.throws(
      () => pemSigner(ORIGIN, broken, "KEY"),
      (error: Error) =>
        !error.message.includes(broken.split("\n")[1]!) &&
        error.message.startsWith("Cannot use the log key from KEY"),
    );
  });
});

describe("a signing command", () => {
  const node = (script: string, timeoutMs = 20_000) =>
    commandSigner(vkey, { command: [process.execPath, "-e", script], timeoutMs });
  const signing = (out: string) =>
    `const k=require("crypto").createPrivateKey(${JSON.stringify(pem)});` +
    `const t=require("fs").readFileSync(0);const s=require("crypto").sign(null,t,k);process.stdout.write(${out})`;

  test("answers with the signature, raw or in base64", async () => {
    await assertSigns(node(signing("s")));
    await assertSigns(node(signing("s.toString('base64')+'\\n'")));
  });

  const failures: readonly [string, string, string][] = [
    ["fails", "process.exit(3)", "TRAIL_SIGNER_FAILED"],
    ["answers nothing", "", "TRAIL_SIGNER_FAILED"],
    ["answers too much", "process.stdout.write('a'.repeat(100000))", "TRAIL_SIGNER_FAILED"],
  ];
  for (const [name, script, code] of failures) {
    test(`that ${name} is refused`, async () => {
      await assert.rejects(node(script).sign(text), { code });
    });
  }

  test("that takes too long is killed", async () => {
    await assert.rejects(node("setInterval(()=>{},1000)", 300).sign(text), { code: "TRAIL_SIGNER_TIMEOUT" });
  });

  test("that is not there is refused", async () => {
    const signer = commandSigner(vkey, { command: [join(folder, "none")] });
    await assert.rejects(signer.sign(text), { code: "TRAIL_SIGNER_FAILED" });
  });

  test("that signs with another key is found out before anything is sent", async () => {
    const signer = commandSigner(FIRST_KEY.vkey, { command: [process.execPath, "-e", signing("s")] });
    await assert.rejects(signNote("text\n", [signer]), { code: "TRAIL_SIGNER_WRONG" });
  });
});

describe("an SSH signature", () => {
  const owner = ownerOf(21);
  const signature = Buffer.from(owner.sign("text\n")).toString();

  test("verifies for its text and namespace alone", () => {
    const parsed = parseSshSignature(Buffer.from(signature));
    assert.equal(parsed.publicKey, owner.publicKey);
    assert.ok(verifySshSignature(parsed, "weighbridge-trail", text));
    assert.ok(!verifySshSignature(parsed, "weighbridge-trail", Buffer.from("other\n")));
    assert.ok(!verifySshSignature(parsed, "git", text));
    const elsewhere = parseSshSignature(owner.sign("text\n", "git"));
    assert.ok(!verifySshSignature(elsewhere, "weighbridge-trail", text));
  });

  test("is refused with one bit turned over, at whatever place", () => {
    const [head, ...rest] = signature.split("\n");
    const blob = Buffer.from(rest.slice(0, -2).join(""), "base64");
    for (let bit = 0; bit < blob.length * 8; bit += 5) {
      const turned = Buffer.from(blob);
      turned[bit >> 3]! ^= 1 << (bit & 7);
      const armored = `${head}\n${turned.toString("base64")}\n-----END SSH SIGNATURE-----\n`;
      let accepted = false;
      try {
        const parsed = parseSshSignature(Buffer.from(armored));
        accepted =
          parsed.publicKey === owner.publicKey && verifySshSignature(parsed, "weighbridge-trail", text);
      } catch (error) {
        assert.match((error as { code: string }).code, /^TRAIL_SSHSIG_/);
      }
      assert.ok(!accepted, `bit ${bit}`);
    }
  });

  const malformed: readonly [string, string][] = [
    ["no armor", "hello"],
    ["text before it", `x${signature}`],
    ["text after it", `${signature}x`],
    ["half of it", `${signature.slice(0, 120)}\n-----END SSH SIGNATURE-----\n`],
    ["nothing in it", "-----BEGIN SSH SIGNATURE-----\n\n-----END SSH SIGNATURE-----\n"],
  ];
  for (const [name, armored] of malformed) {
    test(`is not read from ${name}`, () => {
      assert.throws(() => parseSshSignature(Buffer.from(armored)), { code: "TRAIL_SSHSIG_INVALID" });
    });
  }

  test("of an unsupported key is said to be that", () => {
    const string = (bytes: Buffer | string) => {
      const content = Buffer.from(bytes as string);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(content.length);
      return Buffer.concat([length, content]);
    };
    const inner = string(Buffer.concat([string("ssh-rsa"), string("x")]));
    const parts = [
      Buffer.from("SSHSIG\0\0\0\x01"),
      inner,
      string("weighbridge-trail"),
      string(""),
      string("sha512"),
      inner,
    ];
    const body = Buffer.concat(parts).toString("base64");
    const armored = `-----BEGIN SSH SIGNATURE-----\n${body}\n-----END SSH SIGNATURE-----\n`;
    assert.throws(() => parseSshSignature(Buffer.from(armored)), { code: "TRAIL_SSHSIG_UNSUPPORTED" });
  });

  test("names owners for the namespaces that the file gives them", () => {
    const cases: readonly [string, boolean][] = [
      ["weighbridge-trail", true],
      ["git,weighbridge-trail", true],
      ["weighbridge-*", true],
      ["weighbridge?trail", true],
      ["git", false],
      ["weighbridge-trail2,xweighbridge-trail", false],
      ["*,!weighbridge-trail", false],
      ["!git", false],
      ["", false],
    ];
    for (const [namespaces, isAllowed] of cases) {
      const owners = parseAllowedSigners(`maria namespaces="${namespaces}" ${owner.publicKey} laptop\n`);
      assert.deepEqual([...owners.keys()], isAllowed ? [owner.publicKey] : [], namespaces);
    }
    const both = `maria ${owner.publicKey}\nmaria namespaces="git" ${owner.publicKey}\n`;
    assert.equal(parseAllowedSigners(both).get(owner.publicKey), "maria");
  });

  test("names owners by a file without other options", () => {
    const owners = parseAllowedSigners(`# owners\n\nmaria ${owner.publicKey} laptop\n`);
    assert.deepEqual([...owners], [[owner.publicKey, "maria"]]);
    for (const line of [
      `maria valid-before="20270101" ${owner.publicKey}`,
      `maria cert-authority,namespaces="weighbridge-trail" ${owner.publicKey}`,
      `maria namespaces="weighbridge-trail ${owner.publicKey}`,
      "maria ssh-rsa AAAA",
      "maria",
    ]) {
      assert.throws(() => parseAllowedSigners(line), { code: "TRAIL_SIGNERS_INVALID" });
    }
  });
});
