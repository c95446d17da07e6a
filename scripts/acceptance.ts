import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, sep } from "node:path";
import { run } from "node:test";
import { fileURLToPath } from "node:url";
import { CASES } from "./acceptance-cases.ts";
import { code, table } from "./markdown.ts";

/**
 * Writes docs/acceptance.md from a run of every test whose name starts with the number of a case:
 *
 *     node scripts/acceptance.ts [--check]
 *
 * With `--check` nothing is written: it fails where a case has no test, where one fails, or where the page is not what
 * the tests give.
 */

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TESTS = join(ROOT, "test");
const PAGE = join(ROOT, "docs", "acceptance.md");
/** Speaks of all cases, and shows none. */
const LIST = "test/acceptance/list.test.ts";
const NUMBERS = /^(?:C\d+(?:, |: ))+/;

export interface Shown {
  readonly file: string;
  readonly name: string;
  readonly passed: boolean;
}

/** Numbers of the cases that a test's name starts with; `C15, C16: …` and `C65: C73: …` name two. */
export function casesOf(name: string): readonly number[] {
  const [numbers = ""] = NUMBERS.exec(name) ?? [];
  return [...numbers.matchAll(/C(\d+)/g)].map(([, number]) => Number(number));
}

/** Numbers at the start of the string literals of a test file. */
export function casesIn(text: string): readonly number[] {
  return [...text.matchAll(/["'`]((?:C\d+(?:, |: ))+)/g)].flatMap(([, start = ""]) => casesOf(start));
}

/** Test files with the cases that each names, by path from the root. */
export function caseFiles(): ReadonlyMap<string, readonly number[]> {
  const files = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => ["test", ...file.split(sep)].join("/"))
    .filter((file) => file !== LIST)
    .sort();
  const held = files.map((file) => [file, casesIn(readFileSync(join(ROOT, file), "utf8"))] as const);
  return new Map(held.filter(([, cases]) => cases.length > 0));
}

/** What a run of the files says of each case, those that go through the running App first. */
async function runCases(files: readonly string[]): Promise<ReadonlyMap<number, readonly Shown[]>> {
  const shown = new Map<number, Shown[]>();
  const stream = run({ files: files.map((file) => join(ROOT, file)), concurrency: 1 });
  for await (const { type, data } of stream) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    const file = relative(ROOT, data.file ?? ROOT)
      .split(sep)
      .join("/");
    for (const number of casesOf(data.name)) {
      const entry = { file, name: data.name, passed: type === "test:pass" };
      shown.set(number, [...(shown.get(number) ?? []), entry]);
    }
  }
  for (const list of shown.values()) list.sort(inOrder);
  return shown;
}

function inOrder(a: Shown, b: Shown): number {
  return rankOf(a) - rankOf(b) || (a.file < b.file ? -1 : Number(a.file > b.file));
}

function rankOf({ file }: Shown): number {
  if (file.startsWith("test/app/acceptance/")) return 0;
  return file.startsWith("test/app/") ? 1 : 2;
}

const INTRODUCTION = `# Acceptance

What a gate has to get right, by number, and the tests that show it. This page is written by
\`node scripts/acceptance.ts\` from a run of the tests; do not edit it by hand. Those in \`test/app/acceptance\` go
through the running App: signed webhooks in, and out to a GitHub that refuses whatever its description does not allow.
A case passes if each of its tests does; whether they hold it, their titles tell, which stand beside it one and all.`;

function page(shown: ReadonlyMap<number, readonly Shown[]>, used: readonly string[]): string {
  const rows = Object.entries(CASES).map(([number, about]) => {
    const tests = shown.get(Number(number)) ?? [];
    return [`C${number}`, about, resultOf(tests), testsOf(tests)];
  });
  const cases = table(["Case", "What it is about", "Result", "Shown by"], rows);
  const operations = table(
    ["Kind", "Name"],
    used.map((name) =>
      name.startsWith("graphql ") ? ["GraphQL", code(name.slice(8))] : ["REST", code(name)],
    ),
  );
  const covered = `## Operations of GitHub's API that these tests use\n\nEvery request and every answer is checked against GitHub's own description.`;
  return `${[INTRODUCTION, cases, covered, operations].join("\n\n")}\n`;
}

/** `pass` if all pass and there are some. */
function verdictOf(tests: readonly Shown[]): string {
  if (tests.length === 0) return "no test";
  return tests.every(({ passed }) => passed) ? "pass" : "fail";
}

/** The verdict, and of how many tests it is. */
export function resultOf(tests: readonly Shown[]): string {
  if (tests.length === 0) return verdictOf(tests);
  return `${verdictOf(tests)}, ${tests.length} ${tests.length === 1 ? "test" : "tests"}`;
}

/** The title of every test, by file in the order given: what failed is marked. */
export function testsOf(tests: readonly Shown[]): string {
  const titles = new Map<string, string[]>();
  for (const { file, name, passed } of tests) {
    const title = asText(name.replace(NUMBERS, ""));
    titles.set(file, [...(titles.get(file) ?? []), passed ? title : `**failed:** ${title}`]);
  }
  return [...titles].map(([file, each]) => `${code(file)} ${each.join(" · ")}`).join("<br>");
}

/** As Markdown that says just that. */
function asText(text: string): string {
  return text.replaceAll(/[\\`*_<>[\]]/g, "\\$&").replaceAll(/[\r\n]+/g, " ");
}

async function main(): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), "weighbridge-acceptance-"));
  const log = join(home, "operations.txt");
  writeFileSync(log, "");
  process.env.STAND_IN_LOG = log;
  const shown = await runCases([...caseFiles().keys()]);
  const used = [...new Set(readFileSync(log, "utf8").split("\n").filter(Boolean))].sort();
  rmSync(home, { recursive: true });
  const text = page(shown, used);
  const wrong = Object.keys(CASES).filter((number) => verdictOf(shown.get(Number(number)) ?? []) !== "pass");
  if (wrong.length > 0) console.error(`Not shown: ${wrong.map((number) => `C${number}`).join(", ")}`);
  if (!process.argv.includes("--check")) writeFileSync(PAGE, text);
  else if (readFileSync(PAGE, "utf8") !== text) {
    console.error("docs/acceptance.md is not what the tests give: run node scripts/acceptance.ts");
    process.exitCode = 1;
  }
  if (wrong.length > 0) process.exitCode = 1;
}

if (import.meta.main) await main();
