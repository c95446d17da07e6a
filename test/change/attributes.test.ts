import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import {
  ATTRIBUTE_RULES_MAX,
  conversionsOf,
  isLfsTracked,
  parseAttributes,
} from "../../gate/change/attributes.ts";
import { runGit, type ScratchRepository, scratchRepository } from "../git.ts";

let scratched: ScratchRepository;
before(async () => {
  scratched = await scratchRepository();
});
after(() => scratched.remove());

type Files = Readonly<Record<string, string>>;

function ours(files: Files, paths: readonly string[]): string[] {
  const attributes = parseAttributes(
    new Map(Object.entries(files).map(([key, text]) => [key, Buffer.from(text)])),
  );
  return paths.filter((path) => isLfsTracked(path, attributes));
}

/** What git itself says, of files that need not exist. */
function gits(files: Files, paths: readonly string[]): string[] {
  for (const folder of ["", "a", "a/b"]) {
    scratched.write(folder === "" ? ".gitattributes" : `${folder}/.gitattributes`, files[folder] ?? "");
  }
  const input = paths.map((path) => `${path}\0`).join("");
  const output = runGit(scratched.directory, ["check-attr", "--stdin", "-z", "filter"], input).split("\0");
  return paths.filter((_, index) => output[index * 3 + 2] === "lfs");
}

const CASES: { name: string; files: Files; tracked: string[]; not: string[] }[] = [
  {
    name: "an extension",
    files: { "": "*.bin filter=lfs diff=lfs merge=lfs -text\n" },
    tracked: ["m.bin", "a/b/m.bin", ".bin"],
    not: ["m.bin2", "m.BIN", "m.bin/x", "mbin"],
  },
  { name: "no attributes", files: {}, tracked: [], not: ["m.bin"] },
  {
    name: "another filter",
    files: { "": "*.bin filter=crypt\n*.x filter\n*.y -filter\n*.z !filter\n*.w -filter=lfs\n" },
    tracked: [],
    not: ["m.bin", "m.x", "m.y", "m.z", "m.w"],
  },
  {
    name: "a path from the root, and one at any depth",
    files: { "": "/m.bin filter=lfs\na/*.bin filter=lfs\n**/deep.bin filter=lfs\nx/** filter=lfs\n" },
    tracked: ["m.bin", "a/m.bin", "deep.bin", "a/b/deep.bin", "x/y", "x/y/z"],
    not: ["a/b/m.bin", "b/a/m.bin", "x", "y/x/z", "adeep.bin"],
  },
  {
    name: "stars over folders",
    files: { "": "a/**/m.bin filter=lfs\nmodels/**.pt filter=lfs\nb**/n.bin filter=lfs\n" },
    tracked: ["a/m.bin", "a/x/m.bin", "a/x/y/m.bin", "models/m.pt", "b/n.bin", "bx/n.bin"],
    not: ["am.bin", "models/a/m.pt", "ab/m.bin"],
  },
  {
    name: "the last line and the nearest file first",
    files: {
      "": "*.bin filter=lfs\n*.pt filter=lfs\n*.pt -filter\n",
      a: "*.bin !filter\n",
      "a/b": "m.bin filter=lfs\n",
    },
    tracked: ["m.bin", "a/b/m.bin"],
    not: ["m.pt", "a/m.bin", "a/b/n.bin"],
  },
  {
    name: "the last word of a line",
    files: { "": "*.bin filter=lfs filter=x\n*.pt filter=x filter=lfs\n" },
    tracked: ["m.pt"],
    not: ["m.bin"],
  },
  {
    name: "macros of the root alone",
    files: {
      "": "[attr]large filter=lfs -text\n*.bin large\n*.pt -large\n",
      a: "[attr]huge filter=lfs\n*.h5 huge\n",
    },
    tracked: ["m.bin", "a/m.bin"],
    not: ["m.pt", "a/m.h5"],
  },
  {
    name: "classes and single characters",
    files: {
      "": "[mn].bin filter=lfs\nx[!0-9].pt filter=lfs\n?.h5 filter=lfs\n[[:upper:]].gg filter=lfs\n[]x].q filter=lfs\n",
    },
    tracked: ["m.bin", "a/n.bin", "xa.pt", "a.h5", "A.gg", "].q"],
    not: ["o.bin", "x1.pt", "ab.h5", "a.gg"],
  },
  {
    name: "quotes and backslashes",
    files: {
      "": '"a b.bin" filter=lfs\n"\\303\\244.bin" filter=lfs\nc\\*.bin filter=lfs\nd\\e.bin filter=lfs\n',
    },
    tracked: ["a b.bin", "ä.bin", "c*.bin", "de.bin"],
    not: ["cx.bin", "a"],
  },
  {
    name: "what git ignores",
    files: {
      "": "# *.bin filter=lfs\n!*.pt filter=lfs\nfolder/ filter=lfs\n*.h5 filter=lfs b@d=1\n[attr]x\n*.gg filter=lfs\r\n",
    },
    tracked: ["m.gg"],
    not: ["m.bin", "m.pt", "folder/x", "m.h5"],
  },
  {
    name: "lines that are too long",
    files: { "": `*.bin filter=lfs ${"x".repeat(2100)}\n*.pt filter=lfs ${"x".repeat(1900)}\n` },
    tracked: ["m.pt"],
    not: ["m.bin"],
  },
];

