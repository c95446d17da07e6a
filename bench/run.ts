// Every benchmark, one after the other, each with its peer in the same run:
//   npm run bench [-- NAME...] [-- --million]
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ALL = ["startup", "models", "artifact", "trail", "webhooks", "budget"];
const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith("--"));
const named = args.filter((arg) => !arg.startsWith("--"));
const unknown = named.filter((name) => !ALL.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`Cannot measure ${unknown.join(", ")}: there are ${ALL.join(", ")}\n`);
  process.exit(2);
}
for (const name of named.length > 0 ? named : ALL) {
  const file = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  if (!existsSync(file)) continue;
  process.stdout.write(`\n## ${name}\n\n`);
  const { status } = spawnSync(process.execPath, [file, ...flags], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
