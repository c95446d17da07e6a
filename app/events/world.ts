import type { Pointer } from "../../gate/model/change.ts";
import type { World } from "../../gate/world.ts";
import { appPacks } from "../github/packs.ts";
import { type ApiRepository, apiRepository } from "../github/repository.ts";
import type { Site } from "../services.ts";
import { keptChampions } from "./champions.ts";
import { keptPredecessors } from "./predecessors.ts";
import { keptUses } from "./waiver-entries.ts";

/** Runs `work` with the repository as GitHub has it; what was too large for memory is removed afterwards. */
export async function withRepository<T>(
  { place, client, lfs, store }: Site,
  work: (repository: ApiRepository) => Promise<T>,
): Promise<T> {
  const openContent = (pointer: Pointer, path: string) => lfs.open(place, pointer, path);
  const repository = apiRepository({ ...place, client, openContent, cache: store.archive });
  try {
    return await work(repository);
  } finally {
    repository.close();
  }
}

/** What the engine asks of outside, as the App knows it; without evidence of a run, and without anybody's word. */
export function worldOf(site: Site, repository: ApiRepository): World {
  const { place, client, store, now, trails, policies } = site;
  return {
    repository,
    packs: appPacks({ policies, client, repositoryId: place.repositoryId, cache: store.archive }),
    evidence: [],
    trail: {
      state: () => trails.state(place),
      champions: (asked) => keptChampions(site, asked),
      predecessors: (replacements) => keptPredecessors(site, replacements),
      uses: (waivers) => keptUses(site, waivers),
    },
    now: () => new Date(now()),
  };
}
