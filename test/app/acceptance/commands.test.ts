import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { sendComment } from "../../github/events/comments.ts";
import { sendPull } from "../../github/events/pulls.ts";
import * as faults from "../../github/faults.ts";
import { tip } from "../../github/git-data.ts";
import type { Delivery } from "../../github/hooks.ts";
import type { Account, Comment, Issue, Pull } from "../../github/nouns.ts";
import { toPull } from "../../github/resources.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { HASTY, issuesOf, nextSecond } from "./scene.ts";

/** What people write, and what is and is not done about it. */

let team: Team;
let versions = 2;

before(async () => {
  team = await startTeam({ clock: HASTY, staleMs: 0 });
});
after(() => team.close());

function open(options: { readonly base?: string; readonly auc?: number } = {}): Promise<Pull> {
  const { auc = 0.9, ...where } = options;
  return team.propose(nextModel(++versions, auc), where);
}

async function say(thread: Pull | Issue, body: string, by: Account = team.people.olga): Promise<Comment> {
  const comment = team.stand.play.comment(thread, { by, body });
  await team.settle();
  return comment;
}

/** Ours to a comment. */
function reactionsTo(comment: Comment): readonly string[] {
  return team.stand.github.reactions.filter((each) => each.comment === comment).map(({ content }) => content);
}

function conclusionOf({ head }: Pull): string | null {
  return team.checkOf(head.sha).conclusion;
}

/** Comments of ours on a pull request. */
function ownComments(pull: Pull): readonly Comment[] {
  const { github } = team.stand;
  return github.comments.filter(({ thread, app }) => thread === pull && app?.id === team.registration.id);
}

/** What the trail was told while something happened. */
async function newEntries(act: () => Promise<unknown>) {
  const known = (await team.trail()).length;
  await act();
  return (await team.trail()).slice(known);
}

/** What was told of while something happened, and is not yet delivered. */
function withhold(act: () => void): readonly Delivery[] {
  const { hooks } = team.stand.github;
  const held: Delivery[] = [];
  hooks.take((delivery) => held.push(delivery));
  act();
  hooks.take(undefined);
  return held;
}

async function deliver(deliveries: readonly Delivery[]): Promise<void> {
  for (const delivery of deliveries) await team.stand.github.hooks.post(delivery);
  await team.settle();
}

function verdictsShown(): number {
  return team.log.filter((each) => each.includes('"Verdict shown"')).length;
}

describe("who may say something", () => {
  it("C33: a stranger's command gets one quiet reaction, no comment, and makes nobody work", async () => {
    const pull = await open();
    const [comments, verdicts] = [ownComments(pull).length, verdictsShown()];
    const said = [
      await say(pull, "/weighbridge approve", team.people.sid),
      await say(pull, "/weighbridge help", team.people.sid),
      await say(pull, "/weighbridge break-glass because harm is done", team.people.sid),
    ];
    assert.deepEqual(said.map(reactionsTo), [["-1"], ["-1"], ["-1"]]);
    assert.deepEqual([ownComments(pull).length, verdictsShown()], [comments, verdicts]);
    assert.equal(conclusionOf(pull), "action_required");
  });

  it("C40: what we say ourselves is no command, whatever examples it shows", async () => {
    const pull = await open();
    const asked = await say(pull, "/weighbridge help");
    assert.deepEqual(reactionsTo(asked), ["+1"]);
    const [, answer, ...more] = ownComments(pull);
    assert.match(answer?.body ?? "", /\/weighbridge approve/);
    assert.deepEqual(more, []);
    assert.equal(conclusionOf(pull), "action_required");
    const bot = team.stand.github.addAccount("talker[bot]", { type: "Bot" });
    team.stand.github.people.grant(team.repository, bot, "write");
    assert.deepEqual(reactionsTo(await say(pull, "/weighbridge approve", bot)), []);
    assert.equal(conclusionOf(pull), "action_required");
  });
});

