import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { examineBranchRules } from "../../cli/branch-rules.ts";
import type { Check } from "../../cli/diagnosis.ts";
import { parseRemote } from "../../cli/origin.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import * as faults from "../github/faults.ts";
import type { Permissions, Repository } from "../github/nouns.ts";
import { type StandIn, startServer } from "../github/server.ts";
import type { Registration } from "../github/state/apps.ts";
import type { Rule } from "../github/state/rules.ts";
import { startDeafProxy } from "../proxy.ts";
import { assertStatus, installCommand, type WeighbridgeCommand } from "./command.ts";

interface Asked {
  readonly permissions?: Permissions;
  /** 0 where nobody said it. */
  readonly appId?: number;
  readonly repo?: string;
}

const TRAIL = "refs/heads/weighbridge-trail";
const ADMIN: Permissions = { metadata: "read", contents: "read", administration: "read" };

describe("doctor, of the branches' rules", () => {
  let weighbridge: WeighbridgeCommand;
  let stand: StandIn;
  let scratch: ScratchRepository;
  let repository: Repository;
  let app: Registration;

  before(async () => {
    weighbridge = await installCommand();
    scratch = await scratchRepository();
    scratch.commit("first", { "README.md": "x\n" });
    stand = await startServer();
    repository = stand.github.addRepository("credit", scratch.directory, { private: true });
    app = stand.github.addApp("weighbridge");
  });
  after(async () => {
    scratch.remove();
    weighbridge.remove();
    await stand.close();
  });
  beforeEach(() => {
    stand.github.rules.rulesets.length = 0;
    stand.github.rules.protections.length = 0;
  });

  /** A ruleset; the App alone may bypass it where `bypass` says so. */
  function protect(
    name: string,
    include: readonly string[],
    rules: readonly Rule[],
    bypass: "app" | "nobody" | "admins",
  ) {
    const actors = {
      app: [{ id: app.id, type: "Integration", mode: "always" }],
      nobody: [],
      admins: [{ id: 5, type: "RepositoryRole", mode: "always" }],
    };
    stand.github.rules.rulesets.push({
      ...{ id: stand.github.nextId(), repository, name, enforcement: "active", include },
      ...{ bypass: actors[bypass], rules, createdAt: stand.github.now() },
    });
  }

  const types = (...names: readonly string[]): Rule[] => names.map((type) => ({ type }));
  const requiring = (source?: number): Rule => ({
    type: "required_status_checks",
    parameters: {
      strict_required_status_checks_policy: false,
      required_status_checks: [
        { context: "weighbridge", ...(source !== undefined && { integration_id: source }) },
      ],
    },
  });

  const queueing = (grouping: "ALLGREEN" | "HEADGREEN"): Rule => ({
    type: "merge_queue",
    parameters: {
      ...{ check_response_timeout_minutes: 60, grouping_strategy: grouping, max_entries_to_build: 5 },
      ...{ max_entries_to_merge: 5, merge_method: "SQUASH", min_entries_to_merge: 1 },
      min_entries_to_merge_wait_minutes: 5,
    },
  });

  function protectTrail(
    writers: "app" | "nobody" | "admins" = "app",
    growth: "nobody" | "admins" = "nobody",
  ) {
    protect("R1", [TRAIL], types("creation", "update"), writers);
    const grows = types("deletion", "non_fast_forward", "required_linear_history", "required_signatures");
    protect("R2", [TRAIL], grows, growth);
  }

  const shown = (checks: readonly Check[]) =>
    checks.map(({ state, name, detail }) => `${state} ${name}: ${detail}`);

  function tokenWith(permissions: Permissions): string {
    const token = `ghs_doctor${stand.github.nextId()}`;
    stand.github.addWorkflowToken(token, permissions);
    return token;
  }

  /** State and detail of what is said of the rules. */
  async function examine({ permissions = ADMIN, appId = app.id, repo = "credit" }: Asked = {}) {
    const token = tokenWith(permissions);
    const ours = appId === 0 ? {} : { appId };
    return shown(await examineBranchRules({ apiUrl: stand.origin, token, owner: "acme", repo, ...ours }));
  }

  /** The same, from the command. */
  async function ask(env: Readonly<Record<string, string>> = {}) {
    const result = await weighbridge.run(scratch.directory, ["doctor", "--format", "json"], {
      env: {
        GITHUB_TOKEN: tokenWith(ADMIN),
        GITHUB_REPOSITORY: "acme/credit",
        GITHUB_API_URL: stand.origin,
        WEIGHBRIDGE_APP_ID: String(app.id),
        ...env,
      },
    });
    const { checks }: { checks: Check[] } = JSON.parse(result.stdout);
    const found = checks.slice(checks.findIndex(({ name }) => name === "workflow") + 1);
    assertStatus(result, found.some(({ state }) => state === "fail") ? 1 : 0);
    return shown(found);
  }

  const RIGHT = [
    "ok required check of main: weighbridge is required of your App",
    "ok weighbridge-trail: who writes: the App alone",
    "ok weighbridge-trail: how it grows: only by signed commits on top",
  ];

  it("has nothing against a repository whose rules are as docs/install.md asks", async () => {
    protect("main", ["~DEFAULT_BRANCH"], [requiring(app.id)], "nobody");
    protectTrail();
    assert.deepEqual(await ask(), RIGHT);
  });

  it("knows the older protection of a branch", async () => {
    const checks = [{ context: "weighbridge", appId: app.id }];
    stand.github.rules.protections.push({ repository, branch: "main", strict: true, checks });
    protectTrail();
    assert.deepEqual(await examine(), RIGHT);
  });

  it("warns where nothing requires the check, and asks for no trail then", async () => {
    assert.deepEqual(await examine(), [
      "warn required check of main: nothing requires the check weighbridge: the App's verdict keeps nothing out",
    ]);
  });

  const SOURCES: readonly (readonly [name: string, source: number | undefined, said: string])[] = [
    ["anybody", undefined, "anybody who may write"],
    ["every workflow", 15_368, "GitHub Actions, which is every workflow"],
    ["another App", 77, "App 77"],
  ];
  for (const [name, source, said] of SOURCES) {
    it(`fails a check that is required of ${name}`, async () => {
      protect("main", ["~DEFAULT_BRANCH"], [requiring(source)], "nobody");
      protectTrail();
      const [first] = await examine();
      assert.equal(first, `fail required check of main: weighbridge is required of ${said}, not of your App`);
    });
  }

  it("says which App it is where nobody said which is ours", async () => {
    protect("main", ["~DEFAULT_BRANCH"], [requiring(app.id)], "nobody");
    protectTrail();
    const [first] = await examine({ appId: 0 });
    assert.equal(
      first,
      `ok required check of main: weighbridge is required of App ${app.id}: compare that with your App's ID`,
    );
  });

  it("fails a merge queue that asks its last group alone", async () => {
    for (const [grouping, said] of [
      ["ALLGREEN", "ok merge queue of main: each of its groups has to pass"],
      [
        "HEADGREEN",
        "fail merge queue of main: a group that the check refuses is merged where a later one passes",
      ],
    ] as const) {
      stand.github.rules.rulesets.length = 0;
      protect("main", ["~DEFAULT_BRANCH"], [requiring(app.id), queueing(grouping)], "nobody");
      protectTrail();
      assert.deepEqual(await ask(), [RIGHT[0], said, ...RIGHT.slice(1)]);
    }
  });

  it("fails a trail that no rule protects", async () => {
    protect("main", ["~DEFAULT_BRANCH"], [requiring(app.id)], "nobody");
    assert.deepEqual((await examine()).slice(1), [
      "fail weighbridge-trail: who writes: no rule restricts creation and update",
      "fail weighbridge-trail: how it grows: no rule asks for deletion, non_fast_forward, required_linear_history, required_signatures",
    ]);
  });

  it("is not taken in by an active ruleset that names no branch", async () => {
    protect("main", [], [requiring(app.id)], "nobody");
    assert.deepEqual(await examine(), [
      "warn required check of main: nothing requires the check weighbridge: the App's verdict keeps nothing out",
      'warn ruleset "main": it is active and names no branch: it protects nothing',
    ]);
  });

  it("fails a trail that administrators may write to, or take back", async () => {
    protect("main", ["~DEFAULT_BRANCH"], [requiring(app.id)], "nobody");
    protectTrail("admins", "admins");
    assert.deepEqual((await examine()).slice(1), [
      "fail weighbridge-trail: who writes: others than the App may bypass the rule, or the App may not",
      "fail weighbridge-trail: how it grows: somebody may bypass deletion, non_fast_forward, required_linear_history, required_signatures",
    ]);
  });

  it("says that it cannot see who may bypass, and does not call that right", async () => {
    protect("main", ["~DEFAULT_BRANCH"], [requiring(app.id)], "nobody");
    protectTrail();
    assert.deepEqual(await examine({ permissions: { metadata: "read", contents: "read" } }), [
      "ok required check of main: weighbridge is required of your App",
      "warn weighbridge-trail: who writes: the rules are there; who may bypass them is not shown to this token",
      "warn weighbridge-trail: how it grows: the rules are there; who may bypass them is not shown to this token",
    ]);
  });

  it("says that it cannot see the older protection where that could be what requires the check", async () => {
    assert.deepEqual(await examine({ permissions: { metadata: "read", contents: "read" } }), [
      "warn required check of main: no ruleset requires the check weighbridge; the older protection of main is not shown to this token",
    ]);
  });

  it("says that nobody looked, without a token or a repository of that GitHub", async () => {
    assert.deepEqual(await ask({ GITHUB_TOKEN: "" }), [
      "warn branch rules: nobody looked: there is no token",
    ]);
    scratch.git("remote", "add", "origin", "git@elsewhere.example:acme/credit.git");
    assert.deepEqual(await ask({ GITHUB_REPOSITORY: "" }), [
      `warn branch rules: nobody looked: neither GITHUB_REPOSITORY nor origin names a repository of ${stand.origin}`,
    ]);
  });

  it("finds the repository by its remote", async () => {
    scratch.git("remote", "set-url", "origin", "ssh://git@127.0.0.1:22/acme/credit.git");
    assert.match((await ask({ GITHUB_REPOSITORY: "" }))[0] ?? "", /^warn required check of main/);
  });

  it("fails where GitHub does not answer, or shows no such repository", async () => {
    stand.fail({ match: "repos/get-branch-rules", effect: faults.serverError() });
    assert.match((await ask())[0] ?? "", /^fail branch rules: Cannot read .*GitHub answered 502$/);
    assert.deepEqual(await examine({ repo: "none" }), [
      "fail branch rules: GitHub shows no repository acme/none to this token",
    ]);
  });

  it("ends though the proxy hangs up each time that it is asked", async (test) => {
    const proxy = await startDeafProxy();
    test.after(() => proxy.close());
    assert.match(
      (await ask({ http_proxy: proxy.url }))[0] ?? "",
      /^fail .*GitHub could not be reached, .*timeout/,
    );
  });
});

describe("parseRemote()", () => {
  const ADDRESSES: readonly (readonly [address: string, host: string | undefined, path?: string])[] = [
    ["https://github.com/acme/credit.git", "github.com", "acme/credit"],
    ["https://maria:x@GHE.example.com/acme/credit/", "ghe.example.com", "acme/credit"],
    ["git@github.com:acme/credit.git", "github.com", "acme/credit"],
    ["ssh://git@acme.ghe.com:22/acme/credit", "acme.ghe.com", "acme/credit"],
    ["../credit", undefined],
    ["file:///srv/credit.git", undefined],
    ["", undefined],
  ];
  for (const [address, host, path = ""] of ADDRESSES) {
    it(`takes ${JSON.stringify(address)} for ${host === undefined ? "none" : `${host} ${path}`}`, () => {
      assert.deepEqual(parseRemote(address), host === undefined ? undefined : { host, path });
    });
  }
});
