import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { canonical } from "../gate/parse/canonical.ts";
import { decide } from "../gate/verdict/decide.ts";
import { CLI, ROOT } from "../scripts/bundle.ts";
import { type ScratchRepository, scratchRepository } from "./git.ts";
import { installInto } from "./installed.ts";
import { programEnvironment } from "./trail/programs.ts";
import { input } from "./verdict/gates.ts";

const DOCUMENT = readFileSync(join(ROOT, "docs/trail.md"), "utf8");

let folder: string;
let repository: ScratchRepository;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "weighbridge-trail-doc-"));
  mkdirSync(join(folder, "bin"));
  await installInto(folder, CLI);
  const command = `#!/bin/sh\nexec "${process.execPath}" "${join(folder, "dist", CLI.out)}" "$@"\n`;
  writeFileSync(join(folder, "bin/weighbridge"), command, { mode: 0o755 });
  repository = await scratchRepository();
  const base = repository.commit("a model", { "models/credit-pd/model.yml": "id: credit-pd\n" });
  const head = repository.commit("a better model", { "models/credit-pd/weights": "1" });
  const given = input();
  const change = { ...given.change, base, mergeBase: base, head };
  repository.write("decision.json", canonical(decide({ ...given, change })));
});
after(() => {
  repository.remove();
  rmSync(folder, { recursive: true });
});

test("the document about the trail shows commands that run", () => {
  const text = [...DOCUMENT.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block]) => block).join("");
  const { directory } = repository;
  // A machine with git and Node alone has no cat.
  const cat = 'cat() { while IFS= read -r line; do printf "%s\\n" "$line"; done < "$1"; }\n';
  const result = spawnSync("sh", ["-e", "-c", cat + text], {
    cwd: directory,
    env: {
      ...programEnvironment(),
      PATH: `${join(folder, "bin")}:${process.env.PATH}`,
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `url.${directory}.insteadOf`,
      GIT_CONFIG_VALUE_0: "https://github.com/acme/models",
    },
    encoding: "utf8",
  });
  assert.equal(result.status, 0, result.stdout + result.stderr);
  assert.match(result.stdout, /Nothing is wrong\./);
  assert.match(result.stdout, /Entry 1 is one of the 2 of github\.com\/acme\/models\/trail\./);
  assert.match(result.stderr, /audit cosigned the tree of 2; the next append records it/);
  assert.ok(readdirSync(join(directory, "sample")).includes("index.html"));
  assert.ok(JSON.parse(readFileSync(join(directory, "results.json"), "utf8"))["assessment-results"]);
  assert.ok(existsSync(join(directory, "tiles", "checkpoint")));
});
