import { keepPlace } from "../kept-place.ts";
import type { Place } from "../place.ts";
import type { Services } from "../services.ts";
import { askForOpenPulls } from "./fan-out.ts";

/**
 * Takes a repository for where GitHub has it now. Installed anew or transferred it is under another installation, whose
 * events about teams and members would find nothing of it; and what they told meanwhile reached nobody, so that
 * whatever is open is judged again.
 */
export async function followMove(
  { store, now }: Pick<Services, "store" | "now">,
  place: Place,
): Promise<void> {
  const { archive } = store;
  const { installationId, repositoryId } = place;
  const open = await archive.openPulls([repositoryId]);
  // Asked for before it is kept, or a process that ends in between would never ask.
  if (open.some((row) => row.installationId !== installationId)) {
    await askForOpenPulls({ store, place, now }, `moved/${installationId}/${now()}`);
  }
  await archive.movePulls(place);
  await keepPlace(archive, place);
}
