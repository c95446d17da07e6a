import { isDigest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import { quote } from "../parse/excerpt.ts";
import { type ListNode, type MapNode, type Node, nodeAt, type ScalarNode } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseYaml } from "../parse/yaml.ts";
import type {
  Adapter,
  AdapterFile,
  LockedPath,
  LockedStage,
  RawLock,
  RawPipeline,
  Reading,
} from "./adapter.ts";

const DVC_FILE = /(?:^|\/)dvc\.(?:lock|yaml)$/;
const LOCK_FILE = /(?:^|\/)dvc\.lock$/;
/** The layout since DVC 1.11; the one before had its stages at the top and no `schema`. */
const LOCK_SCHEMA = "2.0";

/** The pipeline of DVC, as it is written (`dvc.yaml`) and as it was last run (`dvc.lock`). Source: dvc/schema.py. */
export const dvc: Adapter = {
  name: "dvc@1",
  recognises: (path) => DVC_FILE.test(path),
  read({ path, bytes }: AdapterFile): Reading {
    const root = parseYaml(decodeUtf8(bytes, path), path);
    if (root.kind !== "map") throw invalid(path, root, "it is not a map");
    return { items: [LOCK_FILE.test(path) ? readLock(root, path) : readPipeline(root, path)], problems: [] };
  },
};

function readPipeline(root: MapNode, path: string): RawPipeline {
  return {
    kind: "pipeline",
    vars: listAt(root, "vars", path)?.items ?? [],
    stages: mapsOf(mapAt(root, "stages", path), path),
  };
}

function readLock(root: MapNode, path: string): RawLock {
  const schema = nodeAt(root, ["schema"]);
  if (schema?.kind !== "scalar" || schema.value !== LOCK_SCHEMA) {
    const found = schema?.kind !== "scalar" ? "none" : show(schema);
    const message = `Cannot read ${path}: its schema is ${found}, expected "${LOCK_SCHEMA}"`;
    const fix = "Write the lock with DVC 2 or later: dvc commit --force";
    throw new GateError("DVC_LOCK_SCHEMA", message, { place: { path, ...(schema ?? root).at }, fix });
  }
  const stages = [...mapsOf(mapAt(root, "stages", path), path)];
  return { kind: "lock", stages: new Map(stages.map(([name, stage]) => [name, readStage(stage, path)])) };
}

function show({ value, text }: ScalarNode): string {
  return typeof value === "string" ? quote(value) : text;
}

function readStage(stage: MapNode, path: string): LockedStage {
  const cmd = nodeAt(stage, ["cmd"]);
  if (cmd === undefined) throw invalid(path, stage, "a stage has no cmd");
  return {
    at: stage.at,
    cmd,
    deps: listAt(stage, "deps", path)?.items.map((item) => readPath(item, path)) ?? [],
    outs: listAt(stage, "outs", path)?.items.map((item) => readPath(item, path)) ?? [],
    params: mapsOf(mapAt(stage, "params", path), path),
  };
}

function readPath(item: Node, path: string): LockedPath {
  const written = textAt(item, "path");
  if (written === undefined) throw invalid(path, item, "an entry has no path");
  const md5 = textAt(item, "md5");
  const digest = md5 === undefined ? undefined : `md5:${md5}`;
  if (digest !== undefined && !isDigest(digest)) throw invalid(path, item, `${quote(digest)} is not an MD5`);
  const files = nodeAt(item, ["nfiles"]);
  return {
    path: written,
    ...(digest === undefined ? {} : { digest }),
    ...(files?.kind === "scalar" && typeof files.value === "number" ? { files: files.value } : {}),
    textNormalized: textAt(item, "hash") !== "md5",
    at: item.at,
  };
}

/** Undefined where the key is absent or null, which DVC takes for the same. */
function listAt(node: Node, key: string, path: string): ListNode | undefined {
  const found = nodeAt(node, [key]);
  if (found === undefined || found.kind === "list") return found;
  if (found.kind === "scalar" && found.value === null) return undefined;
  throw invalid(path, found, `${key} is not a list`);
}

function mapAt(node: Node, key: string, path: string): MapNode | undefined {
  const found = nodeAt(node, [key]);
  if (found === undefined || found.kind === "map") return found;
  if (found.kind === "scalar" && found.value === null) return undefined;
  throw invalid(path, found, `${key} is not a map`);
}

function mapsOf(map: MapNode | undefined, path: string): ReadonlyMap<string, MapNode> {
  const maps = new Map<string, MapNode>();
  for (const [key, { value }] of map?.entries ?? []) {
    if (value.kind !== "map") throw invalid(path, value, `${quote(key)} is not a map`);
    maps.set(key, value);
  }
  return maps;
}

function textAt(node: Node, key: string): string | undefined {
  const found = nodeAt(node, [key]);
  return found?.kind === "scalar" && typeof found.value === "string" ? found.value : undefined;
}

function invalid(path: string, node: Node, state: string): GateError {
  const message = `Cannot read ${path}: ${state}`;
  return new GateError("DVC_INVALID", message, {
    place: { path, ...node.at },
    fix: "Let DVC write the file",
  });
}
