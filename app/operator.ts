import type { IncomingMessage } from "node:http";
import { showsToken } from "./bearer.ts";
import { askForOpenPulls } from "./events/fan-out.ts";
import { isPassing } from "./events/passing.ts";
import { nameOf, type Place } from "./place.ts";
import type { Services } from "./services.ts";
import type { Standing } from "./trails.ts";

/** Where an operator sees what waits for a person, and lets it go on: work that was put aside, trails that are halted. */

export const OPERATOR_PATH = "/operator";

export interface OperatorAnswer {
  readonly status: number;
  readonly body: object;
}

/** What is done after something was let go on. */
export interface OperatorWorld extends Pick<Services, "store" | "trails" | "log" | "now"> {
  /** Absent: nobody can show it, and there is no such address. */
  readonly token: string | undefined;
  /** Says that there is work. */
  readonly wake: () => void;
}

/** Answers a request at or below `OPERATOR_PATH`. */
export type Operator = (request: IncomingMessage) => Promise<OperatorAnswer>;

export function openOperator(world: OperatorWorld): Operator {
  return async (request) => {
    if (world.token === undefined) return NOTHING;
    if (!showsToken(request, world.token)) return { status: 401, body: { error: "Show the token" } };
    const [path = ""] = (request.url ?? "").split("?", 1);
    const [kind, id, act, ...rest] = path.slice(OPERATOR_PATH.length + 1).split("/");
    if (path === OPERATOR_PATH) return request.method === "GET" ? list(world) : only("GET");
    if (id === undefined || rest.length > 0) return NOTHING;
    if (kind === "dead-letters" && act === "revive") {
      return request.method === "POST" ? revive(world, id) : only("POST");
    }
    if (kind === "trails" && act === "resume") {
      return request.method === "POST" ? resume(world, id) : only("POST");
    }
    return NOTHING;
  };
}

const NOTHING: OperatorAnswer = { status: 404, body: { error: "There is nothing here" } };

function only(method: "GET" | "POST"): OperatorAnswer {
  return { status: 405, body: { error: `Only ${method}` } };
}

async function list({ store, trails }: OperatorWorld): Promise<OperatorAnswer> {
  const { waiting, dead } = await store.inbox.depth();
  const letters = (await store.inbox.dead()).map(({ id, event, key, receivedAt, reason, buriedAt }) => ({
    ...{ id, event, key, reason },
    received: new Date(receivedAt).toISOString(),
    put_aside: new Date(buriedAt).toISOString(),
    revive: `POST ${OPERATOR_PATH}/dead-letters/${encodeURIComponent(id)}/revive`,
  }));
  const halted = (await trails.halted()).map(({ repositoryId, place, halt }) => ({
    repository: repositoryId,
    ...(place !== undefined && { name: nameOf(place) }),
    ...halt,
    resume: `POST ${OPERATOR_PATH}/trails/${repositoryId}/resume`,
  }));
  return { status: 200, body: { waiting, dead, dead_letters: letters, halted_trails: halted } };
}

async function revive({ store, log, wake }: OperatorWorld, encoded: string): Promise<OperatorAnswer> {
  const id = decoded(encoded);
  if (id === undefined || !(await store.inbox.revive(id))) {
    return { status: 404, body: { error: "There is no such dead letter" } };
  }
  log.warn("A dead letter was revived by an operator", { delivery: id });
  wake();
  return { status: 200, body: { revived: id } };
}

/** What halted the trail is looked at again before anything is written, so that this hides nothing. */
async function resume(world: OperatorWorld, text: string): Promise<OperatorAnswer> {
  const { store, trails, log, now, wake } = world;
  const found = (await trails.halted()).find(({ repositoryId }) => String(repositoryId) === text);
  if (found === undefined) return { status: 404, body: { error: "No trail of that repository is halted" } };
  const { repositoryId, place, halt } = found;
  await store.journalView(repositoryId).resume();
  log.warn("A trail was resumed by an operator", { repository: repositoryId, reason: halt.code });
  const standing = place === undefined ? undefined : await settled(trails, place);
  if (standing?.kind === "halted") {
    return { status: 409, body: { error: `It is halted again: ${standing.halt.message}`, ...standing.halt } };
  }
  // What could not be written down was closed, and is judged anew.
  if (place !== undefined) await askForOpenPulls({ store, place, now }, `resumed/${halt.since}`);
  wake();
  return { status: 200, body: { resumed: repositoryId } };
}

/** How the trail stands now; undefined where that is told later, for GitHub or another process makes it wait. */
async function settled(trails: OperatorWorld["trails"], place: Place): Promise<Standing | undefined> {
  try {
    return await trails.settle(place);
  } catch (cause) {
    if (isPassing(cause)) return undefined;
    throw cause;
  }
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
