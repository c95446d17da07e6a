import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { fileSource } from "../../gate/artifact/bytes.ts";
import { readBody } from "../../gate/fetch.ts";
import type { ByteSource } from "../../gate/model/bytes.ts";
import type { Pointer } from "../../gate/model/change.ts";
import { GateError } from "../../gate/model/error.ts";
import type { Place } from "../place.ts";
import { GitHubFailure, limited, toFailure, unreadable } from "./failure.ts";
import { at, listAt, optional, textAt } from "./shape.ts";

/** What Git LFS keeps for a repository: git-lfs docs/api/batch.md, docs/api/basic-transfers.md. */

/** A larger file is not fetched: the Action scans it where it lies. */
export const LFS_BYTES_MAX = 2 * 1024 ** 3;
/** Files that are kept, for each is asked for with every judgement and each fetch is somebody's bandwidth. */
const KEPT_BYTES_MAX = 8 * 1024 ** 3;
const ANSWER_BYTES_MAX = 1024 * 1024;
const ANSWER_TIMEOUT_MS = 30_000;
const DOWNLOAD_TIMEOUT_MS = 600_000;
const LFS_JSON = "application/vnd.git-lfs+json";
const WHAT = "a file of Git LFS";
const SHA256 = /^sha256:([0-9a-f]{64})$/;

export interface LfsConfig {
  readonly webUrl: string;
  /** Where files are kept; made if it is not there. */
  readonly folder: string;
  /** A token of the installation. */
  readonly token: (installationId: number) => Promise<string>;
  readonly bytesMax?: number;
  readonly keptBytesMax?: number;
}

/** Fetches each file once, and keeps the newest. */
export class LfsFiles {
  readonly #config: LfsConfig;
  readonly #fetching = new Map<string, Promise<void>>();

  constructor(config: LfsConfig) {
    this.#config = config;
  }

  /**
   * The content that a pointer of the repository stands for; undefined where GitHub has none for this repository. It is asked each time: what one repository may read is no other's. Rejects
   * `FILE_TOO_LARGE`, and `GitHubFailure` for what passes.
   */
  async open(place: Place, { digest, size = 0 }: Pointer, path: string): Promise<ByteSource | undefined> {
    const [, oid] = SHA256.exec(digest) ?? [];
    if (oid === undefined) return undefined;
    const { bytesMax = LFS_BYTES_MAX, folder } = this.#config;
    if (size > bytesMax) {
      const message = `Cannot fetch ${path} from Git LFS: ${size} bytes, limit is ${bytesMax}`;
      throw new GateError("FILE_TOO_LARGE", message, { place: { path } });
    }
    const file = join(folder, oid);
    try {
      const offer = await this.#ask(place, { oid, size });
      if (offer === undefined) return undefined;
      if (statSync(file, { throwIfNoEntry: false }) === undefined) await this.#fetch(offer, { oid, size });
    } catch (cause) {
      throw toFailure(cause, WHAT);
    }
    return fileSource(file, path);
  }

  /** Where GitHub has the content, and what it wants to see there. */
  async #ask({ owner, repo, installationId }: Place, object: LfsObject): Promise<Offer | undefined> {
    const { webUrl, token } = this.#config;
    const secret = Buffer.from(`x-access-token:${await token(installationId)}`).toString("base64");
    const response = await reach(`${webUrl}/${owner}/${repo}.git/info/lfs/objects/batch`, {
      ...{ method: "POST", signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) },
      headers: { authorization: `Basic ${secret}`, accept: LFS_JSON, "content-type": LFS_JSON },
      body: JSON.stringify({ operation: "download", transfers: ["basic"], objects: [object] }),
    });
    if (response === undefined) return undefined;
    return toOffer(parse(await readBody(response, ANSWER_BYTES_MAX)), webUrl);
  }

  #fetch(offer: Offer, object: LfsObject): Promise<void> {
    const known = this.#fetching.get(object.oid);
    if (known !== undefined) return known;
    const fetching = this.#download(offer, object).finally(() => this.#fetching.delete(object.oid));
    this.#fetching.set(object.oid, fetching);
    return fetching;
  }

  async #download({ href, headers }: Offer, { oid, size }: LfsObject): Promise<void> {
    const { folder } = this.#config;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#makeRoom(size);
    const signal = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
    const response = await reach(href, { headers, signal });
    const part = join(folder, `${oid}.${process.pid}.part`);
    const handle = await open(part, "w", 0o600);
    try {
      const hash = createHash("sha256");
      let left = size;
      for await (const chunk of response?.body ?? []) {
        left -= chunk.byteLength;
        if (left < 0) throw unreadable("a file of Git LFS that is longer than its pointer says");
        hash.update(chunk);
        await handle.write(chunk);
      }
      if (hash.digest("hex") !== oid) throw unreadable("a file of Git LFS that is not what its pointer says");
      renameSync(part, join(folder, oid));
    } catch (cause) {
      rmSync(part, { force: true });
      throw cause;
    } finally {
      await handle.close();
    }
  }

  /** Removes the oldest files; one that somebody reads stays theirs until they are done with it. */
  #makeRoom(bytes: number): void {
    const { folder, keptBytesMax = KEPT_BYTES_MAX } = this.#config;
    const files = readdirSync(folder).flatMap((name) => {
      const path = join(folder, name);
      // Another process of this machine may make room as well.
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [{ path, size: stat.size, mtimeMs: stat.mtimeMs }];
    });
    let total = bytes + files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
      if (total <= keptBytesMax) return;
      rmSync(path, { force: true });
      total -= size;
    }
  }
}

interface LfsObject {
  readonly oid: string;
  readonly size: number;
}

interface Offer {
  readonly href: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer; undefined where there is nothing for us, and a `GitHubFailure` where it may be otherwise later. */
async function reach(url: string, init: RequestInit): Promise<Response | undefined> {
  // A secret goes along: it is for this address and for no other.
  const response = await fetch(url, { ...init, redirect: "error" });
  if (response.ok) return response;
  await response.body?.cancel();
  const { status } = response;
  if (status === 429) throw limited(WHAT, Number(response.headers.get("retry-after")) || 60, { status });
  if (status >= 500) {
    throw new GitHubFailure("GITHUB_UNAVAILABLE", `Cannot ask GitHub for ${WHAT}: it answered ${status}`, {
      status,
    });
  }
  return undefined;
}

function parse(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
  } catch {
    throw unreadable("the answer of Git LFS");
  }
}

function toOffer(answer: unknown, webUrl: string): Offer | undefined {
  const [object] = listAt(answer, "objects");
  const action = object === undefined ? undefined : at(object, "actions", "download");
  // No action is an object that is not there.
  if (action === undefined) return undefined;
  const url = URL.parse(textAt(action, "href"));
  const isOwn = url?.origin === new URL(webUrl).origin;
  if (url === null || url.username !== "" || !(isOwn || url.protocol === "https:")) {
    throw unreadable("the address of a file of Git LFS");
  }
  const given = at(action, "header") ?? {};
  const names = typeof given === "object" && given !== null ? Object.keys(given) : [];
  const headers = names.map((name) => [name, optional(textAt, given, name) ?? ""]);
  return { href: url.href, headers: Object.fromEntries(headers) };
}
