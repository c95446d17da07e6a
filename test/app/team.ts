import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AppOptions, type RunningApp, startApp } from "../../app/app.ts";
import type { Config } from "../../app/config.ts";
import { openGitStore } from "../../gate/trail/git-store.ts";
import { generateKey } from "../../gate/trail/keys.ts";
import { type LogEntry, openTrail, readLog } from "../../gate/trail/read.ts";
import { verifyTrail } from "../../gate/trail/verify.ts";
import { type Files, modelFiles } from "../acceptance/governed.ts";
import { scratchRepository } from "../git.ts";
import { tip } from "../github/git-data.ts";
import type { Account, Pull, Repository } from "../github/nouns.ts";
import type { Files as PushedFiles } from "../github/play/pushes.ts";
import { type StandIn, startServer } from "../github/server.ts";
import type { Installation, Registration } from "../github/state/apps.ts";

/** A team with the App installed: the App as it runs, signed webhooks into it, and GitHub's stand-in behind it. */
export interface Team {
  readonly stand: StandIn;
  readonly running: RunningApp;
  readonly registration: Registration;
  readonly installation: Installation;
  readonly repository: Repository;
  /** Maria makes changes, olga owns, rita answers for the risk, vera validates; sid may only read. */
  readonly people: Readonly<Record<"maria" | "olga" | "rita" | "vera" | "sid", Account>>;
  /** Lines of the App's log. */
  readonly log: readonly string[];
  /** A pull request that brings these files on a branch of its own. */
  propose(files: PushedFiles, options?: ProposeOptions): Promise<Pull>;
  /** Until nothing waits any more. */
  settle(): Promise<void>;
  /** Our comment on the pull request; empty if there is none. Throws if there are two. */
  commentOn(pull: Pull): string;
  checkOf(head: string): ShownCheck;
  /** The trail's entries as a clone has them; the trail has to verify. */
  trail(): Promise<readonly LogEntry[]>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface ProposeOptions {
  readonly by?: Account;
  readonly base?: string;
  readonly author?: Account;
  /** More of the commit: trailers and the like. */
  readonly message?: string;
}

export interface ShownCheck {
  readonly status: string;
  readonly conclusion: string | null;
  readonly title: string;
  readonly text: string;
}

export const POLICY = `weighbridge: 1
policy: { name: acme-credit, version: 1.0.0 }
extends: [core@1, performance@1]
roles:
  owner: { users: [olga] }
  validator: { users: [vera] }
  risk: { users: [rita] }
models:
  - { id: credit-pd, path: models/credit-pd, tier: T3 }
gates:
  - id: auc-floor
    rule: metric.floor
    with: { metric: roc_auc, dataset: holdout, min: 0.8 }
    severity: block
`;

export interface TeamOptions extends Omit<AppOptions, "log"> {
  readonly files?: PushedFiles;
  readonly policy?: string;
  readonly config?: Partial<Config>;
  /** What the App asked for when it was registered, if it is not what the stand-in gives. */
  readonly app?: Partial<Pick<Registration, "permissions" | "events">>;
}

const WRITERS = ["maria", "olga", "rita", "vera"] as const;
const IDLE_MS_MAX = 60_000;

export async function startTeam(options: TeamOptions = {}): Promise<Team> {
  const { files = {}, policy = POLICY, config: settings, app = {}, ...turned } = options;
  const source = await scratchRepository({ bare: true });
  const stand = await startServer();
  const { github, play } = stand;
  const repository = github.addRepository("credit", source.directory, { private: true });
  const registration = github.addApp("weighbridge", app);
  const installation = play.install(registration, { by: github.owner });
  const account = (login: string, level: "read" | "write") => {
    const added = github.addAccount(login);
    github.people.grant(repository, added, level);
    return added;
  };
  const [maria, olga, rita, vera] = WRITERS.map((login) => account(login, "write")) as [
    Account,
    Account,
    Account,
    Account,
  ];
  const people = { maria, olga, rita, vera, sid: account("sid", "read") };
  const governed = policy === "" ? {} : { ".weighbridge/policy.yml": policy };
  play.push(repository, {
    branch: "main",
    by: github.owner,
    files: { "README.md": "Models\n", ...governed, ...current(modelFiles()), ...files },
  });
  const home = mkdtempSync(join(tmpdir(), "weighbridge-app-"));
  writeFileSync(join(home, "trail.pem"), generateKey("trail").pem, { mode: 0o600 });
  const config: Config = {
    appId: registration.id,
    privateKey: registration.privateKey,
    webhook: { path: "/api/github/webhooks", secrets: [registration.webhookSecret] },
    github: { apiUrl: stand.origin, webUrl: stand.origin },
    listen: { host: "127.0.0.1", port: 0 },
    store: { kind: "sqlite", folder: join(home, "data") },
    trailKey: { kind: "file", path: join(home, "trail.pem") },
    login: {
      clientId: registration.clientId,
      clientSecret: registration.clientSecret,
      sessionKey: randomBytes(32),
      publicUrl: "http://127.0.0.1",
    },
    logLevel: "info",
    concurrency: 4,
    ...settings,
  };
  const log: string[] = [];
  /** Resolves when the sweep that a process begins with has put in line what it asks about. */
  const swept = async (begun: number) => {
    const end = Date.now() + IDLE_MS_MAX;
    while (!log.slice(begun).some((line) => line.includes('"message":"Swept"'))) {
      if (Date.now() > end) throw new Error(`The App does not sweep:\n${log.slice(-20).join("")}`);
      await sleep(5);
    }
  };
  const start = async () => {
    const begun = log.length;
    const started = await startApp(config, {
      ...{ quietMs: 20, pollMs: 20, writeGapMs: 0, staleMs: 0, ...turned },
      log: (line) => log.push(line),
    });
    registration.hookUrl = `http://127.0.0.1:${started.port}/api/github/webhooks`;
    await swept(begun);
    return started;
  };
  let running = await start();
  let proposals = 0;
  const team: Team = {
    ...{ stand, registration, installation, repository, people, log },
    get running() {
      return running;
    },
    async propose(changed, { by = people.maria, base = "main", ...commit } = {}) {
      const head = `change-${++proposals}`;
      const parents = [tip(repository, base)];
      // The same files in the same second are two commits.
      play.push(repository, { branch: head, by, files: changed, parents, message: head, ...commit });
      const pull = play.openPull(repository, { head, base, by });
      await team.settle();
      return pull;
    },
    async settle() {
      const end = Date.now() + IDLE_MS_MAX;
      for (let idle = 0; idle < 3; ) {
        await github.hooks.settled();
        const { oldest } = await running.services.store.inbox.depth();
        // What is due later waits by itself.
        const isIdle = oldest === undefined || oldest > running.services.now();
        idle = isIdle ? idle + 1 : 0;
        if (Date.now() > end) throw new Error(`The App does not come to rest:\n${log.slice(-20).join("")}`);
        await sleep(30);
      }
    },
    commentOn(pull) {
      const own = github.comments.filter(
        (each) =>
          each.thread === pull && each.app?.id === registration.id && /^<!-- weighbridge:\d/.test(each.body),
      );
      if (own.length > 1) throw new Error(`${own.length} comments of ours on pull request ${pull.number}`);
      return own[0]?.body ?? "";
    },
    checkOf(head) {
      const runs = github.checks.runs.filter(
        ({ suite, name }) => suite.head === head && name === "weighbridge",
      );
      const last = runs.at(-1);
      if (last === undefined) throw new Error(`No check of ${head}:\n${log.slice(-20).join("")}`);
      const { status, conclusion, output } = last;
      return {
        status,
        conclusion,
        title: output.title ?? "",
        text: `${output.summary ?? ""}\n${output.text ?? ""}`,
      };
    },
    async trail() {
      // The App may have been installed anew, and the repository may have moved.
      const there = github.apps.covering(registration, repository) ?? installation;
      await running.services.trails.settle({
        ...{ installationId: there.id, repositoryId: repository.id },
        ...{ owner: repository.owner.login, repo: repository.name },
      });
      const store = await openGitStore(source.directory);
      try {
        const { report } = await verifyTrail({ store, level: 1 });
        if (report.findings.length > 0) throw new Error(JSON.stringify(report.findings));
        const entries: LogEntry[] = [];
        for await (const entry of readLog(store, await openTrail(store))) entries.push(entry);
        return entries;
      } finally {
        await store.close();
      }
    },
    async restart() {
      await running.stop(5_000);
      running = await start();
    },
    async close() {
      await running.stop(5_000);
      rmSync(home, { recursive: true });
      source.remove();
      await stand.close();
    },
  };
  await team.settle();
  return team;
}

/** `kind`, and the verdict where there is one. */
export function kindsOf(entries: readonly LogEntry[]): readonly string[] {
  return entries.map(({ predicate: { kind, decision } }) =>
    decision === undefined ? kind : `${kind} ${decision.verdict}`,
  );
}

/** The files with an evaluation of today, for evidence grows old. */
export function current(files: Files): Files {
  const today = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;
  return Object.fromEntries(
    Object.entries(files).map(([path, content]) => [
      path,
      typeof content === "string" ? content.replace("2026-11-20T09:00:00Z", today) : content,
    ]),
  );
}

/** The next version of the model, with the metric that was measured on it. */
export function nextModel(version = 2, auc = 0.9): Files {
  return current(modelFiles({ version, auc }));
}
