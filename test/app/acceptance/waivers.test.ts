import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { parseWaiver } from "../../../gate/policy/waivers.ts";
import { digestOf, type Files, weightsOf } from "../../acceptance/governed.ts";
import { tip } from "../../github/git-data.ts";
import type { Pull } from "../../github/nouns.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, issuesOf, requireCheck } from "./scene.ts";

/** Waivers: what they open, for how long, and what they never do. */

const DAY_MS = 86_400_000;
const AUC = 0.7;
const REASON =
  "The vendor's bureau feed is down until the end of the month, and the refresh uses the older feed.";

let team: Team;
/** By how much the App's clock is ahead. */
let ahead = 0;
let versions = 2;

before(async () => {
  team = await startTeam({ clock: HASTY, staleMs: 0, now: () => Date.now() + ahead });
});
after(() => team.close());

function day(days: number): string {
  return `${new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 19)}Z`;
}

interface Terms {
  readonly gate?: string;
  readonly model?: string;
  readonly scope?: string;
  readonly requestedBy?: number;
  readonly approvals?: readonly (readonly [role: string, userId: number])[];
  readonly expires?: string;
  readonly maxUses?: number;
}

/** A waiver of the floor that vera asked for, and that the owner and risk agreed to. */
function waiverFile(id: string, terms: Terms = {}): Files {
  const { vera, olga, rita } = team.people;
  const { gate = "auc-floor", model = "credit-pd", scope = '{ change_class: "B" }' } = terms;
  const { requestedBy = vera.id, expires = day(20), maxUses } = terms;
  const { approvals = [["owner", olga.id] as const, ["risk", rita.id] as const] } = terms;
  const agreed = approvals.map(
    ([role, userId], at) =>
      `  - { role: ${role}, user_id: ${userId}, review_url: "https://github.com/acme/credit/pull/1#pullrequestreview-${at + 1}", head_sha: "${"a".repeat(40)}" }`,
  );
  const text = [
    "weighbridge: 1",
    `id: ${id}`,
    `model: ${model}`,
    `gates: [${gate}]`,
    `scope: ${scope}`,
    `reason: "${REASON}"`,
    "risk_accepted: Slightly more defaults for two weeks.",
    `requested_by: ${requestedBy}`,
    "approvals:",
    ...agreed,
    `created: "${day(-1)}"`,
    `expires: "${expires}"`,
    ...(maxUses === undefined ? [] : [`max_uses: ${maxUses}`]),
  ].join("\n");
  return { [`.weighbridge/waivers/${id}.yml`]: `${text}\n` };
}

/** A branch that pull requests enter, with files of its own. */
function line(name: string, files: Files): string {
  const { repository, stand } = team;
  const parents = [tip(repository, "main")];
  stand.play.push(repository, { branch: name, by: stand.github.owner, parents, files });
  requireCheck(team, name);
  return name;
}

/** A model below the floor, and below what it was. */
async function weak(base: string, more: Files = {}): Promise<Pull> {
  const pull = await team.propose({ ...nextModel(++versions, AUC), ...more }, { base });
  await approve(team, pull);
  return pull;
}

/** The policy without the demand that a metric may not fall: the floor alone is what is waived here. */
const FLOOR_ALONE = { ".weighbridge/policy.yml": POLICY.replace("[core@1, performance@1]", "[core@1]") };

function assertCloses(pull: Pull, reason: RegExp): void {
  assert.equal(team.checkOf(pull.head.sha).conclusion, "failure");
  assert.match(team.commentOn(pull), reason);
}

