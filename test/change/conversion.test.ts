import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { conversionsOf, parseAttributes } from "../../gate/change/attributes.ts";
import { checkOut } from "../../gate/change/conversion.ts";
import { scratchRepository } from "../git.ts";

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
