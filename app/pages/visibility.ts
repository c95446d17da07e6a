import type { Login, Repository } from "./login.ts";
import type { Session } from "./sessions.ts";

/** How long an answer of GitHub counts: someone who lost access sees what they saw for no longer than that. */
export const VISIBILITY_MS = 2 * 60_000;
const SESSIONS_MAX = 1_000;

/** What one person may see. */
export interface Sight {
  /** Sorted by owner and name. */
  readonly repositories: readonly Repository[];
  readonly complete: boolean;
  /** The repository of this name, however it is capitalized. */
  find(owner: string, name: string): Repository | undefined;
}

export interface Visibility {
  of(session: Session): Promise<Sight>;
}

/** Asks GitHub for each session, at most every two minutes; many requests at once are one question. */
export function openVisibility(login: Pick<Login, "repositories">, now: () => number): Visibility {
  const kept = new Map<string, { readonly until: number; readonly sight: Promise<Sight> }>();
  return {
    of({ id, token }) {
      const known = kept.get(id);
      if (known !== undefined && known.until > now()) return known.sight;
      const sight = readSight(login, token);
      const entry = { until: now() + VISIBILITY_MS, sight };
      kept.delete(id);
      kept.set(id, entry);
      for (const oldest of kept.keys()) if (kept.size > SESSIONS_MAX) kept.delete(oldest);
      // Whoever awaits it meets the error; the next request asks again.
      sight.catch(() => {
        if (kept.get(id) === entry) kept.delete(id);
      });
      return sight;
    },
  };
}

async function readSight(login: Pick<Login, "repositories">, token: string): Promise<Sight> {
  const { repositories, complete } = await login.repositories(token);
  const byName = new Map(
    repositories.map((repository) => [keyOf(repository.owner, repository.name), repository]),
  );
  return {
    repositories: [...byName].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, repository]) => repository),
    complete,
    find: (owner, name) => byName.get(keyOf(owner, name)),
  };
}

function keyOf(owner: string, name: string): string {
  return `${owner}/${name}`.toLowerCase();
}
