import { GateError } from "../gate/model/error.ts";
import type { TrailState } from "../gate/model/trail.ts";
import { WITNESSED_FILE } from "../gate/trail/batch.ts";
import { createTrail } from "../gate/trail/change.ts";
import { parseCheckpoint } from "../gate/trail/checkpoint.ts";
import type { ContentWithEvidence } from "../gate/trail/decision-content.ts";
import type { EntryContent } from "../gate/trail/entry.ts";
import { DEFAULT_BRANCH } from "../gate/trail/git-store.ts";
import type { GitHubApi } from "../gate/trail/github-api.ts";
import { openGitHubStore } from "../gate/trail/github-store.ts";
import { readHead } from "../gate/trail/head.ts";
import type { Halt } from "../gate/trail/journal.ts";
import { parseNote } from "../gate/trail/note.ts";
import { toRow } from "../gate/trail/outbox-row.ts";
import type { TrailStore } from "../gate/trail/store.ts";
import { currentKey, type TrailFile } from "../gate/trail/trail-file.ts";
import { postToWitness } from "../gate/trail/witness-post.ts";
import { witnessTrail } from "../gate/trail/witnessing.ts";
import { TrailWriter } from "../gate/trail/writer.ts";
import { ENGINE } from "../gate/verdict/decide.ts";
import type { Config } from "./config.ts";
import type { GitHub } from "./github/client.ts";
import { limited } from "./github/failure.ts";
import { readDefaultTip } from "./github/tip.ts";
import { trailApi } from "./github/trail-api.ts";
import { findPlace, presumePlace } from "./kept-place.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { nameOf, type Place } from "./place.ts";
import type { OpenJournal, Store } from "./store/store.ts";
import { openSigner } from "./trail-key.ts";
import { findProven, type Wanted } from "./trail-search.ts";

/** What is governed where nobody says otherwise: the folder that `weighbridge init` makes manifests in. */
const GOVERNED = ["models/**"];
const HEARTBEAT_MINUTES = 60;
/** Commits that one call waits for: with a thousand entries each, more than an hour of work. */
const FLUSHES_MAX = 16;
const PENDING_COUNTED_MAX = 1_000;
/** Branches whose objects are at hand: of each some 20 MiB at most. */
const BRANCHES_MAX = 8;

export interface TrailsWorld {
  readonly config: Pick<Config, "trailKey" | "witnesses" | "appId" | "github">;
  readonly github: GitHub;
  readonly store: Store;
  readonly log: Log;
  readonly metrics: Pick<Metrics, "trailEntries">;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** How a trail stands after something was to be written to it. */
export type Standing = { readonly kind: "landed" } | { readonly kind: "halted"; readonly halt: Halt };

/** The trails of all repositories: what is recorded is kept at once, and one writer at a time brings it to the branch. */
export class Trails {
  readonly #world: TrailsWorld;
  /** By repository: the work on its trail that goes on, for there is one writer. */
  readonly #turns = new Map<number, Promise<unknown>>();
  /** The last used is the last. */
  readonly #branches = new Map<string, Branch>();

  constructor(world: TrailsWorld) {
    this.#world = world;
  }

  /** Members that every entry of the App has. */
  setting(place: Place) {
    const { appId, github } = this.#world.config;
    return {
      repo: { id: place.repositoryId, name: nameOf(place) },
      state: `git+${github.webUrl.replace(/^http:/, "https:")}/${nameOf(place)}`,
      app: { version: ENGINE, id: appId, installation: place.installationId },
    };
  }

  /** Keeps an event for the trail; it is on the disk when this resolves. Its id. */
  async record(place: Place, { content, evidence }: ContentWithEvidence): Promise<string> {
    const row = toRow(content, evidence);
    const { store } = this.#world;
    await presumePlace(store.archive, place);
    await store.enqueue(place.repositoryId, row);
    return row.id;
  }

