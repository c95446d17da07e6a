import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type Address,
  addressOf,
  eventLabel,
  incidentMarker,
  keyOf,
  subjectOf,
} from "../../../app/queue/address.ts";

const REPOSITORY = { id: 5, full_name: "acme/models" };
const HEAD = "a".repeat(40);
const INSTALLATION = { id: 9 };

function inRepository(payload: object, repository: object = REPOSITORY): object {
  return { ...payload, repository, installation: INSTALLATION, sender: { id: 42 } };
}

const pullOf = (number: number, repository = 5) => ({ number, base: { repo: { id: repository } } });

const MARKER = incidentMarker("pull-3-0123456789ab");
const INCIDENT = "repo/5/incident/pull-3-0123456789ab";

/** A comment in an issue with this text. */
function inIssue(body: string): object {
  return inRepository({ action: "created", issue: { number: 9, body } });
}

/** Event, payload, key. */
const KEYS: Readonly<Record<string, [event: string, payload: object, key: string]>> = {
  "a pull request": [
    "pull_request",
    inRepository({ action: "opened", pull_request: { number: 3 } }),
    "repo/5/pull/3",
  ],
  "a pull request in an action that nobody knows yet": [
    "pull_request",
    inRepository({ action: "stacked", pull_request: { number: 3 } }),
    "repo/5/pull/3",
  ],
  "a review": [
    "pull_request_review",
    inRepository({ action: "dismissed", pull_request: { number: 3 } }),
    "repo/5/pull/3",
  ],
  "a comment on a pull request": [
    "issue_comment",
    inRepository({ action: "edited", issue: { number: 3, pull_request: { url: "" } } }),
    "repo/5/pull/3",
  ],
  "C75: a check that is asked for again, of one pull request": [
    "check_run",
    inRepository({ action: "rerequested", check_run: { head_sha: HEAD, pull_requests: [pullOf(3)] } }),
    "repo/5/pull/3",
  ],
  "C75: a button of a check": [
    "check_run",
    inRepository({ action: "requested_action", check_run: { head_sha: HEAD, pull_requests: [pullOf(3)] } }),
    "repo/5/pull/3",
  ],
  "C61: a check of a fork, for which GitHub names no pull request": [
    "check_run",
    inRepository({ action: "rerequested", check_run: { head_sha: HEAD, pull_requests: [] } }),
    `repo/5/head/${HEAD}`,
  ],
  "C19: a check of a head that two pull requests have": [
    "check_suite",
    inRepository({
      action: "rerequested",
      check_suite: { head_sha: HEAD, pull_requests: [pullOf(3), pullOf(4)] },
    }),
    `repo/5/head/${HEAD}`,
  ],
  "C80: a check whose head is also offered to another repository": [
    "check_suite",
    inRepository({
      action: "rerequested",
      check_suite: { head_sha: HEAD, pull_requests: [pullOf(9, 6), pullOf(3)] },
    }),
    "repo/5/pull/3",
  ],
  "C62: a workflow run of a fork": [
    "workflow_run",
    inRepository({ action: "completed", workflow_run: { head_sha: HEAD, pull_requests: [] } }),
    `repo/5/head/${HEAD}`,
  ],
  "a workflow run whose pull requests are missing": [
    "workflow_run",
    inRepository({ action: "completed", workflow_run: { head_sha: HEAD } }),
    `repo/5/head/${HEAD}`,
  ],
  "a comment in the issue of an incident": ["issue_comment", inIssue(`${MARKER}\nBREAK-GLASS`), INCIDENT],
  "a comment in the issue of an incident that was edited by hand": [
    "issue_comment",
    inIssue(`${MARKER}\r\nBREAK-GLASS`),
    INCIDENT,
  ],
  "C77: a group of the merge queue": [
    "merge_group",
    inRepository({ action: "checks_requested", merge_group: { head_sha: HEAD } }),
    `repo/5/group/${HEAD}`,
  ],
  "C77: the end of a group of the merge queue": [
    "merge_group",
    inRepository({ action: "destroyed", merge_group: { head_sha: HEAD } }),
    `repo/5/group/${HEAD}`,
  ],
  "a push": ["push", inRepository({ ref: "refs/heads/feature/ä b" }), "repo/5/branch/feature/ä b"],
  "a deployment's status": [
    "deployment_status",
    inRepository({ action: "created", deployment: { id: 8 } }),
    "repo/5/deployment/8",
  ],
  "a deployment that waits": [
    "deployment_protection_rule",
    inRepository({ action: "requested", deployment: { id: 8 } }),
    "repo/5/deployment/8",
  ],
  "a deployment that waits and is not named": [
    "deployment_protection_rule",
    inRepository({ action: "requested", deployment: null }),
    "repo/5",
  ],
  "C76: a repository with another name": [
    "repository",
    inRepository({ action: "renamed", changes: {} }, { id: 5, full_name: "acme/renamed" }),
    "repo/5",
  ],
  "C76: a repository that has moved": ["repository", inRepository({ action: "transferred" }), "repo/5"],
  "C76: a repository that is archived": ["repository", inRepository({ action: "archived" }), "repo/5"],
  "a property of a repository": ["custom_property_values", inRepository({ action: "updated" }), "repo/5"],
  "a property of an organisation's": [
    "custom_property_values",
    { action: "updated", installation: INSTALLATION },
    "installation/9",
  ],
  "C25: a member of a repository": ["member", inRepository({ action: "removed" }), "repo/5"],
  "C25: a member of a team": [
    "membership",
    { action: "removed", installation: INSTALLATION },
    "installation/9",
  ],
  "C9: a team that was deleted": [
    "team",
    { action: "deleted", installation: INSTALLATION },
    "installation/9",
  ],
  "C76: an App that was uninstalled": [
    "installation",
    { action: "deleted", installation: INSTALLATION },
    "installation/9",
  ],
  "C76: repositories that were taken from it": [
    "installation_repositories",
    { action: "removed", installation: INSTALLATION },
    "installation/9",
  ],
  "a person who takes their leave back": [
    "github_app_authorization",
    { action: "revoked", sender: { id: 42 } },
    "user/42",
  ],
};