for (const { name, files, tracked, not } of CASES) {
  test(`isLfsTracked() heeds ${name}, as git does`, () => {
    assert.deepEqual(ours(files, [...tracked, ...not]), tracked);
    assert.deepEqual(gits(files, [...tracked, ...not]), tracked);
  });
}

const NAMES = ["a", "b", "ab", "a.x", "b.x", ".x", "[a]", "a]", "a-", "\\a", "*"];
const PATHS = NAMES.flatMap((name) => [name, `a/${name}`, `a/b/${name}`, `b/a/${name}`]);
const pattern = fc
  .array(
    fc.constantFrom(
      "a",
      "b",
      ".x",
      "*",
      "**",
      "?",
      "/",
      "/**",
      "**/",
      "[ab]",
      "[!a]",
      "[a-b",
      "\\",
      "]",
      "-",
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((parts) => parts.join(""));
const line = fc
  .tuple(
    pattern,
    fc.constantFrom("filter=lfs", "filter=lfs", "-filter", "!filter", "filter", "m", "-m", "m filter"),
  )
  .map(([glob, states]) => `${glob} ${states}`);
const file = fc
  .tuple(fc.constantFrom("", "[attr]m filter=lfs\n"), fc.array(line, { maxLength: 4 }))
  .map(([macro, lines]) => `${macro}${lines.join("\n")}\n`);

test("isLfsTracked() says what git check-attr says", () => {
  fc.assert(
    fc.property(file, file, file, (root, a, ab) => {
      const files = { "": root, a, "a/b": ab };
      assert.deepEqual(ours(files, PATHS), gits(files, PATHS));
    }),
    { numRuns: 200 },
  );
});

test("isLfsTracked() takes no time by the power of the stars in a pattern", () => {
  const files = { "": `${"*a".repeat(500)}b filter=lfs\n/${"**/a*".repeat(300)}b filter=lfs\n` };
  assert.deepEqual(ours(files, ["a".repeat(4000), "a/".repeat(2000)]), []);
});

test("parseAttributes() refuses more rules than anyone writes", () => {
  const files = new Map([["a", Buffer.from("*.bin filter=lfs\n".repeat(ATTRIBUTE_RULES_MAX + 1))]]);
  assert.throws(() => parseAttributes(files), {
    code: "ATTRIBUTES_TOO_MANY",
    message: "Cannot read a/.gitattributes: 1001 rules, limit is 1000",
  });
});

test("patterns that are made to be slow are given up, and the paths are not taken for plain files", () => {
  const slow = Array.from({ length: 1_000 }, (_, index) => `*a*b*c*d*e*f*${index}*z filter=lfs`).join("\n");
  const attributes = parseAttributes(new Map([["", Buffer.from(slow)]]));
  const path = `models/${"abcdef".repeat(30)}.z`;
  const asked = () => {
    for (let count = 0; count < 10_000; count++) isLfsTracked(`${path}${count}z`, attributes);
  };
  assert.throws(asked, { code: "ATTRIBUTES_TOO_MANY" });
});

/** What a real checkout makes of one text: the same bytes, or others. */
function isConverted(attributes: string, content: string): boolean {
  const name = "converted.bin";
  const oid = runGit(scratched.directory, ["hash-object", "-w", "--stdin"], content);
  scratched.git("rm", "--quiet", "-r", "--cached", "--ignore-unmatch", ".");
  scratched.git("update-index", "--add", "--cacheinfo", `100644,${oid},${name}`);
  scratched.write(".gitattributes", attributes);
  scratched.git("checkout-index", "--force", name);
  return readFileSync(join(scratched.directory, name), "utf8") !== content;
}

const CONVERSIONS: { attributes: string; kinds: string[]; changes: boolean }[] = [
  { attributes: "* text=auto\n*.sh eol=lf\n", kinds: [], changes: false },
  { attributes: "*.bin text\n", kinds: [], changes: false },
  { attributes: "*.bin eol=crlf\n", kinds: ["crlf"], changes: true },
  { attributes: "*.bin text eol=crlf\n", kinds: ["crlf"], changes: true },
  { attributes: "*.bin text=input eol=crlf\n", kinds: ["crlf"], changes: true },
  { attributes: "* text=auto eol=crlf\n", kinds: ["crlf-auto"], changes: true },
  { attributes: "* crlf=auto eol=crlf\n", kinds: ["crlf-auto"], changes: true },
  { attributes: "* eol=crlf\n*.bin -text\n", kinds: [], changes: false },
  { attributes: "* eol=crlf\n*.bin -crlf\n", kinds: [], changes: false },
  { attributes: "* text eol=crlf\n*.bin binary\n", kinds: [], changes: false },
  { attributes: "[attr]odd ident\n*.bin odd\n", kinds: ["ident"], changes: true },
  { attributes: "*.bin ident\n*.bin -ident\n", kinds: [], changes: false },
  { attributes: "*.bin working-tree-encoding=UTF-8\n", kinds: [], changes: false },
  { attributes: "*.bin working-tree-encoding=utf8\n", kinds: [], changes: false },
  { attributes: "*.bin working-tree-encoding=UTF-16LE\n", kinds: ["encoding"], changes: true },
  { attributes: "*.bin -text working-tree-encoding=UTF-16LE\n", kinds: ["encoding"], changes: true },
];

for (const { attributes, kinds, changes } of CONVERSIONS) {
  test(`conversionsOf() says what a checkout does under ${JSON.stringify(attributes)}`, () => {
    const read = parseAttributes(new Map([["", Buffer.from(attributes)]]));
    assert.deepEqual(
      conversionsOf("converted.bin", read).map(({ kind }) => kind),
      kinds,
    );
    assert.equal(isConverted(attributes, "$Id$\n"), changes);
  });
}

test("conversionsOf() names the line that decides, and another filter than that of Git LFS", () => {
  const attributes = parseAttributes(new Map([["a", Buffer.from("*.x text\n\n*.bin filter=crypt\n")]]));
  assert.deepEqual(conversionsOf("a/w.bin", attributes), [
    { kind: "filter", value: "crypt", state: "filter=crypt", place: { path: "a/.gitattributes", line: 3 } },
  ]);
  assert.deepEqual(conversionsOf("w.bin", attributes), []);
});
