import { COMPILED } from "../installed.ts";

/** What a program of ours is started with. */
export function programEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: COMPILED, ...more };
}
