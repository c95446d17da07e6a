import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { TestContext } from "node:test";
import { OWN_EVENT } from "../../../app/events/ask.ts";
import { placePayload } from "../../../app/place.ts";
import { keyOf } from "../../../app/queue/address.ts";
import { readCommit } from "../../github/git/commits.ts";
import { tip } from "../../github/git-data.ts";
import type { Issue, Pull } from "../../github/nouns.ts";
import type { MergeRequest } from "../../github/play/merges.ts";
import type { Files } from "../../github/play/pushes.ts";
import { nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { HASTY, issuesOf } from "./scene.ts";

/** A broken glass whose review nobody has finished in time. */

const WITH_SRE = POLICY.replace("models:\n", "  sre: { users: [sid] }\nmodels:\n");
const HARM = "/weighbridge break-glass because harm: the model in production declines everybody";
const DAY_MS = 86_400_000;

export interface Scene extends Team {
  /** The pull request that enters against closed gates. */
  readonly pull: Pull;
  /** The main branch before anything was merged. */
  readonly before: string;
  /** Merges the pull request. */
  merge(how?: Omit<MergeRequest, "by">): Promise<void>;
  /** The review is due, and nobody has looked. */
  run(): Promise<void>;
  /** Pull requests of the App. */
  opened(): readonly Pull[];
  /** The issue that says that nobody has looked. */
  overdue(): Issue;
}

export interface SceneOptions {
  /** What the pull request brings besides a model that is worse. */
  readonly files?: Files;
  /** What the main branch holds besides the first model. */
  readonly main?: Files;
  /** More commits of the pull request. */
  readonly more?: readonly Files[];
}

/** A team whose pull request may enter although gates are closed. */
export async function breakGlass(
  context: TestContext,
  { files = {}, main = {}, more = [] }: SceneOptions = {},
) {
  let later = 0;
  const team = await startTeam({
    ...{ policy: WITH_SRE, files: main, now: () => Date.now() + later, clock: HASTY },
  });
  context.after(() => team.close());
  const { people, repository, stand } = team;
  stand.github.people.grant(repository, people.sid, "write");
  const before = tip(repository, "main");
  const pull = await team.propose({ ...nextModel(2, 0.5), ...files });
  for (const [at, added] of more.entries()) {
    const message = `more ${at}`;
    stand.play.push(repository, { branch: pull.head.ref, by: people.maria, files: added, message });
  }
  await team.settle();
  for (const by of [people.olga, people.sid]) {
    stand.play.comment(pull, { by, body: HARM });
    await team.settle();
  }
  assert.equal(team.checkOf(pull.head.sha).conclusion, "neutral", team.commentOn(pull));
  const scene: Scene = Object.assign(Object.create(team) as Team, {
    ...{ pull, before },
    async merge(how = {}) {
      stand.play.merge(pull, { by: people.maria, ...how });
      await team.settle();
    },
    async run() {
      later += 3 * DAY_MS + 60_000;
      await team.settle();
    },
    opened: () => stand.github.pulls.filter(({ author }) => author.login === "weighbridge[bot]"),
    overdue: () => {
      const [issue, ...others] = issuesOf(team).filter(({ title }) => title.includes("is overdue"));
      assert.deepEqual([issue !== undefined, others.length], [true, 0]);
      return issue as Issue;
    },
  } satisfies Omit<Scene, keyof Team>);
  return scene;
}

/** The one pull request of the App. */
export function rollbackOf(scene: Scene): Pull {
  const [pull, ...others] = scene.opened();
  assert.ok(pull !== undefined, scene.overdue().body ?? "");
  assert.equal(others.length, 0);
  return pull;
}

export function treeOf({ repository }: Team, commit: string): string | undefined {
  return readCommit(repository, commit)?.tree;
}

/** Of the one incident, as the trail names it. */
export async function incidentIdOf(team: Team): Promise<string> {
  const ids = (await team.trail()).flatMap(({ predicate: { kind, incident } }) =>
    kind === "incident.opened" ? [incident?.id ?? ""] : [],
  );
  assert.equal(ids.length, 1);
  return ids[0] ?? "";
}

/** Has the App look at the incident once more. */
export async function askAgain(scene: Scene): Promise<void> {
  const { repository, installation, running } = scene;
  const place = {
    ...{ installationId: installation.id, repositoryId: repository.id },
    ...{ owner: repository.owner.login, repo: repository.name },
  };
  const key = keyOf.incident(repository.id, await incidentIdOf(scene));
  await running.services.store.inbox.receive({
    ...{ id: randomUUID(), event: OWN_EVENT, key, receivedAt: Date.now() },
    payload: JSON.stringify(placePayload(place)),
  });
  await scene.settle();
}
