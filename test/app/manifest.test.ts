import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { emitterEventNames } from "@octokit/webhooks";
import { eventLabel } from "../../app/queue/address.ts";
import { workflowText } from "../../cli/commands/workflow.ts";
import { toValue } from "../../gate/parse/node.ts";
import { parseYaml } from "../../gate/parse/yaml.ts";
import { tip } from "../github/git-data.ts";
import type { Permission, Permissions } from "../github/nouns.ts";
import { allows } from "../github/state/apps.ts";
import { zipFile } from "./github/zip-file.ts";
import { kindsOf, nextModel, POLICY, startTeam, type Team } from "./team.ts";

/** The App as app.yml registers it: asks for what it knows, may do what it does, and nothing more. */

interface Manifest {
  readonly default_permissions: Permissions;
  readonly default_events: readonly string[];
  readonly hook_attributes: { readonly url: string };
  readonly callback_urls: readonly string[];
}

const TEXT = readFileSync(new URL("../../app.yml", import.meta.url), "utf8");
const MANIFEST = toValue(parseYaml(TEXT, "app.yml")) as Manifest;

/** GitHub sends them to every App. */
const UNASKED = ["github_app_authorization", "installation", "installation_repositories"];
/** They only hasten what the next event or sweep finds; the permissions that they cost are not worth it. */
const DISPENSABLE: Readonly<Record<string, string>> = {
  custom_property_values: "organization_custom_properties",
};

/** What GitHub asks of an App that wants an event; nothing for those that are not here. */
const EVENT_NEEDS: Readonly<Record<string, readonly (readonly [name: string, level: Permission])[]>> = {
  check_run: [["checks", "write"]],
  check_suite: [["checks", "write"]],
  deployment_protection_rule: [
    ["deployments", "read"],
    ["actions", "read"],
  ],
  deployment_status: [["deployments", "read"]],
  issue_comment: [["issues", "read"]],
  member: [["members", "read"]],
  membership: [["members", "read"]],
  merge_group: [["merge_queues", "read"]],
  organization: [["members", "read"]],
  pull_request: [["pull_requests", "read"]],
  pull_request_review: [["pull_requests", "read"]],
  push: [["contents", "read"]],
  repository: [["metadata", "read"]],
  team: [["members", "read"]],
  workflow_run: [["actions", "read"]],
};

test("app.yml asks for every event that the App knows, but for those that come anyway or cost too much", () => {
  const known = new Set(
    emitterEventNames.map((name) => name.split(".")[0] ?? "").filter((name) => eventLabel(name) === name),
  );
  const rest = [...UNASKED, ...Object.keys(DISPENSABLE)];
  assert.deepEqual([...MANIFEST.default_events, ...rest].sort(), [...known].sort());
});

test("app.yml has the permission that each of its events asks for, and not those of the others", () => {
  const { default_permissions: granted, default_events: events } = MANIFEST;
  const missing = events.flatMap((event) =>
    (EVENT_NEEDS[event] ?? []).filter(([name, level]) => !allows(granted, name, level)),
  );
  assert.deepEqual(missing, []);
  for (const permission of Object.values(DISPENSABLE)) assert.equal(granted[permission], undefined);
});

test("app.yml names the addresses that the server answers at", () => {
  assert.equal(new URL(MANIFEST.hook_attributes.url).pathname, "/api/github/webhooks");
  assert.deepEqual(
    MANIFEST.callback_urls.map((url) => new URL(url).pathname),
    ["/login/callback"],
  );
});

