import schema from "../../policies/schema/model.schema.json" with { type: "json" };
import { GateError } from "../model/error.ts";
import type { DeclaredDataset, DeclaredEvaluation, Manifest, PlannedMetric } from "../model/manifest.ts";
import { quote } from "../parse/excerpt.ts";
import { type Node, nodeAt, toValue } from "../parse/node.ts";
import { assertSchema } from "../parse/schema.ts";
import { describePath } from "../parse/schema-words.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseYaml } from "../parse/yaml.ts";
import { folderOf, resolvePath } from "./path.ts";

/** Name of the file that makes a folder a model. */
export const MANIFEST_NAME = "model.yml";

/** What leads elsewhere on some system, what could mean several files, and what nobody sees. */
const PATH_UNSAFE = /[\\*?[\]\u0000-\u001f\u007f]/;

/** `model.yml` once it fits the schema: the interface's keys, but paths as they were written. */
interface Written extends Omit<Manifest, "path" | "lines" | "evaluation" | "data" | "notApplicable"> {
  readonly weighbridge: 1;
  readonly evaluation?: readonly WrittenEvaluation[];
  readonly data?: readonly DeclaredDataset[];
  readonly notApplicable?: Manifest["notApplicable"];
}

interface WrittenEvaluation extends Omit<DeclaredEvaluation, "metrics"> {
  readonly metrics: readonly (string | PlannedMetric)[];
}

/** Metrics that one manifest may plan: each is looked for in its file and judged by several gates. */
export const PLANNED_METRICS_MAX = 2_000;

/** A document under reading: where a value stands is asked of `root`. */
interface Document {
  readonly path: string;
  readonly root: Node;
}

type Steps = readonly (string | number)[];

/**
 * The manifest in the bytes of a `model.yml`. Throws `MANIFEST_INVALID` with every way in which it does not fit
 * `policies/schema/model.schema.json`, `MANIFEST_DUPLICATE`, `PLAN_TOO_LARGE`, `PATH_UNSAFE`, `PATH_TRAVERSAL`, and what the readers
 * of text and YAML throw.
 */
export function parseManifest(bytes: Uint8Array, path: string): Manifest {
  const root = parseYaml(decodeUtf8(bytes, path), path);
  assertSchema(schema, root, path, "MANIFEST_INVALID");
  const document = { path, root };
  const { weighbridge: _, card, ...written } = camelKeys(toValue(root)) as Written;
  const manifest: Manifest = {
    ...written,
    path,
    artifacts: written.artifacts.map((artifact, at) => {
      return { ...artifact, path: readPath(document, ["artifacts", at, "path"], artifact.path) };
    }),
    evaluation: (written.evaluation ?? []).map((item, at) => readEvaluation(document, item, at)),
    data: (written.data ?? []).map((item, at) => readDataset(document, item, at)),
    ...(card === undefined ? {} : { card: readPath(document, ["card"], card) }),
    notApplicable: written.notApplicable ?? [],
    lines: linesOf(root),
  };
  assertPlanSize(document, manifest);
  assertNoDuplicates(document, manifest);
  return manifest;
}

function readEvaluation(document: Document, written: WrittenEvaluation, at: number): DeclaredEvaluation {
  const { producedAt, ...rest } = written;
  const steps = ["evaluation", at];
  return {
    ...rest,
    path: readPath(document, [...steps, "path"], written.path),
    ...(producedAt === undefined
      ? {}
      : { producedAt: readMoment(document, [...steps, "produced_at"], producedAt) }),
    metrics: written.metrics.map((metric) => (typeof metric === "string" ? { name: metric } : metric)),
  };
}

function readDataset(document: Document, { path, ...rest }: DeclaredDataset, at: number): DeclaredDataset {
  return path === undefined ? rest : { ...rest, path: readPath(document, ["data", at, "path"], path) };
}

/** The path from the repository's root. */
function readPath(document: Document, steps: Steps, written: string): string {
  if (PATH_UNSAFE.test(written)) {
    const state = `path ${quote(written)}, expected one file with forward slashes and no pattern`;
    throw refusal(document, steps, { code: "PATH_UNSAFE", state, fix: "List each file by its own path" });
  }
  const resolved = resolvePath(folderOf(document.path), written);
  if (resolved !== undefined) return resolved;
  const state = `path ${quote(written)} leads out of the repository`;
  const fix = "Write the path from the manifest's folder, or from the root with a leading /";
  throw refusal(document, steps, { code: "PATH_TRAVERSAL", state, fix });
}

/** RFC 3339 in UTC, whole seconds. */
function readMoment(document: Document, steps: Steps, written: string): string {
  const moment = new Date(written);
  if (!Number.isNaN(moment.getTime())) return moment.toISOString().replace(/\.[0-9]{3}Z$/, "Z");
  const state = `${quote(written)} is no moment, expected one such as 2026-11-02T09:00:00Z`;
  throw refusal(document, steps, { code: "MANIFEST_INVALID", state });
}

function assertPlanSize(document: Document, { evaluation }: Manifest): void {
  const planned = evaluation.reduce((sum, { metrics }) => sum + metrics.length, 0);
  if (planned <= PLANNED_METRICS_MAX) return;
  const state = `evaluation plans ${planned} metrics, limit is ${PLANNED_METRICS_MAX}`;
  const fix = "Plan the metrics that gates judge; the files may hold more";
  throw refusal(document, ["evaluation"], { code: "PLAN_TOO_LARGE", state, fix });
}

function assertNoDuplicates(document: Document, manifest: Manifest): void {
  const paths = manifest.artifacts.map(({ path }) => path);
  const names = manifest.data.map(({ name }) => name);
  const gates = manifest.notApplicable.map(({ gate }) => gate);
  assertUnique(document, ["artifacts"], paths);
  assertUnique(document, ["data"], names);
  assertUnique(document, ["not_applicable"], gates);
  for (const [at, { metrics }] of manifest.evaluation.entries()) {
    const metricNames = metrics.map(({ name }) => name);
    assertUnique(document, ["evaluation", at, "metrics"], metricNames);
  }
}

/** Two entries of one name could say two things of it. */
function assertUnique(document: Document, steps: Steps, names: readonly string[]): void {
  if (new Set(names).size === names.length) return;
  const at = names.findIndex((name, index) => names.indexOf(name) < index);
  const state = `${describePath(steps.map(String), document.root)} names ${quote(names[at]!)} twice`;
  throw refusal(document, [...steps, at], { code: "MANIFEST_DUPLICATE", state, fix: "Keep one of the two" });
}

/** `next_review` becomes `nextReview`; the schema is closed, so that all keys are its own. */
function camelKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(camelKeys);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).map(([key, member]) => [camel(key), camelKeys(member)]);
  return Object.fromEntries(members);
}

function camel(key: string): string {
  return key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function linesOf(root: Node): Record<string, number> {
  const entries = root.kind === "map" ? [...root.entries] : [];
  return Object.fromEntries(entries.map(([key, { at }]) => [key, at.line]));
}

function refusal(
  { path, root }: Document,
  steps: Steps,
  { code, state, fix }: { code: string; state: string; fix?: string },
): GateError {
  const place = { path, ...(nodeAt(root, steps)?.at ?? {}) };
  return new GateError(code, `Cannot read ${path}: ${state}`, {
    place,
    ...(fix === undefined ? {} : { fix }),
  });
}
