// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the templates of DVC look like those of JavaScript.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dvc } from "../../gate/adapter/dvc.ts";
import { resolveStages } from "../../gate/adapter/dvc-stages.ts";
import { toValue } from "../../gate/parse/node.ts";
import { parseYaml } from "../../gate/parse/yaml.ts";

/** The stages of a `dvc.yaml` beside files of variables, by `<wdir>/<path>`. */
async function resolve(yaml: string, files: Readonly<Record<string, string>> = {}) {
  const [pipeline] = dvc.read({ path: "dvc.yaml", bytes: Buffer.from(yaml) }).items;
  assert.ok(pipeline?.kind === "pipeline");
  return resolveStages(pipeline, async (wdir, path) => {
    const text = files[`${wdir}/${path}`];
    return text === undefined ? undefined : parseYaml(text, path);
  });
}

/** Commands by stage; what cannot be resolved is its code. */
async function commands(yaml: string, files?: Readonly<Record<string, string>>) {
  const { stages, problems } = await resolve(yaml, files);
  return Object.fromEntries([
    ...stages.map(({ name, cmd }) => [name, toValue(cmd)]),
    ...[...problems].map(([name, { code }]) => [name, code]),
  ]);
}

const PARAMS = {
  "./params.yaml": "a: {b: 1, list: [x, y]}\ntext: some words\nflag: false\nempty:\nsmall: 0.00001\n",
};

const TEMPLATES: readonly (readonly [cmd: string, expected: string])[] = [
  ["run ${a.b}", "run 1"],
  ["run ${ a.b }", "run 1"],
  ["run ${a.list[1]} ${a.list.0}", "run y x"],
  ["run ${text}${flag}", "run some wordsfalse"],
  ["run ${empty}", "run None"],
  ["run ${small}", "run 1e-05"],
  ["run \\${HOME}", "run ${HOME}"],
  ["run $HOME {a} $", "run $HOME {a} $"],
];

for (const [cmd, expected] of TEMPLATES) {
  test(`the command ${cmd} is ${expected}`, async () => {
    assert.deepEqual(await commands(`stages: {s: {cmd: '${cmd}'}}`, PARAMS), { s: expected });
  });
}

const UNRESOLVED: readonly (readonly [what: string, yaml: string])[] = [
  ["a variable that nothing defines", "{s: {cmd: 'run ${none}'}}"],
  ["a key below a plain value", "{s: {cmd: 'run ${text.a}'}}"],
  ["a map in a command, which DVC prints as options", "{s: {cmd: 'run ${a}'}}"],
  ["a list in a command", "{s: {cmd: 'run ${a.list}'}}"],
  ["a whole command that is a map", "{s: {cmd: '${a}'}}"],
  ["a dependency that is a list", "{s: {cmd: x, deps: ['${a.list}']}}"],
  ["a working folder that nothing defines", "{s: {cmd: x, wdir: '${none}'}}"],
  ["an item outside of foreach", "{s: {cmd: 'run ${item}'}}"],
  ["no command", "{s: {deps: [a]}}"],
  ["foreach over a text", "{s: {foreach: '${text}', do: {cmd: x}}}"],
  ["foreach over nothing that is known", "{s: {foreach: '${none}', do: {cmd: x}}}"],
  ["a matrix of texts", "{s: {matrix: {a: text}, cmd: x}}"],
  ["variables of a file that does not exist", "{s: {cmd: x, vars: [other.yaml]}}"],
  ["a variable that is defined twice", "{s: {cmd: x, vars: [{text: again}]}}"],
  ["dependencies that are no list", "{s: {cmd: x, deps: a}}"],
  ["parameters that are a map of maps", "{s: {cmd: x, params: [{p.yaml: {a: 1}}]}}"],
];

for (const [what, stages] of UNRESOLVED) {
  test(`a stage with ${what} is a problem, never a stage`, async () => {
    assert.deepEqual(await commands(`stages: ${stages}`, PARAMS), { s: "DVC_TEMPLATE" });
  });
}

test("a stage that cannot be read leaves the others, and says where and what", async () => {
  const { stages, problems } = await resolve(
    "stages:\n  bad:\n    cmd: run ${none}\n  good:\n    cmd: run\n",
  );
  assert.deepEqual(
    stages.map(({ name }) => name),
    ["good"],
  );
  assert.deepEqual(problems.get("bad"), {
    code: "DVC_TEMPLATE",
    message: 'Cannot read the stage "bad": Cannot fill in a template: no variable "none"',
    at: { line: 3, column: 10 },
    fix: "Write the value itself, or define the variable in params.yaml",
  });
});

test("foreach names a stage for each item of a list, each key of a map, each index of a list of maps", async () => {
  const yaml = (data: string) => `stages: {s: {foreach: ${data}, do: {cmd: 'run \${item}'}}}`;
  assert.deepEqual(await commands(yaml("[a, 1, 1.0, true]")), {
    "s@a": "run a",
    "s@1": "run 1",
    "s@1.0": "run 1.0",
    "s@true": "run true",
  });
  assert.deepEqual(await commands(yaml("{x: 1, y: 2}")), { "s@x": "run 1", "s@y": "run 2" });
  assert.deepEqual(await commands("stages: {s: {foreach: [{n: a}, {n: b}], do: {cmd: 'run ${item.n}'}}}"), {
    "s@0": "run a",
    "s@1": "run b",
  });
  assert.deepEqual(await commands("stages: {s: {foreach: {x: 1}, do: {cmd: 'run ${key}'}}}"), {
    "s@x": "run x",
  });
});

