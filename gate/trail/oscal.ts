import { createHash } from "node:crypto";
import { markdownCode, pathUri, visible } from "../report/escape.ts";

/**
 * The parts of an OSCAL assessment-results document (JSON, NIST OSCAL 1.2.2) that the trail has something to say for.
 * Titles, descriptions and statements are Markdown there; values of properties are plain text.
 */

export const OSCAL_VERSION = "1.2.2";

/** Says of a property that it is ours and not OSCAL's. */
const PROPERTY_NAMESPACE = "https://github.com/OWNER/weighbridge/oscal/v1";

/** Of our own, drawn once: another one would give every object of every document another identity. */
const UUID_NAMESPACE = Buffer.from("11df91f6a8264dec97f3c61e5d4f9d62", "hex");

export interface Property {
  readonly name: string;
  readonly ns: string;
  readonly value: string;
  readonly class?: string;
}

interface Identified {
  readonly uuid: string;
  readonly description: string;
  readonly props: readonly Property[];
}

/** An artifact or a state of the repository. */
export interface InventoryItem extends Identified {}

export interface Observation extends Identified {
  readonly title: string;
  /** `TEST`: a machine measured it; `EXAMINE`: somebody looked, or the trail only records it. */
  readonly methods: readonly ("TEST" | "EXAMINE")[];
  readonly types?: readonly ("control-objective" | "finding")[];
  readonly subjects?: readonly { readonly "subject-uuid": string; readonly type: "inventory-item" }[];
  readonly "relevant-evidence"?: readonly { readonly href?: string; readonly description: string }[];
  /** RFC 3339, UTC, as all times here. */
  readonly collected: string;
}

/** Only `satisfied` with `pass` says that an objective is met. */
export type ObjectiveStatus =
  | { readonly state: "satisfied"; readonly reason: "pass" }
  | { readonly state: "not-satisfied"; readonly reason: "fail" | "other" };

/** Its related observation has the properties. */
export interface OscalFinding extends Omit<Identified, "props"> {
  readonly title: string;
  readonly target: {
    readonly type: "objective-id";
    readonly "target-id": string;
    readonly status: ObjectiveStatus;
  };
  readonly "related-observations": readonly { readonly "observation-uuid": string }[];
  readonly "related-risks"?: readonly { readonly "risk-uuid": string }[];
}

export type RiskStatus = "open" | "investigating" | "deviation-requested" | "deviation-approved" | "closed";

export interface Risk extends Identified {
  readonly title: string;
  readonly statement: string;
  readonly status: RiskStatus;
  readonly deadline?: string;
  readonly "risk-log"?: { readonly entries: readonly RiskLogEntry[] };
  readonly "related-observations"?: readonly { readonly "observation-uuid": string }[];
}

export interface RiskLogEntry {
  readonly uuid: string;
  readonly title: string;
  readonly start: string;
  readonly "status-change": RiskStatus;
}

export interface AssessmentResult extends Identified {
  readonly title: string;
  readonly start: string;
  readonly end: string;
  readonly "local-definitions"?: { readonly "inventory-items": readonly InventoryItem[] };
  readonly "reviewed-controls": {
    readonly "control-selections": readonly {
      readonly "include-controls": readonly { readonly "control-id": string }[];
    }[];
  };
  readonly observations?: readonly Observation[];
  readonly risks?: readonly Risk[];
  readonly findings?: readonly OscalFinding[];
}

export interface AssessmentResults {
  readonly "assessment-results": {
    readonly uuid: string;
    readonly metadata: {
      readonly title: string;
      readonly "last-modified": string;
      readonly version: string;
      readonly "oscal-version": typeof OSCAL_VERSION;
      readonly props: readonly Property[];
      readonly remarks: string;
    };
    readonly "import-ap": { readonly href: string };
    readonly results: readonly AssessmentResult[];
    readonly "back-matter": { readonly resources: readonly (Identified & { readonly title: string })[] };
  };
}

/**
 * Version 5 (RFC 9562 section 5.5) over the name's lines: the same things have the same identity in every export.
 * OSCAL takes versions 4 and 5.
 */
export function uuidOf(...lines: readonly (string | number)[]): string {
  const digest = createHash("sha1").update(UUID_NAMESPACE).update(lines.join("\n")).digest();
  const bytes = digest.subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x50;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * A code of the trail as an OSCAL token. One that is a token stays as it is. Any other gets an underscore before it,
 * and every character that has none of its own becomes `_2f`: so no two codes meet.
 */
export function toToken(code: string): string {
  if (/^[A-Za-z][A-Za-z0-9._-]*$/.test(code)) return code;
  return `_${code.replace(/[^A-Za-z0-9.-]/g, (character) => `_${Buffer.from(character).toString("hex")}`)}`;
}

/** The token of something that is no gate. No code of the trail begins with an underscore, so no gate has it. */
export function ownToken(kind: string): string {
  return `_${kind}`;
}

/** A foreign code in a title or a description. */
export function code(text: string | number): string {
  return markdownCode(String(text)).source;
}

/** OSCAL's plain text has one line, and no space at its ends. */
export function property(name: string, value: string | number, itsClass?: string): Property {
  const shown = visible(String(value));
  const text = shown !== "" && shown === shown.trim() ? shown : pathUri(String(value));
  return {
    name,
    ns: PROPERTY_NAMESPACE,
    value: text,
    ...(itsClass === undefined ? {} : { class: itsClass }),
  };
}
