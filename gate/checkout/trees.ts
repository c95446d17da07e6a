import type { Tree } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import { type Draft, draftOf, type Folder, toTree } from "./folder.ts";
import { gitOutput, OUTPUT_BYTES_MAX } from "./git.ts";
import type { History } from "./history.ts";
import { parseListing } from "./tree.ts";
import { parseTreeObject } from "./tree-object.ts";

/**
 * Folders that are read object by object. Beyond, one listing of all is faster, though it takes a process of its
 * own: 25,000 entries in 5,000 folders, 0.07 s and 0.14 s.
 */
const FOLDERS_WALKED_MAX = 64;

const FOLDER_MODE = Buffer.from("40000 ");

/**
 * Trees of commits. Each is read once, for a judge asks for the same two trees half a dozen times; and of the second
 * only what the first has not, for most folders of a large repository are the same in both.
 */
export class Trees {
  readonly #history: History;
  readonly #known = new Map<string, Promise<Tree>>();
  readonly #folders = new Map<string, Folder>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(history: History) {
    this.#history = history;
  }

  /** The tree of a commit. Rejects `TREE_MALFORMED`, `PATH_UNSAFE`, `REPOSITORY_UNREADABLE`. */
  read(commit: string): Promise<Tree> {
    const known = this.#known.get(commit);
    if (known !== undefined) return known;
    // After the one before, with which it shares.
    const tree = this.#last.then(() => this.#readTree(commit));
    this.#known.set(commit, tree);
    this.#last = tree.catch(() => {});
    return tree;
  }

  async #readTree(commit: string): Promise<Tree> {
    const { oid, bytes } = await this.#readObject(`${commit}^{tree}`);
    const root = this.#find("", oid) ?? (await this.#walk(oid, bytes)) ?? (await this.#list(oid));
    this.#remember(root);
    return toTree(root);
  }

  /** Level by level; undefined where too many folders are new. */
  async #walk(oid: string, bytes: Buffer): Promise<Folder | undefined> {
    // A folder with many folders is not worth parsing twice.
    if (countFolders(bytes) > FOLDERS_WALKED_MAX && this.#folders.size === 0) return undefined;
    const root = draftOf(oid, "");
    let drafts = this.#fill(root, bytes);
    for (let read = drafts.length; drafts.length > 0; read += drafts.length) {
      if (read > FOLDERS_WALKED_MAX) return undefined;
      const objects = await Promise.all(drafts.map((draft) => this.#readObject(draft.oid)));
      const isLarge = objects.some((object) => countFolders(object.bytes) > FOLDERS_WALKED_MAX);
      if (isLarge && this.#folders.size === 0) return undefined;
      drafts = drafts.flatMap((draft, index) => this.#fill(draft, objects[index]!.bytes));
    }
    return root;
  }

  /** Puts in what a tree object lists; returns the folders among it that are still to be read. */
  #fill(draft: Draft, bytes: Buffer): Draft[] {
    const unread: Draft[] = [];
    for (const { kind, path, oid } of parseTreeObject(bytes, draft.path, this.#oidBytes)) {
      if (kind !== "folder") {
        draft.items.push({ path, kind, oid });
        continue;
      }
      const known = this.#find(path, oid);
      const folder = known ?? draftOf(oid, path);
      draft.items.push(folder);
      if (known === undefined) unread.push(folder as Draft);
    }
    return unread;
  }

  get #oidBytes(): number {
    return this.#history.format === "sha1" ? 20 : 32;
  }

  async #list(oid: string): Promise<Folder> {
    const args = ["ls-tree", "-r", "-t", "-z", "--full-tree", oid];
    return parseListing(await gitOutput(this.#history.directory, args), oid);
  }

  async #readObject(name: string): Promise<{ readonly oid: string; readonly bytes: Buffer }> {
    const chunks: Uint8Array[] = [];
    const header = await this.#history.objects.read(name, ({ size }) => {
      if (size > OUTPUT_BYTES_MAX) throw unreadable(name, `more than ${OUTPUT_BYTES_MAX} bytes`);
      return (chunk) => chunks.push(chunk);
    });
    if (header?.type !== "tree") throw unreadable(name, "it is not in this clone");
    return { oid: header.oid, bytes: Buffer.concat(chunks) };
  }

  #find(path: string, oid: string): Folder | undefined {
    const folder = this.#folders.get(path);
    return folder?.oid === oid ? folder : undefined;
  }

  /** The latest at each path: of two commits that are compared, the other one's. */
  #remember(folder: Folder): void {
    if (this.#find(folder.path, folder.oid) === folder) return;
    this.#folders.set(folder.path, folder);
    for (const item of folder.items) if (item.kind === "folder") this.#remember(item);
  }
}

/** How many folders a tree object lists, or more. */
function countFolders(object: Buffer): number {
  let count = 0;
  for (let at = object.indexOf(FOLDER_MODE); at >= 0; at = object.indexOf(FOLDER_MODE, at + 1)) count++;
  return count;
}

function unreadable(name: string, state: string): GateError {
  return new GateError("REPOSITORY_UNREADABLE", `Cannot read the tree ${name}: ${state}`, {
    fix: "Check the clone with git fsck; it has to be made without --filter",
  });
}
