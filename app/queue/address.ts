/**
 * Where a delivery belongs: work on one key is done one piece at a time. Repositories are named by their number, for
 * names are given away and two installations may have the same.
 */
export type Address =
  | { readonly kind: "key"; readonly key: string }
  /** Kept out of the inbox, and counted. */
  | { readonly kind: "ignored"; readonly because: "event" | "action" | "subject" | "malformed" };

/** The name as a label: events that we do not know are all one. */
export function eventLabel(event: string): string {
  return EVENTS.has(event) ? event : "other";
}

/** The address of an event. `payload` is what GitHub sent, and nothing of its shape is taken for granted. */
export function addressOf(event: string, payload: unknown): Address {
  const address = EVENTS.get(event);
  return address === undefined ? ignored("event") : address(payload);
}

export const keyOf = {
  repository: (repository: number) => `repo/${repository}`,
  pull: (repository: number, number: number) => `repo/${repository}/pull/${number}`,
  /** Of a merge queue, by the head of the group. */
  group: (repository: number, head: string) => `repo/${repository}/group/${head}`,
  /** Pull requests with that head, whichever they are. */
  head: (repository: number, head: string) => `repo/${repository}/head/${head}`,
  branch: (repository: number, branch: string) => `repo/${repository}/branch/${branch}`,
  deployment: (repository: number, deployment: number) => `repo/${repository}/deployment/${deployment}`,
  incident: (repository: number, incident: string) => `repo/${repository}/incident/${incident}`,
  installation: (installation: number) => `installation/${installation}`,
  user: (user: number) => `user/${user}`,
} as const;

/** What a key names. */
export type Subject =
  | { readonly kind: "repository"; readonly repository: number }
  | { readonly kind: "pull"; readonly repository: number; readonly number: number }
  | { readonly kind: "group" | "head"; readonly repository: number; readonly head: string }
  | { readonly kind: "branch"; readonly repository: number; readonly branch: string }
  | { readonly kind: "deployment"; readonly repository: number; readonly deployment: number }
  | { readonly kind: "incident"; readonly repository: number; readonly incident: string }
  | { readonly kind: "installation"; readonly installation: number }
  | { readonly kind: "user"; readonly user: number };

const KEY =
  /^(repo|installation|user)\/([1-9][0-9]{0,15})(?:\/(pull|group|head|branch|deployment|incident)\/(.+))?$/s;

/** The subject of a key that this module made. Throws a RangeError for any other. */
export function subjectOf(key: string): Subject {
  const [, root, number, kind, rest = ""] = KEY.exec(key) ?? [];
  const id = Number(number);
  if (root === "installation" && kind === undefined) return { kind: root, installation: id };
  if (root === "user" && kind === undefined) return { kind: root, user: id };
  if (root !== "repo") throw new RangeError(`Cannot read key ${JSON.stringify(key)}: it names nothing`);
  switch (kind) {
    case undefined:
      return { kind: "repository", repository: id };
    case "pull":
      return { kind, repository: id, number: Number(rest) };
    case "deployment":
      return { kind, repository: id, deployment: Number(rest) };
    case "incident":
      return { kind, repository: id, incident: rest };
    case "group":
    case "head":
      return { kind, repository: id, head: rest };
    default:
      return { kind: "branch", repository: id, branch: rest };
  }
}

type Addresser = (payload: unknown) => Address;

const SHA = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
const HEADS = "refs/heads/";
/** Git takes longer names nowhere, and an index holds no more. */
const BRANCH_CHARS_MAX = 1_024;

/** A pull request says its number. Any action, also one that GitHub adds later: the pull request is read again. */
const pull: Addresser = (payload) =>
  inRepository(payload, (repository) => {
    const number = idAt(payload, "pull_request", "number");
    return number === undefined ? ignored("malformed") : to(keyOf.pull(repository, number));
  });

/** First line of the issue about an incident. Anybody can write it: whether it is that issue is told by its number. */
export function incidentMarker(incident: string): string {
  return `<!-- weighbridge:break-glass:${incident} -->`;
}

const INCIDENT_LINE = new RegExp(`^${incidentMarker("(pull-[1-9][0-9]{0,15}-[0-9a-f]{12})")}\\r?$`);

/** A comment on a pull request is one on an issue that is a pull request. Of other issues, only incidents matter. */
const comment: Addresser = (payload) =>
  inRepository(payload, (repository) => {
    const number = idAt(payload, "issue", "number");
    if (number === undefined) return ignored("malformed");
    if (at(payload, "issue", "pull_request") !== undefined) return to(keyOf.pull(repository, number));
    const body = at(payload, "issue", "body");
    const [line = ""] = typeof body === "string" ? body.split("\n", 1) : [];
    const [, incident] = INCIDENT_LINE.exec(line) ?? [];
    return incident === undefined ? ignored("subject") : to(keyOf.incident(repository, incident));
  });

