import {
  type AssessmentResult,
  code,
  ownToken,
  property,
  type Risk,
  type RiskLogEntry,
  type RiskStatus,
  uuidOf,
} from "./oscal.ts";
import {
  assessGate,
  evidenceOf,
  propertiesOf,
  type ResultParts,
  statusOf,
  targetOf,
} from "./oscal-result.ts";
import { RISK_KINDS, type RiskKind, STATEMENTS, type Topic } from "./oscal-risk.ts";
import type { LogEntry } from "./read.ts";

/** Kinds that are observations and nothing else. */
const RECORDED: ReadonlySet<string> = new Set([
  "approval.granted",
  "approval.withdrawn",
  "approval.stale",
  "merge.observed",
  "deploy.started",
  "deploy.succeeded",
  "deploy.failed",
  "deploy.rolled_back",
  "model.registered",
  "model.retired",
  "tier.changed",
  "policy.changed",
  "role.changed",
]);

const MEASURED: ReadonlySet<string> = new Set(["monitor.breach", "monitor.recovered"]);

interface OpenRisk {
  readonly risk: Omit<Risk, "status" | "deadline">;
  readonly log: RiskLogEntry[];
  readonly observations: string[];
  status: RiskStatus;
  deadline: string | undefined;
}

/** The entries beside decisions: one result, as the risks among them live through many entries. */
export class OtherEntries {
  readonly #parts: ResultParts;
  readonly #risks = new Map<string, OpenRisk>();
  #first: LogEntry | undefined;
  #end = "";

  constructor(parts: ResultParts) {
    this.#parts = parts;
  }

  static hasPlaceFor(kind: string): boolean {
    return (
      RISK_KINDS.has(kind) || RECORDED.has(kind) || kind === "gate.evaluated" || kind === "revalidation.done"
    );
  }

  take(entry: LogEntry): void {
    const { kind, ts, gate } = entry.predicate;
    this.#first ??= entry;
    if (ts > this.#end) this.#end = ts;
    if (gate !== undefined) {
      assessGate(entry, gate, { roles: [], props: propertiesOf(entry), risks: [] }, this.#parts);
      return;
    }
    this.#parts.review(ownToken(kind));
    const observation = this.#observe(entry);
    const riskKind = RISK_KINDS.get(kind);
    if (riskKind !== undefined) this.#takeRisk(entry, riskKind, observation);
    else if (kind === "revalidation.done") this.#assessRevalidation(entry, observation);
  }

  end(): AssessmentResult {
    for (const { risk, log, observations, status, deadline } of this.#risks.values()) {
      this.#parts.risk({
        ...risk,
        status,
        ...(deadline === undefined ? {} : { deadline }),
        "risk-log": { entries: log },
        "related-observations": observations.map((uuid) => ({ "observation-uuid": uuid })),
      });
    }
    const { predicate } = this.#first!;
    return this.#parts.end({
      uuid: uuidOf(predicate.id, "others"),
      title: "Recorded beside decisions",
      description:
        "Approvals, merges, deployments, what went round the gates, and what became of it, as far as the filter shows it.",
      props: [property("repository", predicate.repo.id)],
      start: predicate.ts,
      end: this.#end,
    });
  }

  #observe(entry: LogEntry): string {
    const { id, kind, ts } = entry.predicate;
    const isMeasured = MEASURED.has(kind) || kind === "revalidation.done";
    return this.#parts.observe({
      uuid: uuidOf(id, "observation"),
      title: `Entry ${entry.seq}: ${code(kind)}`,
      description: "The trail records it.",
      props: propertiesOf(entry),
      methods: [isMeasured ? "TEST" : "EXAMINE"],
      ...this.#parts.subjects(entry),
      ...evidenceOf(entry),
      collected: ts,
    });
  }

  #takeRisk(entry: LogEntry, { topic, key, status, reason }: RiskKind, observation: string): void {
    const { predicate } = entry;
    const open = this.#openRisk(entry, topic, `${topic}\n${key(predicate)}`, status);
    // A merge may be heard of late: what has ended is not granted again by having been used.
    if (predicate.kind !== "waiver.used") open.status = status;
    open.deadline = predicate.waiver?.expires ?? open.deadline;
    open.observations.push(observation);
    open.log.push({
      uuid: uuidOf(predicate.id, "log"),
      title: `Entry ${entry.seq}: ${code(predicate.kind)}`,
      start: predicate.ts,
      "status-change": open.status,
    });
    if (reason === undefined) return;
    this.#parts.find({
      uuid: uuidOf(predicate.id, "finding"),
      title: `Entry ${entry.seq}: ${code(predicate.kind)}`,
      description: STATEMENTS[topic],
      target: targetOf(ownToken(predicate.kind), { state: "not-satisfied", reason }),
      "related-observations": [{ "observation-uuid": observation }],
      "related-risks": [{ "risk-uuid": open.risk.uuid }],
    });
  }

  #openRisk({ seq, predicate }: LogEntry, topic: Topic, key: string, status: RiskStatus): OpenRisk {
    const known = this.#risks.get(key);
    if (known !== undefined) return known;
    const risk = {
      uuid: uuidOf(predicate.id, "risk"),
      title: `Risk of entry ${seq}: ${topic}`,
      description: "Its log lists the entries that tell of it.",
      props: [property("topic", topic)],
      statement: STATEMENTS[topic],
    };
    const opened: OpenRisk = { risk, log: [], observations: [], status, deadline: undefined };
    this.#risks.set(key, opened);
    return opened;
  }

  #assessRevalidation(entry: LogEntry, observation: string): void {
    const { id, kind, revalidation } = entry.predicate;
    const { outcome, model } = revalidation!;
    const status = statusOf(outcome, false);
    if (status === undefined) return;
    this.#parts.find({
      uuid: uuidOf(id, "finding"),
      title: `Revalidation of ${code(model)}: ${code(outcome)}`,
      description: `Its outcome is ${code(outcome)}.`,
      target: targetOf(ownToken(kind), status),
      "related-observations": [{ "observation-uuid": observation }],
    });
  }
}
