import type { RawMetric } from "../adapter/adapter.ts";
import { type ManifestFile, readManifestFiles } from "../change/manifest-file.ts";
import { nameOf } from "../change/path.ts";
import type { ChangeSet, ModelChange } from "../model/change.ts";
import type { Evidence, EvidenceProblem } from "../model/evidence.ts";
import { once } from "../model/once.ts";
import { byCodeUnits } from "../model/order.ts";
import { quote } from "../parse/excerpt.ts";
import { nearest } from "../parse/nearest.ts";
import type { CommitFiles } from "./commit-files.ts";
import type { RunFile, RunFiles } from "./run-files.ts";

/** A run that hands over a folder of a thousand plots need not be told of each. */
const SHOWN_MAX = 20;

/** Why something that the run brings is not used, and what to do about it. */
interface Reason {
  readonly state: string;
  readonly fix: string;
  /** Where it says so; of a file as a whole if absent. */
  readonly line?: number;
}

interface Surroundings {
  readonly change: ChangeSet;
  readonly head: CommitFiles;
  readonly evidence: readonly Evidence[];
}

/**
 * A problem for each file of the run that no model took, in whole or in part, for what is left out without a word is
 * taken for what was weighed. Numbers about models that do not change are none, nor are those that no plan promises
 * beside others that one does.
 */
export async function findUnused(run: RunFiles, given: Surroundings): Promise<readonly EvidenceProblem[]> {
  const { change, head } = given;
  const others = otherModels(change, head);
  const taken = takenOf(given.evidence);
  const models = new Map(change.models.map((model) => [model.id, model]));
  const problems: EvidenceProblem[] = [];
  const own = new Set(run.own.map(({ path }) => path));
  for (const file of run.own) problems.push(...(await unusedItems(file, { run, models, others, taken })));
  for (const [path, near] of run.unplaced) {
    if (own.has(path) || (await others.own(near))) continue;
    problems.push(toProblem(path, `Cannot use ${path}`, run.unknown.has(path) ? UNKNOWN : UNPLACED));
  }
  return shorten(problems.sort((a, b) => byCodeUnits(a.place.path, b.place.path)));
}

const UNKNOWN: Reason = {
  state: "no adapter knows its format",
  fix: "Write its numbers as evidence/v1, or leave it out of the evidence of the run",
};

const UNPLACED: Reason = {
  state: "no evaluation of a model that changes has a path that ends like it",
  fix: "Name it as the path of an evaluation in model.yml, or leave it out of the evidence of the run",
};

interface Weighed {
  readonly run: RunFiles;
  /** Those that change, by id. */
  readonly models: ReadonlyMap<string, ModelChange>;
  readonly others: OtherModels;
  readonly taken: Taken;
}

/** What of a file of our own format no model took; nothing of one that could not be read, which says so itself. */
async function unusedItems(file: RunFile, weighed: Weighed): Promise<readonly EvidenceProblem[]> {
  const { path, items, problems } = file;
  if (file.error !== undefined) return [];
  const reasons: Reason[] = [];
  let strangers = 0;
  for (const item of [...items, ...problems]) {
    const id = item.model;
    const model = id === undefined ? undefined : weighed.models.get(id);
    if (id !== undefined && model === undefined && (await weighed.others.has(id))) strangers++;
    else if (id !== undefined && model === undefined) reasons.push(unknownModel(item, id, weighed));
    else if ("value" in item) reasons.push(...unplanned(item, model, path, weighed));
  }
  const [first] = reasons;
  const count = items.length + problems.length;
  if (first !== undefined) {
    return [toProblem(path, `Cannot use ${reasons.length} of ${count} items of ${path}`, first)];
  }
  const isIdle = weighed.run.unplaced.has(path) && problems.length === 0 && !weighed.taken.paths.has(path);
  return isIdle && items.length > strangers ? [toProblem(path, `Cannot use ${path}`, NOT_PLANNED)] : [];
}

const NOT_PLANNED: Reason = {
  state: "no plan promises any of its numbers",
  fix: "Name the metrics as the evaluation in model.yml does, or leave the file out of the evidence of the run",
};

function unknownModel(
  item: { readonly line?: number; readonly at?: { readonly line: number } },
  id: string,
  { models }: Weighed,
): Reason {
  const meant = nearest(id, models.keys());
  const line = item.line ?? item.at?.line;
  return {
    state: `no model.yml has the id ${quote(id)}${meant === undefined ? "" : `; did you mean ${quote(meant)}?`}`,
    fix: "Write the id of the model as model.yml has it",
    ...(line === undefined ? {} : { line }),
  };
}