/** Operations that nobody may do without the permission, and that the play below does. */
const USED: Readonly<Record<string, { readonly level: Permission; readonly by: readonly string[] }>> = {
  metadata: { level: "read", by: ["repos/get", "repos/get-collaborator-permission-level"] },
  contents: { level: "write", by: ["git/create-ref", "git/get-tree"] },
  pull_requests: { level: "write", by: ["pulls/get", "issues/create-comment"] },
  issues: { level: "write", by: ["issues/create", "reactions/create-for-issue-comment"] },
  checks: { level: "write", by: ["checks/create", "checks/update"] },
  actions: {
    level: "read",
    by: ["actions/list-workflow-runs-for-repo", "actions/list-workflow-run-artifacts"],
  },
  deployments: { level: "write", by: ["actions/review-custom-gates-for-run"] },
};
/** What nothing but an event, a query or a picker of GitHub's asks for. */
const ELSEWHERE: Permissions = { merge_queues: "read", members: "read", statuses: "write" };

describe("with exactly the permissions and events of app.yml", () => {
  let team: Team;

  before(async () => {
    const { default_permissions: permissions, default_events: events } = MANIFEST;
    // A team, so that its members have to be asked for.
    const policy = POLICY.replace("owner: { users: [olga] }", "owner: { teams: [acme/owners] }");
    const workflow = workflowText(`weighbridge/weighbridge@${"a".repeat(40)}`);
    const files = { ".github/workflows/weighbridge.yml": workflow };
    team = await startTeam({ policy, files, app: { permissions, events } });
    const { github } = team.stand;
    github.people.addTeam(github.owner, "Owners", { members: [team.people.olga] });
  });
  after(() => team.close());

  const model = (version: number) => nextModel(version, 0.9);

  test("a pull request goes from opened to merged, and what goes around it is noticed", async () => {
    const { stand, people, repository } = team;
    const { play, github } = stand;
    const pull = await team.propose(model(2));
    play.completeRun(repository, {
      ...{ by: people.maria, head: pull.head.sha, branch: pull.head.ref, pulls: [pull] },
      artifacts: { "weighbridge-evidence": zipFile([{ name: "a.txt", content: "1" }]) },
    });
    play.comment(pull, { by: people.sid, body: "/weighbridge approve" });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required");
    play.comment(pull, { by: people.olga, body: "/weighbridge approve" });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", team.commentOn(pull));
    const merged = play.merge(pull, { by: people.maria });
    await team.settle();
    play.push(repository, { branch: "main", by: github.owner, parents: [merged], files: model(3) });
    await team.settle();
    assert.deepEqual(
      github.reactions.map(({ content }) => content),
      ["-1", "+1"],
    );
    assert.equal(github.issues.length, 1);
    assert.deepEqual(kindsOf(await team.trail()).slice(-2), ["merge.observed", "bypass.detected"]);
  });

  test("a merge group is judged", async () => {
    const { stand, people } = team;
    const pull = await team.propose(model(4));
    stand.play.review(pull, { by: people.olga, state: "APPROVED" });
    await team.settle();
    const group = stand.play.enqueue([pull], { by: people.maria });
    await team.settle();
    assert.equal(team.checkOf(group.head.sha).conclusion, "success", team.checkOf(group.head.sha).text);
    stand.play.mergeGroup(group);
    await team.settle();
  });

  test("a deployment is answered, and recorded", async () => {
    const { stand, people, repository } = team;
    const { play, github } = stand;
    const sha = tip(repository, "main");
    const run = play.completeRun(repository, {
      ...{ by: people.maria, head: sha, branch: "main", event: "push" },
    });
    const deployment = play.deploy(repository, { by: people.maria, sha, run });
    await team.settle();
    play.finishDeployment(deployment, { by: people.maria });
    await team.settle();
    assert.deepEqual(
      github.gateReviews.map(({ state }) => state),
      ["approved"],
    );
    assert.equal(kindsOf(await team.trail()).at(-1), "deploy.succeeded");
  });

  test("and each permission was needed for something that was done", () => {
    const used = Object.fromEntries(Object.entries(USED).map(([name, { level }]) => [name, level]));
    assert.deepEqual({ ...used, ...ELSEWHERE }, { ...MANIFEST.default_permissions });
    const undone = Object.values(USED).flatMap(({ by }) => by.filter((name) => team.stand.count(name) === 0));
    assert.deepEqual(undone, []);
  });
});
