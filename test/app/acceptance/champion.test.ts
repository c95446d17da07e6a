import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { workflowText } from "../../../cli/commands/workflow.ts";
import type { Pull } from "../../github/nouns.ts";
import type { Files } from "../../github/play/pushes.ts";
import { nextModel, startTeam, type Team } from "../team.ts";
import { approve, completeRun, nextSecond } from "./scene.ts";

/** What a candidate is held against where the base commit has no numbers: the last that were approved of what it has. */

const WORKFLOW = ".github/workflows/weighbridge.yml";
const METRICS = "models/credit-pd/metrics.json";

let team: Team;

before(async () => {
  const none = Object.fromEntries(Object.keys(nextModel()).map((path) => [path, null]));
  const workflow = workflowText(`weighbridge/weighbridge@${"a".repeat(40)}`);
  team = await startTeam({ files: { ...none, [WORKFLOW]: workflow } });
});
after(() => team.close());

/** A pull request whose numbers are those of its run, and of no file of its commit. */
async function measured(files: Files, auc: number): Promise<Pull> {
  const { [METRICS]: _, ...committed } = files;
  const pull = await team.propose(committed);
  await completeRun(team, pull, { files: { [METRICS]: `{ "roc_auc": ${auc} }\n` } });
  return pull;
}

async function merge(pull: Pull): Promise<void> {
  const { olga, vera, rita } = team.people;
  for (const by of [olga, vera, rita]) await approve(team, pull, by);
  assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  team.stand.play.merge(pull, { by: team.people.maria });
  await team.settle();
}

const words = (text: string): Files => ({ "models/credit-pd/README.md": text });
const verdictOn = ({ head }: Pull) => team.checkOf(head.sha).text;

it("is the decision by which the model came in", async () => {
  await merge(await measured(nextModel(2), 0.9));
  const worse = await measured(nextModel(3), 0.85);
  assert.match(verdictOn(worse), /went from 0\.9 to 0\.85/);
});

it("is not one about a change that measured it anew, left it as it was, and has not entered", async () => {
  const again = await measured(words("A score.\n"), 0.899);
  await approve(team, again);
  assert.equal(team.checkOf(again.head.sha).conclusion, "success", team.commentOn(again));
  assert.match(verdictOn(await measured(nextModel(4), 0.85)), /went from 0\.9 to 0\.85/);
  team.stand.play.merge(again, { by: team.people.maria });
  await team.settle();
  assert.match(verdictOn(await measured(nextModel(5), 0.85)), /went from 0\.899 to 0\.85/);
});

it("is still known when the default branch is called otherwise", async () => {
  const { play, github } = team.stand;
  await nextSecond();
  play.renameDefaultBranch(team.repository, { by: github.owner, name: "trunk" });
  await team.settle();
  const { [METRICS]: _, ...committed } = nextModel(6);
  const pull = await team.propose(committed, { base: "trunk" });
  await completeRun(team, pull, { files: { [METRICS]: '{ "roc_auc": 0.85 }\n' } });
  assert.match(verdictOn(pull), /went from 0\.899 to 0\.85/);
});
