import { createTrail } from "../../gate/trail/change.ts";
import type { GitHubApi } from "../../gate/trail/github-api.ts";
import { type GitHubStoreOptions, openGitHubStore } from "../../gate/trail/github-store.ts";
import type { Signer } from "../../gate/trail/note.ts";
import type { TrailStore } from "../../gate/trail/store.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { readRef, writeRef } from "../github/git/refs.ts";
import type { Token } from "../github/nouns.ts";
import { type StandIn, startServer } from "../github/server.ts";
import type { Installation, Registration } from "../github/state/apps.ts";
import type { Repository } from "../github/state.ts";
import { clientOf } from "./github-client.ts";
import { TRAIL, WRITER } from "./place.ts";
import { Clock, landed, openRig, type Rig, SETTING, trailFile } from "./rig.ts";

/** A stand-in for GitHub with a repository, and the App that may write its trail. */

const REF = `refs/heads/${TRAIL.branch}`;

export interface GitHubSite {
  readonly stand: StandIn;
  readonly source: ScratchRepository;
  readonly repository: Repository;
  readonly app: Registration;
  readonly installation: Installation;
  readonly token: Token;
  readonly clock: Clock;
  readonly api: GitHubApi;
  open(options?: Partial<GitHubStoreOptions>): TrailStore;
  /** The trail's last commit. */
  tip(): string;
  /** Puts the trail's branch on another commit, or takes it away, as somebody with access to the disk could. */
  setTip(id: string | undefined): void;
  close(): Promise<void>;
}

/** `isEmpty`: a repository in which nothing was ever committed. */
export async function openSite({ isEmpty = false } = {}): Promise<GitHubSite> {
  const source = await scratchRepository();
  if (!isEmpty) source.commit("first", { "README.md": "# Models\n" });
  const stand = await startServer();
  const { github } = stand;
  const clock = new Clock();
  github.now = clock.now;
  const repository = github.addRepository(TRAIL.repo, source.directory, { private: true });
  const permissions = { metadata: "read", contents: "write" } as const;
  const app = github.addApp("weighbridge", { permissions, events: [] });
  const installation = github.apps.install(app, github.owner);
  // The test's own clock may pass an hour in no time: a token that does not end.
  const { expiresAt: _, ...issued } = github.apps.issue(installation);
  const token: Token = { ...issued, text: WRITER };
  github.tokens.push(token);
  const api = clientOf(stand.origin, WRITER);
  return {
    ...{ stand, source, repository, app, installation, token, clock, api },
    open: (options) => openGitHubStore(api, { ...TRAIL, ...options }),
    tip: () => readRef(repository, REF) ?? "",
    setTip: (id) => writeRef(repository, REF, id),
    async close() {
      source.remove();
      await stand.close();
    },
  };
}

export interface OnlineOptions {
  readonly signers?: readonly Signer[];
  readonly journalFolder?: string;
  readonly store?: TrailStore;
}

/** A writer of the site's trail. Its rig's own store is the same repository, without GitHub before it. */
export function openOnline(site: GitHubSite, options: OnlineOptions = {}): Promise<Rig> {
  const { store = site.open(), ...rest } = options;
  return openRig({ directory: site.source.directory, clock: site.clock, wrapStore: () => store, ...rest });
}

/** One whose trail has begun: one entry. */
export async function startedOnline(site: GitHubSite, options: OnlineOptions = {}): Promise<Rig> {
  const rig = await openOnline(site, options);
  landed(await createTrail(rig.writer, trailFile(), SETTING));
  return rig;
}
