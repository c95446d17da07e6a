import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Vote } from "../../gate/model/approval.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { approvals, unbound, vote } from "../approval/ballots.ts";
import { closedBy, type Governed, governed, modelFiles, POLICY } from "./governed.ts";

/** A real repository, the real packs, and people who are asked: tier T3 wants the owner for a refresh. */

const REFRESH = modelFiles({ version: 2, auc: 0.86 });
const OLGA = unbound(vote(7, ["owner"]));
const RITA = unbound(vote(8, ["risk"]));

function bound(voter: Vote, { digests }: DecisionRecord): Vote {
  return { ...voter, subject: digests.subject };
}

/** Puts the branch's last change on top of main, as a rebase does. */
function rebase({ scratch }: Governed): void {
  scratch.git("rebase", "--quiet", "main");
}

function advanceMain({ scratch }: Governed, files: Readonly<Record<string, string>>): void {
  const branch = scratch.git("rev-parse", "--abbrev-ref", "HEAD").trim();
  scratch.git("checkout", "--quiet", "main");
  scratch.commit("main goes on", files);
  scratch.git("checkout", "--quiet", branch);
}

describe("approvals of a change", { concurrency: 2 }, () => {
  it("are waited for, open it, and are not asked for where nobody can be asked", async (test) => {
    const scene = await governed(test);
    scene.propose(REFRESH);
    assert.equal((await scene.decide()).verdict, "pass");
    const waiting = await scene.decide({ approvals: approvals() });
    assert.deepEqual([waiting.verdict, closedBy(waiting)], ["wait", ["CORE-12: missing_evidence"]]);
    const approved = await scene.decide({ approvals: approvals([bound(OLGA, waiting)]) });
    assert.equal(approved.verdict, "pass");
    assert.equal(approved.digests.subject, waiting.digests.subject);
  });

  it("C18: outlive an untouched rebase onto a main that went on elsewhere", async (test) => {
    const scene = await governed(test);
    scene.propose(REFRESH);
    const before = await scene.decide({ approvals: approvals() });
    advanceMain(scene, { "docs/notes.md": "Nothing about models.\n" });
    rebase(scene);
    const after = await scene.decide({ approvals: approvals([bound(OLGA, before)]) });
    assert.notEqual(after.input.change.head, before.input.change.head);
    assert.notEqual(after.input.change.base, before.input.change.base);
    assert.equal(after.verdict, "pass");
  });

  it("C15: do not outlive a byte of the model, of its evidence, of its card or of the policy", async (test) => {
    const scene = await governed(test);
    const manifest = String(REFRESH["models/credit-pd/model.yml"]);
    for (const [name, files] of Object.entries({
      model: modelFiles({ version: 3, auc: 0.86 }),
      evidence: { "models/credit-pd/metrics.json": '{ "roc_auc": 0.86  }\n' },
      manifest: { "models/credit-pd/model.yml": `${manifest}# \n` },
      card: { "models/credit-pd/README.md": "# Another word\n" },
    })) {
      scene.propose(REFRESH);
      const votes = [bound(OLGA, await scene.decide({ approvals: approvals() }))];
      assert.equal((await scene.decide({ approvals: approvals(votes) })).verdict, "pass", name);
      scene.scratch.commit("one byte more", files);
      const after = await scene.decide({ approvals: approvals(votes) });
      assert.ok(closedBy(after).includes("CORE-12: missing_evidence"), name);
      assert.deepEqual(
        after.votes?.map(({ state }) => state),
        ["stale"],
        name,
      );
    }
    scene.propose(REFRESH);
    const votes = [bound(OLGA, await scene.decide({ approvals: approvals() }))];
    advanceMain(scene, { ".weighbridge/policy.yml": POLICY.replace("min: 0.8 ", "min: 0.81 ") });
    rebase(scene);
    const stricter = await scene.decide({ approvals: approvals(votes) });
    assert.deepEqual(
      stricter.votes?.map(({ state }) => state),
      ["stale"],
    );
  });

  it("C1: a policy that is loosened waits for risk and for nobody else", async (test) => {
    const scene = await governed(test);
    scene.propose({ ".weighbridge/policy.yml": POLICY.replace("min: 0.8 ", "min: 0.5 ") });
    const waiting = await scene.decide({ approvals: approvals([]) });
    assert.deepEqual([waiting.verdict, closedBy(waiting)], ["wait", ["CORE-17: missing_evidence"]]);
    const by = async (voter: Vote) =>
      (await scene.decide({ approvals: approvals([bound(voter, waiting)]) })).verdict;
    assert.deepEqual([await by(OLGA), await by(RITA)], ["wait", "pass"]);
    assert.equal((await scene.decide()).verdict, "fail");
  });
});
