// Time from the start of the process to the decision about a small pull request, and the size of what is loaded for
// it, as Markdown tables: node bench/startup.ts [rounds]
import { cpSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildExample, EVIDENCE_FOLDER, EXAMPLE_NOW, type Example, runGit } from "../examples/recidivism.ts";
import { ACTION, bundle, CLI } from "../scripts/bundle.ts";
import { RARE } from "../scripts/prebuilt.ts";
import { installAction, prepareStep } from "../test/action/runner.ts";
import { median, milliseconds, minimum, type Program, printTable, race, type Timing } from "./timing.ts";

const ROUNDS = Number(process.argv[2] ?? 15);
const RATIO_MAX = 1.5;
const LOADED_BYTES_MAX = 1.5e6;

const SCRIPT = /\.c?js$/;

/** Bundled with the same options as ours. */
const TOOLKIT = { source: "bench/toolkit.ts", out: "toolkit-alone.js" };
const NAMES = {
  empty: "an empty script",
  toolkit: "@actions/core and @actions/github alone",
  action: "the Action",
  command: "weighbridge check",
} as const;

const example = buildExample();
const home = await installAction();
try {
  const loaded = sizes(join(home, "dist"));
  const command = await bundle([CLI]);
  const others = [...command, ...(await bundle([TOOLKIT]))];
  for (const [name, text] of others) writeFileSync(join(home, "dist", name), text);
  printTimes(await race(programs(example), ROUNDS));
  printSizes(loaded, command);
} finally {
  example.remove();
  rmSync(home, { recursive: true, force: true });
}

/** Each says its first word when it has decided, or has nothing left to do; comments are off, so none asks a network. */
function programs({ pulls, base, directory }: Example): readonly Program[] {
  const [pull] = pulls;
  if (pull === undefined) throw new Error("Cannot time the example: it has no pull request");
  const cwd = join(home, "workspace");
  mkdirSync(cwd);
  runGit(cwd, ["clone", "--quiet", "--branch", pull.branch, directory, "."]);
  cpSync(pull.evidence, join(cwd, EVIDENCE_FOLDER), { recursive: true });
  const evidence = `${EVIDENCE_FOLDER}/**`;
  const { env: runner } = prepareStep(home, {
    event: "pull_request",
    payload: { pull_request: { number: 1, base: { sha: base }, head: { sha: pull.head } } },
    workspace: cwd,
    serverUrl: "http://127.0.0.1:9",
    inputs: { evidence, comment: "never" },
  });
  const env = { PATH: process.env.PATH ?? "", HOME: home };
  writeFileSync(join(home, "dist", "empty.js"), "");
  const script = (name: string) => join(home, "dist", name);
  const check = ["check", "--base", base, "--head", pull.head, "--evidence", evidence];
  return [
    { name: NAMES.empty, script: script("empty.js"), cwd, env },
    { name: NAMES.toolkit, script: script(TOOLKIT.out), cwd, env },
    { name: NAMES.action, script: script(ACTION.out), cwd, env: runner },
    {
      name: NAMES.command,
      script: script(CLI.out),
      args: [...check, "--now", EXAMPLE_NOW, "--format", "json"],
      cwd,
      env,
    },
  ];
}

function printTimes(timings: ReadonlyMap<string, readonly Timing[]>): void {
  const least = (name: string) => minimum((timings.get(name) ?? []).map(({ answer }) => answer));
  const rows = [...timings].map(([name, runs]) => [
    name,
    ...(["answer", "end", "user"] as const).map((part) => {
      const values = runs.map((run) => run[part]);
      return `${milliseconds(minimum(values))}, ${milliseconds(median(values))}`;
    }),
    (least(name) / least(NAMES.toolkit)).toFixed(2),
  ]);
  console.log(
    `Least and median of ${ROUNDS} runs in turn. Aim: at most ${RATIO_MAX} times the toolkit alone.\n`,
  );
  printTable(["started from a bundle", "to the decision", "to the end", "user CPU", "ratio"], rows);
}

function sizes(folder: string): ReadonlyMap<string, number> {
  const scripts = readdirSync(folder).filter((name) => SCRIPT.test(name));
  return new Map(scripts.map((name) => [name, statSync(join(folder, name)).size]));
}

function printSizes(loaded: ReadonlyMap<string, number>, command: ReadonlyMap<string, string>): void {
  const scripts = [...command].filter(([name]) => SCRIPT.test(name));
  const total = [...loaded.values()].reduce((sum, size) => sum + size, 0);
  const rarely = RARE.reduce((sum, { out }) => sum + (loaded.get(out) ?? 0), 0);
  const kilobytes = (size: number) => `${Math.round(size / 1000)} kB`;
  console.log(`Aim: at most ${kilobytes(LOADED_BYTES_MAX)} for all that the Action loads.\n`);
  printTable(
    ["file", "size"],
    [
      ...[...loaded].map(([name, size]) => [`dist/${name}`, kilobytes(size)]),
      [
        "all that the Action loads where every document fits its schema, without a card",
        kilobytes(total - rarely),
      ],
      ["all that the Action loads", kilobytes(total)],
      ["all that the command loads", kilobytes(scripts.reduce((sum, [, text]) => sum + text.length, 0))],
    ],
  );
}