test("an item hides a variable of its name", async () => {
  const files = { "./params.yaml": "item: outer\n" };
  assert.deepEqual(await commands("stages: {s: {foreach: [in], do: {cmd: '${item}'}}}", files), {
    "s@in": "in",
  });
});

test("a matrix too large to expand is a problem", async () => {
  const list = `[${Array.from({ length: 200 }, (_, index) => index).join(", ")}]`;
  const yaml = `stages: {s: {matrix: {a: ${list}, b: ${list}, c: ${list}}, cmd: x}}`;
  assert.deepEqual(await commands(yaml), { s: "DVC_TEMPLATE" });
});

test("variables come from params.yaml, from files that are named, from selected keys, and from the stage", async () => {
  const yaml = `vars: [{own: 1}, other.yaml, "third.yaml:yes,also"]
stages:
  s:
    wdir: sub
    vars: [local.yaml]
    cmd: \${own} \${other} \${yes} \${also} \${local} \${p}
`;
  const files = {
    "./params.yaml": "p: 6\n",
    "./other.yaml": "other: 2\n",
    "./third.yaml": "yes: 3\nalso: 4\nno: 0\n",
    "sub/local.yaml": "local: 5\n",
  };
  assert.deepEqual(await commands(yaml, files), { s: "1 2 3 4 5 6" });
  assert.deepEqual(await commands("vars: ['third.yaml:yes']\nstages: {s: {cmd: '${no}'}}", files), {
    s: "DVC_TEMPLATE",
  });
});

test("variables of the whole pipeline that do not load refuse the pipeline", async () => {
  await assert.rejects(resolve("vars: [none.yaml]\nstages: {s: {cmd: x}}"), { code: "DVC_TEMPLATE" });
  await assert.rejects(resolve("vars: [{text: 1}]\nstages: {s: {cmd: x}}", PARAMS), { code: "DVC_TEMPLATE" });
});

test("outputs are those of outs, metrics and plots, plain or with flags", async () => {
  const yaml =
    "stages: {s: {cmd: x, outs: [a, {b: {cache: false}}], metrics: [c.json], plots: [{d.csv: {x: n}}]}}";
  const { stages } = await resolve(yaml);
  assert.deepEqual(stages[0]?.outs, ["a", "b", "c.json", "d.csv"]);
});

test("parameters are keys of params.yaml, keys of a file, or a file as a whole", async () => {
  const params = async (list: string) =>
    (await resolve(`stages: {s: {cmd: x, params: ${list}}}`)).stages[0]?.params;
  assert.deepEqual(await params("[a.b, c, {p.json: [d]}, {p.json: [e, d]}]"), [
    { file: "params.yaml", keys: ["a.b", "c"] },
    { file: "p.json", keys: ["d", "e"] },
  ]);
  assert.deepEqual(await params("[a, {params.yaml: }, {q.toml: []}]"), [
    { file: "params.yaml" },
    { file: "q.toml" },
  ]);
});

for (const [number, printed] of [
  ["1", "1"],
  ["-7", "-7"],
  ["1.0", "1.0"],
  ["1.50", "1.5"],
  ["0.0001", "0.0001"],
  ["0.00001", "1e-05"],
  ["1.5e-7", "1.5e-07"],
  ["1e15", "1000000000000000.0"],
  ["1e16", "1e+16"],
  ["123456789012345680.0", "1.2345678901234568e+17"],
  ["1e22", "1e+22"],
  ["1.0e-300", "1e-300"],
  [".nan", "nan"],
  ["-.inf", "-inf"],
] as const) {
  // Values of Python 3.11's str().
  test(`the number ${number} is printed as Python prints it: ${printed}`, async () => {
    assert.deepEqual(await commands(`vars: [{n: ${number}}]\nstages: {s: {cmd: 'x \${n}'}}`), {
      s: `x ${printed}`,
    });
  });
}

for (const [what, yaml] of [
  [
    "one text many times",
    `vars: [{t: ${"x".repeat(10_000)}}]\nstages: {s: {cmd: "${"${t}".repeat(10_000)}"}}`,
  ],
  [
    "many texts",
    `vars: [{t: ${"x".repeat(10_000)}}]\nstages: {s: {cmd: x, deps: [${"'a${t}', ".repeat(10_000)}]}}`,
  ],
  ["a long item in each name", `stages: {s: {foreach: [${"x".repeat(1_000)}], do: {cmd: x}}}`],
] as const) {
  test(`a template that becomes ${what} is a problem before it fills the memory`, async () => {
    assert.deepEqual(await commands(yaml), { s: "DVC_TEMPLATE" });
  });
}

test("a thousand stages are made of one template", async () => {
  const items = Array.from({ length: 1_000 }, (_, index) => index).join(", ");
  const { stages } = await resolve(
    `stages: {s: {foreach: [${items}], do: {cmd: "x ${"${v}"}", vars: [v.yaml]}}}`,
    {
      "./v.yaml": "v: 1\n",
    },
  );
  assert.equal(stages.length, 1_000);
});
