import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a program of ours is started with: Node keeps what it compiled, so that the next start takes a third. */
export function programEnvironment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "weighbridge-compile-cache"), ...more };
}
