import { readDefaultBranch } from "../github/tip.ts";
import type { Site } from "../services.ts";

/** It is renamed once in years, and each judgement may ask for it. */
const FRESH_MS = 10 * 60_000;

interface Kept {
  readonly branch: string;
  /** When GitHub said so, milliseconds since 1970. */
  readonly at: number;
}

/** What the default branch is called, as of the last minutes. */
export async function recentDefaultBranch({ client, store, place, now }: Site): Promise<string> {
  const name = `default-branch/${place.repositoryId}`;
  const found = await store.archive.get(name);
  const kept: Kept | undefined = found === undefined ? undefined : JSON.parse(found);
  if (kept !== undefined && now() - kept.at < FRESH_MS) return kept.branch;
  const branch = await readDefaultBranch(client, place);
  await store.archive.set(name, JSON.stringify({ branch, at: now() } satisfies Kept));
  return branch;
}
