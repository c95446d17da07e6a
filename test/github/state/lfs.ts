import { createHash } from "node:crypto";
import type { Repository } from "../nouns.ts";

/** The files of all repositories, by what they are. */
export class LfsStorage {
  readonly #files = new Map<string, { readonly bytes: Buffer; readonly repositories: Set<Repository> }>();

  /** Keeps a file for a repository; its SHA-256 in hex. */
  put(repository: Repository, bytes: Buffer): string {
    const oid = createHash("sha256").update(bytes).digest("hex");
    const file = this.#files.get(oid) ?? { bytes, repositories: new Set() };
    file.repositories.add(repository);
    this.#files.set(oid, file);
    return oid;
  }

  find(oid: string, repository?: Repository): Buffer | undefined {
    const file = this.#files.get(oid);
    return repository === undefined || file?.repositories.has(repository) ? file?.bytes : undefined;
  }
}
