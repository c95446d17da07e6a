import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, posix, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDERS = ["gate", "action", "cli", "app"].filter((folder) => existsSync(join(ROOT, folder)));
const IMPORT = /^(?:import|export)\s[^"';]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

/** Every import of our own sources: from file to file, or from file to package. */
const IMPORTS = sources().flatMap((file) =>
  [...readFileSync(join(ROOT, file), "utf8").matchAll(IMPORT)].map((match) => {
    const target = match[1] ?? match[2] ?? match[3] ?? "";
    return {
      file,
      target: target.startsWith(".") ? posix.join(posix.dirname(file), target) : target,
      own: target.startsWith("."),
    };
  }),
);

function sources(): readonly string[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true }),
  )
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .sort();
}

/** The rows of the table below a heading of ARCHITECTURE.md, without its head. */
function tableBelow(heading: string): readonly string[][] {
  const text = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const section = text.slice(text.indexOf(`## ${heading}`)).split(/\n## /, 2)[0] ?? "";
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The row of the table that a file belongs to: its own, or its folder's. */
function folderOf(file: string, folders: readonly string[]): string | undefined {
  const module = file.startsWith("gate/checkout/") ? "gate/checkout.ts" : file;
  return folders.find((folder) => module === folder || module.startsWith(`${folder}/`));
}

test("every import follows the table of ARCHITECTURE.md", () => {
  const rows = new Map(
    tableBelow("Who leans on whom").map(([folder = "", leans = ""]) => [folder, leans.split(", ")]),
  );
  const folders = [...rows.keys()];
  const wrong = IMPORTS.filter(({ own }) => own).flatMap(({ file, target }) => {
    const [from, to] = [folderOf(file, folders), folderOf(target, folders)];
    if (target.startsWith("policies/")) return [];
    assert.ok(from !== undefined, `${file} belongs to no row of the table`);
    if (from === to) return [];
    const allowed = rows.get(from) ?? [];
    const mayImport =
      to !== undefined && (allowed.includes(to) || (allowed.includes("gate") && to.startsWith("gate/")));
    return mayImport ? [] : [`${file} imports ${target}`];
  });
  assert.deepEqual(wrong, []);
});

test("no import goes in a circle, types included", () => {
  const edges = new Map<string, string[]>();
  for (const { file, target, own } of IMPORTS) {
    if (own) edges.set(file, [...(edges.get(file) ?? []), target]);
  }
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file) || path.includes(file)) return;
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of edges.keys()) visit(file, []);
  assert.deepEqual(circles, []);
});

test("each package enters through the one file that ARCHITECTURE.md names", () => {
  const stated = tableBelow("Dependencies").flatMap(([packages = "", file = ""]) =>
    [...packages.matchAll(/`([^`]+)`/g)].map(([, name]) => [name ?? "", file.replaceAll("`", "")] as const),
  );
  const entered = IMPORTS.filter(({ own, target }) => !own && !target.startsWith("node:")).map(
    ({ file, target }) => [packageOf(target), file] as const,
  );
  for (const [name, file] of entered) {
    assert.ok(!builtinModules.includes(name), `${file} imports ${name} without node:`);
    const home = stated.find(([known]) => known === name)?.[1];
    const isTypesOfCommander = name === "commander" && file.startsWith("cli/");
    assert.ok(
      isTypesOfCommander || home === file,
      `${name} enters through ${file}, ARCHITECTURE.md says ${home}`,
    );
  }
  const dependencies = Object.keys(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")).dependencies);
  assert.deepEqual(dependencies.toSorted(), stated.map(([name]) => name).toSorted());
});

function packageOf(target: string): string {
  return target
    .split("/")
    .slice(0, target.startsWith("@") ? 2 : 1)
    .join("/");
}

test("every word of the glossary that names code names code that is there", () => {
  const glossary = readFileSync(join(ROOT, "docs/glossary.md"), "utf8");
  const names = [...glossary.matchAll(/\| `([A-Za-z]+)` \|$/gm)].map(([, name]) => name ?? "");
  assert.ok(names.length > 20);
  const exported = new Set(
    sources().flatMap((file) =>
      [...readFileSync(join(ROOT, file), "utf8").matchAll(/^export (?:interface|type|class) (\w+)/gm)].map(
        ([, name]) => name,
      ),
    ),
  );
  assert.deepEqual(
    names.filter((name) => !exported.has(name)),
    [],
  );
});

test("no source speaks of the places where it was written", () => {
  const foreign = /\/work\/|\.\.\/shared|registry\.npmjs|\bissue #?\d/i;
  const wrong = sources().filter((file) => foreign.test(readFileSync(join(ROOT, file), "utf8")));
  assert.deepEqual(wrong, []);
});
