import { findInteger, integerOf, type Row, textOf } from "./database.ts";
import type { DeadLetter, Delivery, Depth } from "./inbox.ts";

/** What both inboxes call their columns. */

/** The delivery in a row; without `due` where it was due at once. */
export function toDelivery(row: Row): Delivery {
  const receivedAt = integerOf(row, "received_at");
  const due = integerOf(row, "due");
  return {
    id: textOf(row, "id"),
    event: textOf(row, "event"),
    key: textOf(row, "key"),
    payload: textOf(row, "payload"),
    receivedAt,
    ...(due === receivedAt ? {} : { due }),
  };
}

export function toDeadLetter(row: Row): DeadLetter {
  return {
    id: textOf(row, "id"),
    event: textOf(row, "event"),
    key: textOf(row, "key"),
    receivedAt: integerOf(row, "received_at"),
    reason: textOf(row, "reason"),
    buriedAt: integerOf(row, "buried_at"),
  };
}

export function toDepth(row: Row): Depth {
  const oldest = findInteger(row, "oldest");
  const depth = { waiting: integerOf(row, "waiting"), dead: integerOf(row, "dead") };
  return oldest === undefined ? depth : { ...depth, oldest };
}
