import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../", import.meta.url);
const TEXT = readFileSync(new URL("docs/threat-model.md", ROOT), "utf8");

test("every file that the threat model names is there", () => {
  const named = TEXT.match(/`(?:app|gate|cli|action|test)\/[\w./-]+`/g) ?? [];
  assert.ok(named.length > 50);
  assert.deepEqual(
    named.map((name) => name.slice(1, -1)).filter((name) => !existsSync(new URL(name, ROOT))),
    [],
  );
});

test("every attack on the App has a defence with a file and a test, or says that it has none", () => {
  const [, app = ""] = TEXT.split("\n# The App\n");
  const rows = app.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| Attack"));
  const bare = rows.filter((row) => {
    const [, , defence = "", open = ""] = row.split(" | ").join("|").split("|");
    const hasBoth = /`(?:app|gate|cli)\//.test(defence) && /`test\//.test(defence);
    return !hasBoth && open.trim() === "";
  });
  assert.deepEqual(bare, []);
});
