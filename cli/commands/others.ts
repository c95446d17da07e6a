import type { Command } from "commander";
import { registerDoctor } from "./doctor.ts";
import { registerExplain } from "./explain.ts";
import { registerInit } from "./init.ts";
import { registerPolicy } from "./policy.ts";
import { registerReplay } from "./replay.ts";
import { registerInspect, registerScan } from "./scan.ts";
import { registerTrail } from "./trail.ts";

/** All commands but `check`, in the order of the help. */
export function registerOthers(program: Command): void {
  registerScan(program);
  registerInspect(program);
  registerInit(program);
  registerDoctor(program);
  registerExplain(program);
  registerReplay(program);
  registerPolicy(program);
  registerTrail(program);
}
