import { TIERS } from "../model/tier.ts";
import type { GateDocument, OwnPolicy, Pack, PolicyDocument, RoleDocument } from "./document.ts";

/** Longest line that a map or a list of scalars is written on; a longer one takes a line for each member. */
const LINE_CHARS_MAX = 100;

/** What every reader of YAML takes for text. */
const PLAIN = /^(?:[A-Za-z_][A-Za-z0-9_./@-]*(?: [A-Za-z0-9_./@-]+)*|[0-9]+\.[0-9]+\.[0-9]+)$/;
const NOT_TEXT = /^(?:true|false|null|yes|no|on|off|y|n)$/i;
/** Not printable in YAML 1.2 (5.1), the end of a line to some reader, or invisible. */
const UNPRINTABLE = /[\u007f-\u009f\u00ad\u2028\u2029\ufeff\ufffe\uffff]/g;

type Members = Readonly<Record<string, unknown>>;

/** YAML that parses to the same document: for `init`, and for packs that a program writes. */
export function printPolicy(document: PolicyDocument): string {
  return printYaml(document.kind === "pack" ? packMembers(document) : policyMembers(document));
}

/** YAML in block style; what fits on a line and holds no list of maps stands in flow style. */
export function printYaml(members: Members): string {
  return `${blockMap(members, "").join("\n")}\n`;
}

function policyMembers({ name, version, extends: parents, roles, models, gates }: OwnPolicy): Members {
  return {
    weighbridge: 1,
    policy: { name, version },
    ...filled({
      extends: parents.map(({ text }) => text),
      roles: Object.fromEntries(Object.entries(roles).map(([role, people]) => [role, roleMembers(people)])),
      models,
      gates: gates.map(gateMembers),
    }),
  };
}

function packMembers({ name, version, title, status, supersededBy, ...rest }: Pack): Members {
  return {
    weighbridge: 1,
    pack: { name, version, title, status, ...filled({ superseded_by: supersededBy }) },
    ...filled({ extends: rest.extends.map(({ text }) => text) }),
    // Stated even where there is none: a pack has to say so.
    gates: rest.gates.map(gateMembers),
  };
}

function roleMembers({ teams, users, exclusiveWith, delegates }: RoleDocument): Members {
  return filled({ teams, users, exclusive_with: exclusiveWith, delegates });
}

function gateMembers(gate: GateDocument): Members {
  const { onInconclusive, mapsTo, testVectors, severity, ...same } = gate;
  const { id, rule, since, title, why, fix, when, waivable, objective } = same;
  return filled({
    id,
    rule,
    since,
    title,
    why,
    fix,
    with: gate.with,
    severity: severityMember(severity),
    when,
    waivable,
    on_inconclusive: onInconclusive,
    maps_to: mapsTo,
    objective,
    test_vectors: testVectors,
  });
}

/** One word where all four tiers agree. */
function severityMember(severity: GateDocument["severity"]): unknown {
  const words = new Set(TIERS.map((tier) => severity[tier]));
  return words.size === 1 ? severity.T1 : severity;
}

/** Members that say something: not undefined, not an empty list or map. */
function filled(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).filter(([, value]) => value !== undefined && !isEmpty(value)),
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function blockMap(members: Members, indent: string): readonly string[] {
  return Object.entries(members).flatMap(([key, value]) => blockMember(`${scalar(key)}:`, value, indent));
}

function blockMember(head: string, value: unknown, indent: string): readonly string[] {
  const line = `${indent}${head} ${flow(value)}`;
  if (isShort(line, value)) return [line];
  if (Array.isArray(value)) return [`${indent}${head}`, ...blockList(value, `${indent}  `)];
  return [`${indent}${head}`, ...blockMap(Object(value), `${indent}  `)];
}

function blockList(items: readonly unknown[], indent: string): readonly string[] {
  return items.flatMap((item) => {
    const line = `${indent}- ${flow(item)}`;
    if (isShort(line, item) || Array.isArray(item)) return [line];
    const [first = "", ...rest] = blockMap(Object(item), `${indent}  `);
    return [`${indent}- ${first.trimStart()}`, ...rest];
  });
}

/** Scalars always stand on the line of their key; a list of maps never does, unless it is empty. */
function isShort(line: string, value: unknown): boolean {
  if (typeof value !== "object" || value === null || isEmpty(value)) return true;
  const isListOfMaps = Array.isArray(value) && value.some((item) => typeof item === "object");
  return line.length <= LINE_CHARS_MAX && !isListOfMaps;
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value !== "object" || value === null) return scalar(value);
  const members = Object.entries(value).map(([key, member]) => `${scalar(key)}: ${flow(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

/** Text that could be taken for anything else goes into double quotes, where the escapes of JSON are those of YAML. */
function scalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  if (PLAIN.test(value) && !NOT_TEXT.test(value)) return value;
  return JSON.stringify(value).replace(
    UNPRINTABLE,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