describe("a waiver of the base", () => {
  const REFUSED: readonly (readonly [string, string, () => Terms, RegExp])[] = [
    ["C44", "that its requester agreed to", () => ({ requestedBy: team.people.rita.id }), /approved it/],
    [
      "C44",
      "that risk has not agreed to",
      () => ({ approvals: [["owner", team.people.olga.id]] }),
      /risk has not/,
    ],
    [
      "C44",
      "that lasts longer than its tier allows",
      () => ({ expires: day(70) }),
      /longer than the 60 days/,
    ],
    ["C45", "of another gate", () => ({ gate: "CORE-07" }), /auc-floor/],
    ["C45", "of another model", () => ({ model: "churn" }), /auc-floor/],
    [
      "C45",
      "of another digest",
      () => ({ scope: `{ digest: "${digestOf(weightsOf(99))}" }` }),
      /it is about/,
    ],
    ["C45", "of a gate that can never be waived", () => ({ gate: "CORE-12" }), /can never be waived/],
  ];
  for (const [number, what, terms, reason] of REFUSED) {
    it(`${number}: a waiver ${what} has no effect`, async () => {
      const files = { ...FLOOR_ALONE, ...waiverFile("WVR-2026-0002", terms()) };
      assertCloses(await weak(line(`refused-${++versions}`, files)), reason);
    });
  }
});

describe("a waiver that is on its way", () => {
  it("C46: has no effect on the pull request that brings it", async () => {
    const pull = await weak(line("c46", FLOOR_ALONE), waiverFile("WVR-2026-0003"));
    await approve(team, pull, team.people.rita);
    assertCloses(pull, /auc-floor/);
  });

  const enters = (base: string, terms: Terms, id = "WVR-2026-0006") =>
    team.propose(waiverFile(id, terms), { base });

  it("C44: names as its approvers nobody who did not approve it", async () => {
    const { rita, olga } = team.people;
    const nobody = 424_242;
    const terms: Terms = {
      approvals: [
        ["owner", nobody],
        ["risk", rita.id],
      ],
    };
    const pull = await enters(line("c44-invented", FLOOR_ALONE), terms);
    await approve(team, pull, rita);
    await approve(team, pull, olga);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    assert.match(team.commentOn(pull), /account 424242 approved it as owner, and they have not/);
  });

  it("C44: names as its approvers nobody who made it, or who holds another role", async () => {
    const { rita, olga, maria } = team.people;
    const policy = FLOOR_ALONE[".weighbridge/policy.yml"].replace("users: [olga]", "users: [olga, maria]");
    const base = line("c44-own", { ".weighbridge/policy.yml": policy });
    const [own, other] = [maria.id, rita.id].map((owner): Terms => {
      return {
        approvals: [
          ["owner", owner],
          ["risk", rita.id],
        ],
      };
    });
    const made = await enters(base, own ?? {});
    const swapped = await enters(base, other ?? {});
    for (const pull of [made, swapped]) for (const by of [rita, olga]) await approve(team, pull, by);
    assertCloses(made, /who asked for it or had a hand in this change/);
    assert.equal(team.checkOf(swapped.head.sha).conclusion, "action_required");
    assert.match(team.commentOn(swapped), /approved it as owner, and they have not/);
  });

  it("C44: that cannot be read does not enter", async () => {
    const { rita, olga } = team.people;
    const file = { ".weighbridge/waivers/WVR-2026-0008.yml": "weighbridge: 1\n" };
    const pull = await team.propose(file, { base: line("c44-unread", FLOOR_ALONE) });
    for (const by of [rita, olga]) await approve(team, pull, by);
    assertCloses(pull, /WVR-2026-0008/);
  });

  it("C44: is approved by risk, and not by who asked for it", async () => {
    const { rita, olga } = team.people;
    const another = team.stand.github.addAccount("rosa");
    team.stand.github.people.grant(team.repository, another, "write");
    const policy = FLOOR_ALONE[".weighbridge/policy.yml"].replace("users: [rita]", "users: [rita, rosa]");
    const base = line("c44-asks", { ".weighbridge/policy.yml": policy });
    const terms: Terms = {
      requestedBy: rita.id,
      approvals: [
        ["owner", olga.id],
        ["risk", another.id],
      ],
    };
    const pull = await team.propose(waiverFile("WVR-2026-0004", terms), { base });
    await approve(team, pull, rita);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    assert.match(team.commentOn(pull), /rita \(approval, ignored\): .*asked for the waiver/);
    await approve(team, pull, another);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    await approve(team, pull, olga);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  });
});

