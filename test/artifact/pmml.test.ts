import assert from "node:assert/strict";
import { test } from "node:test";
import { bufferSource } from "../../gate/artifact/bytes.ts";
import { findReadings } from "../../gate/artifact/identify.ts";

const LONG = "licence ".repeat(10_000);
const OPEN = '<PMML version="4.4" xmlns="http://www.dmg.org/PMML-4_4">';
const DECLARED = '<?xml version="1.0"?>';

function bigEndian(text: string): Buffer {
  return Buffer.from(text, "utf16le").swap16();
}

const MODELS: Readonly<Record<string, string | Buffer>> = {
  plain: `${DECLARED}\n${OPEN}</PMML>`,
  "with a prefix": `<pmml-4.4:PMML xmlns:pmml-4.4="http://www.dmg.org/PMML-4_4"></pmml-4.4:PMML>`,
  "with a mark": `\ufeff${DECLARED}${OPEN}`,
  "in UTF-16": Buffer.from(`\ufeff${DECLARED}${OPEN}`, "utf16le"),
  "in UTF-16, the other way round": bigEndian(`\ufeff${DECLARED}${OPEN}`),
  "in UTF-16 without a mark": Buffer.from(`${DECLARED}${OPEN}`, "utf16le"),
  "behind a long comment": `${DECLARED}<!-- ${LONG} -->${OPEN}`,
  "behind many comments": `${"<!-- a -->\n".repeat(40_000)}${OPEN}`,
  "behind a long instruction": `<?note ${LONG}?>\n${OPEN}`,
  "behind a long definition": `<!DOCTYPE PMML [ <!ENTITY a "${LONG}"> ]>\n${OPEN}`,
  "behind a long comment in UTF-16": Buffer.from(`\ufeff<!-- ${LONG} -->${OPEN}`, "utf16le"),
};

const OTHERS: Readonly<Record<string, string>> = {
  "a page": "<html><p>PMML</p></html>",
  "a feed": `${DECLARED}<!-- a --><feed>${LONG.repeat(3)}&lt;PMML &gt;</feed>`,
  "a long feed that quotes one": `${DECLARED}<feed>${LONG.repeat(3)}<PMML ></PMML></feed>`,
  "a long comment and a page": `<!-- ${LONG} --><html></html>`,
  "a comment that never ends": `<!-- ${LONG}`,
  "a text": `PMML ${LONG}<PMML >`,
};

for (const [what, content] of Object.entries(MODELS)) {
  test(`a model in PMML is known: ${what}`, async () => {
    const source = bufferSource("feed.xml", Buffer.from(content as string));
    const { format, family } = await findReadings(source, "feed.xml");
    assert.deepEqual([format, family], ["pmml", "model"]);
  });
}

for (const [what, content] of Object.entries(OTHERS)) {
  test(`no model in PMML is ${what}`, async () => {
    const source = bufferSource("feed.xml", Buffer.from(content));
    assert.equal((await findReadings(source, "feed.xml")).family, "other");
  });
}

test("a root that stands where two reads meet is found", async () => {
  for (let at = 262_144 - 20; at < 262_144 + 10; at++) {
    const content = `<!--${" ".repeat(at - 7)}-->${OPEN}`;
    const { format } = await findReadings(bufferSource("a.xml", Buffer.from(content)), "a.xml");
    assert.equal(format, "pmml", `${at}`);
  }
});
