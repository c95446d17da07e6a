import { posix } from "node:path";
import { type Command, Option } from "commander";
import { parseManifest } from "../../gate/change/manifest.ts";
import type { Checkout } from "../../gate/checkout.ts";
import type { Tree, TreeEntry } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import { loadPolicy } from "../../gate/policy/load.ts";
import { terminal } from "../../gate/report/escape.ts";
import type { World } from "../../gate/world.ts";
import type { Check } from "../diagnosis.ts";
import { chooseRevisions } from "../environment.ts";
import { EXIT } from "../exit.ts";
import { writeDocument } from "../terminal.ts";
import { examineWorkflow } from "../workflow-check.ts";
import { withWorld } from "../world.ts";

const FILE_BYTES_MAX = 1_048_576;
const WORKFLOW = /^\.github\/workflows\/[^/]+\.ya?ml$/;

type Patient = World & { readonly repository: Checkout };

export function registerDoctor(program: Command): void {
  program
    .command("doctor")
    .summary("look for what would keep Weighbridge from working here")
    .description("Exit status: 0 nothing fails, 1 something does, 2 could not look.")
    .addOption(new Option("--format <format>", "of the report").choices(["text", "json"]).default("text"))
    .action(doctor);
}

async function doctor(options: { readonly format: "text" | "json" }): Promise<void> {
  const checks = await withWorld({}, async (world) => {
    const tree = await world.repository.tree("worktree");
    return [
      await checkBase(world),
      await checkPolicy("policy of the work tree", "worktree", world),
      ...(await checkManifests(world, tree)),
      ...(await checkWorkflows(world, tree)),
    ];
  });
  await writeDocument(
    options.format === "json" ? JSON.stringify({ checks }, null, 2) : toText(checks),
    undefined,
  );
  process.exitCode = checks.some(({ state }) => state === "fail") ? EXIT.blocked : EXIT.pass;
}

/** The base branch, its history and its policy: what the next pull request will be judged by. */
async function checkBase(world: Patient): Promise<Check> {
  const name = "base";
  try {
    const { base, head } = await chooseRevisions({}, world.repository, process.env);
    await world.repository.mergeBase(base, head);
    const { policy } = await loadPolicy(await world.repository.commit(base), world);
    if (policy.mode === "enforcing") {
      return { name, state: "ok", detail: `${base} has the policy ${policy.name} ${policy.version}` };
    }
    const fix = "Run weighbridge init and merge what it writes";
    return { name, state: "warn", detail: `${base} has no policy: core@1 only advises`, fix };
  } catch (error) {
    return failed(name, error);
  }
}

async function checkPolicy(name: string, revision: string, world: Patient): Promise<Check> {
  try {
    const { policy, waivers } = await loadPolicy(revision, world);
    const state = policy.mode === "enforcing" ? "ok" : "warn";
    return { name, state, detail: `${policy.gates.length} gates, ${waivers.length} waivers` };
  } catch (error) {
    return failed(name, error);
  }
}

async function checkManifests({ repository }: Patient, tree: Tree): Promise<readonly Check[]> {
  const entries = [...tree.values()].filter(({ path }) => posix.basename(path) === "model.yml");
  if (entries.length === 0) {
    const fix = "Run weighbridge init";
    return [{ name: "manifests", state: "warn", detail: "no model.yml was found", fix }];
  }
  const broken = await Promise.all(entries.map((entry) => checkManifest(repository, entry)));
  const failures = broken.filter((check) => check !== undefined);
  if (failures.length > 0) return failures;
  return [{ name: "manifests", state: "ok", detail: `${entries.length} manifests are valid` }];
}

async function checkManifest(repository: Checkout, entry: TreeEntry): Promise<Check | undefined> {
  try {
    const [bytes] = await repository.read([entry], FILE_BYTES_MAX);
    parseManifest(bytes ?? new Uint8Array(), entry.path);
    return undefined;
  } catch (error) {
    return failed(entry.path, error);
  }
}

async function checkWorkflows({ repository }: Patient, tree: Tree): Promise<readonly Check[]> {
  const entries = [...tree.values()].filter(({ path }) => WORKFLOW.test(path));
  const texts = await repository.read(entries, FILE_BYTES_MAX);
  const ours = entries.flatMap(({ path }, index) => {
    const text = Buffer.from(texts[index] ?? new Uint8Array()).toString("utf8");
    return /uses:\s*\S*weighbridge/i.test(text) ? [{ path, text }] : [];
  });
  if (ours.length === 0) {
    const fix = "Run weighbridge init, or call weighbridge check from your own CI";
    return [{ name: "workflow", state: "warn", detail: "no workflow runs Weighbridge", fix }];
  }
  return ours.flatMap(({ path, text }) => examineWorkflow(path, text));
}

function failed(name: string, error: unknown): Check {
  if (!(error instanceof GateError)) throw error;
  const { message, fix } = error;
  return { name, state: "fail", detail: message, ...(fix === undefined ? {} : { fix }) };
}

function toText(checks: readonly Check[]): string {
  const mark = { ok: "ok  ", warn: "warn", fail: "FAIL" } as const;
  const lines = checks.flatMap(({ name, state, detail, fix }) => [
    `${mark[state]}  ${name}: ${detail}`,
    ...(fix === undefined ? [] : [`      fix: ${fix}`]),
  ]);
  return lines
    .flatMap((line) => line.split("\n"))
    .map(terminal)
    .join("\n");
}
