import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { approvalText, verifyApproval } from "../../gate/trail/approval.ts";
import { publicKeyFrom } from "../../gate/trail/ed25519.ts";
import { exportTiles } from "../../gate/trail/export-tiles.ts";
import { parseNote, parseVkeyOf } from "../../gate/trail/note.ts";
import { openTrail } from "../../gate/trail/read.ts";
import { parseAllowedSigners } from "../../gate/trail/sshsig.ts";
import { decisions, FIRST_KEY, ORIGIN, type Rig, SECOND_KEY, startedRig } from "../trail/rig.ts";
import { flipped } from "../trail/tamper.ts";

/** The trail against tools that we did not write. Where one is missing its tests say so and are skipped. */

const GO_MODULE = fileURLToPath(new URL("go", import.meta.url));

let rig: Rig;
let folder: string;
let oldRoot: string;

before(async () => {
  rig = await startedRig();
  folder = mkdtempSync(join(tmpdir(), "weighbridge-interop-"));
  await rig.append(decisions(300));
  oldRoot = rig.repository.git("show", "weighbridge-trail:checkpoint").split("\n")[2]!;
  await rig.append(decisions(280, 301), decisions(20, 581));
  for await (const { path, bytes } of exportTiles(rig.store, await openTrail(rig.store))) write(path, bytes);
});
after(async () => {
  await rig.close();
  rig.repository.remove();
  rmSync(folder, { recursive: true });
});

function write(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), bytes);
}

/** Why the tests of a tool are skipped; false if the tool is there. */
function missing(tool: string, ...question: readonly string[]): string | false {
  return spawnSync(tool, question).status === 0 ? false : `${tool} is not installed: this check did not run`;
}

describe("Go's sumdb note and tlog", { skip: missing("go", "version") }, () => {
  let program: string;
  before(() => {
    program = join(folder, process.platform === "win32" ? "interop.exe" : "interop");
    execFileSync("go", ["build", "-o", program, "."], { cwd: GO_MODULE, stdio: "pipe" });
  });
  const run = (root = oldRoot) =>
    spawnSync(program, [folder, FIRST_KEY.vkey, "301", root], { encoding: "utf8" });

  test("accept the signature, every entry, and that the tree of 301 is its beginning", () => {
    const { status, stdout, stderr } = run();
    assert.equal(stderr, "");
    assert.equal(stdout, "verified 601 entries, consistent with 301\n");
    assert.equal(status, 0);
  });

  test("refuse exactly the entry of which one bit is turned over", () => {
    const path = "tile/entries/001";
    const bundle = readFileSync(join(folder, path));
    write(path, flipped(bundle, bundle.length - 40));
    const { status, stderr } = run();
    write(path, bundle);
    assert.equal(status, 1);
    assert.match(stderr, /^entry 511: /);
  });

  test("refuse another old root, and a checkpoint of which one bit is turned over", () => {
    assert.equal(run(Buffer.alloc(32, 1).toString("base64")).status, 1);
    const checkpoint = readFileSync(join(folder, "checkpoint"));
    write("checkpoint", flipped(checkpoint, 60));
    const { status } = run();
    write("checkpoint", checkpoint);
    assert.equal(status, 1);
  });
});

describe("openssl", { skip: missing("openssl", "version") }, () => {
  test("accepts the signature of the checkpoint, and no other text", () => {
    const note = parseNote(readFileSync(join(folder, "checkpoint")), "checkpoint");
    const { publicKey } = parseVkeyOf(1, FIRST_KEY.vkey);
    write("pub.pem", publicKeyFrom(publicKey).export({ format: "pem", type: "spki" }));
    write("signature", note.signatures[0]!.signature);
    const verify = (text: string) => {
      write("text", text);
      const args = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "pub.pem",
        "-rawin",
        "-in",
        "text",
        "-sigfile",
        "signature",
      ];
      return spawnSync("openssl", args, { cwd: folder }).status;
    };
    assert.equal(verify(note.text), 0);
    assert.notEqual(verify(note.text.replace("601", "602")), 0);
  });
});

describe("ssh-keygen", {
  skip: missing("ssh-keygen", "-l", "-f", "/dev/null") && missing("sh", "-c", "command -v ssh-keygen"),
}, () => {
  const change = { kind: "key.rotated", old: FIRST_KEY.vkey, new: SECOND_KEY.vkey } as const;

  test("makes approvals that we accept", () => {
    const key = join(folder, "owner");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "maria", "-f", key]);
    write("approval.txt", approvalText(ORIGIN, change));
    execFileSync(
      "ssh-keygen",
      ["-Y", "sign", "-n", "weighbridge-trail", "-f", key, join(folder, "approval.txt")],
      {
        stdio: "pipe",
      },
    );
    const signature = readFileSync(join(folder, "approval.txt.sig"));
    const [type, blob] = readFileSync(`${key}.pub`, "utf8").split(" ");
    const owner = verifyApproval(signature, ORIGIN, change);
    assert.equal(owner, `${type} ${blob}`);
    assert.equal(parseAllowedSigners(`# owners\nmaria ${type} ${blob} her laptop\n`).get(owner), "maria");
    for (const namespaces of ["git,weighbridge-*", "git", "*,!weighbridge-trail"]) {
      write("owners", `maria namespaces="${namespaces}" ${type} ${blob}\n`);
      const files = ["-f", join(folder, "owners"), "-s", join(folder, "approval.txt.sig")];
      const { status } = spawnSync(
        "ssh-keygen",
        ["-Y", "verify", "-n", "weighbridge-trail", "-I", "maria", ...files],
        { input: approvalText(ORIGIN, change) },
      );
      const owners = parseAllowedSigners(readFileSync(join(folder, "owners"), "utf8"));
      assert.equal(owners.has(owner), status === 0, namespaces);
    }
    assert.throws(() => verifyApproval(signature, "example.com/other/trail", change), {
      code: "TRAIL_APPROVAL_WRONG",
    });
  });
});

test("git finds the branch in order", () => {
  assert.equal(rig.repository.git("fsck", "--strict", "--no-dangling"), "");
  assert.equal(rig.repository.git("rev-list", "--min-parents=2", "--count", "weighbridge-trail"), "0");
});
