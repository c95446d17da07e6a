import type { Stats } from "node:fs";
import { lstat, mkdir, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type Command, Option } from "commander";
import { foldersAbove } from "../../gate/change/path.ts";
import { type Checkout, READ_BYTES_MAX } from "../../gate/checkout.ts";
import type { Tree } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import { readFailure, systemCode, writeFailure } from "../../gate/model/system-failure.ts";
import { parsePolicy } from "../../gate/policy/parse.ts";
import { terminal } from "../../gate/report/escape.ts";
import { type FoundModels, findModels } from "../found-models.ts";
import { ownAction } from "../own-action.ts";
import { POLICY_PATH } from "../policy-file.ts";
import { manifestPath, manifestText, policyText } from "../scaffold.ts";
import { count, type ResultFormat, say, writeDocument } from "../terminal.ts";
import { withWorld } from "../world.ts";
import { workflowText } from "./workflow.ts";

const PINNED_ACTION = /^[\w.-]+\/[\w.-]+@[0-9a-f]{40}$/;
const WORKFLOW_PATH = ".github/workflows/weighbridge.yml";
/** Where nobody can tell; `doctor` finds it. */
const PLACEHOLDER = `OWNER/weighbridge@${"0".repeat(40)}`;

interface InitOptions {
  readonly action?: string;
  readonly dryRun?: true;
  readonly format: ResultFormat;
}

interface InitFile {
  readonly path: string;
  readonly state: "wrote" | "would write" | "kept";
}

interface InitResult extends FoundModels {
  readonly files: readonly InitFile[];
  /** Whether the workflow that stands there now names no Weighbridge yet. */
  readonly isPlaceholder: boolean;
  /** Whether the workflow, ours or the one that stays, runs Weighbridge. */
  readonly isWeighing: boolean;
}

export function registerInit(program: Command): void {
  program
    .command("init")
    .summary("write the policy, the manifests of the models found, and the workflow")
    .description("Writes what is missing, and never over a file that is there.")
    .option("--action <owner/repo@commit>", "the Weighbridge that the workflow uses (default: this one)")
    .option("--dry-run", "say what would be written, and write nothing")
    .addOption(new Option("--format <format>", "of the result").choices(["text", "json"]).default("text"))
    .action(init);
}

async function init(options: InitOptions): Promise<void> {
  const action = actionOf(options);
  await withWorld({}, async ({ repository: { directory }, repository }) => {
    const found = await findModels(repository);
    const policy = policyText(basename(directory), found.models);
    // Before anything is written: each model was tried alone, not all of them together.
    parsePolicy(Buffer.from(policy), POLICY_PATH);
    const ours = workflowText(action, { dvcFolder: findDvcFolder(await repository.tree("worktree")) });
    const texts = new Map<string, string>([
      [POLICY_PATH, policy],
      ...found.models.map((model) => [manifestPath(model), manifestText(model)] as const),
      [WORKFLOW_PATH, ours],
    ]);
    const files: InitFile[] = [];
    for (const [path, text] of texts) {
      const state = options.dryRun ? await foresee(directory, path) : await writeNew(directory, path, text);
      files.push({ path, state });
      // At once: whoever sees it end with an error has to know what is there already.
      if (options.format === "text") say(`${state.padEnd(11)} ${terminal(path)}`);
    }
    const isKept = files.some(({ path, state }) => path === WORKFLOW_PATH && state === "kept");
    const workflow = isKept ? await readKept(repository, WORKFLOW_PATH) : ours;
    const result = {
      ...{ files, ...found, isPlaceholder: workflow.includes(PLACEHOLDER) },
      isWeighing: /^[^#]*(?:uses:.*weighbridge|weighbridge\s+check)/im.test(workflow),
    };
    if (options.format === "text") return sayNext(result);
    const models = found.models.map(({ id, folder }) => ({ id, folder }));
    return writeDocument(JSON.stringify({ ...result, models }, null, 2), undefined);
  });
}

/** The uppermost; one whose name would have to be quoted in a workflow is passed over. */
function findDvcFolder(tree: Tree): string | undefined {
  const folders = [...tree.keys()].flatMap((path) => /^((?:[\w.-]+\/)*\.dvc)\/config$/.exec(path)?.[1] ?? []);
  return folders.sort((a, b) => a.length - b.length)[0];
}

/** A file as it stood before this run; empty for what is no file, or none that git looks at. */
async function readKept(repository: Checkout, path: string): Promise<string> {
  const entry = (await repository.tree("worktree")).get(path);
  if (entry?.kind !== "file") return "";
  const [bytes = new Uint8Array()] = await repository.read([entry], READ_BYTES_MAX);
  return Buffer.from(bytes).toString("utf8");
}

function actionOf({ action }: InitOptions): string {
  if (action === undefined || PINNED_ACTION.test(action)) return action ?? ownAction() ?? PLACEHOLDER;
  const message = `Cannot use ${action} as the action: expected owner/repo@ and the 40 digits of a commit`;
  throw new GateError("USAGE", message);
}

function sayNext({ files, models, passedOver, isPlaceholder, isWeighing }: InitResult): void {
  for (const { reason, fix } of passedOver) {
    say(`passed over: ${terminal(reason.split("\n")[0] ?? "")}`);
    if (fix !== undefined) say(`  fix: ${terminal(fix.split("\n")[0] ?? "")}`);
  }
  say("");
  say(foundText(models.length, passedOver.filter(({ isModel }) => isModel).length));
  const isPolicyKept = files.some(({ path, state }) => path === POLICY_PATH && state === "kept");
  if (isPolicyKept && models.length > 0) {
    const ids = models.map(({ id }) => id).join(", ");
    say(
      `${POLICY_PATH} stays as it is: until it gives ${ids} a tier, or the context says all, each is judged as T1.`,
    );
  }
  say("Next: fill in what stands as a comment, commit, and run weighbridge check --head worktree");
  if (!isWeighing) {
    say(`${WORKFLOW_PATH} stays as it is and runs no Weighbridge: weighbridge doctor says what is missing.`);
  }
  if (isPlaceholder) {
    say("The workflow still says OWNER/weighbridge: put there where your organisation keeps Weighbridge.");
  }
}

function foundText(described: number, passedOver: number): string {
  if (described > 0) return `${count(described, "model")} found.`;
  return passedOver > 0
    ? "No model was found that a manifest can be written for; see what was passed over."
    : "No model without a manifest was found.";
}

async function foresee(root: string, path: string): Promise<InitFile["state"]> {
  return (await findStats(join(root, path))) === undefined ? "would write" : "kept";
}

/** Creates the file; one that is there stays as it is, whatever it is. */
async function writeNew(root: string, path: string, text: string): Promise<InitFile["state"]> {
  const file = join(root, path);
  if ((await findStats(file)) !== undefined) return "kept";
  await assertNoLink(root, path);
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { flag: "wx" });
  } catch (cause) {
    throw writeFailure(path, cause);
  }
  return "wrote";
}

/** A folder of the repository that is a link may lead anywhere. */
async function assertNoLink(root: string, path: string): Promise<void> {
  for (const folder of foldersAbove(path)) {
    if (folder === "" || !(await findStats(join(root, folder)))?.isSymbolicLink()) continue;
    throw new GateError("PATH_UNSAFE", `Cannot write ${path}: ${folder} is a symbolic link`);
  }
}

async function findStats(file: string): Promise<Stats | undefined> {
  try {
    return await lstat(file);
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") return undefined;
    throw readFailure(file, cause);
  }
}
