import type { Command } from "commander";
import { registerTrailConfigure } from "./trail-configure.ts";
import { registerTrailKeys } from "./trail-keys.ts";
import { registerTrailRead } from "./trail-read.ts";
import { registerTrailVerify } from "./trail-verify.ts";
import { registerTrailWitness } from "./trail-witness.ts";
import { registerTrailWrite } from "./trail-write.ts";

export function registerTrail(program: Command): void {
  const trail = program.command("trail").summary("write, read and verify the audit trail");
  registerTrailWrite(trail);
  registerTrailRead(trail);
  registerTrailVerify(trail);
  registerTrailWitness(trail);
  registerTrailConfigure(trail);
  registerTrailKeys(trail);
}
