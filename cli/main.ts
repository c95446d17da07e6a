#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { registerCheck } from "./commands/check.ts";
import { EXIT } from "./exit.ts";
import { sayError } from "./terminal.ts";

await run(process.argv);

/** The outermost shell: what nothing else could handle ends here, never with status 0. */
async function run(argv: readonly string[]): Promise<void> {
  try {
    await (await program(argv)).parseAsync(argv);
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.pass : EXIT.failed;
      return;
    }
    sayError(error);
    process.exitCode = EXIT.failed;
  }
}

async function program([, , name]: readonly string[]): Promise<Command> {
  const weighbridge = new Command("weighbridge")
    .description("Weighs a change of a model against the policy of the branch that it wants to enter.")
    .version(version(), "-v, --version")
    .showHelpAfterError("(weighbridge --help says more)")
    .exitOverride();
  registerCheck(weighbridge);
  // What runs with every commit does not wait for all that the others are made of.
  if (name !== "check") {
    const { registerOthers } = await import("./commands/others.ts");
    registerOthers(weighbridge);
  }
  return weighbridge;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "";
}
