import type { ChangeClass } from "../../gate/model/change.ts";
import type { DecisionRecord, VerdictKind } from "../../gate/model/decision.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Tier } from "../../gate/model/tier.ts";
import { toReport } from "../../gate/report/report.ts";
import { OUTCOME_WORDS } from "../../gate/report/results.ts";
import type { Archive, DecisionRow } from "../store/archive.ts";

/** What was decided about the models of a repository, drawn from the decision records that the archive keeps. */
export interface History {
  /** Each model of the last decisions, by id. */
  models(repositoryId: number): Promise<readonly ModelHistory[]>;
  /** One model; undefined if no decision is about it. */
  find(repositoryId: number, model: string): Promise<ModelHistory | undefined>;
}

export interface ModelHistory {
  readonly id: string;
  /** The newest first; never empty. */
  readonly decisions: readonly ModelDecision[];
  /** Whether there may be older decisions than these. */
  readonly isCut: boolean;
}

/** One decision, as far as it is about one model. */
export interface ModelDecision {
  readonly digest: string;
  /** 0 for a merge group. */
  readonly number: number;
  readonly head: string;
  readonly verdict: VerdictKind;
  /** Milliseconds since 1970. */
  readonly decidedAt: number;
  readonly tier: Tier;
  readonly changeClass: ChangeClass;
  readonly title?: string;
  readonly owner?: string;
  /** `YYYY-MM-DD` */
  readonly nextReview?: string;
  /** Digest of what the model would be; absent where it is not known, or the model would be gone. */
  readonly subject?: string;
  /** Whether the change takes the model away. */
  readonly removes: boolean;
  readonly metrics: readonly MetricPoint[];
}

export interface MetricPoint {
  readonly metric: string;
  readonly dataset: string;
  /** As reports show it. */
  readonly shown: string;
  /** Absent where the head has no number, or several. */
  readonly value?: number;
  readonly outcome?: string;
  /** What the policy asked for. */
  readonly floor?: number;
  readonly ceiling?: number;
}

export const DECISIONS_READ_MAX = 50;
/** Points and decisions that are kept in memory, over all repositories. */
const KEPT_MAX = 200_000;

/** Reads records once: as long as the newest decision is the same, so is all that is older. */
export function openHistory(archive: Pick<Archive, "decisions">): History {
  const kept = new Map<string, { readonly newest: string; readonly models: readonly ModelHistory[] }>();
  let weight = 0;
  const keep = (key: string, newest: string, models: readonly ModelHistory[]) => {
    kept.set(key, { newest, models });
    weight += weigh(models);
    for (const [oldest, { models: old }] of kept) {
      if (weight <= KEPT_MAX || oldest === key) break;
      kept.delete(oldest);
      weight -= weigh(old);
    }
  };
  const read = async (repositoryId: number, model?: string): Promise<readonly ModelHistory[]> => {
    const filter = { repositoryId, ...(model === undefined ? {} : { model }) };
    const [newest] = await archive.decisions({ ...filter, countMax: 1 });
    if (newest === undefined) return [];
    const key = JSON.stringify([repositoryId, model ?? null]);
    const known = kept.get(key);
    if (known?.newest === newest.digest) return known.models;
    if (known !== undefined) weight -= weigh(known.models);
    kept.delete(key);
    const rows = await archive.decisions({ ...filter, countMax: DECISIONS_READ_MAX });
    const models = toModels(rows, rows.length === DECISIONS_READ_MAX);
    keep(key, newest.digest, models);
    return models;
  };
  return {
    models: (repositoryId) => read(repositoryId),
    async find(repositoryId, model) {
      return (await read(repositoryId, model)).find(({ id }) => id === model);
    },
  };
}

function weigh(models: readonly ModelHistory[]): number {
  const decisions = models.flatMap((model) => model.decisions);
  return decisions.reduce((sum, { metrics }) => sum + 1 + metrics.length, 1);
}

function toModels(rows: readonly DecisionRow[], isCut: boolean): readonly ModelHistory[] {
  const models = new Map<string, ModelDecision[]>();
  for (const row of rows) {
    for (const [id, decision] of modelDecisions(row)) {
      models.set(id, [...(models.get(id) ?? []), decision]);
    }
  }
  return [...models]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, decisions]) => ({ id, decisions, isCut }));
}

/** The record of a row. Throws `ARCHIVE_DAMAGED` where it is not the one that was decided. */
export function recordOf({ record: text, digest }: DecisionRow): DecisionRecord {
  // Only what the App itself decided is kept.
  const record: DecisionRecord = JSON.parse(text);
  if (record.schema === "weighbridge/decision/v1" && record.digest === digest) return record;
  throw new GateError(
    "ARCHIVE_DAMAGED",
    `Cannot read decision ${digest}: the archive holds another in its place`,
  );
}

function modelDecisions(row: DecisionRow): readonly (readonly [string, ModelDecision])[] {
  const record = recordOf(row);
  const { digest, number, head, verdict, decidedAt } = row;
  const points = pointsOf(record);
  const changes = new Map(record.input.change.models.map((change) => [change.id, change]));
  return record.models.map(({ id, tier, changeClass }) => {
    const change = changes.get(id);
    const version = change?.head ?? change?.base;
    const { title, owner, nextReview } = version?.manifest ?? {};
    const decision: ModelDecision = {
      ...{ digest, number, head, verdict, decidedAt, tier, changeClass },
      removes: change !== undefined && change.head === undefined,
      ...(title === undefined ? {} : { title }),
      ...(owner === undefined ? {} : { owner }),
      ...(nextReview === undefined ? {} : { nextReview }),
      ...(change?.head?.subject === undefined ? {} : { subject: change.head.subject }),
      metrics: points.get(id) ?? [],
    };
    return [id, decision] as const;
  });
}

/** The numbers at head, by model, as the report of the decision shows them. */
function pointsOf(record: DecisionRecord): ReadonlyMap<string, readonly MetricPoint[]> {
  const points = new Map<string, MetricPoint[]>();
  for (const { model, metric, dataset, head, judged } of toReport(record).metrics) {
    const value = head === undefined ? Number.NaN : Number(head);
    const point: MetricPoint = {
      ...{ metric, dataset, shown: head ?? "–" },
      ...(Number.isFinite(value) ? { value } : {}),
      ...(judged === undefined ? {} : { outcome: OUTCOME_WORDS[judged.outcome] }),
      ...limitsOf(record, { metric, dataset }),
    };
    points.set(model, [...(points.get(model) ?? []), point]);
  }
  return points;
}

interface Name {
  readonly metric: string;
  readonly dataset: string;
}

/** The strictest floor and ceiling that gates of this policy name for the metric. */
function limitsOf(
  { input }: DecisionRecord,
  { metric, dataset }: Name,
): Pick<MetricPoint, "floor" | "ceiling"> {
  const asked = input.policy.gates
    .filter(({ with: args }) => args.metric === metric && [undefined, dataset].includes(textOf(args.dataset)))
    .map(({ rule, with: { min, max } }) => ({ rule, min, max }));
  const floors = asked.flatMap(({ rule, min }) =>
    rule === "metric.floor" && typeof min === "number" ? [min] : [],
  );
  const ceilings = asked.flatMap(({ rule, max }) =>
    rule === "metric.ceiling" && typeof max === "number" ? [max] : [],
  );
  return {
    ...(floors.length === 0 ? {} : { floor: Math.max(...floors) }),
    ...(ceilings.length === 0 ? {} : { ceiling: Math.min(...ceilings) }),
  };
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}
