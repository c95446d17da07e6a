import { GateError } from "../model/error.ts";
import { evidencePathOf } from "./batch.ts";
import { canonicalText } from "./canonical.ts";
import type { Subject } from "./entry.ts";
import type { Predicate } from "./kind.ts";
import {
  type AssessmentResult,
  code,
  type InventoryItem,
  type ObjectiveStatus,
  type Observation,
  type OscalFinding,
  type Property,
  property,
  type Risk,
  toToken,
  uuidOf,
} from "./oscal.ts";
import type { LogEntry } from "./read.ts";

/** What entries of every kind become in a result of OSCAL: subjects, evidence, properties, and gates with their status. */

/** Counts what a document is made of, before memory is taken for more of it. */
export class Budget {
  readonly #max: number;
  #used = 0;

  constructor(max: number) {
    this.#max = max;
  }

  spend(): void {
    if (++this.#used <= this.#max) return;
    throw new GateError(
      "TRAIL_EXPORT_TOO_LARGE",
      `Cannot export the trail as OSCAL: more than ${this.#max} objects in one document`,
      { fix: "Narrow the filter, as --from and --until to a month, and export one document for each" },
    );
  }
}

/** The lists of one result. */
export class ResultParts {
  readonly #budget: Budget;
  readonly #items = new Map<string, InventoryItem>();
  readonly #controls = new Set<string>();
  readonly #observations: Observation[] = [];
  readonly #findings: OscalFinding[] = [];
  readonly #risks: Risk[] = [];

  constructor(budget: Budget) {
    this.#budget = budget;
    budget.spend();
  }

  /** References to the entry's subjects; one that was met before is not defined again. */
  subjects({ subject, predicate: { id } }: LogEntry): Pick<Observation, "subjects"> {
    return {
      subjects: subject.map((each, at) => {
        this.#budget.spend();
        const item = this.#items.get(keyOf(each)) ?? this.#define(each, uuidOf(id, "subject", at));
        return { "subject-uuid": item.uuid, type: "inventory-item" };
      }),
    };
  }

  #define(subject: Subject, uuid: string): InventoryItem {
    const { name, digest } = subject;
    const hash =
      "sha256" in digest ? property("sha256", digest.sha256) : property("git-commit", digest.gitCommit);
    const item = { uuid, description: "What entries are about.", props: [property("name", name), hash] };
    this.#items.set(keyOf(subject), item);
    return item;
  }

  /** Says that the result is about the objective `token`. */
  review(token: string): void {
    this.#controls.add(token);
  }

  observe(observation: Observation): string {
    this.#budget.spend();
    this.#observations.push(observation);
    return observation.uuid;
  }

  find(finding: OscalFinding): void {
    this.#budget.spend();
    this.#findings.push(finding);
  }

  risk(risk: Risk): string {
    this.#budget.spend();
    this.#risks.push(risk);
    return risk.uuid;
  }