describe("what was written and then was not", () => {
  it("C34: a command that is edited into a comment is none, and the trail tells of it", async () => {
    const pull = await open();
    const mine = await say(pull, "Looks good so far");
    const theirs = await say(pull, "I shall look at it tomorrow");
    const entries = await newEntries(async () => {
      const body = "/weighbridge approve";
      team.stand.play.editComment(mine, { by: team.people.olga, body });
      team.stand.play.editComment(theirs, { by: team.people.maria, body });
      await team.settle();
    });
    assert.deepEqual(
      entries.flatMap(({ predicate: { kind, tamper } }) => (tamper === undefined ? [] : [[kind, tamper.id]])),
      [mine, theirs].map(({ id }) => ["tamper.detected", String(id)]),
    );
    assert.equal(conclusionOf(pull), "action_required");
    assert.deepEqual([mine, theirs].map(reactionsTo), [[], []]);
  });

  it("C35: an approval stays when others remove its comment, and ends when its author does", async () => {
    const pull = await open();
    const first = await say(pull, "/weighbridge approve");
    assert.equal(conclusionOf(pull), "success");
    const removed = await newEntries(async () => {
      team.stand.play.deleteComment(first, { by: team.people.maria });
      await team.settle();
    });
    assert.equal(conclusionOf(pull), "success");
    assert.ok(kindsOf(removed).includes("tamper.detected"));
    // To hide a comment changes nothing of it; of whatever else is told, its words stand.
    const hidden = await say(pull, "/weighbridge approve");
    sendComment(team.stand.github, hidden, {
      action: "edited",
      sender: team.people.maria,
      before: hidden.body,
    });
    await team.settle();
    assert.equal(conclusionOf(pull), "success");
    const second = await say(pull, "/weighbridge approve");
    const taken = await newEntries(async () => {
      team.stand.play.deleteComment(second, { by: team.people.olga });
      await team.settle();
    });
    assert.equal(conclusionOf(pull), "action_required", team.commentOn(pull));
    assert.ok(kindsOf(taken).includes("tamper.detected"));
    assert.ok(kindsOf(taken).includes("approval.withdrawn"));
  });
});

describe("an approval that its author deletes", () => {
  it("C35: does not take back what they refused after it", async () => {
    const { olga, vera } = team.people;
    const pull = await open();
    const first = await say(pull, "/weighbridge approve");
    await say(pull, "/weighbridge reject");
    await say(pull, "/weighbridge approve", vera);
    assert.equal(conclusionOf(pull), "failure", team.commentOn(pull));
    await nextSecond();
    team.stand.play.deleteComment(first, { by: olga });
    await team.settle();
    assert.equal(conclusionOf(pull), "failure", team.commentOn(pull));
  });

  it("C35: does not take back the approval that they gave after it", async () => {
    const pull = await open();
    const first = await say(pull, "/weighbridge approve");
    await say(pull, "/weighbridge approve");
    team.stand.play.deleteComment(first, { by: team.people.olga });
    await team.settle();
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });
});

