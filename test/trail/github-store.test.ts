import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { openGitHubStore } from "../../gate/trail/github-store.ts";
import type { AppendAnswer, TrailCommit, TrailStore } from "../../gate/trail/store.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { problem } from "../github/exchange.ts";
import * as faults from "../github/faults.ts";
import { clientOf } from "./github-client.ts";
import { type GitHubSite, openOnline, openSite, startedOnline } from "./github-rig.ts";
import { TRAIL, WRITER } from "./place.ts";
import { decision, decisions, type Rig, START } from "./rig.ts";
import { BRANCH } from "./tamper.ts";

const bytes = (text: string) => Buffer.from(text);
const commitOn = (parent: string | undefined, files: Readonly<Record<string, Uint8Array>>): TrailCommit => ({
  parent,
  message: "trail: 1..1 [skip ci]\n\nBatch-Id: one\nTree-Size: 2\n",
  time: 0,
  writes: new Map(Object.entries(files)),
  deletes: [],
});
const reply = (status: number, message: string): faults.Effect => ({
  kind: "reply",
  reply: problem(status, message),
});
const graphqlError = (error: Readonly<Record<string, string>>) =>
  faults.answer(200, { data: { createCommitOnBranch: null }, errors: [error] });
/** What an answer comes down to: its kind, the seconds to wait, and the commit. */
const brief = (answer: AppendAnswer) => (answer.kind === "wait" ? `wait ${answer.seconds}` : answer.kind);

