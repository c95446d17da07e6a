import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { FileScan } from "../../gate/model/evidence.ts";
import {
  assertStatus,
  type CommandResult,
  codeOf,
  installCommand,
  type WeighbridgeCommand,
} from "./command.ts";

const CORPUS = fileURLToPath(new URL("../corpus/artifacts/", import.meta.url));
const SAFETENSORS = join(CORPUS, "real/model.safetensors");
const PICKLE = join(CORPUS, "real/sklearn-protocol-2.pkl");

let weighbridge: WeighbridgeCommand;
/** A folder with two models among files that are none. */
let folder: string;

before(async () => {
  weighbridge = await installCommand();
  folder = mkdtempSync(join(tmpdir(), "weighbridge-scan-"));
  for (const name of ["src", "models", ".git"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "src/train.py"), "print('training')\n");
  writeFileSync(join(folder, "models/metrics.json"), '{ "roc_auc": 0.9 }\n');
  cpSync(SAFETENSORS, join(folder, "models/model.safetensors"));
  cpSync(PICKLE, join(folder, "models/named as nothing"));
  cpSync(PICKLE, join(folder, ".git/object.pkl"));
});
after(() => {
  weighbridge.remove();
  rmSync(folder, { recursive: true });
});

function scan(...args: string[]): Promise<CommandResult> {
  return weighbridge.run(folder, ["scan", ...args]);
}

function filesOf({ stdout }: CommandResult): readonly FileScan[] {
  return JSON.parse(stdout).files;
}

