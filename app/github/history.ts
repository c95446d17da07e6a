import { GateError } from "../../gate/model/error.ts";
import type { ObjectSource } from "./cache.ts";
import { type Comparison, type Range, readCommits, readComparison } from "./comparison.ts";
import { isFailure } from "./failure.ts";
import {
  findComparison,
  findStretch,
  keepComparison,
  keepStretch,
  type Stretch,
  toAdvanced,
  toStretch,
} from "./kept-comparison.ts";
import { objectIdAt } from "./shape.ts";
import { assertSoleMergeBase } from "./sole-merge-base.ts";

const COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** As the local checkout: no white space or control, nothing that names a file, no option. */
const REVISION = /^(?!-)[^\s\x00-\x20\x7f:?*[\\]{1,1024}$/;

const INCOMPARABLE: ReadonlySet<string> = new Set(["REVISION_UNKNOWN", "MERGE_BASE_NONE"]);

/** What is known of commits; what two ids have in common never changes. */
export class History {
  readonly #source: ObjectSource;
  readonly #trees = new Map<string, string>();
  readonly #comparisons = new Map<string, Promise<Comparison>>();

  constructor(source: ObjectSource) {
    this.#source = source;
  }

  /** A whole commit id stands for itself: whether GitHub has it shows when it is read. */
  async commit(revision: string): Promise<string> {
    if (COMMIT_ID.test(revision)) return revision;
    if (!REVISION.test(revision) || revision === "worktree") {
      const shown = JSON.stringify(revision.slice(0, 80));
      const message = `Cannot use ${shown} as a revision: expected a branch, a tag or a commit id`;
      throw new GateError("REVISION_INVALID", message);
    }
    return objectIdAt(await this.#readCommit(revision), "sha");
  }

  async mergeBase(base: string, head: string): Promise<string> {
    const [ours, theirs] = [await this.commit(base), await this.commit(head)];
    const name = `merge-base/${ours}...${theirs}`;
    const kept = await this.#source.cache.find(name);
    if (kept !== undefined) return Buffer.from(kept).toString("latin1");
    const comparison = await this.compare(ours, theirs);
    await assertSoleMergeBase(comparison, {
      commits: (first) => readCommits(this.#source.client, first),
      stretch: (from, to) => this.#findStretch(this.#range(from, to)),
    });
    const { mergeBase } = comparison;
    await this.#source.cache.keep(name, Buffer.from(mergeBase, "latin1"));
    return mergeBase;
  }

  compare(base: string, head: string): Promise<Comparison> {
    const name = `${base}...${head}`;
    const comparison = this.#comparisons.get(name) ?? this.#findComparison(this.#range(base, head));
    this.#comparisons.set(name, comparison);
    return comparison;
  }

  /**
   * Finds out how base and head compare by how the head compared with a former base, where that is known: what is asked
   * is then about the two bases alone, and the same for every head. Does nothing where it cannot be told so.
   */
  async follow(former: string, base: string, head: string): Promise<void> {
    const { cache } = this.#source;
    const range = this.#range(base, head);
    if (former === base || (await findComparison(cache, range)) !== undefined) return;
    const known = await findComparison(cache, this.#range(former, head));
    const gone = known && (await this.#findStretch(this.#range(former, base)));
    const advanced = gone && toAdvanced(known, base, gone);
    if (advanced === undefined) return;
    await keepComparison(cache, advanced);
    this.#comparisons.set(`${base}...${head}`, Promise.resolve(advanced));
  }

  /** Id of a commit's tree; a comparison that was made has it. */
  async treeOf(commit: string): Promise<string> {
    const known = this.#trees.get(commit) ?? (await this.#findTree(commit));
    this.#trees.set(commit, known);
    return known;
  }

  async keepTree(commit: string, tree: string): Promise<void> {
    await this.#source.cache.keep(`tree-of/${commit}`, Buffer.from(tree, "latin1"));
  }

  #range(base: string, head: string): Range {
    const { owner, repo } = this.#source;
    return { owner, repo, base, head };
  }

  async #findComparison(range: Range): Promise<Comparison> {
    return (await findComparison(this.#source.cache, range)) ?? this.#readComparison(range);
  }

  async #readComparison(range: Range): Promise<Comparison> {
    const { client, cache } = this.#source;
    const comparison = await readComparison(client, range);
    for (const commit of [range.base, comparison.mergeBase, range.head]) {
      const tree = comparison.trees.get(commit);
      if (tree !== undefined) await this.keepTree(commit, tree);
    }
    await keepComparison(cache, comparison);
    return comparison;
  }

  /** Undefined where GitHub cannot compare the two: one of them is gone, or they have nothing in common. */
  async #findStretch(range: Range): Promise<Stretch | undefined> {
    const { cache } = this.#source;
    const kept = await findStretch(cache, range);
    if (kept !== undefined) return kept;
    try {
      const stretch = toStretch(await this.compare(range.base, range.head));
      await keepStretch(cache, range, stretch);
      return stretch;
    } catch (cause) {
      if (cause instanceof GateError && INCOMPARABLE.has(cause.code)) return undefined;
      throw cause;
    }
  }

  async #findTree(commit: string): Promise<string> {
    const kept = await this.#source.cache.find(`tree-of/${commit}`);
    if (kept !== undefined) return Buffer.from(kept).toString("latin1");
    const tree = objectIdAt(await this.#readCommit(commit), "commit", "tree", "sha");
    await this.keepTree(commit, tree);
    return tree;
  }

  async #readCommit(ref: string): Promise<unknown> {
    const { client, owner, repo } = this.#source;
    try {
      const route = "GET /repos/{owner}/{repo}/commits/{ref}";
      return (await client.rest(route, { owner, repo, ref, per_page: 1 })).data;
    } catch (cause) {
      // 422: "No commit found for SHA".
      if (!isFailure(cause, "GITHUB_NOT_FOUND", "GITHUB_REFUSED")) throw cause;
      const message = `Cannot find the commit ${JSON.stringify(ref)}: GitHub has no such revision`;
      throw new GateError("REVISION_UNKNOWN", message, { cause });
    }
  }
}
