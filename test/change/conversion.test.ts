import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { conversionsOf, parseAttributes } from "../../gate/change/attributes.ts";
import { checkOut } from "../../gate/change/conversion.ts";
import { runGit, type ScratchRepository, scratchRepository } from "../git.ts";
import { changeOf, manifest, modelOf, summary, withModel } from "./scratch.ts";

const scratched = await scratchRepository();
after(() => scratched.remove());

const CONTENTS = [
  "$Id$",
  "a $Id$b$Id$",
  "$Id$Id$",
  "$Id: x$",
  "$Id: x $",
  "$Id:x y$ $Id$",
  "$Id: x y $Id$",
  "$Id: a\n$Id$",
  "$Id: ",
  "$$Id$$",
  "$id$ $Idx$",
  "a\nb\r\nc\r\r\n\n",
  "a\n\0b\n",
  "\n",
  "$Id$\n\u00e9\n",
  "",
];

const RULES = [
  "ident",
  "text eol=crlf",
  "text=auto eol=crlf",
  "ident text eol=crlf",
  "ident working-tree-encoding=UTF-16LE",
  "eol=crlf working-tree-encoding=ISO-8859-1",
];

// `git` looks for a blank from behind the second dollar on, without an end, and may crash there.
test("a keyword with nothing behind its colon is expanded", () => {
  assert.equal(String(checkOut(Buffer.from("$Id:$"), [{ kind: "ident", value: "" }], "0f")), "$Id: 0f $");
});

describe("what a checkout makes of a file is what git makes of it", () => {
  for (const [index, rule] of RULES.entries()) {
    test(rule, () => {
      const attributes = parseAttributes(new Map([["", Buffer.from(`f${index}-* ${rule}\n`)]]));
      scratched.write(".git/info/attributes", `f${index}-* ${rule}\n`);
      for (const [nth, content] of CONTENTS.entries()) {
        const path = `f${index}-${nth}`;
        scratched.write("content", content);
        const oid = scratched.git("hash-object", "-w", "--no-filters", "content");
        const options = { cwd: scratched.directory };
        const expected = execFileSync("git", ["cat-file", "--filters", `--path=${path}`, oid], options);
        const made = checkOut(Buffer.from(content), conversionsOf(path, attributes), oid);
        assert.deepEqual(made, expected, JSON.stringify(content));
      }
    });
  }
});

/** Commits blobs as they are: git add would undo what a checkout does. */
function commitBlobs(
  scratched: ScratchRepository,
  files: Readonly<Record<string, string | Uint8Array>>,
): void {
  for (const [path, content] of Object.entries(files)) {
    const oid = runGit(scratched.directory, ["hash-object", "-w", "--stdin"], content);
    scratched.git("update-index", "--add", "--cacheinfo", `100644,${oid},${path}`);
  }
  scratched.git("commit", "--quiet", "--message", "blobs");
}

test("an artifact of which a checkout makes other bytes cannot be verified", async () => {
  const cases: [rule: string, content: string, isOther: boolean][] = [
    ["working-tree-encoding=GBK", "\u0436", true],
    ["ident", "x $Id$", true],
    ["ident", "x", false],
    ["eol=crlf", "a\n\0", true],
    ["eol=crlf", "a\r\n", false],
    ["text=auto eol=crlf", "a\n\0", false],
    ["text=auto eol=crlf", "a\n", true],
    ["text=auto", "a\n", false],
    ["eol=crlf -text", "a\n", false],
    ["filter=crypt", "a", true],
    ["filter=crypt -filter", "a", false],
  ];
  for (const [rule, content, isOther] of cases) {
    const scratched = await withModel();
    commitBlobs(scratched, { ".gitattributes": `*.bin ${rule}\n`, "models/m/w.bin": content });
    const [, code] = summary(await changeOf(scratched))[0]?.split(" m") ?? [];
    assert.equal(code, isOther ? " ATTRIBUTE_CONVERTS" : "", `${rule} ${JSON.stringify(content)}`);
  }
});

