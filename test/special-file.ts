import { spawnSync } from "node:child_process";
import { createServer } from "node:net";

/**
 * Puts something at a path that is neither a file nor a folder nor a link: a pipe, or a socket on a machine that
 * has no command to make a pipe. The result takes it away again.
 */
export async function makeSpecialFile(path: string): Promise<() => void> {
  if (spawnSync("mkfifo", [path]).status === 0) return () => undefined;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return () => server.close();
}