describe("a word whose comment is gone before anybody has answered", () => {
  it("C33: a stranger who deletes their command keeps nobody else's word from being heard", async () => {
    const { github, play } = team.stand;
    const { olga, sid } = team.people;
    const pull = await open();
    await say(pull, "/weighbridge approve");
    assert.equal(conclusionOf(pull), "success");
    const failures = team.log.filter((line) => line.includes("Work failed")).length;
    const comment = github.addComment(pull, sid, "/weighbridge help");
    sendComment(github, comment, { action: "created", sender: sid });
    play.deleteComment(comment, { by: sid });
    play.review(pull, { by: olga, state: "CHANGES_REQUESTED" });
    await team.settle();
    assert.equal(conclusionOf(pull), "failure", team.commentOn(pull));
    assert.equal(team.log.filter((line) => line.includes("Work failed")).length, failures);
  });

  it("C33: nor does one that GitHub refuses to look into", async () => {
    const { play } = team.stand;
    const { olga, vera } = team.people;
    const pull = await open();
    await say(pull, "/weighbridge approve");
    team.stand.fail({
      match: "repos/get-collaborator-permission-level",
      times: 1,
      effect: faults.answer(403, { message: "No" }),
    });
    play.comment(pull, { by: vera, body: "/weighbridge recheck" });
    play.review(pull, { by: olga, state: "CHANGES_REQUESTED" });
    await team.settle();
    assert.equal(conclusionOf(pull), "failure", team.commentOn(pull));
    assert.ok(team.log.some((line) => line.includes("A delivery came to nothing")));
  });

  it("C35: an approval that is told of after its author deleted it does not count", async () => {
    const pull = await open();
    let comment: Comment | undefined;
    const created = withhold(() => {
      comment = team.stand.play.comment(pull, { by: team.people.olga, body: "/weighbridge approve" });
    });
    team.stand.play.deleteComment(comment!, { by: team.people.olga });
    await team.settle();
    await deliver(created);
    assert.equal(conclusionOf(pull), "action_required", team.commentOn(pull));
  });

  it("C35: of what somebody else deleted first a refusal holds, and an approval does not", async () => {
    const { maria, olga } = team.people;
    for (const [word, conclusion] of [
      ["approve", "action_required"],
      ["reject", "failure"],
    ] as const) {
      const pull = await open();
      let comment: Comment | undefined;
      const created = withhold(() => {
        comment = team.stand.play.comment(pull, { by: olga, body: `/weighbridge ${word}` });
      });
      team.stand.play.deleteComment(comment!, { by: maria });
      await team.settle();
      await deliver(created);
      assert.equal(conclusionOf(pull), conclusion, word);
    }
  });
});

describe("a withdrawal", () => {
  it("that is told of late takes back what was said before it, and nothing after it", async () => {
    const pull = await open();
    const first = await say(pull, "/weighbridge approve");
    const withdrawn = withhold(() => {
      team.stand.play.comment(pull, { by: team.people.olga, body: "/weighbridge withdraw" });
    });
    await say(pull, "/weighbridge approve");
    const entries = await newEntries(() => deliver(withdrawn));
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
    assert.deepEqual(
      entries.flatMap(({ predicate: { kind, approval } }) =>
        kind === "approval.withdrawn" ? [approval?.comment] : [],
      ),
      [first.id],
    );
  });
});

describe("a verdict that returns", () => {
  it("is a decision of its own in the trail, which ends with what the check says", async () => {
    const pull = await open();
    const { olga } = team.people;
    const verdicts = async () =>
      (await team.trail()).flatMap(({ predicate: { kind, pr, decision } }) =>
        kind === "decision.made" && pr?.number === pull.number
          ? [[decision?.verdict, decision?.approvals?.map(({ id }) => id)]]
          : [],
      );
    await say(pull, "/weighbridge approve");
    await say(pull, "/weighbridge withdraw");
    // What is judged again as it is is no other decision.
    await say(pull, "/weighbridge recheck");
    const word = ["pass", [olga.id]];
    const silence = ["wait", undefined];
    assert.deepEqual(await verdicts(), [silence, word, silence]);
    await say(pull, "/weighbridge approve");
    assert.deepEqual(await verdicts(), [silence, word, silence, word]);
    assert.equal(conclusionOf(pull), "success");
  });
});