  /** Keeps an event that is about the repository's state, and not about a file. */
  recordEvent(place: Place, event: TrailEvent): Promise<string> {
    const { repo, app, state } = this.setting(place);
    const source_ts = new Date(this.#world.now()).toISOString();
    const { head, ...predicate } = event;
    const content = {
      subject: [{ name: state, digest: { gitCommit: head } }],
      predicate: { source_ts, repo, app, ...predicate },
    };
    return this.record(place, { content: content as EntryContent, evidence: [] });
  }

  /**
   * Brings everything that is kept to the branch. Rejects `GITHUB_LIMITED` where GitHub makes it wait, and
   * `TRAIL_LEADER_BUSY` where another process writes.
   */
  async settle(place: Place): Promise<Standing> {
    return this.#inTurn(place.repositoryId, () =>
      this.#withWriter(place, async (writer, journal) => {
        for (let turn = 0; turn < FLUSHES_MAX; turn++) {
          const flush = await writer.flush();
          if (flush.kind === "halted") return this.#reportHalt(place, flush.halt);
          if (flush.kind === "waiting") throw limited("the trail", flush.seconds ?? 10);
          if (flush.kind === "idle") return { kind: "landed" };
          this.#world.metrics.trailEntries(flush.ids.length);
          if ((await journal.pending(1)).length === 0) return { kind: "landed" };
        }
        throw limited("the trail", 10);
      }),
    );
  }

  /** What a heartbeat says of a trail; undefined where there is none. */
  async standing(place: Place): Promise<Beat | undefined> {
    const journal = this.#world.store.journalView(place.repositoryId);
    const landed = await journal.landed();
    if (landed === undefined) return undefined;
    const branch = this.storeOf(place);
    const { file } = await readHead(branch, landed.commit);
    const [witnessed] = await branch.read(landed.commit, [WITNESSED_FILE]);
    const pending = await journal.pending(PENDING_COUNTED_MAX);
    const oldest = pending[0]?.content.predicate.source_ts;
    return {
      keyId: currentKey(file).vkey.split("+")[1] ?? "",
      witnessed: witnessed === undefined ? 0 : sizeOf(witnessed),
      namesWitnesses: file.witness !== undefined,
      pending: pending.length,
      oldestAt: oldest === undefined ? undefined : Date.parse(oldest),
    };
  }

  /**
   * Has the trail cosigned by the witnesses that it names; the next commit takes it along. Nothing waits for them: who
   * does not answer is asked again when this is called again.
   */
  async haveWitnessed(place: Place): Promise<void> {
    const { log, now } = this.#world;
    await this.#inTurn(place.repositoryId, () =>
      this.#withWriter(place, async (_, journal) => {
        const commit = (await journal.landed())?.commit;
        if (commit === undefined) return;
        const store = this.storeOf(place);
        const world = { store, journal, post: postToWitness, now: () => new Date(now()) };
        const outcome = await witnessTrail(world, await readHead(store, commit));
        const repository = place.repositoryId;
        if (outcome.kind === "behind") {
          const reason = outcome.problems[0]?.code ?? "TRAIL_WITNESS_MISSING";
          log.warn("Too few witnesses cosigned the trail", { repository, reason });
        }
        const halt = await journal.halted();
        if (halt !== undefined) this.#reportHalt(place, halt);
      }),
    );
  }

  /** Brings what waits anywhere to its branch. What cannot be written now waits for the next time. */
  async settleAll(): Promise<void> {
    const { store, log } = this.#world;
    for (const repositoryId of await store.pendingTrails()) {
      const place = await findPlace(store.archive, repositoryId);
      if (place === undefined) continue;
      try {
        await this.settle(place);
      } catch (cause) {
        log.warn("The trail has to wait", {
          repository: repositoryId,
          reason: cause instanceof GateError ? cause.code : "UNEXPECTED",
        });
      }
    }
  }

  /** How the trail stands, as its writer knows: it looks at the branch before each commit, and halts at what is not its own. */
  async state(place: Place): Promise<TrailState | undefined> {
    const journal = this.#world.store.journalView(place.repositoryId);
    const [landed, halt] = [await journal.landed(), await journal.halted()];
    if (landed === undefined && halt === undefined) return undefined;
    const origin = (await this.#world.store.archive.get(originName(place))) ?? this.#originOf(place);
    const root = Buffer.from(landed?.root ?? []).toString("hex");
    const fix = "Find out who wrote to the trail's branch; then an operator resumes it";
    const findings = halt === undefined ? [] : [{ code: halt.code, message: halt.message, fix }];
    return { origin, size: landed?.size ?? 0, root, findings };
  }

  /**
   * Whether the trail as it was last written holds the entry, proven up to the checkpoint that its key signed. Rejects
   * what reading the branch does where it is damaged.
   */
  async holds(place: Place, wanted: Wanted): Promise<boolean> {
    const branch = this.storeOf(place);
    const landed = await this.#world.store.journalView(place.repositoryId).landed();
    const commit = landed?.commit ?? (await branch.head());
    if (commit === undefined) return false;
    return (await findProven(branch, await readHead(branch, commit), wanted)) !== undefined;
  }

  /** The trails that nothing is written to until an operator has looked. */
  async halted(): Promise<readonly HaltedTrail[]> {
    const { store } = this.#world;
    const trails: HaltedTrail[] = [];
    for (const repositoryId of await store.haltedTrails()) {
      const halt = await store.journalView(repositoryId).halted();
      const place = await findPlace(store.archive, repositoryId);
      if (halt === undefined) continue;
      trails.push({ repositoryId, halt, ...(place !== undefined && { place }) });
    }
    return trails;
  }

  /** The branch as GitHub has it. What was read of it once is at hand for the next piece of work, with a new client. */
  storeOf({ installationId, owner, repo }: Place): TrailStore {
    const name = `${installationId}/${owner}/${repo}`;
    const known = this.#branches.get(name);
    const branch = known ?? openBranch({ owner, repo });
    branch.api = trailApi(this.#world.github.installation(installationId));
    this.#branches.delete(name);
    this.#branches.set(name, branch);
    const [oldest] = this.#branches.keys();
    if (this.#branches.size > BRANCHES_MAX && oldest !== undefined) this.#branches.delete(oldest);
    return branch.store;
  }

  #originOf(place: Place): string {
    return `${new URL(this.#world.config.github.webUrl).host.replace(/[^A-Za-z0-9._-]/g, "-")}/${nameOf(place)}/trail`;
  }

  async #withWriter<T>(
    place: Place,
    work: (writer: TrailWriter, journal: OpenJournal) => Promise<T>,
  ): Promise<T> {
    const { store, now, sleep } = this.#world;
    const journal = await store.journal(place.repositoryId);
    try {
      const branch = this.storeOf(place);
      const commit = (await journal.landed())?.commit ?? (await branch.head());
      const name = this.#originOf(place);
      const isNew = commit === undefined && (await journal.reserved()) === undefined;
      const vkey = commit === undefined ? "" : currentKey((await readHead(branch, commit)).file).vkey;
      const known = commit === undefined ? { name, vkey } : { name: vkey.split("+")[0] ?? name, vkey };
      const signer = await openSigner(this.#world.config.trailKey, known);
      await store.archive.set(originName(place), known.name);
      const writer = new TrailWriter({
        ...{ store: branch, journal, signers: [signer] },
        now: () => new Date(now()),
        sleep,
      });
      if (isNew) await this.#begin(place, writer, { origin: name, vkey: signer.vkey });
      return await work(writer, journal);
    } finally {
      await journal.close();
    }
  }

  /** The first entry, after the commit that the default branch has now. */
  async #begin(
    place: Place,
    writer: TrailWriter,
    { origin, vkey }: { readonly origin: string; readonly vkey: string },
  ): Promise<void> {
    const client = this.#world.github.installation(place.installationId);
    const { branch, commit } = await readDefaultTip(client, place);
    const { witnesses } = this.#world.config;
    const file: TrailFile = {
      v: 1,
      origin,
      repo_id: place.repositoryId,
      genesis: commit,
      governed: { branch, globs: GOVERNED },
      keys: [{ vkey, from: 0 }],
      heartbeat_minutes: HEARTBEAT_MINUTES,
      ...(witnesses === undefined ? {} : { witness: witnesses }),
    };
    const { repo: named, app } = this.setting(place);
    const source_ts = new Date(this.#world.now()).toISOString();
    const flush = await createTrail(writer, file, { repo: named, source_ts, app });
    if (flush.kind === "waiting") throw limited("the trail", flush.seconds ?? 10);
  }

  #reportHalt({ repositoryId }: Place, halt: Halt): Standing {
    this.#world.log.error("The trail is halted: an operator has to look", {
      repository: repositoryId,
      reason: halt.code,
    });
    return { kind: "halted", halt };
  }

  #inTurn<T>(repositoryId: number, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(repositoryId) ?? Promise.resolve();
    const mine = before.then(work, work);
    const settled = mine.catch(() => {});
    this.#turns.set(repositoryId, settled);
    settled.then(() => {
      if (this.#turns.get(repositoryId) === settled) this.#turns.delete(repositoryId);
    });
    return mine;
  }
}