describe("the command", () => {
  async function ask(pull: Pull, words: string) {
    const { play, github } = team.stand;
    const comment = play.comment(pull, { by: team.people.vera, body: `/weighbridge waive ${words}` });
    await team.settle();
    const marker = `<!-- weighbridge:answer:${comment.id} -->`;
    return {
      reactions: github.reactions.filter((each) => each.comment === comment).map(({ content }) => content),
      answer: github.comments.find(({ body }) => body.startsWith(marker))?.body ?? "",
    };
  }

  it("answers with the file to commit, records that it was asked for, and waives nothing", async () => {
    const pull = await weak(line("asks", FLOOR_ALONE));
    const known = (await team.trail()).length;
    const until = day(10).slice(0, 10);
    const { reactions, answer } = await ask(pull, `auc-floor until ${until} because ${REASON}`);
    assert.deepEqual(reactions, ["+1"]);
    assert.match(answer, /A comment waives nothing/);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "failure");
    const path = /\.weighbridge\/waivers\/(WVR-\d{4}-\d{4})\.yml/.exec(answer)?.[0] ?? "";
    const file = filled(answer);
    const waiver = parseWaiver(Buffer.from(file), path);
    assert.deepEqual(
      [waiver.gates, waiver.model, waiver.requestedBy],
      [["auc-floor"], "credit-pd", String(team.people.vera.id)],
    );
    const [entry] = (await team.trail()).slice(known);
    const { kind, actor, reason, waiver: asked } = entry?.predicate ?? {};
    assert.deepEqual([kind, actor, reason?.code], ["waiver.requested", { id: team.people.vera.id }, "waive"]);
    assert.deepEqual([asked?.gates, asked?.expires], [["auc-floor"], `${until}T00:00:00.000Z`]);
    // What it says is what works: merged to the base, the file opens the gate.
    const { play, github } = team.stand;
    play.push(team.repository, { branch: "asks", by: github.owner, files: { [path]: file } });
    await team.settle();
    await approve(team, pull);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
  });

  /** The block of code in the answer, with what people fill in. */
  function filled(answer: string): string {
    const lines = answer.split("\n").flatMap((each) => (each.startsWith("    ") ? [each.slice(4)] : []));
    const { olga, rita } = team.people;
    const url = 'review_url: "https://github.com/acme/credit/pull/1#pullrequestreview-1"';
    return `${lines.join("\n")}\n`
      .replace("role: owner, user_id: 0", `role: owner, user_id: ${olga.id}`)
      .replace("role: risk, user_id: 0", `role: risk, user_id: ${rita.id}`)
      .replaceAll('review_url: ""', url)
      .replaceAll('head_sha: ""', `head_sha: "${"a".repeat(40)}"`);
  }

  it("refuses what is not closed, what can never be waived, and says how long one may last", async () => {
    const pull = await weak(line("refuses", FLOOR_ALONE));
    const until = day(10).slice(0, 10);
    for (const gate of ["CORE-07", "CORE-12", "no-such-gate"]) {
      const { reactions, answer } = await ask(pull, `${gate} until ${until} because ${REASON}`);
      assert.deepEqual([reactions, answer], [["-1"], ""], gate);
    }
    const late = await ask(pull, `auc-floor until ${day(100).slice(0, 10)} because ${REASON}`);
    assert.match(late.answer, /lives 60 days at most/);
    assert.ok(!late.answer.includes("requested_by"));
  });
});