  end(
    about: Pick<AssessmentResult, "uuid" | "title" | "description" | "props" | "start" | "end">,
  ): AssessmentResult {
    const items = [...this.#items.values()];
    return {
      ...about,
      ...(items.length === 0 ? {} : { "local-definitions": { "inventory-items": items } }),
      "reviewed-controls": {
        "control-selections": [
          { "include-controls": [...this.#controls].map((token) => ({ "control-id": token })) },
        ],
      },
      // OSCAL has no empty lists.
      ...(this.#observations.length === 0 ? {} : { observations: this.#observations }),
      ...(this.#risks.length === 0 ? {} : { risks: this.#risks }),
      ...(this.#findings.length === 0 ? {} : { findings: this.#findings }),
    };
  }
}

export type Gate = NonNullable<NonNullable<Predicate["decision"]>["gates"]>[number];
type Outcome = Gate["outcome"];

interface Assessed {
  /** Of the gate's objects, in the names of their identities. */
  readonly roles: readonly (string | number)[];
  /** Of its observation. */
  readonly props: readonly Property[];
  /** Identities of the waivers' risks. */
  readonly risks: readonly string[];
}

export function assessGate(
  entry: LogEntry,
  gate: Gate,
  { roles, props, risks }: Assessed,
  parts: ResultParts,
): void {
  const { id, ts } = entry.predicate;
  const token = toToken(gate.id);
  const of = gate.model === undefined ? "" : ` of ${code(gate.model)}`;
  parts.review(token);
  const observation = parts.observe({
    uuid: uuidOf(id, "observation", ...roles),
    title: `Gate ${code(gate.id)}${of}: ${code(gate.outcome)}`,
    description: "What the rule of the gate said of the evidence.",
    props,
    methods: ["TEST"],
    types: ["control-objective"],
    ...groundsOf(entry, parts),
    collected: ts,
  });
  const status = statusOf(gate.outcome, risks.length > 0);
  if (status === undefined) return;
  parts.find({
    uuid: uuidOf(id, "finding", ...roles),
    title: `Gate ${code(gate.id)}${of} is ${status.state === "satisfied" ? "met" : "not met"}`,
    description:
      risks.length === 0
        ? `Its outcome is ${code(gate.outcome)}.`
        : `Its outcome is ${code(gate.outcome)}, and a waiver lets it stay closed.`,
    target: targetOf(token, status),
    "related-observations": [{ "observation-uuid": observation }],
    ...(status.state === "satisfied" || risks.length === 0
      ? {}
      : { "related-risks": risks.map((risk) => ({ "risk-uuid": risk })) }),
  });
}

/** What a gate's outcome rests on: of a decision its record, for the decision itself names subjects and the rest. */
function groundsOf(entry: LogEntry, parts: ResultParts): Pick<Observation, "subjects" | "relevant-evidence"> {
  const { decision, evidence = [] } = entry.predicate;
  if (decision === undefined) return { ...parts.subjects(entry), ...evidenceOf(entry) };
  const record = evidence.find(({ digest }) => digest.sha256 === decision.digest.sha256);
  return { "relevant-evidence": [toRecord(decision.digest.sha256, record)] };
}

/**
 * Undefined for a gate that asks nothing of this change. A waiver is no pass, and neither is an outcome that leaves open
 * what a pass would have been.
 */
export function statusOf(outcome: Outcome, isWaived: boolean): ObjectiveStatus | undefined {
  switch (outcome) {
    case "pass":
      return { state: "satisfied", reason: "pass" };
    case "fail":
      return { state: "not-satisfied", reason: isWaived ? "other" : "fail" };
    case "inconclusive":
    case "missing_evidence":
    case "error":
      return { state: "not-satisfied", reason: "other" };
    case "not_applicable":
      return undefined;
  }
}

export function targetOf(token: string, status: ObjectiveStatus): OscalFinding["target"] {
  return { type: "objective-id", "target-id": token, status };
}

type EvidenceItem = NonNullable<Predicate["evidence"]>[number];

/** The entry's files. */
export function evidenceOf({
  predicate: { evidence = [] },
}: LogEntry): Pick<Observation, "relevant-evidence"> {
  return evidence.length === 0 ? {} : { "relevant-evidence": evidence.map(toEvidence) };
}

function toEvidence({ name, digest: { sha256 } }: EvidenceItem) {
  return { href: evidencePathOf(sha256), description: `${code(name)}, SHA-256 ${code(sha256)}` };
}

/** The decision record; where the entry has no file of it, its digest alone. */
function toRecord(sha256: string, item: EvidenceItem | undefined) {
  return item === undefined ? { description: `Decision record, SHA-256 ${code(sha256)}` } : toEvidence(item);
}

/** What has a place of its own, what only the tree needs, and what a list of properties would only repeat. */
const NO_PROPERTY: ReadonlySet<string> = new Set([
  "v",
  "prev",
  "ts",
  "evidence",
  // Personal data.
  "actor.login",
  "decision.gates",
  "decision.approvals",
]);

/** All else that the entry says, by the names that it has there: `pr.number`, `policy.digest.sha256`. */
export function propertiesOf({ predicate }: LogEntry): readonly Property[] {
  return Object.entries(predicate).flatMap(([member, value]) => flatten(member, value));
}

export function flatten(name: string, value: unknown): readonly Property[] {
  if (value === undefined || NO_PROPERTY.has(name)) return [];
  if (Array.isArray(value)) return value.flatMap((item) => flatten(name, item));
  if (typeof value !== "object" || value === null) return [property(name, String(value))];
  return Object.entries(value).flatMap(([member, part]) => flatten(`${name}.${member}`, part));
}

function keyOf({ name, digest }: Subject): string {
  return canonicalText([name, "sha256" in digest ? digest.sha256 : digest.gitCommit]);
}
