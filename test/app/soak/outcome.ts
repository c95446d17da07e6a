import { openGitStore } from "../../../gate/trail/git-store.ts";
import { type LogEntry, openTrail, readLog } from "../../../gate/trail/read.ts";
import { verifyTrail } from "../../../gate/trail/verify.ts";
import type { Pull, Repository } from "../../github/nouns.ts";
import type { StandIn } from "../../github/server.ts";
import type { Registration } from "../../github/state/apps.ts";
import type { Script } from "./script.ts";

/** What is to be seen in the end: what differs from run to run by nature has the same name in each. */
export interface Outcome {
  readonly pulls: readonly ShownPull[];
  /** Entries that belong to no pull request. */
  readonly others: readonly string[];
  readonly issues: readonly string[];
  readonly dead: unknown;
  readonly findings: readonly unknown[];
}

interface ShownPull {
  readonly state: string;
  /** The run that stands, of each head that has one. */
  readonly checks: readonly string[];
  /** Ours; each stands for itself, so that two are seen. */
  readonly comments: readonly string[];
  readonly reactions: readonly string[];
  readonly entries: readonly string[];
}

interface World {
  readonly stand: StandIn;
  readonly repository: Repository;
  readonly registration: Registration;
}

const VOLATILE: ReadonlySet<string> = new Set(["seq", "prev", "id", "ts", "source_ts", "app", "evidence"]);

/** Of GitHub's ids; numbers of pull requests are smaller. */
const IDS_FROM = 1_000;

export class Outcomes {
  readonly #world: World;
  readonly #names = new Map<string, string>();

  constructor(world: World) {
    this.#world = world;
  }

  name(id: string | number, name: string): void {
    this.#names.set(String(id), name);
  }

  async read(script: Script, directory: string, dead: unknown): Promise<Outcome> {
    const { entries, findings } = await readTrail(directory);
    const told = entries.filter(({ predicate }) => predicate.kind !== "heartbeat");
    const ofPull = new Map<number, string[]>();
    const others: string[] = [];
    // What ended a word may be told of before or after what came of it.
    const isEnd = ({ predicate }: LogEntry) => predicate.kind === "approval.withdrawn";
    for (const entry of [...told.filter((each) => !isEnd(each)), ...told.filter(isEnd)]) {
      const number = entry.predicate.pr?.number;
      const list = number === undefined ? others : (ofPull.get(number) ?? []);
      list.push(this.#entry(entry));
      if (number !== undefined) ofPull.set(number, list);
    }
    const { github } = this.#world.stand;
    return {
      pulls: script.parts.map(({ pull }) => this.#pull(pull, ofPull.get(pull.number) ?? [])),
      others: others.sort(),
      issues: github.issues.map(({ title, body }) => this.#plain(`${title}\n${body}`)).sort(),
      dead,
      findings,
    };
  }

  #pull(pull: Pull, entries: readonly string[]): ShownPull {
    const { github } = this.#world.stand;
    const { id } = this.#world.registration;
    const own = github.comments.filter(({ thread, app }) => thread === pull && app?.id === id);
    return {
      state: pull.merged === undefined ? pull.state : "merged",
      checks: this.#checks(pull),
      comments: own.map(({ body }) => this.#plain(body)),
      reactions: this.#reactions(pull),
      entries,
    };
  }

  #checks(pull: Pull): readonly string[] {
    const runs = this.#world.stand.github.checks.runs.filter(({ name }) => name === "weighbridge");
    const newest = new Map(runs.map((run) => [run.suite.head, run]));
    const heads = [...newest].filter(([head]) =>
      this.#names.get(head)?.startsWith(`head-${pull.number - 1}-`),
    );
    return heads
      .map(([head, { status, conclusion, output }]) =>
        this.#plain(
          `${this.#names.get(head)}: ${status} ${conclusion}\n${output.title}\n${output.summary}\n${output.text}`,
        ),
      )
      .sort();
  }

  #reactions(pull: Pull): readonly string[] {
    const { github } = this.#world.stand;
    return github.reactions
      .filter(({ comment }) => comment.thread === pull)
      .map(({ comment, content }) => `${this.#names.get(String(comment.id))} ${content}`)
      .sort();
  }

  #entry({ predicate }: LogEntry): string {
    const kept = Object.entries(predicate).filter(([name]) => !VOLATILE.has(name));
    return JSON.stringify(this.#tame(Object.fromEntries(kept)));
  }

  #tame(value: unknown): unknown {
    if (typeof value === "string") return this.#names.get(value) ?? this.#plain(value);
    if (typeof value === "number")
      return value > IDS_FROM ? (this.#names.get(String(value)) ?? value) : value;
    if (Array.isArray(value)) return value.map((item) => this.#tame(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#tame(item)]));
  }

  /** The text without what the clock, the port and the order of ids make of it. */
  #plain(text: string): string {
    return (
      text
        .replaceAll(/\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{40,}/g, "+<key>")
        .replaceAll(/127\.0\.0\.1[:-]\d+/g, "<host>")
        .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, "<time>")
        .replaceAll(
          /(pullrequestreview|issuecomment)-(\d+)/g,
          (_, kind, id) => `${kind}-${this.#names.get(id)}`,
        )
        // How long the trail was when the pull request was judged.
        .replaceAll(/\b\d+ entries\b/g, "<count> entries")
        .replaceAll(/\b\d+\.\d days\b/g, "<age>")
        .replaceAll(/\b[0-9a-f]{64}\b/g, "<digest>")
        .replaceAll(/\b[0-9a-f]{7,40}\b/g, (sha) => this.#commit(sha))
    );
  }

  #commit(sha: string): string {
    for (const [known, name] of this.#names)
      if (known.length === 40 && known.startsWith(sha)) return `<${name}>`;
    return /^\d+$/.test(sha) ? sha : "<hex>";
  }
}

async function readTrail(directory: string) {
  const store = await openGitStore(directory);
  try {
    const { report } = await verifyTrail({ store, level: 1 });
    const entries: LogEntry[] = [];
    for await (const entry of readLog(store, await openTrail(store))) entries.push(entry);
    return { entries, findings: report.findings };
  } finally {
    await store.close();
  }
}
