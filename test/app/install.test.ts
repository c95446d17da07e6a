import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openMetrics } from "../../app/metrics.ts";
import { toValue } from "../../gate/parse/node.ts";
import { parseYaml } from "../../gate/parse/yaml.ts";
import { sharedKeyPair } from "../github/jwt.ts";

/** What is needed to install the App: the container, the start, and the page that tells of both. */

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const DOCKERFILE = read("Dockerfile");
const GUIDE = read("docs/install.md");
const IMPORT = /^(?:import|export)\s[^"';]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;

interface Manifest {
  readonly name: string;
  readonly url: string;
  readonly hook_attributes: { readonly url: string };
  readonly callback_urls: readonly string[];
  readonly default_permissions: Readonly<Record<string, string>>;
  readonly default_events: readonly string[];
}

/** What the Dockerfile takes from this folder. */
const COPIED = [...DOCKERFILE.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = ""]) =>
  names.split(" "),
);

/** Every source file that `app/main.ts` leads to, and every package. */
function reachable(): { files: ReadonlySet<string>; packages: ReadonlySet<string> } {
  const files = new Set(["app/main.ts"]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const match of read(file).matchAll(IMPORT)) {
      const target = match[1] ?? match[2] ?? match[3] ?? "";
      if (target.startsWith(".")) files.add(relative(ROOT, join(ROOT, dirname(file), target)));
      else if (!target.startsWith("node:") && !builtinModules.includes(target)) packages.add(target);
    }
  }
  return { files, packages };
}

test("the container has every file that the App leads to, and copies nothing that is not there", () => {
  assert.deepEqual(
    COPIED.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
  const inside = (path: string) => COPIED.some((copied) => path === copied || path.startsWith(`${copied}/`));
  assert.deepEqual(
    [...reachable().files].filter((path) => !inside(path)),
    [],
  );
  assert.ok(inside("policies/packs"), "packs are read at run time");
});

test("the container has each program that the App starts", () => {
  const programs = [...reachable().files].flatMap((path) =>
    [...read(path).matchAll(/\b(?:execFile|spawn)(?:Sync)?\("([^"]+)"/g)].map(([, program = ""]) => program),
  );
  assert.deepEqual([...new Set(programs)], ["git"]);
  const last = DOCKERFILE.slice(DOCKERFILE.lastIndexOf("FROM "));
  // The slim image has neither; without certificates git fetches nothing by HTTPS.
  assert.match(last, /^RUN .*apt-get install -y --no-install-recommends ca-certificates git /m);
});

test("the build sees what the container copies, and nothing else", () => {
  const [all, ...kept] = read(".dockerignore").trim().split("\n");
  assert.equal(all, "*");
  assert.deepEqual(kept.sort(), [...new Set(COPIED)].map((path) => `!${path}`).sort());
});

test("every package that the App needs is there without those for development", () => {
  const { dependencies } = JSON.parse(read("package.json"));
  const names = [...reachable().packages].map((name) =>
    name.split("/", name.startsWith("@") ? 2 : 1).join("/"),
  );
  assert.deepEqual(
    names.filter((name) => !Object.hasOwn(dependencies, name)),
    [],
  );
});

test("the container runs Node of the version that runs the sources, as nobody special, and looks at its health", () => {
  assert.deepEqual([...new Set(DOCKERFILE.match(/^FROM \S+/gm))], ["FROM node:24-slim"]);
  const last = DOCKERFILE.slice(DOCKERFILE.lastIndexOf("FROM "));
  assert.match(last, /^USER node$/m);
  const health = JSON.parse(/^HEALTHCHECK .* CMD (\[.*\])$/m.exec(last)?.[1] ?? "[]");
  assert.match(health[2], /\/healthz/);
  // Nothing listens there: the command runs, and says so.
  const [, ...words] = health;
  const { status } = spawnSync(process.execPath, words, { env: { PORT: "1" }, encoding: "utf8" });
  assert.equal(status, 1);
});

test("the App without settings says all that it needs, and what to set", () => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [join(ROOT, "app/main.ts")], {
    env: { PATH: process.env.PATH },
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.equal(stdout, "");
  assert.equal(
    stderr,
    `weighbridge: Cannot start: 5 settings are wrong
  APP_ID: it is not set. Set the number that the App's settings at GitHub show as App ID
  PRIVATE_KEY: it is not set. Set PRIVATE_KEY to the App's key in PEM, or to its base64, or PRIVATE_KEY_PATH to the file that holds it
  WEBHOOK_SECRET: it is not set. Set the secret that the App's settings at GitHub have, 16 characters or more
  WEIGHBRIDGE_DATA: it is not set. Set one: WEIGHBRIDGE_DATA to a folder, or DATABASE_URL to a PostgreSQL database
  TRAIL_KEY: it is not set. Set file:PATH, env:NAME or command:PROGRAM ARGUMENTS, as weighbridge trail takes it
`,
  );
});

test("the App does not start with a trail key that it could not sign with", () => {
  const { status, stderr } = spawnSync(process.execPath, [join(ROOT, "app/main.ts")], {
    env: {
      PATH: process.env.PATH,
      APP_ID: "1",
      PRIVATE_KEY: sharedKeyPair().privateKey,
      WEBHOOK_SECRET: "a secret of good length",
      WEIGHBRIDGE_DATA: "/nowhere/to/be/made",
      TRAIL_KEY: "file:/nowhere/trail.pem",
    },
    encoding: "utf8",
  });
  assert.equal(status, 1);
  assert.equal(
    stderr,
    "weighbridge: Cannot use the log key from /nowhere/trail.pem: the file cannot be read\n",
  );
});

test("docs/install.md has the address that registers exactly what app.yml says", () => {
  const manifest = toValue(parseYaml(read("app.yml"), "app.yml")) as Manifest;
  const { name, url, hook_attributes, callback_urls, default_permissions, default_events } = manifest;
  const wanted: readonly (readonly [string, string])[] = [
    ["name", name],
    ["url", url],
    ["public", "false"],
    ["webhook_active", "true"],
    ["webhook_url", hook_attributes.url],
    ...callback_urls.map((each) => ["callback_urls[]", each] as const),
    ...Object.entries(default_permissions),
    ...default_events.map((each) => ["events[]", each] as const),
  ];
  const [address = ""] = /https:\/\/\S+\/settings\/apps\/new\?\S+/.exec(GUIDE) ?? [];
  assert.deepEqual([...new URL(address).searchParams], wanted);
});

test("docs/install.md names settings that are read, and metrics that are there", async () => {
  const sources = ["app/config.ts", "app/trail-audit.ts", "cli/commands/doctor.ts"].map(read).join("\n");
  const settings = new Set(GUIDE.match(/\b[A-Z]+_[A-Z_]+\b/g));
  settings.delete("NODE_EXTRA_CA_CERTS"); // Node itself reads it.
  assert.deepEqual(
    [...settings].filter((name) => !sources.includes(`"${name}"`) && !sources.includes(`env.${name}`)),
    [],
  );
  const metrics = openMetrics();
  for (const gauge of ["inbox_dead", "inbox_oldest_seconds", "trail_pending", "trail_halted"] as const) {
    metrics.watch(gauge, async () => 0);
  }
  metrics.webhook("push", "refused", 1);
  metrics.call("GET /app", 200, 1);
  metrics.verdict("error");
  const { text } = await metrics.read();
  const named = GUIDE.match(/`(weighbridge_[a-z_]+)/g)?.map((name) => name.slice(1)) ?? [];
  assert.ok(named.length >= 6);
  assert.deepEqual(
    named.filter((name) => !text.includes(`\n${name}`)),
    [],
  );
});