/** Why a number about a model that changes is not used, if it is not. */
function unplanned(
  item: RawMetric,
  model: ModelChange | undefined,
  path: string,
  { run, taken }: Weighed,
): readonly Reason[] {
  const { name, dataset, line } = item;
  if (run.unplaced.has(path) && (model === undefined || dataset === undefined)) {
    return [
      {
        state: `${quote(name)} names no ${model === undefined ? "model" : "dataset"}, and the file stands for no evaluation`,
        fix: "Name both in each item: subject.model and dataset.name",
        line,
      },
    ];
  }
  if (model === undefined || dataset === undefined || item.role === "train") return [];
  const datasets = plannedDatasets(model, name);
  if (datasets.length === 0 || datasets.includes(dataset) || taken.metrics.has(`${model.id}\n${name}`))
    return [];
  const meant = nearest(dataset, datasets);
  return [
    {
      state: `${quote(name)} was measured on ${quote(dataset)}, and is planned on ${datasets.map((word) => quote(word)).join(", ")}${meant === undefined ? "" : `; did you mean ${quote(meant)}?`}`,
      fix: "Name the dataset as the evaluation in model.yml does",
      line,
    },
  ];
}

function plannedDatasets({ base, head }: ModelChange, metric: string): readonly string[] {
  const evaluations = [base, head].flatMap((version) => version?.manifest?.evaluation ?? []);
  const planned = evaluations.filter(({ metrics }) =>
    metrics.some(({ name, key }) => name === metric || key === metric),
  );
  return [...new Set(planned.map(({ dataset }) => dataset))].sort(byCodeUnits);
}

/** What models took of the run: files, and metrics of the head. */
interface Taken {
  readonly paths: ReadonlySet<string>;
  readonly metrics: ReadonlySet<string>;
}

function takenOf(evidence: readonly Evidence[]): Taken {
  const found = evidence.filter((item) => item.kind === "metric" && item.trust !== "declared");
  return {
    paths: new Set(found.map(({ source }) => source.path)),
    metrics: new Set(
      found.flatMap((item) =>
        item.kind === "metric" && item.side === "head" ? [`${item.model}\n${item.name}`] : [],
      ),
    ),
  };
}

/** The models that do not change. Their manifests are read when something may be about them. */
interface OtherModels {
  has(id: string): Promise<boolean>;
  /** Whether one of the paths is an evaluation file of such a model, or stands in its folder. */
  own(paths: readonly string[]): Promise<boolean>;
}

function otherModels({ models }: ChangeSet, { tree, repository }: CommitFiles): OtherModels {
  const changed = new Set(models.flatMap(({ head }) => head?.manifest?.path ?? []));
  const those = once(async () => {
    const { head } = await readManifestFiles({ base: tree, head: tree }, repository);
    return [...head.values()].filter(({ path }) => !changed.has(path));
  });
  // Of a hundred thousand items most name the same few models.
  const known = new Map<string, boolean>();
  const isOther = async (id: string) =>
    (await those()).some((file) => speaksOf(file, id) && manifestOf(file)?.id === id);
  return {
    has: async (id) => {
      const answer = known.get(id) ?? (await isOther(id));
      known.set(id, answer);
      return answer;
    },
    own: async (paths) =>
      paths.length > 0 &&
      (await those()).some((file) =>
        paths.some((path) => isBelow(path, file.folder) || evaluates(file, path)),
      ),
  };
}

/** Of thousands of manifests few have to be parsed. */
function speaksOf({ bytes }: ManifestFile, word: string): boolean {
  return bytes !== undefined && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(word);
}

function manifestOf({ read }: ManifestFile) {
  const result = read();
  return result.kind === "manifest" ? result.manifest : undefined;
}

function isBelow(path: string, folder: string): boolean {
  return folder !== "" && path.startsWith(`${folder}/`);
}

function evaluates(file: ManifestFile, path: string): boolean {
  if (!speaksOf(file, nameOf(path))) return false;
  return manifestOf(file)?.evaluation.some((evaluation) => evaluation.path === path) === true;
}

function toProblem(path: string, what: string, { state, fix, line }: Reason): EvidenceProblem {
  return {
    side: "head",
    code: "EVIDENCE_UNUSED",
    message: `${what}: ${state}`,
    place: { path, ...(line === undefined ? {} : { line }) },
    fix,
    metrics: [],
  };
}

function shorten(problems: readonly EvidenceProblem[]): readonly EvidenceProblem[] {
  const next = problems[SHOWN_MAX];
  if (next === undefined) return problems;
  const rest: Reason = {
    state: "no model took them, in whole or in part",
    fix: "Hand over the files that the evaluation writes, and no others",
  };
  const count = problems.length - SHOWN_MAX;
  return [
    ...problems.slice(0, SHOWN_MAX),
    toProblem(next.place.path, `Cannot use ${count} more files of the run`, rest),
  ];
}
