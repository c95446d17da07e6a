import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { openSigner } from "../../app/trail-key.ts";
import { generateKey } from "../../gate/trail/keys.ts";

const NAME = "example.com/acme/models/trail";
const FOLDER = mkdtempSync(join(tmpdir(), "weighbridge-key-"));
after(() => rmSync(FOLDER, { recursive: true }));

test("the key is found in a file, in a variable and behind a command, and signs as the same", async () => {
  const { pem, vkey } = generateKey(NAME);
  const path = join(FOLDER, "key.pem");
  writeFileSync(path, pem);
  const script = `
    const { sign, createPrivateKey } = require("node:crypto");
    const { readFileSync } = require("node:fs");
    process.stdout.write(sign(null, readFileSync(0), createPrivateKey(readFileSync(${JSON.stringify(path)}))));`;
  const keys = [
    { kind: "file", path },
    { kind: "env", name: "LOG_KEY", pem },
    { kind: "command", command: [process.execPath, "-e", script] },
  ] as const;
  const signatures = await Promise.all(
    keys.map(async (key) => {
      const signer = await openSigner(key, { name: NAME, vkey });
      assert.equal(signer.vkey, vkey);
      return Buffer.from(await signer.sign(Buffer.from("text"))).toString("hex");
    }),
  );
  assert.equal(new Set(signatures).size, 1);
});

test("a key that cannot be used is said, and not what it holds", async () => {
  const { vkey } = generateKey(NAME);
  await assert.rejects(openSigner({ kind: "file", path: join(FOLDER, "nowhere") }, { name: NAME, vkey }), {
    code: "TRAIL_KEY_INVALID",
  });
  await assert.rejects(
    openSigner({ kind: "env", name: "LOG_KEY", pem: "secret words" }, { name: NAME, vkey }),
    {
      code: "TRAIL_KEY_INVALID",
      message: "Cannot use the log key from LOG_KEY: it is not a private key in PEM",
    },
  );
});