describe("the key of an event", () => {
  for (const [name, [event, payload, key]] of Object.entries(KEYS)) {
    test(name, () => {
      assert.deepEqual(addressOf(event, payload), { kind: "key", key });
      assert.equal(eventLabel(event), event);
    });
  }
});

/** Event, payload, why it is kept out. */
const IGNORED: Readonly<Record<string, [event: string, payload: unknown, because: string]>> = {
  "an event that nobody asked for": ["star", inRepository({ action: "created" }), "event"],
  "a greeting": ["ping", { zen: "" }, "event"],
  "an event that is called like a member of every object": ["constructor", inRepository({}), "event"],
  "C38: a comment on an issue": ["issue_comment", inRepository({ issue: { number: 3 } }), "subject"],
  "C38: a comment on an issue that says it is none": [
    "issue_comment",
    inRepository({ issue: { number: 3, pull_request: null } }),
    "subject",
  ],
  "C38: a comment on a line": [
    "pull_request_review_comment",
    inRepository({ pull_request: { number: 3 } }),
    "event",
  ],
  "a check that was made": ["check_run", inRepository({ action: "created", check_run: {} }), "action"],
  "a workflow that was asked for": [
    "workflow_run",
    inRepository({ action: "requested", workflow_run: {} }),
    "action",
  ],
  "a tag": ["push", inRepository({ ref: "refs/tags/v1" }), "subject"],
  "a branch without a name": ["push", inRepository({ ref: "refs/heads/" }), "malformed"],
  "a branch with too long a name": [
    "push",
    inRepository({ ref: `refs/heads/${"x".repeat(2_000)}` }),
    "malformed",
  ],
  "a pull request of no repository": ["pull_request", { pull_request: { number: 3 } }, "malformed"],
  "C80: a repository by its name": [
    "pull_request",
    inRepository({ pull_request: { number: 3 } }, { id: "5", full_name: "acme/models" }),
    "malformed",
  ],
  "a pull request whose number is a path": [
    "pull_request",
    inRepository({ pull_request: { number: "../4" } }),
    "malformed",
  ],
  "a pull request whose number is no number": [
    "pull_request",
    inRepository({ pull_request: { number: 1e300 } }),
    "malformed",
  ],
  "a pull request of number 0": ["pull_request", inRepository({ pull_request: { number: 0 } }), "malformed"],
  "a check of no head": ["check_run", inRepository({ action: "rerequested", check_run: {} }), "malformed"],
  "a group whose head is a path": [
    "merge_group",
    inRepository({ merge_group: { head_sha: "../x" } }),
    "malformed",
  ],
  "a comment in an issue whose incident is a path": [
    "issue_comment",
    inIssue(incidentMarker("../pull/3")),
    "subject",
  ],
  "a comment in an issue that speaks of an incident further down": [
    "issue_comment",
    inIssue(`See:\n${MARKER}`),
    "subject",
  ],
  "a payload that is a list": ["pull_request", [], "malformed"],
  "a payload that is nothing": ["push", null, "malformed"],
  "an identity that is inherited": ["installation", Object.create({ installation: { id: 9 } }), "malformed"],
};

