import type { Adapter, RawMetric, RawProblem, Reading } from "../adapter/adapter.ts";
import { findAdapter } from "../adapter/index.ts";
import { METRIC_BYTES_MAX } from "../adapter/metrics.ts";
import type { Digest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import type {
  DatasetEvidence,
  Evidence,
  EvidenceProblem,
  MetricEvidence,
  Side,
  Trust,
} from "../model/evidence.ts";
import { groupBy } from "../model/group.ts";
import type { DeclaredEvaluation, PlannedMetric } from "../model/manifest.ts";
import { knownDirection } from "../model/metric-names.ts";
import { oncePer } from "../model/once.ts";
import { findTrainingData } from "../model/training-data.ts";
import { sha256Of } from "../parse/canonical.ts";
import { quote } from "../parse/excerpt.ts";
import { readFile } from "./commit-files.ts";
import type { RunFile, RunFiles } from "./run-files.ts";
import { attempt, type Collected, errorProblem, join, type ModelSide, rawProblem } from "./side.ts";

/** What else is known of a model's side when its numbers are read. */
export interface MetricContext {
  readonly run: RunFiles;
  /** The subject of the other side, if it is another: a run may bring numbers about both. */
  readonly otherSubject?: Digest;
  /** Evaluation files that a pipeline's lock binds to the model as it stands. */
  readonly bound: ReadonlySet<string>;
  /** What the manifest lists under `data`. */
  readonly datasets: readonly DatasetEvidence[];
}

/** One file of numbers about one model, from the commit or from the run. */
interface Origin {
  readonly path: string;
  readonly digest: Digest;
  readonly trust: Trust;
  readonly adapter: Adapter;
  readonly items: readonly RawMetric[];
  readonly problems: readonly RawProblem[];
  /** What the numbers are about, where neither they nor the manifest say. */
  readonly subject?: Digest;
  /** A file of the run that stands for the committed one. */
  readonly isInPlace?: boolean;
}

interface Found {
  readonly origins: readonly Origin[];
  readonly problems: readonly EvidenceProblem[];
}

/** The planned numbers of one side of a model, from its evaluation files and from the files of the run. */
export async function collectMetrics(on: ModelSide, context: MetricContext): Promise<Collected> {
  const parts: Collected[] = [];
  // Several evaluations may stand in one file, which is read once.
  const committed = new Map<string, Found>();
  for (const evaluation of on.manifest.evaluation) {
    const { path } = evaluation;
    const known = committed.get(path) ?? (await fromCommit(on, path, context));
    committed.set(path, known);
    const run = fromRun(on, evaluation, context);
    const fromFiles = ({ origins, problems }: Found) =>
      join([{ evidence: [], problems }, ...origins.map((origin) => readOrigin(on, evaluation, origin))]);
    parts.push(withoutReplaced(on, { evaluation, commit: fromFiles(known), run }), fromFiles(run));
  }
  const { evidence, problems } = join(parts);
  return { problems, evidence: evidence.map((item) => withRole(item, context.datasets)) };
}

async function fromCommit(on: ModelSide, path: string, { bound }: MetricContext): Promise<Found> {
  const concern = { on, path, trust: "declared" } as const;
  const read = await attempt(concern, () => readFile(on.files, path, METRIC_BYTES_MAX));
  const bytes = read.value;
  // Absent is not unreadable: a gate that needs the file says that it is missing.
  if (bytes === undefined) return { origins: [], problems: read.problems };
  const { value: file, problems } = await attempt(concern, async () => readWith(path, bytes));
  if (file === undefined) return { origins: [], problems };
  const { adapter, reading } = file;
  const subject = bound.has(path) ? on.version.subject : undefined;
  const origin: Origin = {
    path,
    digest: sha256Of(bytes),
    trust: "declared",
    adapter,
    items: reading.items.filter((item) => item.kind === "metric").filter((item) => isAbout(on, item)),
    problems: reading.problems.filter((problem) => isAbout(on, problem)),
    ...(subject === undefined ? {} : { subject }),
  };
  return { origins: [origin], problems: [] };
}

function readWith(path: string, bytes: Uint8Array): { adapter: Adapter; reading: Reading } {
  const adapter = findAdapter(path, bytes);
  if (adapter !== undefined) return { adapter, reading: adapter.read({ path, bytes }) };
  const message = `Cannot read ${path}: no adapter knows its format, expected JSON, YAML, TOML or CSV`;
  throw new GateError("EVIDENCE_FORMAT", message, { place: { path } });
}

/** Whether an item may be about the model: it names it, or none. */
function isAbout(on: ModelSide, { model }: Pick<RawMetric, "model">): boolean {
  return model === undefined || model === on.model;
}

function fromRun(on: ModelSide, evaluation: DeclaredEvaluation, { run, otherSubject }: MetricContext): Found {
  const { path, dataset } = evaluation;
  const isOurs = (item: RawMetric) => isAbout(on, item) && sideOf(on, item, otherSubject) === on.side;
  const placed = run.byEvaluation.get(path) ?? [];
  // A file that stands elsewhere has to name both the model and the data that its numbers are about.
  const named = (run.byModel.get(on.model) ?? []).filter((file) =>
    placed.every((other) => other.path !== file.path),
  );
  const origins = [
    ...placed.map((file) => ({ ...toOrigin(withOurs(on, file), isOurs), isInPlace: speaksOfItsPlace(file) })),
    ...named.map((file) => toOrigin(file, (item) => isOurs(item) && item.dataset === dataset)),
    ...run.unreadable.map((file) => toOrigin(file, () => false)),
  ];
  // Whatever cannot be read of a run is missing at the head: the base has its commit.
  if (on.side === "base")
    return { origins: origins.map((origin) => ({ ...origin, problems: [] })), problems: [] };
  const broken = [...placed, ...run.unreadable].flatMap((file) =>
    file.error === undefined ? [] : [errorProblem(file.error, { on, path: file.path, trust: file.trust })],
  );
  const doubtful = run.ambiguous.filter(({ paths }) => paths.includes(path));
  return { origins, problems: [...broken, ...doubtful.map(({ file, paths }) => ambiguous(on, file, paths))] };
}

interface Replacing {
  readonly evaluation: DeclaredEvaluation;
  readonly commit: Collected;
  readonly run: Found;
}

/**
 * What the commit says of an evaluation, without the numbers in whose place a file of the run stands that does not
 * report them: an evaluation that gave no number must not pass on the one of the day before.
 */
function withoutReplaced(on: ModelSide, { evaluation, commit, run }: Replacing): Collected {
  const [inPlace] = run.origins.filter((origin) => origin.isInPlace === true);
  if (on.side === "base" || inPlace === undefined || run.problems.length > 0) return commit;
  const silent = evaluation.metrics.filter((planned) =>
    run.origins.every((origin) => isSilentAbout({ evaluation, planned, origin })),
  );
  const names = new Set(silent.map(({ name }) => name));
  const isReplaced = (item: Evidence) =>
    item.kind === "metric" && item.slice === undefined && names.has(item.name);
  const replaced = commit.evidence.filter(isReplaced);
  const problems = replaced.flatMap((item) =>
    item.kind === "metric" ? [notInTheRun(on, item, inPlace.path)] : [],
  );
  return {
    evidence: commit.evidence.filter((item) => !isReplaced(item)),
    problems: [...commit.problems, ...problems],
  };
}

function isSilentAbout(plan: Plan): boolean {
  const { problems, adapter } = plan.origin;
  const wanted = namesOf(plan.planned, adapter);
  return (
    itemsOf(plan).every(({ slice }) => slice !== undefined) &&
    nested(wanted, plan.origin).length === 0 &&
    problems.every(({ metric }) => metric !== undefined && !wanted.includes(metric))
  );
}

function notInTheRun(on: ModelSide, { name, source }: MetricEvidence, path: string): EvidenceProblem {
  return {
    model: on.model,
    side: on.side,
    code: "METRIC_NOT_IN_RUN",
    message: `${path} of this run stands for ${source.path} and does not report ${name}; what was committed does not count in its place`,
    place: { path },
    fix: `Let the evaluation report ${name} too, or leave ${path} out of the evidence of the run`,
    metrics: [name],
    trust: "ci",
    silent: true,
  };
}

function withOurs(on: ModelSide, file: RunFile): RunFile {
  return { ...file, problems: file.problems.filter((problem) => isAbout(on, problem)) };
}

function toOrigin(
  { path, digest, trust, adapter, items, problems }: RunFile,
  counts: (item: RawMetric) => boolean,
): Origin {
  return { path, digest, adapter, trust, items: items.filter(counts), problems };
}

/** Whether a file of the run is about what stands at its place: its items do not say otherwise. */
function speaksOfItsPlace({ items, error }: RunFile): boolean {
  if (error !== undefined) return false;
  return (
    items.length === 0 || items.some(({ model, subject }) => model === undefined && subject === undefined)
  );
}

/** A run brings numbers about the head, unless they name the digest that only the base has. */
function sideOf(on: ModelSide, { subject }: RawMetric, otherSubject: Digest | undefined): Side {
  const own = on.version.subject;
  const [base, head] = on.side === "base" ? [own, otherSubject] : [otherSubject, own];
  return subject !== undefined && subject === base && subject !== head ? "base" : "head";
}

function ambiguous(on: ModelSide, { path }: RunFile, paths: readonly string[]): EvidenceProblem {
  return {
    model: on.model,
    side: on.side,
    code: "EVIDENCE_AMBIGUOUS",
    message: `Cannot tell which evaluation ${path} stands for: several files of the repository end like it, ${paths[0]} among them`,
    place: { path },
    fix: `Keep the folders of ${paths[0]} below the evidence folder`,
    // It need not be about this evaluation: what the run clearly says of it stands.
    trust: "declared",
  };
}

/** The planned metrics of one evaluation in one file. */
function readOrigin(on: ModelSide, evaluation: DeclaredEvaluation, origin: Origin): Collected {
  const concern = { on, path: origin.path, trust: origin.trust };
  const planned = new Set(on.manifest.evaluation.flatMap(({ metrics }) => metrics.flatMap(keysOf)));
  const whole = origin.problems.flatMap((problem) => {
    const { metric } = problem;
    if (metric === undefined) return [rawProblem(problem, concern)];
    // A map of numbers holds many things that are none; an item of evidence that is malformed is shown at any rate.
    if (origin.adapter.keyed === true || planned.has(metric)) return [];
    return [rawProblem(problem, { ...concern, metrics: [metric] })];
  });
  const parts = evaluation.metrics.map((planned) => readPlanned(on, { evaluation, planned, origin }));
  return join([{ evidence: [], problems: whole }, ...parts]);
}

interface Plan {
  readonly evaluation: DeclaredEvaluation;
  readonly planned: PlannedMetric;
  readonly origin: Origin;
}

function readPlanned(on: ModelSide, plan: Plan): Collected {
  const { planned, origin } = plan;
  const concern = { on, path: origin.path, metrics: [planned.name], trust: origin.trust };
  const wanted = namesOf(planned, origin.adapter);
  const items = itemsOf(plan);
  const unreadable = origin.problems.filter(({ metric }) => metric !== undefined && wanted.includes(metric));
  const problems = [
    ...unreadable.map((problem) => rawProblem(problem, concern)),
    ...(items.length === 0 ? nested(wanted, origin).map((problem) => rawProblem(problem, concern)) : []),
    ...contradictions(items, plan).map((problem) => rawProblem(problem, concern)),
  ];
  return { evidence: items.map((item) => toEvidence(on, plan, item)), problems };
}

/** Each planned metric is looked up in the list of a file. */
const indexByName = oncePer((items: Origin["items"]) => groupBy(items, ({ name }) => name));

function itemsNamed({ items }: Origin, names: readonly string[]): readonly RawMetric[] {
  const index = indexByName(items);
  return [...new Set(names)].flatMap((name) => index.get(name) ?? []);
}

/** What the file says of a planned metric. */
function itemsOf({ evaluation, planned, origin }: Plan): readonly RawMetric[] {
  return itemsNamed(origin, namesOf(planned, origin.adapter)).filter(
    ({ dataset }) => (dataset ?? evaluation.dataset) === evaluation.dataset,
  );
}

/** What the file may call a planned metric. */
function namesOf({ name, key }: PlannedMetric, adapter: Adapter): readonly string[] {
  if (adapter.keyed === true) return [key ?? name];
  return keysOf({ name, key });
}

function keysOf({
  name,
  key,
}: Pick<PlannedMetric, "name"> & { readonly key?: string | undefined }): readonly string[] {
  return key === undefined ? [name] : [name, key];
}

/** A key that stands for a map of numbers, rather than for one. */
function nested(wanted: readonly string[], { items }: Origin): readonly RawProblem[] {
  const index = indexBelow(items);
  return wanted.flatMap((name) => {
    const below = index.get(name);
    if (below === undefined) return [];
    return [
      {
        code: "METRIC_NOT_A_NUMBER",
        message: `Cannot read ${name}: it holds ${below.count} numbers, ${quote(below.first.name)} among them`,
        at: { line: below.first.line, column: 1 },
        fix: `Say in model.yml which is meant: key: ${below.first.name}`,
      },
    ];
  });
}

/** The numbers below a key. */
interface Below {
  readonly first: RawMetric;
  count: number;
}

/** Dots of a name that are looked at: a name that is nothing else has as many keys above it. */
const KEYS_DEEP_MAX = 32;

const indexBelow = oncePer((items: Origin["items"]): ReadonlyMap<string, Below> => {
  const index = new Map<string, Below>();
  for (const item of items) {
    let dot = item.name.indexOf(".");
    for (let depth = 0; dot >= 0 && depth < KEYS_DEEP_MAX; depth++) {
      const key = item.name.slice(0, dot);
      const below = index.get(key);
      if (below === undefined) index.set(key, { first: item, count: 1 });
      else below.count += 1;
      dot = item.name.indexOf(".", dot + 1);
    }
  }
  return index;
});

/** Where a file's own words and the manifest's are about different things; no other item settles it. */
function contradictions(items: readonly RawMetric[], { evaluation }: Plan): readonly RawProblem[] {
  return (["subject", "datasetDigest", "role"] as const).flatMap((word) => {
    const declared = evaluation[word];
    const [first] = items;
    if (first === undefined || declared === undefined) return [];
    if (items.some((item) => (item[word] ?? declared) === declared)) return [];
    const subject = { subject: "model", datasetDigest: "dataset", role: "role" }[word];
    return [
      {
        code: "EVIDENCE_CONTRADICTS",
        message: `Cannot settle the ${subject} of ${first.name}: the file says ${first[word]}, the manifest ${declared}`,
        at: { line: first.line, column: 1 },
        fix: "Evaluate again, or correct the evaluation in model.yml",
      },
    ];
  });
}

/** What the head's own list of datasets calls training data is that. What base says was let in before. */
function withRole(item: Evidence, datasets: readonly DatasetEvidence[]): Evidence {
  if (item.kind !== "metric" || item.side === "base") return item;
  return findTrainingData(datasets, item) === undefined ? item : { ...item, role: "train" };
}

/** The file's word counts more than the manifest's, but either can say that the data was trained on. */
function toEvidence(on: ModelSide, { evaluation, planned, origin }: Plan, item: RawMetric): MetricEvidence {
  const subject = item.subject ?? evaluation.subject ?? origin.subject;
  const datasetDigest = item.datasetDigest ?? evaluation.datasetDigest;
  const direction = planned.direction ?? item.direction ?? knownDirection(planned.name);
  // The manifest dates the file that was committed, not what a later run brings.
  const producedAt = item.producedAt ?? (origin.trust === "declared" ? evaluation.producedAt : undefined);
  return {
    kind: "metric",
    model: on.model,
    side: on.side,
    trust: origin.trust,
    name: planned.name,
    dataset: evaluation.dataset,
    role: evaluation.role === "train" ? "train" : (item.role ?? evaluation.role),
    value: item.value,
    source: {
      adapter: origin.adapter.name,
      path: origin.path,
      digest: origin.digest,
      line: item.line,
      ...(item.tool === undefined ? {} : { tool: item.tool }),
      ...(producedAt === undefined ? {} : { producedAt }),
    },
    ...(subject === undefined ? {} : { subject }),
    ...(datasetDigest === undefined ? {} : { datasetDigest }),
    ...(direction === undefined ? {} : { direction }),
    ...(item.slice === undefined ? {} : { slice: item.slice }),
    ...(item.n === undefined ? {} : { n: item.n }),
    ...(item.positives === undefined ? {} : { positives: item.positives }),
    ...(item.ci === undefined ? {} : { ci: item.ci }),
  };
}
