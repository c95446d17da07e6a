import { posix } from "node:path";
import { type Command, Option } from "commander";
import { MANIFEST_NAME, parseManifest } from "../../gate/change/manifest.ts";
import type { Checkout } from "../../gate/checkout.ts";
import type { Tree, TreeEntry } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import { loadPolicy } from "../../gate/policy/load.ts";
import { terminal } from "../../gate/report/escape.ts";
import type { World } from "../../gate/world.ts";
import { examineBranchRules } from "../branch-rules.ts";
import type { Check } from "../diagnosis.ts";
import { apiUrlOf, chooseRevisions, shortName } from "../environment.ts";
import { EXIT } from "../exit.ts";
import { findModels } from "../found-models.ts";
import { findRepository } from "../origin.ts";
import { count, writeDocument } from "../terminal.ts";
import { examineWorkflows } from "../workflow-check.ts";
import { withWorld } from "../world.ts";

const FILE_BYTES_MAX = 1_048_576;
/** More say nothing new. */
const UNCLAIMED_SHOWN_MAX = 20;
const WORKFLOW = /^\.github\/workflows\/[^/]+\.ya?ml$/;

type Patient = World & { readonly repository: Checkout };

export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("look for what would keep Weighbridge from working here")
    .description(
      "With GITHUB_TOKEN it looks at the rules of the branches, too; WEIGHBRIDGE_APP_ID says which App is yours. Exit status: 0 nothing fails, 1 something does, 2 could not look.",
    )
    .option("--base <branch>", "branch that changes want to enter (default: the default branch of origin)")
    .addOption(new Option("--format <format>", "of the report").choices(["text", "json"]).default("text"))
    .action(doctor);
}

interface DoctorOptions {
  readonly base?: string;
  readonly format: "text" | "json";
}

async function doctor(options: DoctorOptions): Promise<void> {
  const checks = await withWorld({}, async (world) => {
    const tree = await world.repository.tree("worktree");
    return [
      await checkBase(options, world),
      await checkPolicy("policy of the work tree", "worktree", world),
      ...(await checkManifests(world, tree)),
      ...(await checkUnclaimed(world)),
      ...(await checkWorkflows(world, tree)),
      ...(await checkBranchRules(world.repository, process.env)),
    ];
  });
  await writeDocument(
    options.format === "json" ? JSON.stringify({ checks }, null, 2) : toText(checks),
    undefined,
  );
  process.exitCode = checks.some(({ state }) => state === "fail") ? EXIT.blocked : EXIT.pass;
}

/** The base branch, its history and its policy: what the next pull request will be judged by. */
async function checkBase({ base: branch }: DoctorOptions, world: Patient): Promise<Check> {
  const name = "base";
  try {
    const { base, head } = await chooseRevisions({ base: branch }, world.repository, process.env);
    await world.repository.mergeBase(base, head);
    const { policy } = await loadPolicy(await world.repository.commit(base), world);
    if (policy.mode === "enforcing") {
      return {
        name,
        state: "ok",
        detail: `${shortName(base)} has the policy ${policy.name} ${policy.version}`,
      };
    }
    const fix = "Run weighbridge init and merge what it writes";
    return { name, state: "warn", detail: `${shortName(base)} has no policy: core@1 only advises`, fix };
  } catch (error) {
    return failed(name, error);
  }
}

async function checkPolicy(name: string, revision: string, world: Patient): Promise<Check> {
  try {
    const { policy, waivers } = await loadPolicy(revision, world);
    if (policy.mode === "advisory") {
      return { name, state: "warn", detail: "there is none", fix: "Run weighbridge init" };
    }
    const detail = `${count(policy.gates.length, "gate")}, ${count(waivers.length, "waiver")}`;
    return { name, state: "ok", detail };
  } catch (error) {
    return failed(name, error);
  }
}

async function checkManifests({ repository }: Patient, tree: Tree): Promise<readonly Check[]> {
  const entries = [...tree.values()].filter(({ path }) => posix.basename(path) === MANIFEST_NAME);
  const checks = (await Promise.all(entries.map((entry) => checkManifest(repository, entry)))).filter(
    (check) => check !== undefined,
  );
  if (checks.length === 0) {
    const fix = "Add a model, then run weighbridge init";
    const detail = `no ${MANIFEST_NAME} of Weighbridge was found`;
    return [{ name: "manifests", state: "warn", detail, fix }];
  }
  const failures = checks.filter(({ state }) => state === "fail");
  const detail = `${count(checks.length, "manifest")}, all valid`;
  return failures.length > 0 ? failures : [{ name: "manifests", state: "ok", detail }];
}

