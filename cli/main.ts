#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { registerCheck } from "./commands/check.ts";
import { registerDoctor } from "./commands/doctor.ts";
import { registerExplain } from "./commands/explain.ts";
import { registerInit } from "./commands/init.ts";
import { registerPolicy } from "./commands/policy.ts";
import { registerReplay } from "./commands/replay.ts";
import { registerInspect, registerScan } from "./commands/scan.ts";
import { registerTrail } from "./commands/trail.ts";
import { EXIT } from "./exit.ts";
import { sayError } from "./terminal.ts";

const COMMANDS = [
  registerCheck,
  registerScan,
  registerInspect,
  registerInit,
  registerDoctor,
  registerExplain,
  registerReplay,
  registerPolicy,
  registerTrail,
];

await run(process.argv);

/** The outermost shell: what nothing else could handle ends here, never with status 0. */
async function run(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.pass : EXIT.failed;
      return;
    }
    sayError(error);
    process.exitCode = EXIT.failed;
  }
}

function program(): Command {
  const weighbridge = new Command("weighbridge")
    .description("Weighs a change of a model against the policy of the branch that it wants to enter.")
    .version(version(), "-v, --version")
    .showHelpAfterError("(weighbridge --help says more)")
    .exitOverride();
  for (const register of COMMANDS) register(weighbridge);
  return weighbridge;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "";
}