describe("how a command is written", () => {
  it("C36: a command in anything but its own plain line is not a command", async () => {
    const pull = await open();
    const bodies = [
      "> /weighbridge approve",
      "```\n/weighbridge approve\n```",
      "<!--\n/weighbridge approve\n-->",
      "    /weighbridge approve",
      "Please /weighbridge approve",
      "/weighbridge\u200b approve",
      "/weighbr\u0456dge approve",
      "\u200b/weighbridge approve",
      "/weighbridge approve please do",
      "/Weighbridge approve",
      "<details>\n/weighbridge approve",
    ];
    const said = bodies.map((body) => team.stand.play.comment(pull, { by: team.people.olga, body }));
    await team.settle();
    assert.deepEqual(
      said.flatMap((comment) => (reactionsTo(comment).includes("+1") ? [comment.body] : [])),
      [],
    );
    assert.equal(conclusionOf(pull), "action_required", team.commentOn(pull));
    const plain = await say(pull, "All right\r\n\r\n/weighbridge approve\r\n");
    assert.deepEqual(reactionsTo(plain), ["+1"]);
    assert.equal(conclusionOf(pull), "success", team.commentOn(pull));
  });

  it("C37: commands that contradict one another are all refused", async () => {
    const pull = await open();
    const said = await say(pull, "/weighbridge approve\n/weighbridge reject\n");
    assert.deepEqual(reactionsTo(said), ["confused"]);
    assert.equal(conclusionOf(pull), "action_required");
    await say(pull, "/weighbridge approve\n/weighbridge recheck\n");
    assert.equal(conclusionOf(pull), "success");
    await say(pull, "/weighbridge reject because the holdout leaks");
    assert.equal(conclusionOf(pull), "failure");
    await say(pull, "/weighbridge withdraw");
    assert.equal(conclusionOf(pull), "action_required", team.commentOn(pull));
  });

  it("C39: an approval that names another model, version or content is refused, and one that names this counts", async () => {
    const pull = await open();
    const { store } = team.running.services;
    const [decision] = await store.archive.decisions({
      ...{ repositoryId: team.repository.id, number: pull.number, countMax: 1 },
    });
    const digest = decision?.subject.slice(0, "sha256:".length + 12) ?? "";
    const other = `sha256:${"0".repeat(12)}`;
    for (const words of ["approve churn", `approve ${other}`, `approve credit-pd ${other}`]) {
      assert.deepEqual(reactionsTo(await say(pull, `/weighbridge ${words}`)), ["-1"], words);
      assert.equal(conclusionOf(pull), "action_required", words);
    }
    for (const words of [
      "approve 2.0.0",
      "approve credit-pd 2",
      "approve credit-pd v2",
      "approve credit-pd@2",
    ]) {
      const [reaction = ""] = reactionsTo(await say(pull, `/weighbridge ${words}`));
      assert.match(reaction, /^(?:-1|confused)$/, words);
      assert.equal(conclusionOf(pull), "action_required", words);
    }
    assert.deepEqual(reactionsTo(await say(pull, `/weighbridge approve credit-pd ${digest}`)), ["+1"]);
    assert.equal(conclusionOf(pull), "success");
  });
});

describe("an approval that cannot count", () => {
  it("is answered as one that nobody understands, by who made the change or holds no role that is asked for", async () => {
    const { maria, olga, rita } = team.people;
    const pull = await open();
    const said = [
      await say(pull, "/weighbridge approve", maria),
      await say(pull, "/weighbridge approve credit-pd", rita),
      await say(pull, "/weighbridge approve\n/weighbridge recheck", rita),
    ];
    assert.deepEqual(said.map(reactionsTo), [["confused"], ["confused"], ["confused"]]);
    assert.equal(conclusionOf(pull), "action_required");
    assert.deepEqual(reactionsTo(await say(pull, "/weighbridge approve", olga)), ["+1"]);
    assert.equal(conclusionOf(pull), "success");
  });

  it("is thanked for where it may: one person is enough, or the role is a team's", async (context) => {
    const owners = await startTeam({
      clock: HASTY,
      policy: POLICY.replace("{ users: [olga] }", "{ teams: [acme/owners], users: [OLGA] }"),
    });
    context.after(() => owners.close());
    const { stand, people } = owners;
    stand.github.people.addTeam(stand.github.owner, "Owners", { members: [people.rita] });
    const react = async (pull: Pull, by: Account) => {
      const comment = stand.play.comment(pull, { by, body: "/weighbridge approve" });
      await owners.settle();
      return stand.github.reactions.find((each) => each.comment === comment)?.content;
    };
    const own = await owners.propose(nextModel(2));
    assert.deepEqual(
      [await react(own, people.rita), await react(own, people.olga), await react(own, people.maria)],
      ["+1", "+1", "confused"],
    );
    const words = await owners.propose({ "models/credit-pd/README.md": "Of documentation alone\n" });
    assert.equal(owners.checkOf(words.head.sha).conclusion, "action_required");
    assert.equal(await react(words, people.vera), "+1");
    assert.equal(owners.checkOf(words.head.sha).conclusion, "success", owners.commentOn(words));
  });
});

