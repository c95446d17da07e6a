import { type Command, Option } from "commander";
import { GateError } from "../../gate/model/error.ts";
import type { Gate } from "../../gate/model/gate.ts";
import { TIERS } from "../../gate/model/tier.ts";
import { loadPolicy } from "../../gate/policy/load.ts";
import { terminal } from "../../gate/report/escape.ts";
import { RULES } from "../../gate/rules/index.ts";
import { withBuiltIn } from "../../gate/verdict/decide.ts";
import { writeDocument } from "../terminal.ts";
import { withWorld } from "../world.ts";

interface ExplainOptions {
  readonly at: string;
  readonly format: "text" | "json";
}

export function registerExplain(program: Command): void {
  program
    .command("explain")
    .summary("why a gate exists, what it asks and how to meet it")
    .argument("<gate>", "id of a gate, as CORE-05")
    .option("--at <revision>", 'where to read the policy, or "worktree"', "worktree")
    .addOption(new Option("--format <format>", "of the answer").choices(["text", "json"]).default("text"))
    .action(explain);
}

async function explain(id: string, options: ExplainOptions): Promise<void> {
  await withWorld({}, async (world) => {
    const { policy } = await loadPolicy(await world.repository.commit(options.at), world);
    const gate = findGate(withBuiltIn(policy), id);
    const document = options.format === "json" ? JSON.stringify(gate, null, 2) : toText(gate);
    await writeDocument(document, undefined);
  });
}

function findGate(gates: readonly Gate[], id: string): Gate {
  const gate = gates.find((candidate) => candidate.id.toLowerCase() === id.toLowerCase());
  if (gate !== undefined) return gate;
  throw new GateError("GATE_UNKNOWN", `Cannot explain ${id}: the policy has no such gate`, {
    fix: `Its gates are ${gates.map((candidate) => candidate.id).join(", ")}`,
  });
}

function toText(gate: Gate): string {
  const severity = TIERS.map((tier) => `${tier} ${gate.severity[tier]}`).join(", ");
  const lines = [
    `${gate.id}  ${gate.title}`,
    "",
    `Why       ${gate.why}`,
    `Fix       ${gate.fix}`,
    `Severity  ${severity}`,
    `Rule      ${gate.rule}: ${RULES.get(gate.rule)?.title ?? ""}`,
    ...parametersOf(gate),
    ...(gate.when === undefined ? [] : [`When      ${gate.when}`]),
    `Waivers   ${gate.waivable ? "possible" : "never"}`,
    `From      ${gate.origin}${gate.place.line === undefined ? "" : `, line ${gate.place.line}`}`,
    ...(gate.mapsTo.length === 0 ? [] : [`Supports  ${gate.mapsTo.join(", ")}`]),
  ];
  return lines.map(terminal).join("\n");
}

/** Every argument that the rule takes, with the value that this gate gives it. */
function parametersOf(gate: Gate): readonly string[] {
  const parameters = Object.entries(RULES.get(gate.rule)?.parameters ?? {});
  return parameters.map(([name, { schema }]) => {
    const value = Object.hasOwn(gate.with, name) ? JSON.stringify(gate.with[name]) : "not set";
    return `  ${name} = ${value}  ${typeof schema.description === "string" ? schema.description : ""}`;
  });
}
