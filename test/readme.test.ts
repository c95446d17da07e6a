import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { playExample, type Weighed } from "../examples/play.ts";
import { buildExample, type Example, runGit } from "../examples/recidivism.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const SAMPLE = /(<!-- sample -->\n)([\s\S]*)(<!-- \/sample -->)/;

/** The fenced blocks of a language. */
function blocks(language: string): readonly string[] {
  return [...README.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    ([, text]) => text ?? "",
  );
}

/** The part of a comment that stands unfolded, as a quotation. */
function toSample(comment: string): string {
  const [shown = ""] = comment.split("<details>");
  const text = shown.replace(/^<!--.*-->\n/, "").trim();
  return `${text.replaceAll(/^/gm, "> ").replaceAll(/ +$/gm, "")}\n`;
}

describe("README", () => {
  let example: Example;
  let home: string;

  before(() => {
    example = buildExample();
    home = mkdtempSync(join(tmpdir(), "weighbridge-readme-"));
    mkdirSync(join(home, "bin"));
    const command = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "dist/cli.js")}" "$@"\n`;
    writeFileSync(join(home, "bin/weighbridge"), command, { mode: 0o755 });
    const [refresh] = example.pulls;
    cpSync(refresh?.evidence ?? "", join(example.directory, "evidence"), { recursive: true });
    runGit(example.directory, ["checkout", "--quiet", "1-refresh"]);
  });

  after(() => {
    example.remove();
    rmSync(home, { recursive: true });
  });

  it("names two lines that package.json has", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const lines = blocks("bash").join("").trim().split("\n");
    assert.match(lines[0] ?? "", /^npm ci && npm run demo /);
    assert.match(lines[1] ?? "", /^npm ci && npm test /);
    assert.ok(scripts.demo && scripts.test);
  });

  it("shows commands that run", () => {
    const text = blocks("sh").join("\n");
    assert.ok(text.includes("weighbridge check"));
    const result = spawnSync("sh", ["-e", "-c", text], {
      cwd: example.directory,
      env: { PATH: `${join(home, "bin")}:${process.env.PATH}`, HOME: home },
      encoding: "utf8",
    });
    assert.equal(result.status, 0, result.stdout + result.stderr);
    assert.match(result.stdout, /no gate closes this change/);
    assert.match(result.stdout, /The verdict holds: /);
  });

  it("shows a policy that loads", () => {
    const [policy = ""] = blocks("yaml");
    const file = join(home, "policy.yml");
    writeFileSync(file, policy);
    const result = spawnSync(join(home, "bin/weighbridge"), ["policy", "validate", file], {
      cwd: example.directory,
      encoding: "utf8",
    });
    assert.equal(result.status, 0, result.stderr);
  });
});

describe("the example", () => {
  let weighed: readonly Weighed[];

  before(async () => {
    weighed = await playExample();
  });

  it("lets the refresh pass, and keeps out the regression and the weaker policy", () => {
    assert.deepEqual(
      weighed.map(({ pull, step }) => [pull.name, step.status]),
      [
        ["1-refresh", 0],
        ["2-regression", 1],
        ["3-weaker-policy", 1],
      ],
    );
  });

  it("C1: says of the third that it edits its own policy, and that the base's decided", () => {
    const comment = weighed[2]?.comment ?? "";
    assert.match(
      comment,
      /This change edits its own policy; the policy of the base decided\. 2 demands loosened\./,
    );
    assert.match(comment, /auc-floor: with\.min 0\.7 → 0\.6/);
    assert.match(comment, /`acme-justice 1\.2\.0`/);
  });

  it("is what the README shows (UPDATE_GOLDEN=1 writes it)", () => {
    const sample = toSample(weighed[1]?.comment ?? "");
    const updated = README.replace(SAMPLE, (_, open: string, __, close: string) => open + sample + close);
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(join(ROOT, "README.md"), updated);
    assert.equal(SAMPLE.exec(process.env.UPDATE_GOLDEN === "1" ? updated : README)?.[2], sample);
  });
});
