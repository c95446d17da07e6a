import { GateError } from "../gate/model/error.ts";
import { numberAt, textAt } from "./github/shape.ts";
import type { Delivery } from "./store/inbox.ts";

/** A repository and the installation that lets us in. Names may change; the numbers do not. */
export interface Place {
  readonly installationId: number;
  readonly repositoryId: number;
  readonly owner: string;
  readonly repo: string;
}

/** The place that a delivery is about. Throws `DELIVERY_PLACELESS` where it names none. */
export function placeOf(payload: unknown): Place {
  try {
    return {
      installationId: numberAt(payload, "installation", "id"),
      repositoryId: numberAt(payload, "repository", "id"),
      owner: textAt(payload, "repository", "owner", "login"),
      repo: textAt(payload, "repository", "name"),
    };
  } catch (cause) {
    const message = "Cannot work on a delivery: it names no repository and installation";
    throw new GateError("DELIVERY_PLACELESS", message, { cause });
  }
}

/** The place in a delivery of our own, as `placeOf` reads it. */
export function placePayload({ installationId, repositoryId, owner, repo }: Place) {
  return {
    installation: { id: installationId },
    repository: { id: repositoryId, name: repo, owner: { login: owner } },
  };
}

/** A delivery's payload. Throws for what is no JSON: its signature was right, and nobody could have read it. */
export function payloadOf({ payload }: Delivery): unknown {
  return JSON.parse(payload);
}

/** `acme/models` */
export function nameOf({ owner, repo }: Pick<Place, "owner" | "repo">): string {
  return `${owner}/${repo}`;
}

/** The parameters of every route below a repository, and nothing more. */
export function repositoryOf({ owner, repo }: Pick<Place, "owner" | "repo">) {
  return { owner, repo };
}