/** Undefined for a `model.yml` of another tool. */
async function checkManifest(repository: Checkout, entry: TreeEntry): Promise<Check | undefined> {
  try {
    const [bytes = new Uint8Array()] = await repository.read([entry], FILE_BYTES_MAX);
    if (entry.kind !== "symlink" && !Buffer.from(bytes).includes("weighbridge")) return undefined;
    parseManifest(bytes, entry.path);
    return { name: entry.path, state: "ok", detail: "valid" };
  } catch (error) {
    return failed(entry.path, error);
  }
}

/** Model files without a manifest: whatever changes them next is refused. */
async function checkUnclaimed({ repository }: Patient): Promise<readonly Check[]> {
  try {
    const { models, passedOver } = await findModels(repository);
    const checks = [
      ...models.map(({ folder, artifacts }): Check => {
        const detail = `${count(artifacts.length, "model file")} and no manifest`;
        return { name: folder || ".", state: "fail", detail, fix: "Run weighbridge init" };
      }),
      ...passedOver
        .filter(({ isModel }) => isModel)
        .map(
          ({ path, reason, fix }): Check => ({
            ...{ name: path, state: "fail", detail: reason },
            ...(fix === undefined ? {} : { fix }),
          }),
        ),
    ];
    if (checks.length <= UNCLAIMED_SHOWN_MAX) return checks;
    const detail = `${checks.length - UNCLAIMED_SHOWN_MAX} more without a manifest`;
    const more: Check = {
      name: "models",
      state: "fail",
      detail,
      fix: "Run weighbridge init --dry-run to see all",
    };
    return [...checks.slice(0, UNCLAIMED_SHOWN_MAX), more];
  } catch (error) {
    return [failed("models", error)];
  }
}

async function checkWorkflows({ repository }: Patient, tree: Tree): Promise<readonly Check[]> {
  const entries = [...tree.values()].filter(({ path, kind }) => WORKFLOW.test(path) && kind === "file");
  const texts = await repository.read(entries, FILE_BYTES_MAX);
  return examineWorkflows(
    entries.map(({ path }, index) => ({
      path,
      text: Buffer.from(texts[index] ?? new Uint8Array()).toString("utf8"),
    })),
  );
}

/** Rules are GitHub's to tell; whoever does not ask is told that nobody looked. */
async function checkBranchRules({ directory }: Checkout, env: NodeJS.ProcessEnv): Promise<readonly Check[]> {
  const name = "branch rules";
  const notLooked = (why: string, fix: string): Check[] => [
    { name, state: "warn", detail: `nobody looked: ${why}`, fix },
  ];
  const token = env.GH_TOKEN || env.GITHUB_TOKEN;
  if (!token) return notLooked("there is no token", "Set GITHUB_TOKEN to one of an administrator");
  try {
    const apiUrl = apiUrlOf(env);
    const repository = await findRepository(directory, env, apiUrl);
    if (repository === undefined) {
      const fix = "Set GITHUB_REPOSITORY to owner/repo, and GITHUB_API_URL if it is not on GitHub.com";
      return notLooked(`neither GITHUB_REPOSITORY nor origin names a repository of ${apiUrl}`, fix);
    }
    const appId = readAppId(env.WEIGHBRIDGE_APP_ID);
    return await examineBranchRules({
      ...{ apiUrl, token, ...repository },
      ...(appId !== undefined && { appId }),
    });
  } catch (error) {
    return [failed(name, error)];
  }
}

function readAppId(text: string | undefined): number | undefined {
  if (!text) return undefined;
  if (/^[1-9][0-9]{0,14}$/.test(text)) return Number(text);
  throw new GateError("USAGE", "Cannot use WEIGHBRIDGE_APP_ID: expected the number of the App");
}

function failed(name: string, error: unknown): Check {
  if (!(error instanceof GateError)) throw error;
  const { message, fix } = error;
  return { name, state: "fail", detail: message, ...(fix === undefined ? {} : { fix }) };
}

function toText(checks: readonly Check[]): string {
  const mark = { ok: "ok  ", warn: "warn", fail: "FAIL" } as const;
  return checks
    .map(({ name, state, detail, fix }) => {
      const text = `${mark[state]}  ${name}: ${detail}${fix === undefined ? "" : `\nfix: ${fix}`}`;
      return text.split("\n").map(terminal).join("\n      ");
    })
    .join("\n");
}
