import { stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { type Command, Option } from "commander";
import type { Checkout } from "../../gate/checkout.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Policy, PolicyDifference, Tightening } from "../../gate/model/policy.ts";
import { diffPolicies } from "../../gate/policy/diff.ts";
import { type LoadedPolicy, loadPolicy } from "../../gate/policy/load.ts";
import { runVector, type VectorResult } from "../../gate/policy/vectors.ts";
import { shellWord, terminal } from "../../gate/report/escape.ts";
import { decideAgain } from "../../gate/verdict/replay.ts";
import type { World } from "../../gate/world.ts";
import { readDecisionFolder } from "../decision-folder.ts";
import { EXIT } from "../exit.ts";
import { fileRepository, named } from "../policy-file.ts";
import { count, readNamed, writeDocument } from "../terminal.ts";
import { withWorld } from "../world.ts";

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
      "With --decisions, every decision record in the folder and the folders in it is judged again under the new policy.\nExit status: 0 nothing is loosened, 1 something is, 2 a policy does not load.",
    )
    .argument("<old>", "a file or a revision")
    .argument("<new>", 'a file, a revision, or "worktree"')
    .option("--decisions <folder>", "decision records to judge again")
    .addOption(format())
    .action(diff);
}

/** The policy at a revision, or in a file of its own. */
async function loadFrom(
  where: string,
  world: World & { readonly repository: Checkout },
): Promise<LoadedPolicy> {
  const isFile = await stat(where).then(
    (found) => found.isFile(),
    () => false,
  );
  if (!isFile) return loadPolicy(await findRevision(where, world.repository), world);
  const repository = fileRepository(where, await readNamed(where));
  try {
    return await loadPolicy(where, { ...world, repository });
  } catch (error) {
    throw error instanceof GateError ? named(error, where) : error;
  }
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A name that is neither a revision nor a file was meant as one of them: the error speaks of both. */
async function findRevision(where: string, repository: Checkout): Promise<string> {
  try {
    return await repository.commit(where);
  } catch (error) {
    if (!(error instanceof GateError) || !error.code.startsWith("REVISION_")) throw error;
    const isThere = await exists(where);
    const state = isThere ? "it is no file to read a policy from" : "there is no such file here";
    const atTop = relative(process.cwd(), join(repository.directory, where));
    const isAtTop = !isThere && (await exists(atTop));
    throw new GateError(error.code, `${error.message}; and ${state}`, {
      cause: error,
      fix: isAtTop
        ? `The file stands at the top of the repository, from here: ${shellWord(atTop)}`
        : "Name a policy file as it is seen from the working directory, a revision, or worktree",
    });
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

interface PassedOver {
  readonly file: string;
  readonly reason: string;
}

/** Past decisions under the new policy. */
interface Decisions {
  readonly judged: number;
  readonly changed: readonly Changed[];
  /** Files of the folder that are no decision records. */
  readonly passedOver: readonly PassedOver[];
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

/** Every record of a folder under another policy. Rejects `DECISIONS_ABSENT` where there is none. */
async function replayAll(folder: string, policy: Policy): Promise<Decisions> {
  const all: Changed[] = [];
  const passedOver: PassedOver[] = [];
  let judged = 0;
  for await (const file of readDecisionFolder(folder)) {
    if ("reason" in file) {
      passedOver.push({ file: file.path, reason: file.reason });
    } else {
      judged += 1;
      all.push(...changed(file.path, file.record, policy));
    }
  }
  if (judged === 0) throw absent(folder, passedOver);
  return { judged, changed: all, passedOver };
}

/** As many as fit on a screen. */
const PASSED_OVER_SHOWN = 10;

/** That none would change is the answer that one hopes for: it must not come from a folder mistyped. */
function absent(folder: string, passedOver: readonly PassedOver[]): GateError {
  const lines = [
    `Cannot judge past decisions: ${folder} holds no decision record`,
    ...passedOverLines(passedOver.slice(0, PASSED_OVER_SHOWN), passedOver.length),
  ];
  return new GateError("DECISIONS_ABSENT", lines.join("\n"), {
    fix: "Give the folder that holds what weighbridge check --format json wrote",
  });
}

function passedOverLines(shown: readonly PassedOver[], total: number): readonly string[] {
  if (total === 0) return [];
  return [`${count(total, "file")} passed over`, ...shown.map(({ file, reason }) => `  ${file}: ${reason}`)];
}

function changed(decision: string, record: DecisionRecord, policy: Policy): readonly Changed[] {
  const again = decideAgain({ ...record.input, policy });
  if (again.verdict === record.verdict) return [];
  return [{ decision, before: record.verdict, after: again.verdict }];
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

function decisionLines({ judged, changed, passedOver }: Decisions): readonly string[] {
  const rows = changed.map(({ decision, before, after }) => `  ${decision}: ${before} → ${after}`);
  return [
    `${changed.length} of ${count(judged, "past decision")} would change`,
    ...rows,
    ...passedOverLines(passedOver, passedOver.length),
  ];
}