describe("a store on GitHub", () => {
  let site: GitHubSite;
  let rig: Rig;
  let online: TrailStore;
  before(async () => {
    site = await openSite();
    rig = await startedOnline(site);
    await rig.append([decision(1)], decisions(300, 2), [decision(302)], decisions(210, 303));
    online = site.open();
  });
  after(async () => {
    await rig.close();
    await site.close();
  });

  test("holds a trail that verifies, by the App's bot, beside a main branch that nobody touched", async () => {
    const { report } = await verifyTrail({ store: rig.store, level: 1 });
    assert.deepEqual(report.findings, []);
    assert.equal(report.size, 513);
    const authors = new Set(rig.repository.git("log", "--format=%an %ae %cn %ce", BRANCH).split("\n"));
    const bot = `${site.app.bot.id}+weighbridge[bot]@users.noreply.github.com`;
    assert.deepEqual([...authors], [`weighbridge[bot] ${bot} GitHub noreply@github.com`]);
    assert.equal(rig.repository.git("rev-list", "--count", "main"), "1");
    assert.equal(rig.repository.git("rev-list", "--max-parents=0", BRANCH).split("\n").length, 1);
  });

  test("begins without parents over REST, and goes on with one mutation for each commit", () => {
    const writes = site.stand.requests.filter(({ method }) => method !== "GET");
    assert.deepEqual(
      writes.map(({ operation }) => operation),
      [
        ...["git/create-blob", "git/create-blob", "git/create-blob", "git/create-tree", "git/create-commit"],
        ...["git/create-ref", "graphql", "graphql", "graphql", "graphql"],
      ],
    );
  });

  test("asks little for a flush: what it read or wrote before it does not read again", async () => {
    const before = site.stand.requests.length;
    await rig.append([decision(900)]);
    const asked = site.stand.requests.slice(before).map(({ operation }) => operation);
    assert.deepEqual(asked, ["git/get-ref", "graphql"]);
  });

  test("reads what the repository itself holds", async () => {
    const commits = rig.repository.git("rev-list", BRANCH).split("\n");
    const [tip = "", older = ""] = [commits[0], commits.at(-2)];
    const files = ["checkpoint", "trail.json", "tile/0/000", "tile/entries/001", "nowhere", "tile/none/x"];
    assert.equal(await online.head(), await rig.store.head());
    assert.deepEqual(await online.read(tip, files), await rig.store.read(tip, files));
    for (const folder of ["tail", "tile", "nowhere"]) {
      assert.deepEqual(await online.list(tip, folder), await rig.store.list(tip, folder), folder);
    }
    for (const count of [0, 1, 3, 100]) {
      const [one, other] = [await online.log(tip, count), await rig.store.log(tip, count)];
      assert.deepEqual(
        one.map(({ id, parents, message }) => ({ id, parents, message })),
        other.map((commit) => ({ ...commit, message: commit.message.trimEnd() })),
      );
    }
    for (const [from, to] of [
      [older, tip],
      [tip, older],
      [tip, tip],
      ["ff".repeat(20), tip],
    ] as const) {
      assert.equal(await online.countAbove(from, to), await rig.store.countAbove(from, to));
    }
    const differences = [...(await online.diff(older, tip))].sort();
    assert.deepEqual(differences, await rig.store.diff(older, tip));
    assert.deepEqual(await online.diff(tip, tip), []);
  });

  test("says that a folder is no file, as a repository does", async () => {
    const tip = (await rig.store.head())!;
    await assert.rejects(online.read(tip, ["tile"]), { code: "TRAIL_FILE_INVALID" });
    await assert.rejects(rig.store.read(tip, ["tile"]), { code: "TRAIL_FILE_INVALID" });
  });

  const damaged: readonly [what: string, fault: faults.Fault][] = [
    [
      "a blob of other bytes",
      {
        match: "git/get-blob",
        effect: faults.answer(200, { encoding: "base64", content: "aGk=", size: 2 }),
      },
    ],
    [
      "a blob in another encoding",
      { match: "git/get-blob", effect: faults.answer(200, { encoding: "none", content: "" }) },
    ],
    [
      "a tree that was cut off",
      { match: "git/get-tree", effect: faults.answer(200, { truncated: true, tree: [] }) },
    ],
    [
      "a tree of other lines",
      { match: "git/get-tree", effect: faults.answer(200, { truncated: false, tree: [] }) },
    ],
    [
      "a tree with a line of no known mode",
      {
        match: "git/get-tree",
        effect: faults.answer(200, { truncated: false, tree: [{ mode: "100000", path: "a", type: "blob" }] }),
      },
    ],
    ["another commit", { match: "git/get-commit", effect: faults.answer(200, { sha: "00".repeat(20) }) }],
    ["an answer cut in the middle", { match: "git/get-commit", effect: faults.cutJson() }],
    ["a proxy's page", { match: "git/get-blob", effect: faults.html() }],
    [
      "an object that a replica has not got yet",
      { match: "git/get-commit", effect: reply(404, "Not Found") },
    ],
    ["no answer", { match: "git/get-tree", effect: faults.RESET }],
  ];
  for (const [what, fault] of damaged) {
    test(`does not believe ${what}, and reads well the next time`, async () => {
      const fresh = site.open();
      const tip = (await fresh.head())!;
      site.stand.fail(fault);
      await assert.rejects(fresh.read(tip, ["checkpoint"]), { code: "TRAIL_STORE_UNAVAILABLE" });
      assert.deepEqual(await fresh.read(tip, ["checkpoint"]), await rig.store.read(tip, ["checkpoint"]));
    });
  }

  test("asks for no blob beyond its limit", async () => {
    const fresh = site.open();
    const tip = (await fresh.head())!;
    const line = { mode: "100644", type: "blob", path: "big", sha: "11".repeat(20), size: 2 ** 30 };
    const id = rig.repository.git(
      "-c",
      `alias.m=!printf '100644 blob ${line.sha}\\tbig\\n' | git mktree --missing`,
      "m",
    );
    const root = rig.repository.git("rev-parse", `${tip}^{tree}`);
    site.stand.fail({
      match: "git/get-commit",
      effect: faults.answer(200, { sha: tip, message: "", parents: [], tree: { sha: id } }),
    });
    site.stand.fail({
      match: "git/get-tree",
      effect: faults.answer(200, { truncated: false, tree: [line] }),
    });
    assert.notEqual(id, root);
    await assert.rejects(fresh.read(tip, ["big"]), { code: "FILE_TOO_LARGE" });
  });

  test("waits as long as a limit says when it reads, by the server's clock", async () => {
    const fresh = site.open();
    const cases: readonly [faults.Effect, number][] = [
      [faults.secondaryLimit(17), 17],
      [faults.secondaryLimit(undefined, 429), 60],
      [faults.primaryLimit(site.clock.time / 1_000 + 900), 900],
      [faults.serverError(503), 30],
      [reply(401, "Bad credentials"), 60],
    ];
    for (const [effect, seconds] of cases) {
      site.stand.fail({ match: "git/get-ref", effect });
      await assert.rejects(fresh.head(), { code: "TRAIL_STORE_UNAVAILABLE", seconds });
    }
  });

  test("tells a branch that is gone from a repository that is hidden or closed to us", async () => {
    assert.equal(await site.open({ branch: "no-such-trail" }).head(), undefined);
    // One whose name begins alike is another.
    assert.equal(await site.open({ branch: "weighbridge" }).head(), undefined);
    const hidden = { code: "TRAIL_STORE_UNAVAILABLE", fix: "Restore the App's access to the repository" };
    site.installation.repositories = [];
    await assert.rejects(online.head(), hidden);
    site.installation.repositories = "all";
    site.installation.suspendedAt = site.clock.now();
    await assert.rejects(online.head(), hidden);
    delete site.installation.suspendedAt;
  });

  test("takes no name that is none", () => {
    for (const wrong of [
      { owner: "" },
      { owner: "a/b" },
      { repo: ".." },
      { repo: "a b" },
      { branch: "../main" },
      { branch: "" },
    ]) {
      assert.throws(() => openGitHubStore(site.api, { ...TRAIL, ...wrong }), {
        code: "branch" in wrong ? "TRAIL_BRANCH_INVALID" : "TRAIL_REPOSITORY_INVALID",
      });
    }
  });
});