describe("where a command is written", () => {
  it("C38: on an issue it is nothing", async () => {
    const { github } = team.stand;
    const issue = github.addIssue(team.repository, team.people.maria, { title: "A question" });
    assert.deepEqual(reactionsTo(await say(issue, "/weighbridge approve")), []);
  });

  it("C38: on a draft nothing is approved, and when it is ready it has to be said again", async () => {
    const pull = await open();
    team.stand.play.convertToDraft(pull, { by: team.people.maria });
    assert.deepEqual(reactionsTo(await say(pull, "/weighbridge approve")), ["-1"]);
    team.stand.play.markReady(pull, { by: team.people.maria });
    await team.settle();
    assert.equal(conclusionOf(pull), "action_required");
  });

  it("C38: on one that is locked, closed or merged it is refused", async () => {
    const { play } = team.stand;
    const by = team.people.maria;
    const [locked, closed] = [await open(), await open()];
    locked.locked = true;
    play.closePull(closed, { by });
    for (const pull of [locked, closed]) {
      assert.deepEqual(reactionsTo(await say(pull, "/weighbridge approve")), ["-1"]);
    }
    play.reopenPull(closed, { by });
    await team.settle();
    assert.equal(conclusionOf(closed), "action_required");
    play.merge(closed, { by });
    const entries = await newEntries(() => say(closed, "/weighbridge approve"));
    assert.ok(!kindsOf(entries).includes("approval.granted"));
  });

  it("C38: in the text of a review it is nothing", async () => {
    const pull = await open();
    const body = "/weighbridge approve";
    team.stand.play.review(pull, { by: team.people.olga, state: "COMMENTED", body });
    await team.settle();
    assert.equal(conclusionOf(pull), "action_required");
  });

  it("C41: a label, a title or a description authorises nothing", async () => {
    const [pull, weak] = [await open(), await open({ auc: 0.5 })];
    assert.equal(conclusionOf(weak), "failure");
    const { github, play } = team.stand;
    const labels = ["approved", "waiver", "waiver:auc-floor", "WVR-2026-0001", "skip-weighbridge"].map(
      (name, at) => ({
        ...{ id: at + 1, node_id: `LA_${at}`, name, color: "00ff00", default: false, description: null },
        url: `${github.origin}/repos/acme/credit/labels/${name}`,
      }),
    );
    const before = verdictsShown();
    for (const each of [pull, weak]) {
      const pull_request = { ...toPull(github, each), labels };
      for (const label of labels) {
        const more = { pull_request, label };
        sendPull(github, each, { action: "labeled", sender: team.people.olga, more });
      }
      sendPull(github, each, {
        action: "edited",
        sender: team.people.olga,
        more: { pull_request, changes: {} },
      });
    }
    await team.settle();
    assert.ok(verdictsShown() > before, "they were judged with their labels");
    assert.deepEqual([pull, weak].map(conclusionOf), ["action_required", "failure"]);
    assert.match(team.commentOn(weak), /auc-floor/);
    const body = "/weighbridge approve\n\nWaiver-Id: WVR-2026-0001";
    play.editPull(pull, { by: team.people.maria, title: "/weighbridge approve", body });
    await team.settle();
    assert.equal(conclusionOf(pull), "action_required");
  });
});

