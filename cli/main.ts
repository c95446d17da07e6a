#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { GateError } from "../gate/model/error.ts";
import { registerCheck } from "./commands/check.ts";
import { EXIT } from "./exit.ts";
import { failOnBrokenStreams, sayError, writeDocument, writeError } from "./terminal.ts";

failOnBrokenStreams(EXIT.failed);
await run(process.argv);
// With what is still open: Node's undici asks a proxy that hangs up again and again, whether anybody waits or not.
process.stdout.write("", () => process.stderr.write("", () => process.exit()));

/** The outermost shell: what nothing else could handle ends here, never with status 0. */
async function run(argv: readonly string[]): Promise<void> {
  const help: string[] = [];
  try {
    await parse(argv, help);
    if (help.length > 0) await writeDocument(help.join(""), undefined);
  } catch (error) {
    process.exitCode = EXIT.failed;
    // What is wrong about the arguments was said already.
    if (!(error instanceof CommanderError)) sayError(error);
    if (wantsJson(argv)) await writeError(error instanceof CommanderError ? usageError(error) : error);
  }
}

/** What was asked for, and only that: help and version are documents like others, and may not reach their reader. */
async function parse(argv: readonly string[], help: string[]): Promise<void> {
  const weighbridge = await program(argv, (text) => help.push(text));
  try {
    await weighbridge.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError && error.exitCode === 0)) throw error;
  }
}

/** Asked of the arguments themselves, for they may be what is wrong. */
function wantsJson(argv: readonly string[]): boolean {
  const options = argv.includes("--") ? argv.slice(0, argv.indexOf("--")) : argv;
  return options.some(
    (word, at) => word === "--format=json" || (word === "--format" && options[at + 1] === "json"),
  );
}

function usageError({ message, code }: CommanderError): GateError {
  const isHelp = code === "commander.help";
  return new GateError("USAGE", isHelp ? "Cannot run: no command is given" : message.replace(/^error: /, ""));
}

async function program(argv: readonly string[], writeOut: (text: string) => void): Promise<Command> {
  const weighbridge = new Command("weighbridge")
    .description("Weighs a change of a model against the policy of the branch that it wants to enter.")
    .version(version(), "-v, --version")
    .showHelpAfterError("(weighbridge --help says more)")
    .configureOutput({ writeOut })
    .exitOverride();
  registerCheck(weighbridge);
  // What runs with every commit does not wait for all that the others are made of.
  const name = argv[2];
  if (name !== "check") {
    const { registerOthers } = await import("./commands/others.ts");
    registerOthers(weighbridge);
    assertHelpExists(weighbridge, argv);
  }
  return weighbridge;
}

/** Of a command that there is not, commander would show the help of all. */
function assertHelpExists(weighbridge: Command, [, , name, subject]: readonly string[]): void {
  const isKnown = weighbridge.commands.some((command) => command.name() === subject);
  if (name !== "help" || subject === undefined || subject.startsWith("-") || isKnown) return;
  weighbridge.error(`error: unknown command '${subject}'`);
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "";
}