describe("a waiver for one use", () => {
  it("opens its gate until a change that it opened has entered, and the trail has counted it", async () => {
    const base = line("once", { ...FLOOR_ALONE, ...waiverFile("WVR-2026-0005", { maxUses: 1 }) });
    const [first, second] = [await weak(base), await weak(base)];
    for (const pull of [first, second]) {
      assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    }
    const known = (await team.trail()).length;
    team.stand.play.merge(first, { by: team.people.maria });
    await team.settle();
    assertCloses(second, /it was used 1 of 1 times/);
    const entries = (await team.trail()).slice(known).map(({ predicate }) => predicate);
    const used = entries.filter(({ kind }) => kind === "waiver.used");
    assert.deepEqual(
      used.map(({ waiver, pr }) => [waiver?.id, waiver?.event, waiver?.gates, pr?.number]),
      [["WVR-2026-0005", first.number, ["auc-floor"], first.number]],
    );
  });
});

describe("a waiver that ends", () => {
  it("C44: opens its gate while it lasts; then what it held open closes, and its branch is flagged", async () => {
    const { play, github } = team.stand;
    const expires = day(3);
    play.push(team.repository, {
      ...{ branch: "main", by: github.owner },
      files: FLOOR_ALONE,
    });
    await team.settle();
    const brought = await team.propose(waiverFile("WVR-2026-0001", { expires }));
    const agreed = [];
    for (const by of [team.people.olga, team.people.rita]) {
      agreed.push(play.review(brought, { by, state: "APPROVED" }).id);
      await team.settle();
    }
    play.merge(brought, { by: team.people.maria });
    await team.settle();
    const granted = (await team.trail()).flatMap(({ predicate }) =>
      predicate.kind === "waiver.granted" ? [predicate] : [],
    );
    assert.deepEqual(
      granted.map(({ actor, waiver }) => [actor, waiver?.id, waiver?.event]),
      [
        [{ id: team.people.olga.id, role: "owner" }, "WVR-2026-0001", agreed[0]],
        [{ id: team.people.rita.id, role: "risk" }, "WVR-2026-0001", agreed[1]],
      ],
    );
    const pull = await weak("main");
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    assert.match(team.commentOn(pull), /Open by waiver/);
    assert.match(team.commentOn(pull), /waived by `WVR-2026-0001`/);
    const titles = () => issuesOf(team).filter(({ title }) => title.includes("WVR-2026-0001"));
    assert.deepEqual(
      titles().map(({ title }) => title),
      [`Waiver WVR-2026-0001 ends on ${expires.slice(0, 10)}`],
    );
    // Nothing happens but that time goes by.
    ahead = 4 * DAY_MS;
    await team.settle();
    assertCloses(pull, /it expired at/);
    assert.ok(kindsOf(await team.trail()).includes("waiver.expired"));
    assert.equal(titles().at(-1)?.title, "Waiver WVR-2026-0001 has ended");
    assert.equal(titles().length, 2);
    const posture = () =>
      github.checks.runs
        .filter(
          ({ name, suite }) => name === "weighbridge/posture" && suite.head === tip(team.repository, "main"),
        )
        .map(({ conclusion }) => conclusion);
    assert.deepEqual(posture(), ["failure"]);
    const run = play.completeRun(team.repository, {
      ...{ by: team.people.maria, head: tip(team.repository, "main"), branch: "main" },
      ...{ event: "push", path: ".github/workflows/deploy.yml" },
    });
    play.merge(pull, { by: team.people.maria, bypass: true });
    await team.settle();
    play.deploy(team.repository, { by: team.people.maria, sha: pull.head.sha, run });
    await team.settle();
    assert.match(github.gateReviews.at(-1)?.comment ?? "", /has a waiver that has ended, WVR-2026-0001/);
    // Once it is taken away the branch is sound, and that is said once.
    const files = { ".weighbridge/waivers/WVR-2026-0001.yml": null };
    for (const more of [{}, { "README.md": "Words\n" }]) {
      play.push(team.repository, { branch: "main", by: github.owner, files: { ...files, ...more } });
      await team.settle();
      assert.deepEqual(posture(), "README.md" in more ? [] : ["success"]);
    }
  });
});
