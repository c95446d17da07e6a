import type { ModelChange } from "../model/change.ts";
import type { DecisionRecord, GateResult, JudgedModel, VerdictKind } from "../model/decision.ts";
import type { EvidenceProblem } from "../model/evidence.ts";
import { groupBy } from "../model/group.ts";
import type { Place } from "../model/place.ts";
import type { Policy, PolicyChange, Tightening, Waiver } from "../model/policy.ts";
import { type Names, type ReportedApprovals, toApprovals } from "./approval-rows.ts";
import { type MetricRow, toMetricRows } from "./metric-rows.ts";
import { worstFirst } from "./order.ts";
import { isUnmet, standingOf } from "./results.ts";
import { type Counts, emptiness, policyChangeSentence, statementOf } from "./sentences.ts";

/**
 * What every renderer says, worked out once. Texts in it are as they came: each renderer escapes them for its
 * own language.
 */
export interface Report {
  /** `Weighbridge: 2 gates close this change` */
  readonly headline: string;
  /** The headline without the name. */
  readonly statement: string;
  readonly verdict: VerdictKind;
  /** The verdict at a glance: a pass with warnings is not a plain pass, nor is one of nothing. */
  readonly tone: Tone;
  readonly mode: Policy["mode"];
  /** What to do next about the repository, if something: a sentence and a command. */
  readonly next?: { readonly text: string; readonly command: string };
  /** What keeps the change out, worst first. */
  readonly blockers: readonly GateResult[];
  /** What is not met and does not keep it out, worst first; nothing waived. */
  readonly warnings: readonly GateResult[];
  readonly waived: readonly WaivedResult[];
  readonly counts: Counts;
  /** By id. */
  readonly models: ReadonlyMap<string, ReportedModel>;
  readonly metrics: readonly MetricRow[];
  /** Who approved and who is waited for; absent where nobody is asked. */
  readonly approvals?: ReportedApprovals;
  /** All results: the whole change first, then by model. */
  readonly groups: readonly ResultGroup[];
  readonly policyChange?: ReportedPolicyChange;
  readonly tightenings: readonly Tightening[];
  /** Evidence that was found and could not be used. */
  readonly unreadable: readonly EvidenceProblem[];
  /** Those of it that are about no model: a pass without them is a pass with a warning. */
  readonly unused: readonly EvidenceProblem[];
  readonly record: DecisionRecord;
}

export type Tone = "passed" | "warned" | "waiting" | "closed";

/** A demand that is not met and is waived. */
export interface WaivedResult {
  readonly result: GateResult;
  /** Absent where the record names a waiver that it does not hold. */
  readonly waiver?: Waiver;
}

export interface ReportedModel extends JudgedModel {
  readonly classReasons: readonly string[];
  /** A file to point at where a finding has no place of its own. */
  readonly home?: Place;
}

export interface ResultGroup {
  /** Absent for the change as a whole. */
  readonly model?: string;
  readonly results: readonly GateResult[];
}

export interface ReportedPolicyChange extends PolicyChange {
  /** One sentence: what is edited, and who decided. */
  readonly summary: string;
}

/** The report of a decision: the same for the same record. */
export function toReport(record: DecisionRecord, names: Names = new Map()): Report {
  const { input, results, verdict, models } = record;
  const tiers = new Map(models.map(({ id, tier }) => [id, tier]));
  const changes = new Map(input.change.models.map((change) => [change.id, change]));
  const closed = results.filter(({ closes }) => closes);
  const unmet = results.filter((result) => !result.closes && isUnmet(result));
  const warned = unmet.filter(({ waiver }) => waiver === undefined);
  const waived = unmet.filter(({ waiver }) => waiver !== undefined);
  const counts = count(results, { closed: closed.length, warned: warned.length, waived: waived.length });
  const { mode, tightenings } = input.policy;
  const unused = input.problems.filter(({ model }) => model === undefined);
  const statement = statementOf(record, counts, unused.length);
  const approvals = toApprovals(record, names);
  return {
    headline: `${mode === "advisory" ? "Weighbridge, advisory only" : "Weighbridge"}: ${statement}`,
    statement,
    verdict,
    tone: toneOf(record, counts, unused.length),
    mode,
    ...(mode === "advisory" ? { next: ADVISORY_NEXT } : {}),
    blockers: worstFirst(closed, tiers),
    warnings: worstFirst(warned, tiers),
    waived: waived.map((result) => withWaiver(result, input.waivers)),
    counts,
    models: new Map(models.map((model) => [model.id, toReportedModel(model, changes.get(model.id))])),
    metrics: toMetricRows(record),
    ...(approvals === undefined ? {} : { approvals }),
    groups: [...groupBy(results, ({ model }) => model)].map(toGroup),
    ...(input.policyChange === undefined ? {} : { policyChange: toReportedPolicyChange(input.policyChange) }),
    tightenings,
    unreadable: input.problems,
    unused,
    record,
  };
}

function toneOf({ verdict, input }: DecisionRecord, { warned }: Counts, unused: number): Tone {
  switch (verdict) {
    case "pass":
      return warned + unused === 0 && emptiness(input.change) === undefined ? "passed" : "warned";
    case "wait":
      return "waiting";
    case "fail":
    case "error":
      return "closed";
  }
}

const ADVISORY_NEXT = {
  text: "The base has no policy, so nothing is enforced. Write one with",
  command: "weighbridge init",
};

/** A file for what has no place of its own: formats that mark files leave out what has none. */
export function homeOf(result: GateResult, report: Report): Place | undefined {
  return result.model === undefined ? homeOfChange(report.record) : report.models.get(result.model)?.home;
}

function homeOfChange({ input }: DecisionRecord): Place | undefined {
  const path = input.policy.path ?? input.change.files[0]?.path;
  return path === undefined ? undefined : { path };
}

function toReportedModel(judged: JudgedModel, change: ModelChange | undefined): ReportedModel {
  const path = change?.head?.manifest?.path ?? change?.paths[0];
  return {
    ...judged,
    classReasons: change?.classReasons ?? [],
    ...(path === undefined ? {} : { home: { path } }),
  };
}

function withWaiver(result: GateResult, waivers: readonly Waiver[]): WaivedResult {
  const waiver = waivers.find(({ id }) => id === result.waiver);
  return { result, ...(waiver === undefined ? {} : { waiver }) };
}

function toGroup([model, results]: readonly [string | undefined, readonly GateResult[]]): ResultGroup {
  return { ...(model === undefined ? {} : { model }), results };
}

function count(results: readonly GateResult[], unmet: Pick<Counts, "closed" | "warned" | "waived">): Counts {
  const standings = results.map(standingOf);
  return {
    results: results.length,
    ...unmet,
    passed: standings.filter((standing) => standing === "passes").length,
    notApplicable: standings.filter((standing) => standing === "not_applicable").length,
  };
}

function toReportedPolicyChange(change: PolicyChange): ReportedPolicyChange {
  return { ...change, summary: policyChangeSentence(change) };
}