export interface HaltedTrail {
  readonly repositoryId: number;
  readonly halt: Halt;
  /** Where it is, if it was ever written to. */
  readonly place?: Place;
}

/** How a trail stands, for its heartbeat. */
export interface Beat {
  readonly keyId: string;
  /** Entries that witnesses have seen. */
  readonly witnessed: number;
  readonly namesWitnesses: boolean;
  readonly pending: number;
  /** When the oldest event that waits happened, in milliseconds since 1970. */
  readonly oldestAt: number | undefined;
}

/** Whoever began the trail may have named it otherwise than we would. */
function originName({ repositoryId }: Place): string {
  return `trail-origin/${repositoryId}`;
}

/** A trail's branch, whose objects are read once; through whom is set for each piece of work. */
interface Branch {
  readonly store: TrailStore;
  api: GitHubApi | undefined;
}

function openBranch({ owner, repo }: Pick<Place, "owner" | "repo">): Branch {
  const apiOf = () => branch.api!;
  const api: GitHubApi = {
    request: (route, parameters) => apiOf().request(route, parameters),
    graphql: (document, variables) => apiOf().graphql(document, variables),
  };
  const store = openGitHubStore(api, { owner, repo, branch: DEFAULT_BRANCH });
  const branch: Branch = { store, api: undefined };
  return branch;
}

function sizeOf(checkpoint: Uint8Array): number {
  return parseCheckpoint(parseNote(checkpoint, WITNESSED_FILE).text, WITNESSED_FILE).size;
}

/** An event without what every entry has; `head` is the commit that it is about. */
export type TrailEvent = { readonly head: string } & Omit<
  EntryContent["predicate"],
  "source_ts" | "repo" | "app"
>;
