import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Gate, SeverityByTier } from "../gate/model/gate.ts";
import { TIERS } from "../gate/model/tier.ts";
import type { PolicyFile } from "../gate/policy/document.ts";
import { loadPack } from "../gate/policy/load.ts";
import { parsePack } from "../gate/policy/parse.ts";
import { RULES } from "../gate/rules/index.ts";
import type { Parameter, Rule, Tighter } from "../gate/rules/rule.ts";
import { code, flow, table } from "./markdown.ts";
import { asMap, fileReference, partReferences, type Schema } from "./schema-reference.ts";

/**
 * Writes docs/policy-reference.md from the schemas, the rules and the packs:
 *
 *     node scripts/policy-reference.ts
 *
 * A test compares the file with what this would write.
 */

const ROOT = new URL("../", import.meta.url);
export const REFERENCE_PATH = fileURLToPath(new URL("docs/policy-reference.md", ROOT));

/** The files that people write, in the order in which they meet them. */
const FILES = [
  { schema: "policy", path: ".weighbridge/policy.yml" },
  { schema: "model", path: "model.yml" },
  { schema: "waiver", path: ".weighbridge/waivers/<id>.yml" },
  { schema: "pack", path: "policies/packs/<name>@<major>.yml" },
] as const;

/** What a file may share with the one before it is described once. */
const SHARED = "policy";

/** The whole page. */
export async function policyReference(): Promise<string> {
  const parts = [INTRODUCTION, ...filesSection(), INHERITANCE, rulesSection(), await packsSection()];
  return `${[...parts, controlsSection(), vectorsSection()].join("\n\n")}\n`;
}

const INTRODUCTION = `# Policy reference

What may stand in the files that people write, what each rule asks for, and which gates the packs hold. This page is
written by \`node scripts/policy-reference.ts\` from the schemas, the rules and the packs; do not edit it by hand.

The schemas are in \`policies/schema/\`. An editor that speaks YAML checks a file against its schema if the first line is
\`# yaml-language-server: $schema=<path or URL of the schema>\`.`;

const INHERITANCE = `## What a child may change

A policy that \`extends\` another holds all of its demands. A gate with the id of a parent's gate changes that gate, and may
only make it stricter; everything it leaves out is inherited. What cannot be shown to be stricter is refused when the
policy is loaded, with the lines of both files.

${table(
  ["Part", "A child may"],
  [
    ["`severity`", "raise it in any tier: `info` < `warn` < `block`"],
    ["`waivable`", "set it to `false`"],
    ["`on_inconclusive`", "set it to `close`"],
    ["`with`", "move each argument the stricter way that its rule names below"],
    ["`rule`, `when`", "not change them"],
    ["`title`, `why`, `fix`", "say it better"],
    ["`maps_to`, `test_vectors`", "add to them"],
    ["a role's `teams` and `users`", "leave some out, but not all"],
    ["a role's `exclusive_with`", "add to it"],
    ["a role's `delegates`", "leave some out"],
    ["a model's `tier`", "raise it: T4 < T3 < T2 < T1"],
    ["a model's `path`", "not change it"],
  ],
)}

Two parents that hold one gate both hold: of each part the stricter counts. Where there is none, as with two different
rules, the policy is refused.

A larger \`level\` makes a failure inconclusive more often. In a gate that \`on_inconclusive: open\` lets through, that would
be weaker, so the level may not be changed there.`;

/** What the situations of test vectors are made of would bury everything else. */
function isOfVectors(part: string): boolean {
  return part === "testVector" || part.startsWith("given");
}

function filesSection(): readonly string[] {
  const shared = asMap(readSchema(SHARED).$defs);
  return FILES.map(({ schema, path }) =>
    fileReference(path, readSchema(schema), (part) => {
      return !isOfVectors(part) && (schema === SHARED || !Object.hasOwn(shared, part));
    }),
  );
}

function vectorsSection(): string {
  return [
    "## Test vectors",
    "A gate may say what it has to find in small situations. `weighbridge policy test` judges each with the rule that judges real changes.",
    ...partReferences(readSchema(SHARED), isOfVectors),
  ].join("\n\n");
}

function rulesSection(): string {
  return [
    "## Rules",
    "The kinds of judgement that a gate may name as `rule`.",
    ...[...RULES.values()].flatMap(ruleSection),
  ].join("\n\n");
}

const SCOPES = {
  model: "Judged once for each model that changed.",
  change: "Judged once for the whole change.",
  decision: "Judged last, over the results of all other gates.",
} as const satisfies Record<Rule["scope"], string>;

