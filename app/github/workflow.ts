import { resolvePath } from "../../gate/change/path.ts";
import type { Tree, TreeEntry } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Node } from "../../gate/parse/node.ts";
import { decodeUtf8 } from "../../gate/parse/text.ts";
import { parseYaml } from "../../gate/parse/yaml.ts";
import type { Repository } from "../../gate/world.ts";

/** The trees of a change and the repository that has them. */
export interface WorkflowSource {
  readonly repository: Pick<Repository, "read">;
  readonly base: Tree;
  readonly head: Tree;
}

const WORKFLOW_BYTES_MAX = 512 * 1024;
/** Files that one workflow leads to in its own repository. */
const FILES_MAX = 100;
const OWN_WORKFLOW = /^\.github\/workflows\/[^/]+\.ya?ml$/;
const FOREIGN_WORKFLOW = /^[\w.-]+\/[\w.-]+\/\.github\/workflows\/[^/]+\.ya?ml$/;

/**
 * Why the runs of a workflow cannot be believed; undefined if they can. A workflow of the repository has to stand in
 * the base, and the change must touch neither it nor what it uses of the repository. A workflow of another repository,
 * which a ruleset runs, has to be one that is named.
 */
export async function mistrustOf(
  path: string,
  source: WorkflowSource,
  named: readonly string[],
): Promise<string | undefined> {
  const [file = ""] = path.split("@");
  if (FOREIGN_WORKFLOW.test(file)) {
    return named.includes(file) || named.includes(path) ? undefined : `nobody has named the workflow ${path}`;
  }
  if (!OWN_WORKFLOW.test(file)) return `${path} is not where workflows are`;
  try {
    return await changeOf(file, source);
  } catch (cause) {
    if (!(cause instanceof GateError) || !UNREADABLE.test(cause.code)) throw cause;
    return `${file} cannot be read: ${cause.message}`;
  }
}

/** What is wrong with the content of a file; anything else is not the workflow's fault. */
const UNREADABLE = /^(?:YAML_[A-Z_]+|TEXT_[A-Z_]+|FILE_TOO_LARGE)$/;

async function changeOf(
  workflow: string,
  { repository, base, head }: WorkflowSource,
): Promise<string | undefined> {
  const seen = new Set<string>([workflow]);
  for (const path of seen) {
    if (seen.size > FILES_MAX) return `${workflow} uses more than ${FILES_MAX} files of this repository`;
    const before = below(path, base);
    if (before.length === 0) return `the base has no ${path}`;
    const changed = findChange(before, below(path, head));
    if (changed !== undefined) return `the change touches ${changed}, which the workflow ${workflow} runs`;
    for (const entry of before.filter(mayUse)) {
      for (const used of await localUses(entry, repository)) seen.add(used);
    }
  }
  return undefined;
}

/** The file at a path, or all files of the folder. */
function below(path: string, tree: Tree): readonly TreeEntry[] {
  const file = tree.get(path);
  if (file !== undefined) return [file];
  return [...tree.values()].filter((entry) => entry.path.startsWith(`${path}/`));
}

function findChange(before: readonly TreeEntry[], after: readonly TreeEntry[]): string | undefined {
  const later = new Map(after.map((entry) => [entry.path, entry]));
  const isSame = ({ path, oid, kind }: TreeEntry) => {
    const now = later.get(path);
    return now?.oid === oid && now.kind === kind && (kind === "file" || kind === "executable");
  };
  return (
    before.find((entry) => !isSame(entry)) ??
    after.find(({ path }) => !before.some((old) => old.path === path))
  )?.path;
}

/** Workflows, and what describes an action. */
function mayUse({ path }: TreeEntry): boolean {
  return OWN_WORKFLOW.test(path) || /(?:^|\/)action\.ya?ml$/.test(path);
}

/** Actions and workflows that a file uses out of its own repository, by `uses: ./path`. */
async function localUses(entry: TreeEntry, repository: Pick<Repository, "read">): Promise<readonly string[]> {
  const [bytes] = await repository.read([entry], WORKFLOW_BYTES_MAX);
  const root = parseYaml(decodeUtf8(bytes!, entry.path), entry.path);
  return usesIn(root).flatMap((text) => (text.startsWith("./") ? (resolvePath("", text) ?? []) : []));
}

function usesIn(node: Node): readonly string[] {
  if (node.kind === "list") return node.items.flatMap(usesIn);
  if (node.kind !== "map") return [];
  return [...node.entries].flatMap(([key, { value }]) =>
    key === "uses" && value.kind === "scalar" ? [value.text] : usesIn(value),
  );
}
