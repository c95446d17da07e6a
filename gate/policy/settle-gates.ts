import type { Gate } from "../model/gate.ts";
import { TIERS } from "../model/tier.ts";
import { quote } from "../parse/excerpt.ts";
import { nodeAt } from "../parse/node.ts";
import { RULES } from "../rules/index.ts";
import type { Rule } from "../rules/rule.ts";
import { checkArguments, checkExpressions } from "./argument-schema.ts";
import { definedMembers } from "./defined.ts";
import { type GateDocument, type PolicyFile, placeOf } from "./document.ts";
import { compareFacets, type Facets, type Move, writtenIn } from "./facets.ts";
import { GATE_DEFAULTS, gateFacets, partsOf } from "./gate-facets.ts";
import type { Problem } from "./problem.ts";

/** A gate with everything that it inherits. */
export interface SettledGate {
  readonly rule: Rule;
  readonly facets: Facets;
  readonly texts: Pick<Gate, "id" | "title" | "why" | "fix" | "mapsTo" | "origin" | "place">;
}

/** What a file makes of one gate: `moves` are what it changes in its parents' gate. */
export type Settling =
  | { readonly kind: "settled"; readonly gate: SettledGate; readonly moves: readonly Move[] }
  | { readonly kind: "refused"; readonly problems: readonly Problem[] };

/** A gate of a file, and where in it: the index is its place in `gates`. */
export interface GateSource {
  readonly file: PolicyFile;
  readonly document: GateDocument;
  readonly index: number;
}

/** A gate that no parent has, or what a child makes of the one that a parent has. */
export function settleGate(source: GateSource, inherited: SettledGate | undefined): Settling {
  return inherited === undefined ? define(source) : override(source, inherited);
}

export function toGate({ rule, facets, texts }: SettledGate): Gate {
  return { ...texts, ...partsOf(facets, rule) };
}

function define(source: GateSource): Settling {
  const { document, file } = source;
  const rule = document.rule === undefined ? undefined : RULES.get(document.rule);
  if (rule === undefined) return { kind: "refused", problems: [noRule(source)] };
  const problems = [...check(source, rule, "whole"), ...incompleteSeverity(source)];
  if (problems.length > 0) return { kind: "refused", problems };
  const severity = { ...GATE_DEFAULTS.severity, ...document.severity };
  const facets = gateFacets(
    { ...GATE_DEFAULTS, ...document, severity },
    rule,
    writtenIn(file, ["gates", source.index]),
  );
  return { kind: "settled", gate: { rule, facets, texts: newTexts(source, rule, file.name) }, moves: [] };
}

function override(source: GateSource, inherited: SettledGate): Settling {
  const { document, file, index } = source;
  const { rule } = inherited;
  // Arguments of another rule mean nothing here; that the rule may not change is said by the move.
  const isSameRule = document.rule === undefined || document.rule === rule.name;
  const problems = isSameRule ? check(source, rule, "part") : [];
  if (problems.length > 0) return { kind: "refused", problems };
  const parts = isSameRule ? document : { ...document, with: {} };
  const own = gateFacets(parts, rule, writtenIn(file, ["gates", index]));
  const facets = new Map([...inherited.facets, ...own]);
  return {
    kind: "settled",
    gate: { rule, facets, texts: changedTexts(inherited.texts, document) },
    moves: compareFacets(inherited.facets, facets),
  };
}

function newTexts({ document, file, index }: GateSource, rule: Rule, origin: string): SettledGate["texts"] {
  const { id, title, why, fix, mapsTo } = document;
  return {
    id,
    title: title ?? rule.title,
    why: why ?? `${file.document.name} ${file.document.version} asks for it and states no reason`,
    fix: fix ?? `Run weighbridge explain ${id}`,
    mapsTo,
    origin,
    place: placeOf(file, ["gates", index]),
  };
}

/** A child may say things better, and may find more controls that the gate serves; it takes none away. */
function changedTexts(texts: SettledGate["texts"], document: GateDocument): SettledGate["texts"] {
  const { title, why, fix, mapsTo } = document;
  return {
    ...texts,
    ...definedMembers({ title, why, fix }),
    mapsTo: [...new Set([...texts.mapsTo, ...mapsTo])],
  };
}

function check(source: GateSource, rule: Rule, mode: "whole" | "part"): readonly Problem[] {
  const { file, document, index } = source;
  const at = placeOf(file, ["gates", index]);
  const none = {
    kind: "map",
    entries: new Map(),
    at: { line: at.line ?? 1, column: at.column ?? 1 },
  } as const;
  const node = nodeAt(file.node, ["gates", index, "with"]) ?? none;
  const steps = { when: ["when"], require: ["with", "require"] };
  const problems = [
    ...checkArguments({ rule, mode, node }, file.path),
    ...checkExpressions({ rule, when: document.when, require: document.with.require }, (what) =>
      placeOf(file, ["gates", index, ...steps[what]]),
    ),
  ];
  return problems.map((problem) => ({ ...problem, message: `Gate ${document.id}: ${problem.message}` }));
}

function noRule({ file, document, index }: GateSource): Problem {
  const { id, rule } = document;
  if (rule === undefined) {
    return {
      code: "GATE_WITHOUT_RULE",
      message: `Gate ${id} names no rule, and no parent has a gate ${id} that it could make stricter`,
      place: placeOf(file, ["gates", index]),
      fix: "Write rule: metric.floor, or another of docs/policy-reference.md",
    };
  }
  return {
    code: "RULE_UNKNOWN",
    message: `Gate ${id} names the rule ${quote(rule)}, expected one of ${[...RULES.keys()].join(", ")}`,
    place: placeOf(file, ["gates", index, "rule"]),
  };
}

/** A tier left out would be a guess: the loosest word lets through, the strictest surprises. */
function incompleteSeverity({ file, document, index }: GateSource): readonly Problem[] {
  const missing = TIERS.filter((tier) => document.severity[tier] === undefined);
  if (missing.length === 0 || missing.length === TIERS.length) return [];
  return [
    {
      code: "SEVERITY_INCOMPLETE",
      message: `Gate ${document.id} states no severity for ${missing.join(", ")}, expected all four tiers`,
      place: placeOf(file, ["gates", index, "severity"]),
      fix: "Write severity: { T1: block, T2: block, T3: warn, T4: warn }",
    },
  ];
}
