import type { Place } from "../place.ts";

/** What the App remembers of its own doing. Everything here can be made again from GitHub and the trail, but votes. */
export interface Archive {
  /** Keeps what was decided about a head, and by model the digest of what it is there. Again, it changes nothing. */
  keepDecision(row: DecisionRow, contents?: ReadonlyMap<string, string>): Promise<void>;
  /** Keeps when a decision could first be read on GitHub, milliseconds since 1970: shown again it keeps that time. */
  markShown(row: Pick<DecisionRow, "repositoryId" | "number" | "digest">, at: number): Promise<void>;
  /** The last that was first shown of a pull request, or of one of its heads, before a moment. */
  lastShown(filter: ShownFilter): Promise<DecisionRow | undefined>;
  /** The decision; of several pull requests that were decided alike, the first one's. */
  findDecision(repositoryId: number, digest: string): Promise<DecisionRow | undefined>;
  /** The newest decisions first. */
  decisions(filter: DecisionFilter): Promise<readonly DecisionRow[]>;
  /** All that was decided about, of one head of a pull request. */
  subjects(repositoryId: number, number: number, head: string): Promise<readonly string[]>;
  /** Keeps who had a hand in a merged change. The same merge again changes nothing. */
  keepDevelopers(merged: MergedHands): Promise<void>;
  /** Everybody who had a hand in what was merged of a model since then; in order. */
  developers(filter: DeveloperFilter): Promise<readonly number[]>;

  /** Keeps what is shown of a pull request: one row each. */
  keepPull(row: PullRow): Promise<void>;
  findPull(repositoryId: number, number: number): Promise<PullRow | undefined>;
  /** Open pull requests of these repositories. */
  openPulls(repositoryIds: readonly number[]): Promise<readonly PullRow[]>;
  /** Repositories of the installation that a pull request was ever seen in. */
  places(installationId: number): Promise<readonly Place[]>;
  /** Takes every pull request of the repository for one of this installation, under this name. */
  movePulls(place: Place): Promise<void>;
  /** Open pull requests of the repository with that head: one commit may head several. */
  pullsWithHead(repositoryId: number, head: string): Promise<readonly PullRow[]>;

  /**
   * Binds a vote to what its voter saw. The first binding of a source stands, and one without a subject is completed
   * by the first that names one for the same head; the same source in another state is another vote.
   */
  keepVote(vote: KeptVote): Promise<void>;
  votes(repositoryId: number, number: number): Promise<readonly KeptVote[]>;

  /** Small values by name, for ids of comments, cursors of sweeps, times of the last run. */
  get(name: string): Promise<string | undefined>;
  set(name: string, value: string): Promise<void>;
  /** Values of all names that begin so. Looks at every name: for what is asked rarely. */
  under(prefix: string): Promise<readonly string[]>;
  /** Sets the value only if nobody has set it before; the value that stands. */
  setOnce(name: string, value: string): Promise<string>;
  /** Sets the value only if it is still the one that was read; whether it was. */
  swap(name: string, from: string, to: string): Promise<boolean>;
  remove(name: string): Promise<void>;
  /** Adds to a number that began with 0, whoever else adds to it; the sum. */
  add(name: string, count: number): Promise<number>;

  /** Answers of the API that cannot change, by repository and object id. At most `CACHE_BYTES_MAX` in all. */
  cached(key: string): Promise<Uint8Array | undefined>;
  keepCached(key: string, bytes: Uint8Array): Promise<void>;

  keepSession(session: SessionRow): Promise<void>;
  findSession(id: string, now: number): Promise<SessionRow | undefined>;
  removeSession(id: string): Promise<void>;
  /** Ends every session of a person. */
  removeSessionsOf(userId: number): Promise<void>;
}

export interface DecisionRow {
  readonly repositoryId: number;
  /** 0 for a merge group. */
  readonly number: number;
  readonly head: string;
  readonly base: string;
  /** The branch that it would enter. */
  readonly baseRef: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest: string;
  readonly subject: string;
  readonly verdict: "pass" | "fail" | "wait" | "error";
  readonly models: readonly string[];
  /** The decision record, canonical JSON. */
  readonly record: string;
  /** Milliseconds since 1970. */
  readonly decidedAt: number;
}

export interface DecisionFilter {
  readonly repositoryId: number;
  readonly number?: number;
  readonly model?: string;
  /** What the model is in the head, together with `model`. */
  readonly content?: string;
  /** The branch that it was decided for. */
  readonly baseRef?: string;
  /** Milliseconds since 1970, the first inclusive, the second exclusive. */
  readonly decidedFrom?: number;
  readonly decidedBefore?: number;
  readonly verdict?: DecisionRow["verdict"];
  readonly head?: string;
  readonly countMax: number;
}

/** Those who had a hand in a change that was merged. */
export interface MergedHands {
  readonly repositoryId: number;
  readonly number: number;
  readonly models: readonly string[];
  readonly userIds: readonly number[];
  /** When it was merged, milliseconds since 1970. */
  readonly at: number;
}

export interface ShownFilter {
  readonly repositoryId: number;
  readonly number: number;
  readonly head?: string;
  /** Milliseconds since 1970, exclusive. */
  readonly before: number;
}

export interface DeveloperFilter {
  readonly repositoryId: number;
  readonly model: string;
  /** The pull request whose own people are not asked for. */
  readonly exceptNumber: number;
  /** Milliseconds since 1970, inclusive. */
  readonly since: number;
}

export interface PullRow {
  readonly repositoryId: number;
  readonly installationId: number;
  /** `owner/name`, as it was when last seen. */
  readonly repository: string;
  readonly number: number;
  readonly title: string;
  readonly author: string;
  readonly state: "open" | "closed" | "merged";
  readonly head: string;
  readonly base: string;
  readonly baseRef: string;
  /** Digest of the decision that stands; absent before the first. */
  readonly decision?: string;
  readonly verdict?: DecisionRow["verdict"];
  /** Whether the change touches a model. */
  readonly governed: boolean;
  /** Roles that must still approve, for the list of who is waited for. */
  readonly waitsFor: readonly string[];
  readonly checkRunId?: number;
  readonly commentId?: number;
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
}

export interface KeptVote {
  readonly repositoryId: number;
  readonly number: number;
  readonly source: "review" | "comment";
  readonly sourceId: number;
  readonly userId: number;
  readonly login: string;
  /** `revoke` ends what the person said before. */
  readonly kind: "approve" | "reject" | "revoke";
  readonly head: string;
  /** The one model that an approval names. */
  readonly model?: string;
  /** What the voter saw; absent until it is known. */
  readonly subject?: string;
  /** Milliseconds since 1970, as GitHub says. */
  readonly at: number;
}

export interface SessionRow {
  /** SHA-256 of the cookie's secret, in hex: the store never holds what opens a session. */
  readonly id: string;
  readonly userId: number;
  readonly login: string;
  /** GitHub's user token, sealed with the App's session key. */
  readonly token: string;
  readonly expires: number;
}
