import { type Place, placePayload } from "../place.ts";
import { keyOf } from "../queue/address.ts";
import type { Inbox } from "../store/inbox.ts";

/** Our own deliveries: work that no webhook asks for. */
export const OWN_EVENT = "weighbridge";

export interface OwnWork {
  readonly place: Place;
  readonly key: string;
  /** The same word is asked once. */
  readonly why: string;
  /** What it says besides its place. */
  readonly about?: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** At once if it is absent or over. */
  readonly due?: number;
}

/** Puts work in line that no webhook asks for. False if it was asked for before. */
export function askFor(inbox: Inbox, { place, key, why, about, now, due }: OwnWork): Promise<boolean> {
  return inbox.receive({
    ...{ id: `${OWN_EVENT}/${key}/${why}`, event: OWN_EVENT, key },
    payload: JSON.stringify({ ...placePayload(place), ...about }),
    receivedAt: now,
    ...(due !== undefined && { due: Math.max(now, due) }),
  });
}

export interface Question extends Omit<OwnWork, "key" | "about"> {
  readonly number: number;
}

/** Asks for a pull request to be judged again. False if that was asked before. */
export function requestEvaluation(inbox: Inbox, { place, number, ...when }: Question): Promise<boolean> {
  const key = keyOf.pull(place.repositoryId, number);
  return askFor(inbox, { place, key, about: { action: "evaluate", pull_request: { number } }, ...when });
}
