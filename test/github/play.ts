import * as apps from "./play/apps.ts";
import * as checks from "./play/checks.ts";
import * as comments from "./play/comments.ts";
import * as merges from "./play/merges.ts";
import * as people from "./play/people.ts";
import * as pulls from "./play/pulls.ts";
import * as pushes from "./play/pushes.ts";
import * as repositories from "./play/repositories.ts";
import * as reviews from "./play/reviews.ts";
import * as workflows from "./play/workflows.ts";
import type { GitHubState } from "./state.ts";

/** `play.openPull(…)` for `openPull(github, …)`. */
type Bound<Part> = {
  readonly [Name in keyof Part]: Part[Name] extends (github: GitHubState, ...rest: infer Rest) => infer Result
    ? (...rest: Rest) => Result
    : never;
};

const PARTS = {
  ...apps,
  ...checks,
  ...comments,
  ...merges,
  ...people,
  ...pulls,
  ...pushes,
  ...repositories,
  ...reviews,
  ...workflows,
};

/** What people do on GitHub: each changes the state as GitHub would, and tells the Apps. See play/. */
export type Play = Bound<typeof PARTS>;

export function playOn(github: GitHubState): Play {
  const bound = Object.entries(PARTS).map(([name, act]) => [
    name,
    (...rest: unknown[]) => (act as (...all: unknown[]) => unknown)(github, ...rest),
  ]);
  return Object.fromEntries(bound) as Play;
}