/**
 * Checks and workflow runs: the pull request where exactly one is named. A commit may head several, and for forks
 * GitHub names none: then it is the head, and whoever works on it finds them.
 */
function onHead(where: string): Addresser {
  return (payload) =>
    inRepository(payload, (repository) => {
      const [number, ...others] = pullNumbers(at(payload, where, "pull_requests"), repository);
      if (number !== undefined && others.length === 0) return to(keyOf.pull(repository, number));
      const head = shaAt(payload, where, "head_sha");
      return head === undefined ? ignored("malformed") : to(keyOf.head(repository, head));
    });
}

const group: Addresser = (payload) =>
  inRepository(payload, (repository) => {
    const head = shaAt(payload, "merge_group", "head_sha");
    return head === undefined ? ignored("malformed") : to(keyOf.group(repository, head));
  });

const push: Addresser = (payload) =>
  inRepository(payload, (repository) => {
    const ref = at(payload, "ref");
    if (typeof ref !== "string") return ignored("malformed");
    if (!ref.startsWith(HEADS)) return ignored("subject");
    const branch = ref.slice(HEADS.length);
    if (branch === "" || branch.length > BRANCH_CHARS_MAX) return ignored("malformed");
    return to(keyOf.branch(repository, branch));
  });

const deployment: Addresser = (payload) =>
  inRepository(payload, (repository) => {
    const id = idAt(payload, "deployment", "id");
    return to(id === undefined ? keyOf.repository(repository) : keyOf.deployment(repository, id));
  });

const repository: Addresser = (payload) => inRepository(payload, (id) => to(keyOf.repository(id)));

const installation: Addresser = (payload) => {
  const id = idAt(payload, "installation", "id");
  return id === undefined ? ignored("malformed") : to(keyOf.installation(id));
};

/** Properties are a repository's or a whole organisation's. */
const repositoryOrInstallation: Addresser = (payload) =>
  at(payload, "repository") === undefined ? installation(payload) : repository(payload);

const authorization: Addresser = (payload) => {
  const user = idAt(payload, "sender", "id");
  return user === undefined ? ignored("malformed") : to(keyOf.user(user));
};

function only(actions: readonly string[], address: Addresser): Addresser {
  return (payload) =>
    actions.some((action) => action === at(payload, "action")) ? address(payload) : ignored("action");
}

const EVENTS: ReadonlyMap<string, Addresser> = new Map([
  ["pull_request", pull],
  ["pull_request_review", pull],
  ["issue_comment", comment],
  ["check_run", only(["rerequested", "requested_action"], onHead("check_run"))],
  ["check_suite", only(["rerequested"], onHead("check_suite"))],
  ["workflow_run", only(["completed"], onHead("workflow_run"))],
  ["merge_group", group],
  ["push", push],
  ["deployment_status", deployment],
  ["deployment_protection_rule", deployment],
  ["repository", repository],
  ["custom_property_values", repositoryOrInstallation],
  ["member", repository],
  ["membership", installation],
  ["team", installation],
  ["organization", installation],
  ["installation", installation],
  ["installation_repositories", installation],
  ["installation_target", installation],
  ["github_app_authorization", authorization],
]);

function inRepository(payload: unknown, address: (repository: number) => Address): Address {
  const id = idAt(payload, "repository", "id");
  return id === undefined ? ignored("malformed") : address(id);
}

/** Numbers of the pull requests into this repository: a head may also be offered to another. */
function pullNumbers(pulls: unknown, repository: number): readonly number[] {
  if (!Array.isArray(pulls)) return [];
  const own = pulls.filter((entry) => idAt(entry, "base", "repo", "id") === repository);
  return [...new Set(own.map((entry) => idAt(entry, "number")))].filter((number) => number !== undefined);
}

function to(key: string): Address {
  return { kind: "key", key };
}

function ignored(because: Extract<Address, { kind: "ignored" }>["because"]): Address {
  return { kind: "ignored", because };
}

/** What is found along the names; undefined where there is nothing, or null. */
function at(value: unknown, ...names: readonly string[]): unknown {
  let found = value;
  for (const name of names) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = Reflect.get(found, name);
  }
  return found ?? undefined;
}

function idAt(value: unknown, ...names: readonly string[]): number | undefined {
  const id = at(value, ...names);
  return typeof id === "number" && Number.isSafeInteger(id) && id > 0 ? id : undefined;
}

function shaAt(value: unknown, ...names: readonly string[]): string | undefined {
  const sha = at(value, ...names);
  return typeof sha === "string" && SHA.test(sha) ? sha : undefined;
}