test("an attribute that converts concerns a model none of whose files change", async () => {
  const scratched = await withModel();
  scratched.commit("head", { ".gitattributes": "*.bin working-tree-encoding=ISO-8859-1\n" });
  const change = await changeOf(scratched);
  assert.deepEqual(summary(change), ["C m ATTRIBUTE_CONVERTS"]);
  assert.deepEqual(modelOf(change).head?.artifacts[0]?.problem, {
    code: "ATTRIBUTE_CONVERTS",
    message:
      "Cannot verify models/m/w.bin: .gitattributes sets working-tree-encoding=ISO-8859-1 for it, so that a checkout has other bytes than git keeps",
    place: { path: ".gitattributes", line: 1 },
    fix: 'Set "-text -ident -filter !working-tree-encoding" for models/m/w.bin in .gitattributes, below that line',
  });
});

test("a manifest and its results may not be in another encoding in a checkout", async () => {
  const more = "evaluation: [{ path: e.json, dataset: d, role: test, metrics: [f1] }]\n";
  const scratched = await withModel({ "models/m/model.yml": manifest({ more }), "models/m/e.json": "{}" });
  commitBlobs(scratched, { ".gitattributes": "*.json working-tree-encoding=UTF-16\n" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m ATTRIBUTE_CONVERTS"]);
  commitBlobs(scratched, { ".gitattributes": "*.json eol=crlf\n*.yml ident\n" });
  assert.deepEqual(summary(await changeOf(scratched)), ["C m"]);
});

test("a file that becomes a pickle in a checkout is a model, and text of another encoding is not", async () => {
  const pickle = Buffer.from(
    "80049516000000000000008c05706f736978948c0673797374656d9493948c046964202094859452942e",
    "hex",
  );
  const hidden = Buffer.from(pickle.toString("latin1"), "utf8");
  const wide = Buffer.from(pickle.toString("utf16le"), "utf8");
  const scratched = await withModel({ "later.dat": hidden.toString("utf8") });
  commitBlobs(scratched, {
    ".gitattributes":
      "*.dat working-tree-encoding=ISO-8859-1\n*.rc working-tree-encoding=UTF-16LE-BOM eol=crlf\n*.raw working-tree-encoding=UTF-16LE\n*.odd working-tree-encoding=CP037\n",
    "a.dat": hidden,
    "b.dat": "Gr\u00fc\u00dfe\n",
    "c.rc": "text\n",
    "d.raw": wide,
    "e.odd": "text\n",
  });
  assert.deepEqual(summary(await changeOf(scratched)), [
    "D a.dat MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D d.raw MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D e.odd MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D later.dat MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
  ]);
});

test("a text of which a checkout makes a pickle is a model", async () => {
  const pickle = "0cposix\nsystem\n(S'true'\ntR.";
  // The text that the first byte counts out ends where the id of the blob begins to stand in it.
  const expanded = `U0$Id$x${pickle}`.padEnd(60, "~");
  // With a carriage return more, the first text of 35 bytes ends before the U, behind which stands another.
  const wrapped = `U#a\n${"b".repeat(32)}U#${"c".repeat(35)}U\x05posixU\x06system\x93(U\x04truetR.`;
  const scratched = await withModel({ "later.txt": expanded });
  commitBlobs(scratched, {
    ".gitattributes": "*.txt ident\n*.crlf eol=crlf\n",
    "a.txt": expanded,
    "b.txt": "$Id$ words\n",
    "c.crlf": Buffer.from(wrapped, "latin1"),
    "d.crlf": "words\n",
    "e.plain": expanded,
  });
  assert.deepEqual(summary(await changeOf(scratched)), [
    "D a.txt MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D c.crlf MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
    "D later.txt MODEL_UNCLAIMED ATTRIBUTE_CONVERTS",
  ]);
});
