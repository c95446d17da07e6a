import { Command } from "commander";
import { registerTrail } from "../../cli/commands/trail.ts";
import { sayError } from "../../cli/terminal.ts";

/** The trail commands alone, from the sources: `node program.ts trail …`. */
const program = new Command("weighbridge");
registerTrail(program);
try {
  await program.parseAsync(process.argv);
} catch (error) {
  sayError(error);
  process.exitCode = 2;
}
