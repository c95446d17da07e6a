import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Work } from "../../app/store/inbox.ts";
import { git } from "../github/git-data.ts";
import { approve, HASTY, until } from "./acceptance/scene.ts";
import { nextModel, startTeam, type Team } from "./team.ts";

/** What waits for a person, and how a person lets it go on. */

const TOKEN = "a token for the operator of the tests";
const BRANCH = "refs/heads/weighbridge-trail";

let team: Team;

before(async () => {
  // The judging of a change is to be the first that sees what happened to the branch.
  const unflushed = { flushMs: 600_000 };
  team = await startTeam({ config: { operatorToken: TOKEN }, clock: HASTY, ...unflushed });
  await team.settle();
});
after(() => team.close());

/** What the operator is shown, or is told of what they asked for. */
interface Shown {
  readonly dead: number;
  readonly dead_letters: readonly { readonly id: string; readonly reason: string; readonly revive: string }[];
  readonly halted_trails: readonly {
    readonly name: string;
    readonly repository: number;
    readonly code: string;
    readonly resume: string;
  }[];
  readonly code: string;
}

async function ask(path: string, { method = "GET", token = TOKEN, of = team } = {}) {
  const response = await fetch(`http://127.0.0.1:${of.running.port}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
  });
  const body = (await response.json()) as Partial<Shown>;
  return { status: response.status, body };
}

describe("the operator", () => {
  it("has to show the token, and learns nothing without it", async () => {
    for (const path of ["/operator", "/operator/trails/1/resume", "/operator/nothing"]) {
      assert.equal((await ask(path, { token: "another" })).status, 401);
    }
    assert.deepEqual(await ask("/operator"), {
      status: 200,
      body: { waiting: 0, dead: 0, dead_letters: [], halted_trails: [] },
    });
    assert.equal((await ask("/operator", { method: "POST" })).status, 405);
    assert.equal((await ask("/operator/dead-letters/a/revive")).status, 405);
    for (const path of [
      "/operator/x/y/z",
      "/operator/dead-letters/%zz/revive",
      "/operator/trails/1/resume",
    ]) {
      assert.equal((await ask(path, { method: "POST" })).status, 404);
    }
  });

  it("sees a delivery that was given up, and has it worked on", async () => {
    const of = await startTeam({ config: { operatorToken: TOKEN }, clock: HASTY, pollMs: 1_000 });
    const { inbox } = of.running.services.store;
    const pull = await of.propose({ "README.md": "Words\n" });
    const key = `repo/${of.repository.id}/pull/${pull.number}`;
    const payload = JSON.stringify({
      ...{ action: "evaluate", installation: { id: of.installation.id } },
      repository: { id: of.repository.id, name: "credit", owner: { login: "acme" } },
    });
    let id = "";
    let work: Work | undefined;
    // Until the test has one that the worker, which looks now and then, did not see first.
    for (let letter = 1; work?.key !== key; letter++) {
      id = `weighbridge/a letter/${letter}`;
      await inbox.receive({ id, event: "weighbridge", key, payload, receivedAt: Date.now() - 60_000 });
      work = await inbox.take();
    }
    await inbox.bury(work, "GITHUB_REFUSED: nobody let it");
    const { body } = await ask("/operator", { of });
    assert.deepEqual(
      body.dead_letters?.map(({ id: known, reason }) => [known, reason]),
      [[id, "GITHUB_REFUSED: nobody let it"]],
    );
    const [, path = ""] = body.dead_letters?.[0]?.revive.split(" ") ?? [];
    assert.deepEqual(await ask(path, { method: "POST", of }), { status: 200, body: { revived: id } });
    await of.settle();
    assert.equal((await ask("/operator", { of })).body.dead, 0);
    await of.close();
  });

  it("resumes a trail that was halted, once its branch is what the App wrote", async () => {
    const { repository } = team;
    const first = await team.propose(nextModel(2));
    await approve(team, first);
    await until(() => team.checkOf(first.head.sha).conclusion === "success");
    const good = String(git(repository, "rev-parse", BRANCH)).trim();
    assert.match(good, /^[0-9a-f]{40}$/);
    const who = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"];
    const tree = `${good}^{tree}`;
    const foreign = String(git(repository, ...who, "commit-tree", "-p", good, "-m", "not ours", tree)).trim();
    assert.match(foreign, /^[0-9a-f]{40}$/);
    git(repository, "update-ref", BRANCH, foreign);
    assert.equal(String(git(repository, "rev-parse", BRANCH)).trim(), foreign);
    const pull = await team.propose(nextModel(3));
    await approve(team, pull);
    await until(() => team.checkOf(pull.head.sha).title === "The audit trail is halted");
    const [halted] = (await ask("/operator")).body.halted_trails ?? [];
    assert.deepEqual([halted?.name, halted?.repository], ["acme/credit", repository.id]);
    const [, path = ""] = halted?.resume.split(" ") ?? [];
    const early = await ask(path, { method: "POST" });
    assert.deepEqual([early.status, early.body.code], [409, halted?.code]);

    git(repository, "update-ref", BRANCH, good);
    assert.deepEqual(await ask(path, { method: "POST" }), { status: 200, body: { resumed: repository.id } });
    await team.settle();
    assert.deepEqual((await ask("/operator")).body.halted_trails, []);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    const decisions = (await team.trail()).filter(({ predicate }) => predicate.kind === "decision.made");
    assert.deepEqual(
      decisions.map(({ predicate }) => [predicate.pr?.number, predicate.decision?.verdict]),
      [
        [pull.number - 1, "wait"],
        [pull.number - 1, "pass"],
        [pull.number, "wait"],
        [pull.number, "pass"],
      ],
    );
  });
});
