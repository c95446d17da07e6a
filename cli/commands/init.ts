import { execFileSync } from "node:child_process";
import { access, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { metrics as metricsAdapter } from "../../gate/adapter/metrics.ts";
import { sha256 } from "../../gate/artifact/bytes.ts";
import { identify } from "../../gate/artifact/identify.ts";
import { subjectOf } from "../../gate/change/artifacts.ts";
import type { Checkout } from "../../gate/checkout.ts";
import type { Tree, TreeEntry } from "../../gate/model/change.ts";
import type { Digest } from "../../gate/model/digest.ts";
import { terminal } from "../../gate/report/escape.ts";
import { type FoundModel, idOf, manifestText, policyText } from "../scaffold.ts";
import { say } from "../terminal.ts";
import { withWorld } from "../world.ts";
import { workflowText } from "./workflow.ts";

/** Names that are never a model: everything else is looked into. */
const NO_MODEL =
  /(?:^|\/)\.|\.(?:c|cc|cfg|cpp|css|csv|dvc|go|h|html|ini|ipynb|java|js|json|lock|md|parquet|py|r|rs|rst|sh|sql|svg|toml|ts|tsv|txt|xml|ya?ml)$/i;
const CARD = /^(?:readme|model_card|modelcard)\.md$/i;
const METRICS = /^(?:metrics|eval(?:uation)?|scores)\.(?:json|ya?ml)$/i;
const METRICS_BYTES_MAX = 1_048_576;

interface InitOptions {
  readonly action?: string;
  readonly dryRun?: true;
}

export function registerInit(program: Command): void {
  program
    .command("init")
    .summary("write the policy, the manifests of the models found, and the workflow")
    .description("Writes what is missing, and never over a file that is there.")
    .option("--action <owner/repo@commit>", "the Weighbridge that the workflow uses (default: this one)")
    .option("--dry-run", "say what would be written, and write nothing")
    .action(init);
}

async function init(options: InitOptions): Promise<void> {
  await withWorld({}, async ({ repository }) => {
    const tree = await repository.tree("worktree");
    const models = await findModels(repository, tree);
    const name = idOf("", basename(repository.directory));
    const files = new Map<string, string>([
      [".weighbridge/policy.yml", policyText(name, models)],
      ...models.map((model) => [posix.join(model.folder, "model.yml"), manifestText(model)] as const),
      [".github/workflows/weighbridge.yml", workflowText(options.action ?? ownAction())],
    ]);
    for (const [path, text] of files) {
      const verb = await writeNew(join(repository.directory, path), text, options.dryRun === true);
      say(`${verb} ${terminal(path)}`);
    }
    sayNext(models.length, options);
  });
}

function sayNext(models: number, options: InitOptions): void {
  say("");
  say(models === 0 ? "No model file was found." : `${models} model folders were found.`);
  say("Next: fill in what stands as a comment, commit, and run weighbridge check --head worktree");
  if (options.action === undefined && ownAction().startsWith("OWNER/")) {
    say("The workflow still says OWNER/weighbridge: put there where your organisation keeps Weighbridge.");
  }
}

async function writeNew(path: string, text: string, isDryRun: boolean): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) return "kept       ";
  if (isDryRun) return "would write";
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { flag: "wx" });
  return "wrote      ";
}

/** Folders that hold model files and have no manifest in them or above. */
async function findModels(repository: Checkout, tree: Tree): Promise<readonly FoundModel[]> {
  const claimed = [...tree.keys()].filter((path) => posix.basename(path) === "model.yml").map(folderOf);
  const folders = new Map<string, TreeEntry[]>();
  for (const entry of tree.values()) {
    const folder = folderOf(entry.path);
    if (claimed.some((owner) => owner === "" || folder === owner || folder.startsWith(`${owner}/`))) continue;
    if (await isModel(repository, entry)) folders.set(folder, [...(folders.get(folder) ?? []), entry]);
  }
  const found = [...folders].sort(([a], [b]) => (a < b ? -1 : 1));
  return Promise.all(found.map(([folder, entries]) => toModel(repository, tree, { folder, entries })));
}

async function isModel(repository: Checkout, entry: TreeEntry): Promise<boolean> {
  if (entry.kind === "symlink" || entry.kind === "submodule" || NO_MODEL.test(entry.path)) return false;
  const source = await repository.open(entry);
  try {
    return (await identify(source, entry.path)).family === "model";
  } finally {
    await source.close();
  }
}

async function toModel(
  repository: Checkout,
  tree: Tree,
  { folder, entries }: { folder: string; entries: readonly TreeEntry[] },
): Promise<FoundModel> {
  const artifacts = await Promise.all(
    entries.map(async (entry) => ({ path: entry.path, digest: await digestOf(repository, entry) })),
  );
  const beside = [...tree.values()].filter(({ path }) => folderOf(path) === folder);
  const card = beside.find(({ path }) => CARD.test(posix.basename(path)));
  const metrics = beside.find(({ path }) => METRICS.test(posix.basename(path)));
  const subject = subjectOf(artifacts, folder);
  return {
    id: idOf(folder, basename(repository.directory)),
    folder,
    artifacts,
    subject: subject ?? "sha256:",
    ...(card === undefined ? {} : { card: card.path }),
    ...(metrics === undefined ? {} : await metricsOf(repository, metrics)),
  };
}

async function metricsOf(repository: Checkout, entry: TreeEntry): Promise<Pick<FoundModel, "metrics">> {
  const [bytes = new Uint8Array()] = await repository.read([entry], METRICS_BYTES_MAX);
  const { items } = metricsAdapter.read({ path: entry.path, bytes });
  const names = items.flatMap((item) => (item.kind === "metric" ? [item.name] : []));
  return names.length === 0 ? {} : { metrics: { path: entry.path, names } };
}

async function digestOf(repository: Checkout, entry: TreeEntry): Promise<Digest> {
  const source = await repository.open(entry);
  try {
    return `sha256:${await sha256(source)}`;
  } finally {
    await source.close();
  }
}

function folderOf(path: string): string {
  const folder = posix.dirname(path);
  return folder === "." ? "" : folder;
}

/** This Weighbridge as a workflow names it, where its own clone says so. */
function ownAction(): string {
  const home = fileURLToPath(new URL("../../", import.meta.url));
  const origin = git(home, ["remote", "get-url", "origin"]);
  const commit = git(home, ["rev-parse", "HEAD"]) ?? "0".repeat(40);
  const repository = /^(?:https:\/\/[^/]+\/|git@[^:]+:)([\w.-]+\/[\w.-]+?)(?:\.git)?$/.exec(
    origin ?? "",
  )?.[1];
  return `${repository ?? "OWNER/weighbridge"}@${commit}`;
}

function git(directory: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", ["-C", directory, ...args], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return undefined;
  }
}
