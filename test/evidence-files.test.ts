import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { readEvidenceFiles } from "../gate/evidence-files.ts";

const folder = mkdtempSync(join(tmpdir(), "weighbridge-evidence-"));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "clone/forged"), { recursive: true });
writeFileSync(join(folder, "clone/forged/e.json"), "{}");
symlinkSync("forged", join(folder, "clone/evidence"));
symlinkSync("forged/e.json", join(folder, "clone/e.json"));
symlinkSync("clone", join(folder, "elsewhere"));

const read = (pattern: string, directory = "clone") =>
  readEvidenceFiles([pattern], join(folder, directory)).then(({ files }) => files.map(({ path }) => path));

test("files below a link are not the run's: the change can commit one to its own files", async () => {
  for (const pattern of ["evidence/e.json", "evidence/*.json"]) {
    await assert.rejects(read(pattern), { code: "PATH_UNSAFE" }, pattern);
  }
  assert.deepEqual(await read("evidence/**"), []);
  await assert.rejects(read("e.json"), {
    code: "PATH_UNSAFE",
    message: /it is a link$/,
    fix: "Name what it leads to",
  });
});

test("files of the folder itself are, wherever a link to the whole of it stands", async () => {
  assert.deepEqual(await read("forged/*.json"), ["forged/e.json"]);
  assert.deepEqual(await read("forged/*.json", "elsewhere"), ["forged/e.json"]);
  assert.deepEqual(await read("../clone/forged/*.json"), ["forged/e.json"]);
});