function ruleSection({ name, title, scope, parameters }: Rule): readonly string[] {
  const rows = Object.entries(parameters).map(([argument, parameter]) => [
    code(argument),
    parameter.required === true ? "yes" : "",
    String(parameter.schema.description),
    stricter(parameter.tighter),
    exampleOf(argument, parameter),
  ]);
  const header = ["Argument", "Required", "Meaning", "Stricter is", "Example"];
  return [
    `### \`${name}\``,
    `${title}. ${SCOPES[scope]}`,
    rows.length === 0 ? "It takes no arguments." : table(header, rows),
  ];
}

function stricter(tighter: Tighter): string {
  switch (tighter.kind) {
    case "higher":
      return "higher";
    case "lower":
      return "lower";
    case "subset":
      return "fewer items";
    case "superset":
      return "more items";
    case "order":
      return `later in ${tighter.words.map(code).join(" < ")}`;
    case "by-tier":
      return `${stricter(tighter.each)}, in each tier`;
    case "same":
      return "nothing: it may not be changed";
  }
}

function exampleOf(name: string, { schema }: Parameter): string {
  const [first] = Array.isArray(schema.examples) ? schema.examples : [];
  return first === undefined ? "" : code(`${name}: ${flow(first)}`);
}

async function packsSection(): Promise<string> {
  const names = readdirSync(new URL("policies/packs/", ROOT))
    .filter((name) => name.endsWith(".yml"))
    .map((name) => name.slice(0, -".yml".length))
    .sort();
  const sections = await Promise.all(names.map(packSection));
  const introduction = "Sets of gates that a policy may name under `extends`.";
  return ["## Packs", introduction, ...sections.flat()].join("\n\n");
}

async function packSection(name: string): Promise<readonly string[]> {
  const file = packFile(name);
  const { document } = file;
  const { policy } = await loadPack(name, {
    pack: async (each) => packBytes(each),
    remote: () => Promise.reject(new Error("Cannot read a file of another repository here")),
  });
  const title =
    document.kind === "pack" ? `${document.title} Version ${document.version}, ${document.status}.` : "";
  const rows = policy.gates.map((gate) => [
    gate.id,
    code(gate.rule),
    withOf(gate),
    severity(gate.severity),
    gate.waivable ? "yes" : "never",
    gate.mapsTo.join("; "),
  ]);
  return [
    `### \`${name}\``,
    title,
    table(["Gate", "Rule", "With", "Severity", "Waivable", "Controls"], rows),
    ...policy.gates.map(gateParagraph),
  ];
}

function gateParagraph({ id, title, why, fix, when }: Gate): string {
  const asked = when === undefined ? "" : ` Asked only when \`${when}\`.`;
  return `**${id}: ${title}.** ${why} *Remedy:* ${fix}.${asked}`;
}

function withOf({ with: values }: Gate): string {
  const members = Object.entries(values).map(([name, value]) => code(`${name}: ${flow(value)}`));
  return members.join(", ");
}

function severity(byTier: SeverityByTier): string {
  const words = [...new Set(TIERS.map((tier) => byTier[tier]))];
  if (words.length === 1) return String(words[0]);
  return words
    .map((word) => `${word} in ${TIERS.filter((tier) => byTier[tier] === word).join(", ")}`)
    .join("; ");
}

function controlsSection(): string {
  const folder = new URL("policies/controls/", ROOT);
  const rows = readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const catalogue = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
      const { citation, status, applies_from: from, verified_on: verified, controls } = catalogue;
      const first = code(controls[0].id);
      return [
        code(name),
        citation,
        status,
        from ?? "",
        verified ?? "by nobody yet",
        `${controls.length}, as ${first}`,
      ];
    });
  return [
    "## Controls",
    "What `maps_to` may name. A gate supports a control; it never says that a law is complied with.",
    table(
      ["Catalogue", "Citation", "Status", "Applies from", "Checked against the source", "Controls"],
      rows,
    ),
  ].join("\n\n");
}

function packFile(name: string): PolicyFile {
  return parsePack(packBytes(name), `policies/packs/${name}.yml`);
}

function packBytes(name: string): Uint8Array {
  return readFileSync(new URL(`policies/packs/${name}.yml`, ROOT));
}

function readSchema(name: string): Schema {
  return asMap(JSON.parse(readFileSync(new URL(`policies/schema/${name}.schema.json`, ROOT), "utf8")));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(REFERENCE_PATH, await policyReference());
}
