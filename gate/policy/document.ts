import type { Outcome } from "../model/decision.ts";
import type { Digest } from "../model/digest.ts";
import type { Severity } from "../model/gate.ts";
import type { Place } from "../model/place.ts";
import type { Delegate, Policy } from "../model/policy.ts";
import type { Tier } from "../model/tier.ts";
import { type Node, nodeAt, type Position } from "../parse/node.ts";
import type { Given } from "./given.ts";
import type { ParentReference } from "./reference.ts";

/** What a file itself says: nothing inherited, nothing filled in. */
export type PolicyDocument = OwnPolicy | Pack;

interface Common {
  readonly name: string;
  readonly version: string;
  readonly extends: readonly ParentReference[];
  readonly gates: readonly GateDocument[];
}

export interface OwnPolicy extends Common {
  readonly kind: "policy";
  readonly roles: Readonly<Record<string, RoleDocument>>;
  readonly models: Policy["models"];
}

export interface Pack extends Common {
  readonly kind: "pack";
  readonly title: string;
  readonly status: PackStatus;
  readonly supersededBy?: string;
}

export type PackStatus = "preview" | "stable" | "superseded";

export interface RoleDocument {
  readonly teams?: readonly string[];
  readonly users?: readonly string[];
  readonly exclusiveWith?: readonly string[];
  readonly delegates?: readonly Delegate[];
}

/** A gate of a file. With the id of a parent's gate it is what that gate becomes stricter by. */
export interface GateDocument {
  readonly id: string;
  readonly rule?: string;
  readonly since?: string;
  readonly title?: string;
  readonly why?: string;
  readonly fix?: string;
  readonly with: Readonly<Record<string, unknown>>;
  /** One word in the file is all four tiers here. */
  readonly severity: Readonly<Partial<Record<Tier, Severity>>>;
  readonly when?: string;
  readonly waivable?: boolean;
  readonly onInconclusive?: "close" | "open";
  readonly mapsTo: readonly string[];
  readonly objective?: string;
  readonly testVectors: readonly TestVector[];
}

export interface TestVector {
  readonly name: string;
  readonly given: Given;
  readonly outcome: Outcome;
}

/** A document, what it is called in messages, and where everything in it stands. */
export interface PolicyFile {
  readonly document: PolicyDocument;
  /** `core@1.0.0`, a path, or `owner/repo//path@commit`. */
  readonly name: string;
  readonly path: string;
  readonly digest: Digest;
  readonly node: Node;
}

type Steps = readonly (string | number)[];

/** The place of a key or an item, or of what holds it where the file does not say it. */
export function placeOf(file: Pick<PolicyFile, "node" | "path">, steps: Steps): Place {
  return { path: file.path, ...positionOf(file.node, steps) };
}

/** `.weighbridge/policy.yml:14` */
export function showPlace({ path, line }: Place): string {
  return line === undefined ? path : `${path}:${line}`;
}

function positionOf(root: Node, steps: Steps): Position {
  const last = steps.at(-1);
  if (last === undefined) return root.at;
  const owner = nodeAt(root, steps.slice(0, -1));
  const key = owner?.kind === "map" ? owner.entries.get(String(last))?.at : undefined;
  const item = owner?.kind === "list" ? owner.items[Number(last)]?.at : undefined;
  return key ?? item ?? positionOf(root, steps.slice(0, -1));
}
