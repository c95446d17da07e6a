import type { App, Clock, Repository } from "../nouns.ts";

export interface CheckSuite {
  readonly id: number;
  readonly repository: Repository;
  readonly head: string;
  readonly branch: string | null;
  readonly app: App;
  readonly createdAt: Date;
}

export interface CheckOutput {
  readonly title: string | null;
  readonly summary: string | null;
  readonly text: string | null;
}

export interface CheckRun {
  readonly id: number;
  readonly suite: CheckSuite;
  name: string;
  status: string;
  conclusion: string | null;
  externalId: string;
  detailsUrl: string;
  startedAt: Date;
  completedAt: Date | null;
  output: CheckOutput;
  /** As they were sent, in the order in which they came. */
  readonly annotations: Readonly<Record<string, unknown>>[];
  actions: readonly Readonly<Record<string, unknown>>[];
}

export interface Status {
  readonly id: number;
  readonly repository: Repository;
  readonly head: string;
  readonly context: string;
  readonly state: string;
  readonly description: string | null;
  readonly targetUrl: string | null;
  readonly app?: App;
  readonly createdAt: Date;
}

const PASSING: readonly unknown[] = ["success", "neutral", "skipped"];

/** Check runs and commit statuses, which belong to a commit and to no pull request. */
export class Checks {
  readonly suites: CheckSuite[] = [];
  readonly runs: CheckRun[] = [];
  readonly statuses: Status[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The app's suite of the commit, made if there is none. */
  suite(repository: Repository, head: string, app: App, branch: string | null = null): CheckSuite {
    const known = this.suites.find(
      (each) => each.repository === repository && each.head === head && each.app.id === app.id,
    );
    if (known !== undefined) return known;
    const suite = { id: this.#clock.nextId(), repository, head, branch, app, createdAt: this.#clock.now() };
    this.suites.push(suite);
    return suite;
  }

  /** Check runs of the commit, the newest first. */
  runsFor(repository: Repository, head: string): CheckRun[] {
    return this.runs
      .filter(({ suite }) => suite.repository === repository && suite.head === head)
      .toReversed();
  }

  /** Each name's and app's newest check run of the commit. */
  latestFor(repository: Repository, head: string): CheckRun[] {
    const runs = this.runsFor(repository, head);
    return runs.filter(
      (run, index) =>
        runs.findIndex((each) => each.name === run.name && each.suite.app.id === run.suite.app.id) === index,
    );
  }

  /** Each context's newest status of the commit. */
  statusesFor(repository: Repository, head: string): Status[] {
    const all = this.statuses
      .filter((each) => each.repository === repository && each.head === head)
      .toReversed();
    return all.filter((one, index) => all.findIndex(({ context }) => context === one.context) === index);
  }

  /** Whether a required check holds: `success`, `neutral` and `skipped` do, of the app that is asked for. */
  passes(repository: Repository, head: string, required: { context: string; appId?: number }): boolean {
    const isMeant = (name: string, app?: App) =>
      name === required.context && (required.appId === undefined || app?.id === required.appId);
    const runs = this.latestFor(repository, head).filter(({ name, suite }) => isMeant(name, suite.app));
    const statuses = this.statusesFor(repository, head).filter(({ context, app }) => isMeant(context, app));
    if (runs.length + statuses.length === 0) return false;
    return (
      runs.every(({ status, conclusion }) => status === "completed" && PASSING.includes(conclusion)) &&
      statuses.every(({ state }) => state === "success")
    );
  }
}
