import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Pull } from "../../github/nouns.ts";
import { nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { completeRun } from "./scene.ts";

/** What a critical model asks for: numbers that the pull request's own workflow cannot have made. */

const EVALUATION = "acme/ml-platform/.github/workflows/evaluate.yml@refs/heads/main";
const METRICS = "models/credit-pd/metrics.json";
const CRITICAL = POLICY.replace("tier: T3", "tier: T1").replace(
  "gates:\n",
  `gates:\n  - id: CORE-08\n    with: { workflows: [${EVALUATION}] }\n`,
);

let team: Team;

before(async () => {
  team = await startTeam({ policy: CRITICAL });
});
after(() => team.close());

async function measured(version: number, path: string, auc = 0.9): Promise<Pull> {
  const pull = await team.propose(nextModel(version));
  await completeRun(team, pull, { path, files: { [METRICS]: `{ "roc_auc": ${auc} }\n` } });
  return pull;
}

const gateIn = (pull: Pull, gate: string) =>
  team
    .checkOf(pull.head.sha)
    .text.split("\n")
    .find((line) => line.includes(`\`${gate}\`<br>`)) ?? "";

describe("a model of tier T1", { concurrency: 1 }, () => {
  it("C60: C63: is measured by the workflow that the policy names, of another repository", async () => {
    const pull = await measured(2, EVALUATION);
    assert.match(gateIn(pull, "CORE-08"), /\*\*pass\*\*: attested/);
  });

  it("C63: takes no other workflow's word, and says whose it takes", async () => {
    for (const [at, path] of [
      EVALUATION.replace("main", "next"),
      EVALUATION.replace("acme/", "mallory/"),
      EVALUATION.replace("evaluate", "evil"),
    ].entries()) {
      const pull = await measured(3 + at, path);
      assert.match(gateIn(pull, "CORE-08"), /is only declared, tier T1 asks for attested/, path);
      assert.match(gateIn(pull, "CORE-08"), /Have it measured by acme\/ml/, path);
    }
  });

  it("C60: is held to what was attested, whatever the commit says", async () => {
    const pull = await measured(7, EVALUATION, 0.5);
    assert.match(gateIn(pull, "auc-floor"), /\*\*fail\*\*: 0\.5/);
  });
});
