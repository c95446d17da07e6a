import assert from "node:assert/strict";
import { test } from "node:test";
import { LFS_POINTER_BYTES_MAX, parseDvcPointer, parseLfsPointer } from "../../gate/change/pointer.ts";

const OID = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
const VALID = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize 12345\n`;

function lfs(text: string | Uint8Array) {
  return parseLfsPointer(Buffer.from(text), "m.bin");
}

test("parseLfsPointer() reads a pointer of the specification", () => {
  const pointer = { kind: "lfs", digest: `sha256:${OID}`, size: 12345 };
  assert.deepEqual(lfs(VALID), pointer);
  assert.deepEqual(lfs(VALID.replace("git-lfs.", "hawser.")), pointer, "the URL of the pre-release");
  assert.deepEqual(lfs(VALID.replace("12345", "0")), { ...pointer, size: 0 });
  assert.deepEqual(lfs(VALID.replace("12345", "9007199254740991")), { ...pointer, size: 2 ** 53 - 1 });
});

test("parseLfsPointer() leaves alone what is no pointer", () => {
  const others = [
    "",
    "version 1\n",
    "tree\nversion=v4\n",
    "versions of git-lfs\n",
    "# git-lfs\nversion x\n",
    "\0\0\0",
  ];
  for (const text of others) assert.equal(lfs(text), undefined, JSON.stringify(text));
});

const ALMOST: Readonly<Record<string, string>> = {
  "CRLF line ends": VALID.replaceAll("\n", "\r\n"),
  "no last line end": VALID.trimEnd(),
  "an empty line first": `\n${VALID}`,
  "white space first": ` ${VALID}`,
  "white space after it": `${VALID} `,
  "an empty line in it": VALID.replace("\noid", "\n\noid"),
  "a byte order mark": `\ufeff${VALID}`,
  "two spaces": VALID.replace("oid ", "oid  "),
  "the keys unsorted": `version https://git-lfs.github.com/spec/v1\nsize 12345\noid sha256:${OID}\n`,
  "another version": VALID.replace("v1", "v2"),
  "a URL in http": VALID.replace("https", "http"),
  "the alpha's URL": VALID.replace("https://git-lfs.github.com/spec/v1", "http://git-media.io/v/2"),
  "upper case in the digest": VALID.replace(OID, OID.toUpperCase()),
  "a short digest": VALID.replace(OID, OID.slice(1)),
  "another algorithm": VALID.replace("sha256", "sha512"),
  "no size": VALID.replace("size 12345\n", ""),
  "a size with a sign": VALID.replace("12345", "+12345"),
  "a size with a leading zero": VALID.replace("12345", "012345"),
  "a negative size": VALID.replace("12345", "-1"),
  "a size that is no integer": VALID.replace("12345", "1.5"),
  "a size beyond 2^53": VALID.replace("12345", "9007199254740992"),
  "an unknown key": `${VALID}x 1\n`,
  "a key twice": `${VALID}size 12345\n`,
  "a second pointer": VALID + VALID,
  "1,024 bytes": VALID.padEnd(LFS_POINTER_BYTES_MAX + 1, "\n"),
  "1,024 bytes with known lines": VALID.replace(
    "oid",
    `${`ext-0-${"x".repeat(100)} sha256:${OID}\n`.repeat(6)}oid`,
  ),
};

for (const [name, text] of Object.entries(ALMOST)) {
  test(`C49: parseLfsPointer() refuses a pointer with ${name}`, () => {
    assert.throws(() => lfs(text), { name: "GateError", code: "POINTER_NONCANONICAL" });
  });
}

test("C49: parseLfsPointer() says what to do about a bad pointer", () => {
  assert.throws(() => lfs(VALID.trimEnd()), {
    message:
      "Cannot read m.bin: it looks like a Git LFS pointer, but is not in the one form of the specification",
    place: { path: "m.bin" },
    fix: "Let git-lfs write the pointer: git lfs track, then git add the model file again",
  });
});