describe("kept out of the inbox", () => {
  for (const [name, [event, payload, because]] of Object.entries(IGNORED)) {
    test(name, () => {
      assert.deepEqual(addressOf(event, payload), { kind: "ignored", because });
    });
  }
});

test("C80: the same pull request number in two repositories, by two installations, has two keys", () => {
  const keys = [5, 6].map((id) => {
    const address = addressOf(
      "pull_request",
      inRepository({ pull_request: { number: 3 } }, { id, full_name: "acme/models" }),
    );
    return address.kind === "key" ? address.key : "";
  });
  assert.deepEqual(keys, ["repo/5/pull/3", "repo/6/pull/3"]);
});

test("C76: a repository keeps its key under another name and another owner", () => {
  const key = (full_name: string): Address =>
    addressOf("pull_request", inRepository({ pull_request: { number: 3 } }, { id: 5, full_name }));
  assert.deepEqual(key("acme/models"), key("other/renamed"));
});

test("a key is read as what it was made of", () => {
  const id = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  const branch = fc.string({ minLength: 1, unit: "binary" });
  fc.assert(
    fc.property(id, id, branch, (repository, number, name) => {
      const head = HEAD;
      const pairs = [
        [keyOf.repository(repository), { kind: "repository", repository }],
        [keyOf.pull(repository, number), { kind: "pull", repository, number }],
        [keyOf.group(repository, head), { kind: "group", repository, head }],
        [keyOf.head(repository, head), { kind: "head", repository, head }],
        [keyOf.branch(repository, name), { kind: "branch", repository, branch: name }],
        [keyOf.deployment(repository, number), { kind: "deployment", repository, deployment: number }],
        [keyOf.incident(repository, "pull-3-0"), { kind: "incident", repository, incident: "pull-3-0" }],
        [keyOf.installation(number), { kind: "installation", installation: number }],
        [keyOf.user(number), { kind: "user", user: number }],
      ] as const;
      for (const [key, subject] of pairs) assert.deepEqual(subjectOf(key), subject);
      assert.equal(new Set(pairs.map(([key]) => key)).size, pairs.length);
    }),
  );
});

test("what is no key is refused", () => {
  for (const key of [
    "",
    "repo",
    "repo/",
    "repo/0",
    "repo/05",
    "repo/x/pull/3",
    "installation/9/pull/3",
    "other/1",
  ]) {
    assert.throws(() => subjectOf(key), RangeError, key);
  }
});

test("whatever an event says, it has an address", () => {
  const events = [
    "pull_request",
    "issue_comment",
    "check_run",
    "workflow_run",
    "push",
    "merge_group",
    "installation",
  ];
  fc.assert(
    fc.property(fc.constantFrom(...events), fc.jsonValue(), fc.string(), (event, payload, other) => {
      assert.ok(["key", "ignored"].includes(addressOf(event, payload).kind));
      assert.equal(addressOf(other, payload).kind, "ignored");
    }),
  );
});
