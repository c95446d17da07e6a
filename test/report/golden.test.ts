import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { FORMATS, type Format } from "../../gate/report/formats.ts";
import { RECORDS } from "./records.ts";

/** Every document of every record, whole. `UPDATE_GOLDEN=1 node --test` writes them anew, for a person to review. */
const ENDINGS: Readonly<Record<Format, string>> = {
  text: "txt",
  json: "json",
  markdown: "md",
  sarif: "sarif",
  junit: "xml",
  html: "html",
};

const isUpdate = process.env.UPDATE_GOLDEN === "1";

for (const [name, record] of Object.entries(RECORDS)) {
  for (const [format, ending] of Object.entries(ENDINGS)) {
    test(`${name} as ${format} is golden/${name}.${ending}`, () => {
      const path = fileURLToPath(new URL(`golden/${name}.${ending}`, import.meta.url));
      const document = FORMATS[format as Format](record, { width: 100 });
      if (isUpdate) writeFileSync(path, document);
      assert.ok(existsSync(path), `${path} is missing; UPDATE_GOLDEN=1 writes it`);
      assert.equal(document, readFileSync(path, "utf8"));
    });
  }
}

test("the same record gives the same bytes again", () => {
  for (const render of Object.values(FORMATS)) {
    assert.equal(render(structuredClone(RECORDS.fail)), render(RECORDS.fail));
  }
});
