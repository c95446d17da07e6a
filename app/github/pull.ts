import type { Client } from "./client.ts";
import { at, flagAt, instantAt, numberAt, objectIdAt, optional, textAt } from "./shape.ts";

/** Where a pull request is found. */
export interface PullAddress {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
}

/** A pull request as GitHub shows it now. */
export interface Pull extends PullAddress {
  readonly repositoryId: number;
  readonly id: number;
  readonly title: string;
  readonly state: "open" | "closed";
  readonly draft: boolean;
  readonly locked: boolean;
  readonly merged: boolean;
  /** Commit that the merge made. */
  readonly mergeSha?: string;
  /** Absent where the account was deleted. */
  readonly author?: Account;
  readonly head: {
    readonly sha: string;
    readonly ref: string;
    /** Absent where the fork was deleted. */
    readonly repositoryId?: number;
  };
  readonly base: { readonly sha: string; readonly ref: string };
  /** Milliseconds since 1970. */
  readonly updatedAt: number;
}

export interface Account {
  readonly id: number;
  readonly login: string;
  readonly isBot: boolean;
}

/**
 * The pull request. Owner and name are those that the repository has now, whatever it was asked by: it may have been
 * renamed or transferred.
 */
export async function readPull(client: Client, { owner, repo, number }: PullAddress): Promise<Pull> {
  const { data } = await client.rest("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
    ...{ owner, repo, pull_number: number },
  });
  return toPull(data);
}

/** A pull request as the API and every webhook of it hold it. */
export function toPull(data: unknown): Pull {
  const author = toAccount(at(data, "user"));
  const headRepository = optional(numberAt, data, "head", "repo", "id");
  const merged = optional(textAt, data, "merged_at") !== undefined;
  // Gone from the API of 2026-03-10: whoever needs it and does not find it asks for the commit by other means.
  const mergeSha = merged ? optional(objectIdAt, data, "merge_commit_sha") : undefined;
  return {
    repositoryId: numberAt(data, "base", "repo", "id"),
    owner: textAt(data, "base", "repo", "owner", "login"),
    repo: textAt(data, "base", "repo", "name"),
    number: numberAt(data, "number"),
    id: numberAt(data, "id"),
    title: textAt(data, "title"),
    state: textAt(data, "state") === "open" ? "open" : "closed",
    draft: at(data, "draft") === true,
    locked: flagAt(data, "locked"),
    merged,
    ...(mergeSha !== undefined && { mergeSha }),
    ...(author !== undefined && { author }),
    head: {
      ...{ sha: objectIdAt(data, "head", "sha"), ref: textAt(data, "head", "ref") },
      ...(headRepository !== undefined && { repositoryId: headRepository }),
    },
    base: { sha: objectIdAt(data, "base", "sha"), ref: textAt(data, "base", "ref") },
    updatedAt: instantAt(data, "updated_at"),
  };
}

/** Undefined for an account that was deleted: GitHub says null, or shows its ghost. */
export function toAccount(data: unknown): Account | undefined {
  if (at(data) === undefined) return undefined;
  const type = textAt(data, "type");
  return { id: numberAt(data, "id"), login: textAt(data, "login"), isBot: type !== "User" };
}
