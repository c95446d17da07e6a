// What the App asks of GitHub's API: for one pull request from opened to merged, and for 32 open pull requests after a
// push to the branch that they want to enter, as Markdown tables: node bench/budget.ts

import { nextModel, startTeam, type Team } from "../test/app/team.ts";
import type { LoggedRequest } from "../test/github/server.ts";
import { printTable } from "./timing.ts";

const READS_MAX = 14;
const WRITES_MAX = 8;
const STACKED = 32;
/** No sweep comes in between: it looks at everything, whatever happens. */
const NEVER_MS = 86_400_000;

/** Asked once an hour for each installation. */
const TOKEN = "apps/create-installation-access-token";

/** By which a document is told from others, the first that it has. */
const GRAPHQL_FIELDS = [
  ...["createCommitOnBranch", "pullRequest(", "associatedPullRequests("],
  ...["user(", "organization("],
];

/** What was asked in one step, by operation. */
interface Step {
  readonly name: string;
  readonly requests: readonly LoggedRequest[];
}

const team = await startTeam({ sweepMs: NEVER_MS });
try {
  // The repository is known, and its trail has begun.
  await merge(team, 2);
  printStory(await merge(team, 3));
  printStory(await push(team));
} finally {
  await team.close();
}

/** A pull request in three steps. */
async function merge(team: Team, version: number): Promise<readonly Step[]> {
  const { stand, people } = team;
  const count = counter(team);
  const pull = await team.propose(nextModel(version));
  const opened = await count("opened");
  stand.play.review(pull, { by: people.olga, state: "APPROVED" });
  const approved = await count("approved");
  stand.play.merge(pull, { by: people.maria });
  return [opened, approved, await count("merged")];
}

/** Many pull requests that wait, and a commit on the branch that they wait for. */
async function push(team: Team): Promise<readonly Step[]> {
  const { stand, repository } = team;
  for (let version = 10; version < 10 + STACKED; version++) await team.propose(nextModel(version));
  const count = counter(team);
  stand.play.push(repository, { branch: "main", by: stand.github.owner, files: { "README.md": "More\n" } });
  return [await count(`base of ${STACKED} pushed to`)];
}

/** Gives what was asked since it was last called, when everything is at rest. */
function counter({ stand, settle }: Team): (name: string) => Promise<Step> {
  let from = stand.requests.length;
  return async (name) => {
    await settle();
    const requests = stand.requests.slice(from).filter(({ operation }) => operation !== TOKEN);
    from = stand.requests.length;
    return { name, requests };
  };
}

function printStory(steps: readonly Step[]): void {
  const rows = new Map<string, number[]>();
  for (const [at, { requests }] of steps.entries()) {
    for (const request of requests) {
      const name = `${isWrite(request) ? "write" : "read"} ${nameOf(request)}`;
      const counts = rows.get(name) ?? steps.map(() => 0);
      counts[at] = (counts[at] ?? 0) + 1;
      rows.set(name, counts);
    }
  }
  const line = (name: string, counts: readonly number[]) => [name, ...counts, sum(counts)].map(String);
  const totalOf = (wanted: boolean) =>
    steps.map(({ requests }) => requests.filter((request) => isWrite(request) === wanted).length);
  const isOne = steps.length > 1;
  printTable(
    ["Operation", ...steps.map(({ name }) => name), "in all"],
    [
      ...[...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, counts]) => line(name, counts)),
      line(isOne ? `**all reads** (aim ${READS_MAX})` : "**all reads**", totalOf(false)),
      line(isOne ? `**all writes** (aim ${WRITES_MAX})` : "**all writes**", totalOf(true)),
    ],
  );
}

function nameOf({ operation, body }: LoggedRequest): string {
  if (operation !== "graphql") return operation;
  const document = JSON.stringify(body);
  for (const root of GRAPHQL_FIELDS) {
    if (document.includes(root)) return `graphql ${root.replace("(", "")}`;
  }
  return "graphql repository";
}

function isWrite({ method, operation, body }: LoggedRequest): boolean {
  return operation === "graphql" ? /"\s*(?:\\n)?\s*mutation/.test(JSON.stringify(body)) : method !== "GET";
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
