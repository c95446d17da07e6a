import { md } from "../../gate/report/escape.ts";
import type { EntryContent } from "../../gate/trail/entry.ts";
import type { Site } from "../services.ts";
import { announce } from "./announcement.ts";

/** A move of a governed branch that no passing decision allowed. */
export interface Bypass {
  readonly ref: string;
  /** Commit ids; 40 zeros where there was nothing. */
  readonly before: string;
  readonly after: string;
  /** In our words: `pull request 7`, `a direct push`. */
  readonly what: string;
  readonly pr?: EntryContent["predicate"]["pr"];
}

/** Writes a bypass down, and opens one issue about it where GitHub takes one. */
export async function flagBypass(site: Site, { ref, before, after, what, pr }: Bypass): Promise<void> {
  const { trails, place, log } = site;
  await trails.recordEvent(place, {
    ...{ kind: "bypass.detected", head: after, move: { ref, before, after } },
    ...(pr !== undefined && { pr }),
  });
  log.warn("A governed branch moved without a passing decision", {
    repository: place.repositoryId,
    head: after,
  });
  const body = md`Commit \`${after.slice(0, 12)}\` entered \`${ref}\` by ${what}, and no decision of Weighbridge let it pass.

It is in the audit trail as \`bypass.detected\`. Judge it now: open a pull request that takes it back, or one that brings the evidence and the approvals that it lacks.\n`;
  await announce(site, {
    marker: `<!-- weighbridge:bypass:${after} -->`,
    title: `A change of a model went around the gate: ${after.slice(0, 12)}`,
    body: body.source,
  });
}