test("C49: parseLfsPointer() refuses extensions, whose programs change the content", () => {
  const extended = VALID.replace("oid", `ext-0-crypt sha256:${OID}\noid`);
  assert.throws(() => lfs(extended), { code: "POINTER_EXTENSION" });
});

const MD5 = "d41d8cd98f00b204e9800998ecf8427e";

function dvc(text: string, path = "models/a/m.bin.dvc") {
  return parseDvcPointer(Buffer.from(text), path);
}

test("parseDvcPointer() reads the outputs of DVC 3", () => {
  const text = `outs:\n- md5: ${MD5}\n  size: 5\n  hash: md5\n  path: m.bin\n- md5: ${MD5}.dir\n  size: 9\n  nfiles: 2\n  hash: md5\n  path: data\nmeta: {x: 1}\n`;
  assert.deepEqual(dvc(text), [
    { path: "models/a/m.bin", digest: `md5:${MD5}`, size: 5, textNormalized: false },
    { path: "models/a/data", digest: `md5:${MD5}.dir`, size: 9, files: 2, textNormalized: false },
  ]);
});

test("parseDvcPointer() marks what DVC 2 wrote", () => {
  const [output] = dvc(`wdir: .\nouts:\n- md5: ${MD5}\n  path: m.bin\n`, "m.bin.dvc");
  assert.deepEqual(output, { path: "m.bin", digest: `md5:${MD5}`, textNormalized: true });
});

const BAD_DVC: readonly [name: string, text: string, code: string][] = [
  ["no outputs", "outs: []\n", "DVC_INVALID"],
  ["no list of outputs", "deps: []\n", "DVC_INVALID"],
  ["nothing", "", "DVC_INVALID"],
  ["an output that is no map", "outs: [m.bin]\n", "DVC_INVALID"],
  ["no digest", "outs:\n- path: m.bin\n", "DVC_INVALID"],
  ["a digest that is no MD5", "outs:\n- md5: ../../x\n  path: m.bin\n", "DVC_INVALID"],
  ["no path", `outs:\n- md5: ${MD5}\n`, "DVC_INVALID"],
  ["a negative size", `outs:\n- md5: ${MD5}\n  path: m.bin\n  size: -1\n`, "DVC_INVALID"],
  ["a path above its folder", `outs:\n- md5: ${MD5}\n  path: ../m.bin\n`, "PATH_TRAVERSAL"],
  ["a path that is its folder", `outs:\n- md5: ${MD5}\n  path: x/..\n`, "PATH_TRAVERSAL"],
  ["a folder whose name only begins alike", `outs:\n- md5: ${MD5}\n  path: ../ab/m.bin\n`, "PATH_TRAVERSAL"],
  ["an absolute path", `outs:\n- md5: ${MD5}\n  path: /etc/passwd\n`, "PATH_TRAVERSAL"],
  ["a backslash", `outs:\n- md5: ${MD5}\n  path: '..\\m.bin'\n`, "PATH_TRAVERSAL"],
  ["a URL", `outs:\n- md5: ${MD5}\n  path: s3://bucket/m.bin\n`, "PATH_TRAVERSAL"],
  ["another working folder", `wdir: ../..\nouts:\n- md5: ${MD5}\n  path: m.bin\n`, "PATH_TRAVERSAL"],
  ["a key twice", `outs:\n- md5: ${MD5}\n  md5: ${MD5}\n  path: m.bin\n`, "YAML_DUPLICATE_KEY"],
];

for (const [name, text, code] of BAD_DVC) {
  test(`parseDvcPointer() refuses a file with ${name}`, () => {
    assert.throws(() => dvc(text), { name: "GateError", code });
  });
}

test("parseDvcPointer() gives the line of what is wrong", () => {
  assert.throws(() => dvc(`outs:\n- md5: ${MD5}\n  path: ../m.bin\n`), {
    message: "Cannot read models/a/m.bin.dvc: path leads out of the folder of the .dvc file",
    place: { path: "models/a/m.bin.dvc", line: 3, column: 9 },
  });
});