describe("breaking the glass", () => {
  const HARM = "/weighbridge break-glass because harm: the model in production declines everybody";

  /** A branch that only our check opens. */
  function guarded(name: string): string {
    const { repository, registration, stand } = team;
    const { github, play } = stand;
    play.push(repository, { branch: name, by: github.owner, sha: tip(repository, "main") });
    const checks = [{ context: "weighbridge", appId: registration.id }];
    github.rules.protections.push({ repository, branch: name, strict: false, checks });
    return name;
  }

  it("takes two people, is shown as what it is, and stands in the trail and in an issue", async () => {
    const { play } = team.stand;
    const { maria, olga, rita, vera } = team.people;
    const pull = await open({ base: guarded("glass"), auc: 0.5 });
    assert.equal(conclusionOf(pull), "failure");
    assert.deepEqual(reactionsTo(await say(pull, HARM, vera)), ["+1"]);
    assert.match(team.commentOn(pull), /BREAK-GLASS refused\*\*: .*neither owner nor on call/);
    assert.deepEqual(reactionsTo(await say(pull, HARM, olga)), ["+1"]);
    assert.equal(conclusionOf(pull), "failure");
    assert.match(team.commentOn(pull), /BREAK-GLASS asked for\*\* by olga \(owner\)/);
    assert.throws(() => play.merge(pull, { by: maria }), /weighbridge is expected/);

    const entries = await newEntries(() => say(pull, HARM, rita));
    const check = team.checkOf(pull.head.sha);
    assert.equal(check.conclusion, "neutral");
    assert.match(check.title, /^BREAK-GLASS: /);
    assert.match(check.text, /auc-floor/);
    assert.match(
      team.commentOn(pull),
      /\*\*BREAK-GLASS\*\* for live harm, by olga \(owner\) and rita \(risk\)/,
    );
    const used = entries.filter(({ predicate }) => predicate.kind === "breakglass.used");
    assert.deepEqual(
      used.map(({ predicate: { actor, reason, breakglass } }) => [
        actor,
        reason?.code,
        breakglass?.gates?.includes("auc-floor"),
      ]),
      [
        [{ id: olga.id, role: "owner" }, "harm", true],
        [{ id: rita.id, role: "risk" }, "harm", true],
      ],
    );
    assert.deepEqual(used[1]?.predicate.refs, [used[0]?.predicate.id]);
    assert.ok(kindsOf(entries).includes("incident.opened"));
    assert.equal(issuesOf(team).filter(({ title }) => title.startsWith("BREAK-GLASS")).length, 1);

    const group = play.enqueue([pull], { by: maria });
    await team.settle();
    assert.equal(team.checkOf(group.head.sha).conclusion, "neutral", team.checkOf(group.head.sha).text);
    play.destroyGroup(group, { reason: "dequeued" });

    const merged = await newEntries(async () => {
      play.merge(pull, { by: maria });
      await team.settle();
    });
    assert.deepEqual(kindsOf(merged), ["merge.observed"]);
  });

  it("ends with the first byte that changes, and opens no gate that can never be skipped", async () => {
    const { play } = team.stand;
    const { maria, olga, rita } = team.people;
    const pull = await open({ base: guarded("glass-again"), auc: 0.5 });
    await say(pull, HARM, olga);
    await say(pull, HARM, rita);
    assert.equal(conclusionOf(pull), "neutral");
    const files = { ...nextModel(++versions, 0.5), "models/credit-pd/model.safetensors": "other bytes" };
    play.push(team.repository, { branch: pull.head.ref, by: maria, files });
    await team.settle();
    assert.equal(conclusionOf(pull), "failure");
    await nextSecond();
    await say(pull, HARM, olga);
    await say(pull, HARM, rita);
    assert.equal(conclusionOf(pull), "failure");
    assert.match(team.commentOn(pull), /CORE-05 can never be skipped/);
  });

  it("lets no weaker policy in", async () => {
    const { olga, rita, maria } = team.people;
    const files = { ...nextModel(++versions), ".weighbridge/policy.yml": POLICY.replace("0.8", "0.1") };
    const pull = await team.propose(files, { by: maria });
    await say(pull, HARM, olga);
    await say(pull, HARM, rita);
    assert.notEqual(conclusionOf(pull), "neutral");
    assert.match(team.commentOn(pull), /CORE-17 can never be skipped/);
  });
});
