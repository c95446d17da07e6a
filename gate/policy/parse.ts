import packSchema from "../../policies/schema/pack.schema.json" with { type: "json" };
import policySchema from "../../policies/schema/policy.schema.json" with { type: "json" };
import { GateError } from "../model/error.ts";
import type { Severity } from "../model/gate.ts";
import type { Delegate, Policy } from "../model/policy.ts";
import { TIERS, type Tier } from "../model/tier.ts";
import { sha256Of } from "../parse/canonical.ts";
import { type Node, nodeAt, toValue } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseYaml } from "../parse/yaml.ts";
import { definedMembers } from "./defined.ts";
import { delegateProblems } from "./delegate-days.ts";
import {
  type GateDocument,
  type OwnPolicy,
  type Pack,
  type PackStatus,
  type PolicyDocument,
  type PolicyFile,
  placeOf,
  type RoleDocument,
  type TestVector,
} from "./document.ts";
import { type Problem, refusal, schemaProblems } from "./problem.ts";
import { type BadReference, type ParentReference, parseReference } from "./reference.ts";

/** Far above any policy that people could review. */
export const POLICY_BYTES_MAX = 512 * 1024;

/** A policy file, checked for shape. Throws GateError `TEXT_*`, `YAML_*`, `POLICY_*`, `PARENT_*`. */
export function parsePolicy(bytes: Uint8Array, path: string): PolicyFile {
  return read(bytes, { path, name: path }, "policy");
}

/** A pack, checked for shape; it is named by its header, as `core@1.0.0`. */
export function parsePack(bytes: Uint8Array, path: string): PolicyFile {
  const key = `${path} ${sha256Of(bytes)}`;
  const known = packs.get(key);
  if (known !== undefined) return known;
  const file = read(bytes, { path, name: path }, "pack");
  const pack = { ...file, name: `${file.document.name}@${file.document.version}` };
  if (packs.size < PACKS_KEPT) packs.set(key, pack);
  return pack;
}

/** A server judges all day by the same few packs, and reading one takes longer than judging a small change. */
const packs = new Map<string, PolicyFile>();
const PACKS_KEPT = 32;

/** A policy or a pack of another repository, whichever its header says that it is. */
export function parseRemote(bytes: Uint8Array, name: string): PolicyFile {
  return read(bytes, { path: name, name }, "either");
}

type Kind = PolicyDocument["kind"];

function read(
  bytes: Uint8Array,
  { path, name }: { path: string; name: string },
  kind: Kind | "either",
): PolicyFile {
  if (bytes.length > POLICY_BYTES_MAX) {
    const state = `${bytes.length} bytes, limit for a policy is ${POLICY_BYTES_MAX}`;
    throw new GateError("POLICY_TOO_LARGE", `Cannot load ${name}: ${state}`, { place: { path } });
  }
  const node = parseYaml(decodeUtf8(bytes, path), path);
  const isPack = kind === "either" ? nodeAt(node, ["pack"]) !== undefined : kind === "pack";
  const shape = schemaProblems(isPack ? packSchema : policySchema, node, { path, code: "POLICY_INVALID" });
  if (shape.length > 0) throw refusal(name, shape, "POLICY_INVALID");
  const extending = references(node, path);
  const problems = [
    ...extending.problems,
    ...duplicates(node, path, "gates"),
    ...duplicates(node, path, "models"),
    ...delegateProblems(node, path),
  ];
  if (problems.length > 0) throw refusal(name, problems, "POLICY_INVALID");
  const raw = plain(toValue(node)) as RawFile;
  const document = isPack ? toPack(raw, extending.references) : toPolicy(raw, extending.references);
  return { document, name, path, digest: sha256Of(bytes), node };
}

/** The file as the schema lets it through. */
interface RawFile {
  readonly policy?: { readonly name: string; readonly version: string };
  readonly pack?: {
    readonly name: string;
    readonly version: string;
    readonly title: string;
    readonly status: PackStatus;
    readonly superseded_by?: string;
  };
  readonly roles?: Readonly<Record<string, RawRole>>;
  readonly models?: Policy["models"];
  readonly gates?: readonly RawGate[];
}

