import { isRefusal } from "../github/failure.ts";
import type { Site } from "../services.ts";
import type { Delivery } from "../store/inbox.ts";

/**
 * Does what one delivery asks for, apart from those that wait with it: what GitHub refuses however often it is asked is
 * let go, or anybody's word could keep everybody else's from being heard. True where it was: nobody knows what it would
 * have changed. Rejects with what may pass; then all is done again.
 */
export async function takeApart(
  { log }: Site,
  { id, event, key }: Delivery,
  take: () => Promise<boolean>,
): Promise<boolean> {
  try {
    return await take();
  } catch (cause) {
    if (!isRefusal(cause)) throw cause;
    log.error("A delivery came to nothing", { delivery: id, event, key }, cause);
    return true;
  }
}
