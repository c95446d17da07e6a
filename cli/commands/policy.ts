import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Policy, PolicyDifference, Tightening } from "../../gate/model/policy.ts";
import { diffPolicies } from "../../gate/policy/diff.ts";
import { type LoadedPolicy, loadPolicy } from "../../gate/policy/load.ts";
import { runVector, type VectorResult } from "../../gate/policy/vectors.ts";
import { terminal } from "../../gate/report/escape.ts";
import { decideAgain } from "../../gate/verdict/replay.ts";
import type { World } from "../../gate/world.ts";
import { EXIT } from "../exit.ts";
import { fileRepository, named } from "../policy-file.ts";
import { count, readNamed, unreadable, writeDocument } from "../terminal.ts";
import { withWorld } from "../world.ts";
import { readDecision } from "./replay.ts";

interface Options {
  readonly format: "text" | "json";
}

const format = () =>
  new Option("--format <format>", "of the result").choices(["text", "json"]).default("text");

export function registerPolicy(program: Command): void {
  const policy = program.command("policy").summary("validate, test and compare policies");
  policy
    .command("validate")
    .summary("load a policy with all that it extends, and say what is wrong with it")
    .description("Exit status: 0 it loads, 2 it does not.")
    .argument("[where]", 'a file, a revision, or "worktree"', "worktree")
    .addOption(format())
    .action(validate);
  policy
    .command("test")
    .summary("judge the test vectors of the policy and its packs")
    .description("Exit status: 0 all give what they state, 1 some do not, 2 the policy does not load.")
    .argument("[where]", 'a file, a revision, or "worktree"', "worktree")
    .addOption(format())
    .action(runTests);
  policy
    .command("diff")
    .summary("what one policy loosens and tightens against another")
    .description(
      "With --decisions, every decision record in the folder is judged again under the new policy.\nExit status: 0 nothing is loosened, 1 something is, 2 a policy does not load.",
    )
    .argument("<old>", "a file or a revision")
    .argument("<new>", 'a file, a revision, or "worktree"')
    .option("--decisions <folder>", "decision records to judge again")
    .addOption(format())
    .action(diff);
}

/** The policy at a revision, or in a file of its own. */
async function loadFrom(where: string, world: World): Promise<LoadedPolicy> {
  const isFile = await stat(where).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return loadPolicy(await world.repository.commit(where), world);
  const repository = fileRepository(where, await readNamed(where));
  try {
    return await loadPolicy(where, { ...world, repository });
  } catch (error) {
    throw error instanceof GateError ? named(error, where) : error;
  }
}

async function validate(where: string, { format }: Options): Promise<void> {
  await withWorld({}, async (world) => {
    const { policy, waivers } = await loadFrom(where, world);
    const summary = { policy, waivers: waivers.map(({ id }) => id) };
    await writeDocument(format === "json" ? JSON.stringify(summary, null, 2) : outline(policy), undefined);
  });
}

function outline(policy: Policy): string {
  if (policy.mode === "advisory") return "There is no policy here: core@1 advises and keeps nothing out.";
  return [
    `${policy.name} ${policy.version} is valid: ${count(policy.gates.length, "gate")}`,
    ...policy.sources.map(({ name, digest }) => `  ${name}  ${digest}`),
    ...policy.tightenings.map((tightening) => `  ${tighteningText(tightening)}`),
  ]
    .map(terminal)
    .join("\n");
}

function tighteningText({ gate, what, from, to, by }: Tightening): string {
  return `${gate}: ${what} ${from} → ${to}, tightened by ${by}`;
}

async function runTests(where: string, { format }: Options): Promise<void> {
  process.exitCode = await withWorld({}, async (world) => {
    const { vectors } = await loadFrom(where, world);
    if (vectors.length === 0) {
      throw new GateError("VECTORS_ABSENT", "Cannot test the policy: none of its gates has test_vectors");
    }
    const results = vectors.map(({ gate, vector }) => ({ gate: gate.id, ...runVector(gate, vector) }));
    const document = format === "json" ? JSON.stringify({ results }, null, 2) : testText(results);
    await writeDocument(document, undefined);
    return results.every(({ isMet }) => isMet) ? EXIT.pass : EXIT.blocked;
  });
}

function testText(results: readonly (VectorResult & { readonly gate: string })[]): string {
  const failed = results.filter(({ isMet }) => !isMet);
  const lines = failed.map(
    ({ gate, name, expected, judgement }) =>
      `FAIL  ${gate}: ${name}: expected ${expected}, got ${judgement.outcome}${judgement.findings.map(({ message }) => `\n      ${message}`).join("")}`,
  );
  const passed = `${results.length - failed.length} passed, ${failed.length} failed`;
  return [...lines.flatMap((line) => line.split("\n")).map(terminal), passed].join("\n");
}

interface Changed {
  readonly decision: string;
  readonly before: string;
  readonly after: string;
}

/** Past decisions under the new policy. */
interface Decisions {
  readonly judged: number;
  readonly changed: readonly Changed[];
}

async function diff(
  old: string,
  next: string,
  options: Options & { readonly decisions?: string },
): Promise<void> {
  process.exitCode = await withWorld({}, async (world) => {
    const after = (await loadFrom(next, world)).policy;
    const differences = diffPolicies((await loadFrom(old, world)).policy, after);
    const decisions = options.decisions === undefined ? undefined : await replayAll(options.decisions, after);
    const document =
      options.format === "json"
        ? JSON.stringify({ differences, decisions }, null, 2)
        : diffText(differences, decisions);
    await writeDocument(document, undefined);
    return differences.some(({ effect }) => effect === "loosened") ? EXIT.blocked : EXIT.pass;
  });
}

/** Every record of a folder under another policy. */
async function replayAll(folder: string, policy: Policy): Promise<Decisions> {
  const files = (await listFolder(folder)).filter((file) => file.endsWith(".json")).sort();
  const records = await Promise.all(files.map((file) => readDecision(join(folder, file))));
  const changes = records.flatMap((record, index) => changed(files[index] ?? "", record, policy) ?? []);
  return { judged: records.length, changed: changes };
}

async function listFolder(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    throw unreadable(folder, cause);
  }
}

function changed(decision: string, record: DecisionRecord, policy: Policy): Changed | undefined {
  const again = decideAgain({ ...record.input, policy });
  if (again.verdict === record.verdict) return undefined;
  return { decision, before: record.verdict, after: again.verdict };
}

function diffText(differences: readonly PolicyDifference[], decisions: Decisions | undefined): string {
  const lines = (["loosened", "tightened", "changed"] as const).flatMap((effect) => {
    const found = differences.filter((difference) => difference.effect === effect);
    if (found.length === 0) return [];
    const rows = found.map(({ gate, what, from, to }) => `  ${gate}: ${what} ${from} → ${to}`);
    return [`${found.length} ${effect}`, ...rows];
  });
  return [
    ...(lines.length === 0 ? ["The policies demand the same."] : lines),
    ...(decisions === undefined ? [] : decisionLines(decisions)),
  ]
    .map(terminal)
    .join("\n");
}

function decisionLines({ judged, changed }: Decisions): readonly string[] {
  const rows = changed.map(({ decision, before, after }) => `  ${decision}: ${before} → ${after}`);
  return [`${changed.length} of ${count(judged, "past decision")} would change`, ...rows];
}