describe("an append to GitHub", () => {
  let site: GitHubSite;
  let first: string;
  before(async () => {
    site = await openSite();
    const begun = await site.open().append(commitOn(undefined, { checkpoint: bytes("one") }));
    assert.equal(begun.kind, "landed");
    first = site.tip();
  });
  afterEach(() => {
    site.setTip(first);
  });
  after(() => site.close());

  const commit = () => commitOn(first, { checkpoint: bytes("two"), "tail/00000000/0/01": bytes("\0\x01a") });

  const answers: readonly [answer: string, effect: faults.Effect, expected: string][] = [
    ["500", faults.serverError(500), "unknown"],
    ["502", faults.serverError(502), "unknown"],
    ["504", faults.serverError(504), "unknown"],
    ["a proxy's page", faults.html(503), "unknown"],
    ["a cut connection", faults.RESET, "unknown"],
    ["half an answer", faults.cutJson(), "unknown"],
    [
      "that something went wrong",
      graphqlError({ message: "Something went wrong while executing your query. This may be a timeout" }),
      "unknown",
    ],
    ["an internal error", graphqlError({ type: "INTERNAL", message: "oh" }), "unknown"],
    ["404", reply(404, "Not Found"), "unknown"],
    [
      "a repository that is hidden",
      graphqlError({ type: "NOT_FOUND", message: "Could not resolve" }),
      "unknown",
    ],
    ["no commit and no error", faults.answer(200, { data: { createCommitOnBranch: null } }), "unknown"],
    ["another shape", faults.answer(200, []), "unknown"],
    [
      "a commit that is none",
      faults.answer(200, { data: { createCommitOnBranch: { commit: { oid: "x" } } } }),
      "unknown",
    ],
    ["another head", graphqlError({ type: "STALE_DATA", message: "Expected branch to point to …" }), "moved"],
    ["a secondary limit", faults.secondaryLimit(17), "wait 17"],
    ["a secondary limit without a time", faults.secondaryLimit(), "wait 60"],
    ["a secondary limit as 429", faults.secondaryLimit(undefined, 429), "wait 60"],
    ["the limit of the hour", faults.primaryLimit(START / 1_000 + 900), "wait 900"],
    ["a limit that is to last for years", faults.secondaryLimit(10 ** 9), "wait 3600"],
    ["a limit of GraphQL's own", graphqlError({ type: "RATE_LIMITED", message: "limit" }), "wait 60"],
    ["an expired token", reply(401, "Bad credentials"), "wait 60"],
    ["no permission", faults.readOnly(), "refused"],
    ["a suspended installation", reply(403, "This installation has been suspended"), "refused"],
    ["413", reply(413, "Payload too large"), "refused"],
    ["no permission in GraphQL", graphqlError({ type: "FORBIDDEN", message: "no" }), "refused"],
    [
      "classic protection",
      graphqlError({ type: "BRANCH_PROTECTION_RULE_VIOLATION", message: "Changes must be made …" }),
      "refused",
    ],
    [
      "a rule without a type",
      graphqlError({ message: "Repository rule violations found\n\nCannot update this protected ref." }),
      "refused",
    ],
  ];
  for (const [answer, effect, expected] of answers) {
    test(`that is answered by ${answer} is ${expected}, and was asked once`, async () => {
      const before = site.stand.count("graphql");
      site.stand.fail({ match: "graphql", effect });
      assert.equal(brief(await site.open().append(commit())), expected);
      assert.equal(site.stand.count("graphql"), before + 1);
      assert.equal(site.tip(), first);
    });
  }

  test("quotes what GitHub says, escaped and short", async () => {
    const message = `\u001b[31m::error::${"x".repeat(1_000)}`;
    site.stand.fail({ match: "graphql", effect: reply(403, message) });
    const answer = await site.open().append(commit());
    const quoted = `"\\u001b[31m::error::${"x".repeat(300 - 14)}"`;
    assert.equal(
      answer.kind === "refused" && answer.cause instanceof Error && answer.cause.message,
      `Cannot append to weighbridge-trail on GitHub: GitHub answers 403, ${quoted}`,
    );
  });

  test("lands once its parent is the branch's end, and else is moved", async () => {
    const store = site.open();
    const landed = await store.append(commit());
    assert.equal(landed.kind === "landed" && landed.commit, site.tip());
    assert.equal((await store.append(commit())).kind, "moved");
    assert.equal(site.source.git("rev-list", "--count", BRANCH), "2");
    const message = site.source.git("log", "-1", "--format=%B", BRANCH);
    assert.equal(message.trimEnd(), commit().message.trimEnd());
  });

  test("deletes what is there, and is refused for what is not", async () => {
    const store = site.open();
    assert.equal((await store.append(commit())).kind, "landed");
    const second = site.tip();
    const third = {
      ...commitOn(second, { checkpoint: bytes("three") }),
      deletes: ["tail/00000000/0/01"],
    };
    assert.equal((await store.append({ ...third, deletes: ["nowhere"] })).kind, "refused");
    assert.equal((await store.append(third)).kind, "landed");
    assert.equal(site.source.git("ls-tree", "-r", "--name-only", BRANCH), "checkpoint");
  });

  test("begins no branch that is there", async () => {
    assert.equal((await site.open().append(commitOn(undefined, { a: bytes("a") }))).kind, "moved");
  });

  describe("over REST", () => {
    let rest: TrailStore;
    beforeEach(() => {
      rest = site.open({ commits: "rest" });
    });
    const bodiesOf = (operation: string) =>
      site.stand.requests.filter((request) => request.operation === operation).map(({ body }) => body);

    test("lands with the same files, names no author, and forces nothing", async () => {
      const graphql = site.stand.count("graphql");
      const answer = await rest.append(commit());
      assert.equal(answer.kind === "landed" && answer.commit, site.tip());
      assert.equal(site.stand.count("graphql"), graphql);
      assert.equal(site.source.git("show", `${BRANCH}:checkpoint`), "two");
      const made = bodiesOf("git/create-commit").at(-1) as Record<string, unknown>;
      assert.deepEqual(Object.keys(made).sort(), ["message", "parents", "tree"]);
      assert.deepEqual(bodiesOf("git/update-ref").at(-1), {
        sha: site.tip(),
        force: false,
      });
    });

    test("deletes files", async () => {
      await rest.append(commit());
      const second = site.tip();
      const third = { ...commitOn(second, { checkpoint: bytes("three") }), deletes: ["tail/00000000/0/01"] };
      assert.equal((await rest.append(third)).kind, "landed");
      assert.equal(site.source.git("ls-tree", "-r", "--name-only", BRANCH), "checkpoint");
    });

    test("is moved where the branch ends otherwise, also where it was set back", async () => {
      await rest.append(commit());
      const second = site.tip();
      assert.equal((await rest.append(commit())).kind, "moved");
      site.setTip(first);
      assert.equal((await rest.append(commitOn(second, { checkpoint: bytes("x") }))).kind, "moved");
      assert.equal(site.tip(), first);
    });

    const steps: readonly [step: string, fault: faults.Fault, expected: string][] = [
      ["a read that fails", { match: "git/get-ref", effect: faults.serverError() }, "wait 30"],
      ["a file that gets no answer", { match: "git/create-blob", effect: faults.RESET }, "wait 30"],
      [
        "a file that arrives otherwise",
        { match: "git/create-blob", effect: faults.answer(201, { sha: "00".repeat(20) }) },
        "wait 30",
      ],
      [
        "a tree that takes too long",
        { match: "git/create-tree", effect: faults.serverError(502) },
        "wait 30",
      ],
      [
        "a tree that is not taken",
        { match: "git/create-tree", effect: reply(422, "Invalid tree info") },
        "refused",
      ],
      ["a commit at a limit", { match: "git/create-commit", effect: faults.secondaryLimit(20) }, "wait 20"],
      ["a move without an answer", { match: "git/update-ref", effect: faults.RESET }, "unknown"],
      ["a move with 502", { match: "git/update-ref", effect: faults.serverError() }, "unknown"],
      [
        "a move that comes second",
        { match: "git/update-ref", effect: reply(422, "Update is not a fast forward") },
        "moved",
      ],
      ["a move in conflict", { match: "git/update-ref", effect: reply(409, "Conflict") }, "moved"],
      [
        "a move against a rule",
        { match: "git/update-ref", effect: reply(422, "Repository rule violations found") },
        "refused",
      ],
    ];
    for (const [step, fault, expected] of steps) {
      test(`with ${step} is ${expected}, and asks each thing once`, async () => {
        const before = site.stand.count(fault.match);
        site.stand.fail(fault);
        assert.equal(
          brief(await rest.append({ ...commit(), writes: new Map([["a", bytes("a")]]) })),
          expected,
        );
        assert.equal(site.stand.count(fault.match), before + 1);
        assert.equal(site.tip(), first);
      });
    }

    test("is the way for what is too large for one mutation", async () => {
      const store = site.open();
      const graphql = site.stand.count("graphql");
      const file = (fill: number) => Buffer.alloc(13 * 1024 * 1024, fill);
      const large = commitOn(first, { a: file(1), b: file(2) });
      assert.equal((await store.append(large)).kind, "landed");
      assert.equal(site.stand.count("graphql"), graphql);
      assert.equal(site.source.git("cat-file", "-s", `${BRANCH}:b`), String(13 * 1024 * 1024));
    });
  });
});