interface RawRole {
  readonly teams?: readonly string[];
  readonly users?: readonly string[];
  readonly exclusive_with?: readonly string[];
  readonly delegates?: readonly Delegate[];
}

interface RawGate {
  readonly id: string;
  readonly rule?: string;
  readonly since?: string;
  readonly title?: string;
  readonly why?: string;
  readonly fix?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly severity?: Severity | Readonly<Partial<Record<Tier, Severity>>>;
  readonly when?: string;
  readonly waivable?: boolean;
  readonly on_inconclusive?: "close" | "open";
  readonly maps_to?: readonly string[];
  readonly objective?: string;
  readonly test_vectors?: readonly TestVector[];
}

function toPolicy(raw: RawFile, parents: readonly ParentReference[]): OwnPolicy {
  return {
    kind: "policy",
    name: raw.policy!.name,
    version: raw.policy!.version,
    extends: parents,
    roles: Object.fromEntries(
      Object.entries(raw.roles ?? {}).map(([name, role]) => [name, toRoleDocument(role)]),
    ),
    models: raw.models ?? [],
    gates: (raw.gates ?? []).map(toGate),
  };
}

function toPack(raw: RawFile, parents: readonly ParentReference[]): Pack {
  const { superseded_by: supersededBy, ...header } = raw.pack!;
  return {
    kind: "pack",
    ...header,
    ...(supersededBy === undefined ? {} : { supersededBy }),
    extends: parents,
    gates: (raw.gates ?? []).map(toGate),
  };
}

function toRoleDocument({ exclusive_with: exclusiveWith, ...people }: RawRole): RoleDocument {
  return { ...people, ...(exclusiveWith === undefined ? {} : { exclusiveWith }) };
}

function toGate(raw: RawGate): GateDocument {
  const {
    on_inconclusive: onInconclusive,
    maps_to: mapsTo,
    test_vectors: testVectors,
    severity,
    ...same
  } = raw;
  return {
    ...same,
    ...definedMembers({ onInconclusive }),
    with: raw.with ?? {},
    severity: typeof severity === "string" ? inEveryTier(severity) : (severity ?? {}),
    mapsTo: mapsTo ?? [],
    testVectors: testVectors ?? [],
  };
}

function inEveryTier(severity: Severity): GateDocument["severity"] {
  return Object.fromEntries(TIERS.map((tier) => [tier, severity]));
}

function references(node: Node, path: string): { references: ParentReference[]; problems: Problem[] } {
  const list = nodeAt(node, ["extends"]);
  const parsed = (list?.kind === "list" ? list.items : []).map((item) =>
    parseReference(String(toValue(item))),
  );
  const problems = parsed.flatMap((reference, index) =>
    reference.kind === "bad" ? toProblem(reference, placeOf({ node, path }, ["extends", index])) : [],
  );
  return { references: parsed.filter((reference) => reference.kind !== "bad"), problems };
}

function toProblem({ code, message, fix }: BadReference, place: Problem["place"]): Problem {
  return { code, message, place, fix };
}

/** One id, one demand: the second of two would silently win. */
function duplicates(node: Node, path: string, list: "gates" | "models"): readonly Problem[] {
  const items = nodeAt(node, [list]);
  const lines = new Map<string, number>();
  return (items?.kind === "list" ? items.items : []).flatMap((item, index) => {
    const id = String(toValue(nodeAt(item, ["id"])!));
    const place = placeOf({ node, path }, [list, index, "id"]);
    const first = lines.get(id);
    if (first === undefined) {
      lines.set(id, place.line ?? 0);
      return [];
    }
    return {
      code: "ID_DUPLICATE",
      message: `${list} holds ${id} twice, first at line ${first}`,
      place,
      fix: "Keep one of the two, or give one another id",
    };
  });
}

/** The same value out of ordinary objects. A member named `__proto__` stays an own member. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}