function sha256(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

describe("scan", { concurrency: 2 }, () => {
  it("prints one JSON document of this shape, and status 0 where nothing is found", async () => {
    const result = await scan("models/model.safetensors", "--format", "json");
    assertStatus(result, 0);
    assert.equal(result.stderr, "");
    assert.deepEqual(JSON.parse(result.stdout), {
      files: [
        {
          path: "models/model.safetensors",
          format: "safetensors",
          size: readFileSync(SAFETENSORS).length,
          sha256: sha256(SAFETENSORS),
          findings: [],
          complete: true,
        },
      ],
    });
  });

  it("lists what nobody can look into in a folder, and passes over what was seen and is no model", async () => {
    const packed = mkdtempSync(join(tmpdir(), "weighbridge-packed-"));
    cpSync(join(CORPUS, "real/sklearn-bz2.joblib"), join(packed, "model.dat"));
    writeFileSync(join(packed, "notes.dat"), gzipSync("text"));
    const result = await scan(packed, "--format", "json");
    rmSync(packed, { recursive: true });
    assertStatus(result, 1);
    assert.deepEqual(
      filesOf(result).map(({ path, findings }) => [path, findings.map(({ code }) => code)]),
      [[join(packed, "model.dat"), ["FORMAT_NOT_READ"]]],
    );
  });

  it("ends with status 1 for a pickle, whose content nobody has looked at", async () => {
    const result = await scan(PICKLE, "--format", "json");
    assertStatus(result, 1);
    const [{ findings, ...file }] = JSON.parse(result.stdout).files;
    assert.deepEqual(file, {
      path: PICKLE,
      format: "pickle",
      size: readFileSync(PICKLE).length,
      sha256: sha256(PICKLE),
      complete: false,
    });
    assert.equal(findings.length, 1);
    assert.deepEqual(Object.keys(findings[0]).sort(), ["code", "message", "severity", "where"]);
    assert.deepEqual([findings[0].code, findings[0].severity], ["PICKLE_NOT_SCANNED", "fail"]);
  });

  it("passes over what is no model in a folder, and over git's own", async () => {
    const result = await scan(".", "--format", "json");
    assertStatus(result, 1);
    const paths = filesOf(result).map(({ path }) => path);
    assert.deepEqual(paths, ["models/model.safetensors", "models/named as nothing"]);
  });

  it("looks at a file that is named, even where it is no model", async () => {
    const result = await scan("src/train.py", "--format", "json");
    assertStatus(result, 1);
    assert.equal(filesOf(result)[0]?.findings[0]?.code, "FORMAT_NOT_READ");
  });

  it("does not take a folder of links for one without models", async () => {
    const links = mkdtempSync(join(tmpdir(), "weighbridge-links-"));
    symlinkSync(PICKLE, join(links, "model.pkl"));
    symlinkSync("..", join(links, "up"));
    const result = await weighbridge.run(links, ["scan", ".", "--format", "json"]);
    rmSync(links, { recursive: true });
    assertStatus(result, 1);
    assert.deepEqual(
      filesOf(result).map(({ path, findings }) => [path, ...findings.map(({ code }) => code)]),
      [["model.pkl", "PATH_UNSAFE"]],
    );
  });

  it("says in words what it says in JSON, on lines of its own", async () => {
    const result = await scan("models");
    assertStatus(result, 1);
    assert.match(
      result.stdout,
      /^models\/model\.safetensors {2}safetensors, \d+ bytes, sha256:[0-9a-f]{64}\n/,
    );
    assert.match(result.stdout, /^ {2}fail PICKLE_NOT_SCANNED: /m);
  });

  it("writes to the file of --out", async () => {
    const out = join(folder, "scan.json");
    const result = await scan("models/model.safetensors", "--format", "json", "--out", out);
    assertStatus(result, 0);
    assert.equal(result.stdout, "");
    assert.equal(JSON.parse(readFileSync(out, "utf8")).files.length, 1);
  });

  const unreadable: readonly (readonly [name: string, path: string, code: string])[] = [
    ["a file that is not there", "models/absent.pkl", "FILE_UNREADABLE"],
    ["an empty name", "", "FILE_UNREADABLE"],
    ["a device without an end", "/dev/zero", "PATH_UNSAFE"],
  ];
  for (const [name, path, code] of unreadable) {
    it(`ends with status 2 for ${name}, whatever else there is`, async () => {
      const result = await scan("models/model.safetensors", path, "--format", "json");
      assertStatus(result, 2);
      assert.equal(codeOf(result), code);
      const { error, files } = JSON.parse(result.stdout);
      assert.deepEqual([error.code, files], [code, undefined]);
    });
  }
});

describe("a path that is not UTF-8", { concurrency: 1 }, () => {
  let odd: string;

  before(() => {
    odd = mkdtempSync(join(tmpdir(), "weighbridge-odd-"));
    mkdirSync(Buffer.from(`${odd}/m\xff`, "latin1"));
    for (const name of ["m\xff/\xfe.safetensors", "a.safetensors"]) {
      writeFileSync(Buffer.from(`${odd}/${name}`, "latin1"), readFileSync(SAFETENSORS));
    }
  });
  after(() => rmSync(odd, { recursive: true }));

  it("is scanned with the rest of its folder, and shown by its bytes", async () => {
    const result = await weighbridge.run(odd, ["scan", ".", "--format", "json"]);
    assertStatus(result, 0);
    assert.deepEqual(
      filesOf(result).map(({ path, sha256: digest }) => [path, digest]),
      [
        ["a.safetensors", sha256(SAFETENSORS)],
        ["m\udcff/\udcfe.safetensors", sha256(SAFETENSORS)],
      ],
    );
    const text = await weighbridge.run(odd, ["scan", "."]);
    assert.match(text.stdout, /^m\\xff\/\\xfe\.safetensors {2}safetensors, /m);
  });

  // Node gives every such byte of an argument as U+FFFD, and a test can hand over no other.
  it("is found where it is named, unless two names look so", async () => {
    const name = "m\ufffd/\ufffd.safetensors";
    for (const command of ["scan", "inspect"]) {
      assertStatus(await weighbridge.run(odd, [command, name]), 0);
      assertStatus(await weighbridge.run(tmpdir(), [command, join(odd, name)]), 0);
    }
    writeFileSync(Buffer.from(`${odd}/m\xff/\xfd.safetensors`, "latin1"), readFileSync(SAFETENSORS));
    const result = await weighbridge.run(odd, ["inspect", name]);
    assertStatus(result, 2);
    assert.equal(codeOf(result), "USAGE");
    assert.match(result.stderr, /: 2 names look so\n/);
  });

  it("that is not there is named as it was given", async () => {
    const result = await weighbridge.run(odd, ["scan", "\ufffd.pkl"]);
    assertStatus(result, 2);
    assert.match(result.stderr, /^weighbridge: Cannot read \ufffd\.pkl: /);
  });
});

describe("inspect", { concurrency: 2 }, () => {
  it("prints what a file says of itself as one JSON document", async () => {
    const result = await weighbridge.run(folder, ["inspect", "models/model.safetensors", "--format", "json"]);
    assertStatus(result, 0);
    const description = JSON.parse(result.stdout);
    assert.deepEqual(
      [description.format, description.family, description.sha256],
      ["safetensors", "model", sha256(SAFETENSORS)],
    );
    assert.ok(description.tensors.length > 0 && description.parameters > 0);
  });

  it("prints the same for people", async () => {
    const result = await weighbridge.run(folder, ["inspect", "models/model.safetensors"]);
    assertStatus(result, 0);
    assert.match(result.stdout, /^path: models\/model\.safetensors\nformat: safetensors\n/);
  });

  it("refuses a folder", async () => {
    const result = await weighbridge.run(folder, ["inspect", "models"]);
    assertStatus(result, 2);
    assert.equal(codeOf(result), "PATH_UNSAFE");
  });
});

describe("a hostile file ends with findings or an error, never with a fault of ours:", {
  concurrency: 2,
}, () => {
  it("every file of the corpus at once", async () => {
    const result = await scan(join(CORPUS, "hostile"), "--format", "json");
    assertStatus(result, 1);
    assert.ok(filesOf(result).length > 40);
  });

  it("a name that a terminal would obey", async () => {
    const hostile = mkdtempSync(join(tmpdir(), "weighbridge-hostile-"));
    cpSync(PICKLE, join(hostile, "\u001b[31m::error::\n.pkl"));
    const result = await weighbridge.run(hostile, ["scan", "."]);
    rmSync(hostile, { recursive: true });
    assertStatus(result, 1);
    assert.ok(!result.stdout.includes("\u001b") && !/^::error/m.test(result.stdout), result.stdout);
  });
});