test("a repository in which nothing was ever committed refuses a trail, and says what it lacks", async () => {
  const site = await openSite({ isEmpty: true });
  const store = site.open();
  assert.equal(await store.head(), undefined);
  const answer = await store.append(commitOn(undefined, { checkpoint: bytes("one") }));
  assert.match(String(answer.kind === "refused" && answer.cause), /Git Repository is empty/);
  await site.close();
});

describe("under the rules of a trail", () => {
  let site: GitHubSite;
  before(async () => {
    site = await openSite();
    const { stand, repository, app } = site;
    const set = {
      repository,
      enforcement: "active",
      include: [BRANCH],
      createdAt: site.clock.now(),
    } as const;
    const bypass = [{ id: app.id, type: "Integration", mode: "always" }];
    const [only, grows] = [
      ["creation", "update"],
      ["deletion", "non_fast_forward", "required_linear_history", "required_signatures"],
    ];
    stand.github.rules.rulesets.push(
      { ...set, id: 1, name: "who writes", bypass, rules: only.map((type) => ({ type })) },
      { ...set, id: 2, name: "how it grows", bypass: [], rules: grows.map((type) => ({ type })) },
    );
  });
  after(() => site.close());

  test("the App begins and goes on, both ways, with commits that GitHub signs", async () => {
    const rig = await startedOnline(site);
    await rig.append([decision(1)]);
    await rig.close();
    const rest = await openOnline(site, { store: site.open({ commits: "rest" }) });
    await rest.append([decision(2)]);
    const { report } = await verifyTrail({ store: rest.store, level: 1 });
    assert.deepEqual([report.findings, report.size], [[], 3]);
    await rest.close();
  });

  test("nobody else can, and a commit with an author is not signed", async () => {
    const { github } = site.stand;
    const other = github.addApp("other", { events: [] });
    const installation = github.apps.install(other, github.owner, { permissions: { contents: "write" } });
    const { expiresAt: _, ...token } = github.apps.issue(installation);
    github.tokens.push({ ...token, text: "stranger" });
    const tip = site.tip();
    for (const commits of ["graphql", "rest"] as const) {
      const store = openGitHubStore(clientOf(site.stand.origin, "stranger"), { ...TRAIL, commits });
      const answer = await store.append(commitOn(tip, { checkpoint: bytes("x") }));
      assert.match(String(answer.kind === "refused" && answer.cause), /Cannot update this protected ref/);
    }
    const api = clientOf(site.stand.origin, WRITER);
    const author = { name: "weighbridge", email: "w@example.com" };
    const body = {
      ...TRAIL,
      message: "m",
      tree: site.source.git("rev-parse", `${tip}^{tree}`),
      parents: [tip],
      author,
    };
    const { owner, repo, message, tree, parents } = body;
    const made = await api.request("POST /repos/{owner}/{repo}/git/commits", {
      owner,
      repo,
      message,
      tree,
      parents,
      author,
    });
    const { sha } = made.data as { sha: string };
    const ref = `heads/${BRANCH}`;
    const moved = await api.request("PATCH /repos/{owner}/{repo}/git/refs/{ref}", { owner, repo, ref, sha });
    assert.match(JSON.stringify(moved.data), /verified signatures/);
    assert.equal(site.tip(), tip);
  });
});
