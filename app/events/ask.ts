import { type Place, placePayload } from "../place.ts";
import { keyOf } from "../queue/address.ts";
import type { Inbox } from "../store/inbox.ts";

/** Our own deliveries: work that no webhook asks for. */
export const OWN_EVENT = "weighbridge";

export interface Question {
  readonly place: Place;
  readonly number: number;
  /** The same word is asked once. */
  readonly why: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly due?: number;
}

/** Asks for a pull request to be judged again. False if that was asked before. */
export function requestEvaluation(
  inbox: Inbox,
  { place, number, why, now, due }: Question,
): Promise<boolean> {
  const key = keyOf.pull(place.repositoryId, number);
  return inbox.receive({
    id: `${OWN_EVENT}/${key}/${why}`,
    event: OWN_EVENT,
    key,
    payload: JSON.stringify({ ...placePayload(place), action: "evaluate", pull_request: { number } }),
    receivedAt: now,
    ...(due === undefined ? {} : { due }),
  });
}
