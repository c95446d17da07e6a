import type { Config } from "./config.ts";
import type { Client, GitHub } from "./github/client.ts";
import type { LfsFiles } from "./github/lfs.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Place } from "./place.ts";
import type { Store } from "./store/store.ts";
import type { Trails } from "./trails.ts";

/** What every piece of work is done with. */
export interface Services {
  readonly config: Config;
  readonly github: GitHub;
  readonly lfs: Pick<LfsFiles, "open">;
  readonly store: Store;
  readonly trails: Trails;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Folder of the policies that come with Weighbridge. */
  readonly policies: URL;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** For so long after a change GitHub may answer from before it. */
  readonly staleMs: number;
}

/** The means for one piece of work in one repository. */
export interface Site extends Services {
  readonly place: Place;
  /** What it waits for GitHub is bounded in all. */
  readonly client: Client;
  /** Says that the work is no longer ours: nothing is to be written any more. */
  readonly signal: AbortSignal;
}

export function siteOf(services: Services, place: Place, signal: AbortSignal): Site {
  return { ...services, place, client: services.github.installation(place.installationId), signal };
}
