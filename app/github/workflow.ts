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

/** How far the runs of a workflow can be believed. */
export type WorkflowTrust =
  /** `isNamed`: of another repository, where the change cannot touch it. */
  | { readonly kind: "trusted"; readonly isNamed: boolean }
  | { readonly kind: "mistrusted"; readonly reason: string }
  /** Neither it nor what it uses speaks of the artifact that is looked for. */
  | { readonly kind: "unrelated" };

/**
 * The trust in a workflow's runs. One of the repository has to stand in the base, and the change must touch neither it
 * nor what it uses of the repository. One of another repository, which a ruleset runs, has to be among the named, as
 * GitHub gives its path.
 */
export async function trustIn(
  path: string,
  source: WorkflowSource,
  { artifact, named }: { readonly artifact: string; readonly named: readonly string[] },
): Promise<WorkflowTrust> {
  const [file = ""] = path.split("@");
  if (FOREIGN_WORKFLOW.test(file)) {
    if (named.includes(path)) return { kind: "trusted", isNamed: true };
    return mistrusted(`the policy does not name the workflow ${path}`);
  }
  if (!OWN_WORKFLOW.test(file)) return mistrusted(`${path} is not where workflows are`);
  try {
    return await trustInOwn(file, source, artifact);
  } catch (cause) {
    if (!(cause instanceof GateError) || !UNREADABLE.test(cause.code)) throw cause;
    return mistrusted(`${file} cannot be read: ${cause.message}`);
  }
}

function mistrusted(reason: string): WorkflowTrust {
  return { kind: "mistrusted", reason };
}

/** What is wrong with the content of a file; anything else is not the workflow's fault. */
const UNREADABLE = /^(?:YAML_[A-Z_]+|TEXT_[A-Z_]+|FILE_TOO_LARGE)$/;

async function trustInOwn(
  workflow: string,
  source: WorkflowSource,
  artifact: string,
): Promise<WorkflowTrust> {
  const { repository, base, head } = source;
  const paths = new Set([workflow]);
  const reasons: string[] = [];
  let isRelated = false;
  for (const path of paths) {
    if (paths.size > FILES_MAX) return mistrusted(`${workflow} uses more than ${FILES_MAX} files`);
    const before = below(path, base);
    if (before.length === 0) return mistrusted(`the base has no ${path}`);
    const changed = findChange(before, below(path, head));
    if (changed !== undefined) reasons.push(`the change touches ${changed}, which ${workflow} runs`);
    for (const entry of before.filter(mayUse)) {
      const { text, uses } = await readWorkflow(entry, repository);
      // What a workflow of another repository brings is not written here.
      isRelated ||=
        text.includes(artifact) || uses.some((used) => FOREIGN_WORKFLOW.test(used.split("@")[0] ?? ""));
      for (const used of uses) if (used.startsWith("./")) paths.add(resolvePath("", used) ?? used);
    }
  }
  if (!isRelated) return { kind: "unrelated" };
  const [reason] = reasons;
  return reason === undefined ? { kind: "trusted", isNamed: false } : mistrusted(reason);
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

async function readWorkflow(entry: TreeEntry, repository: Pick<Repository, "read">) {
  const [bytes] = await repository.read([entry], WORKFLOW_BYTES_MAX);
  const text = decodeUtf8(bytes!, entry.path);
  return { text, uses: usesIn(parseYaml(text, entry.path)) };
}

/** Actions and workflows that a file uses, as it writes them. */
function usesIn(node: Node): readonly string[] {
  if (node.kind === "list") return node.items.flatMap(usesIn);
  if (node.kind !== "map") return [];
  return [...node.entries].flatMap(([key, { value }]) =>
    key === "uses" && value.kind === "scalar" ? [value.text] : usesIn(value),
  );
}
