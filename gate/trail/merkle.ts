import { hash } from "node:crypto";
import { GateError } from "../model/error.ts";

/** The Merkle tree of RFC 6962 section 2.1. Sizes and indices are 0..2^53-1, so no 32-bit operators here. */

export const HASH_BYTES = 32;

/** Longest proof that any tree of at most 2^53 leaves needs. */
export const PROOF_LENGTH_MAX = 53;

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** The complete subtree over leaves `index * 2^level` up to, not including, `(index + 1) * 2^level`. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

// Every entry of a trail goes through here. A text of one byte per character is by far the fastest way that a
// digest leaves OpenSSL, and one buffer for what is hashed spares an allocation each.
export function sha256(bytes: Uint8Array): Uint8Array {
  return Buffer.from(hash("sha256", bytes, "binary"), "binary");
}

/** Root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Uint8Array = sha256(new Uint8Array(0));

const leafInput = new Uint8Array(1 + 65_536);
leafInput[0] = LEAF_PREFIX;

export function leafHash(entry: Uint8Array): Uint8Array {
  const input = entry.length < leafInput.length ? leafInput : new Uint8Array(1 + entry.length);
  input.set(entry, 1);
  return sha256(input.subarray(0, 1 + entry.length));
}

const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES);
nodeInput[0] = NODE_PREFIX;

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return sha256(nodeInput);
}

export function equalHashes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/**
 * The right edge of a growing tree: roots of complete subtrees, each smaller than the one before.
 * Holds about log2(size) hashes.
 */
export class Frontier {
  readonly #stack: { readonly hash: Uint8Array; readonly level: number }[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Appends the root of a complete subtree of 2^level leaves. The size so far must be a multiple of that. */
  push(hash: Uint8Array, level = 0): void {
    const width = 2 ** level;
    if (this.#size % width !== 0)
      throw new RangeError(`Cannot append a subtree of ${width} at ${this.#size}`);
    this.#size += width;
    let merged = { hash, level };
    for (let last = this.#stack.at(-1); last?.level === merged.level; last = this.#stack.at(-1)) {
      merged = { hash: nodeHash(last.hash, merged.hash), level: merged.level + 1 };
      this.#stack.pop();
    }
    this.#stack.push(merged);
  }

  root(): Uint8Array {
    return joinSubtrees(this.#stack.map((subtree) => subtree.hash));
  }

  /** Hashes from left to right, one for each bit set in the size: what `frontierFrom` takes. */
  hashes(): readonly Uint8Array[] {
    return this.#stack.map((subtree) => subtree.hash);
  }
}

/** The frontier of a tree of this size. Throws a RangeError unless there is a hash for each bit of the size. */
export function frontierFrom(size: number, hashes: readonly Uint8Array[]): Frontier {
  const subtrees = subtreesOf(0, size);
  if (subtrees.length !== hashes.length) {
    throw new RangeError(
      `Cannot restore a frontier of ${size}: ${hashes.length} hashes, not ${subtrees.length}`,
    );
  }
  const frontier = new Frontier();
  for (const [position, subtree] of subtrees.entries()) frontier.push(hashes[position]!, subtree.level);
  return frontier;
}

/** Root over subtrees of falling size, from left to right. */
export function joinSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  const last = hashes.at(-1);
  if (last === undefined) return EMPTY_ROOT;
  return hashes.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

/** MTH of RFC 6962 section 2.1 over leaf hashes. */
export function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const frontier = new Frontier();
  for (const leaf of leaves) frontier.push(leaf);
  return frontier.root();
}

/**
 * The complete subtrees that cover leaves `start` up to, not including, `end`; largest first. `start` must be a
 * multiple of the largest power of two not above the width, as it is for every node of the tree.
 */
export function subtreesOf(start: number, end: number): readonly Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = start; at < end; ) {
    const level = Math.floor(Math.log2(end - at));
    // log2 rounds up just below a power of two beyond 2^48.
    const exact = 2 ** level > end - at ? level - 1 : level;
    subtrees.push({ level: exact, index: at / 2 ** exact });
    at += 2 ** exact;
  }
  return subtrees;
}

/** A run of leaves that is one node of the tree. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** Subtrees of each hash of the inclusion proof, leaf's sibling first (RFC 6962 section 2.1.1). */
export function inclusionSubtrees(index: number, size: number): readonly (readonly Subtree[])[] {
  assertBelow(index, size);
  const path: Run[] = [];
  let run: Run = { start: 0, end: size };
  while (run.end - run.start > 1) {
    const middle = run.start + splitOf(run.end - run.start);
    const left: Run = { start: run.start, end: middle };
    const right: Run = { start: middle, end: run.end };
    path.unshift(index < middle ? right : left);
    run = index < middle ? left : right;
  }
  return path.map(({ start, end }) => subtreesOf(start, end));
}

/** Subtrees of each hash of the consistency proof (RFC 6962 section 2.1.2). Empty from 0 and to the same size. */
export function consistencySubtrees(from: number, to: number): readonly (readonly Subtree[])[] {
  if (from > to) throw new RangeError(`Cannot prove consistency: ${from} is larger than ${to}`);
  if (from === 0 || from === to) return [];
  const path: Run[] = [];
  let run: Run = { start: 0, end: to };
  while (run.end !== from) {
    const middle = run.start + splitOf(run.end - run.start);
    const left: Run = { start: run.start, end: middle };
    const right: Run = { start: middle, end: run.end };
    path.unshift(from <= middle ? right : left);
    run = from <= middle ? left : right;
  }
  // The old tree is itself a node of the new one: its root is known to whoever verifies.
  if (run.start > 0) path.unshift(run);
  return path.map(({ start, end }) => subtreesOf(start, end));
}

/** Looks up the root of a complete subtree. */
export type SubtreeHash = (subtree: Subtree) => Uint8Array;

/** Proof that the leaf at `index` is in the tree of `size`, leaf's sibling first. */
export function inclusionProof(index: number, size: number, hashOf: SubtreeHash): readonly Uint8Array[] {
  return inclusionSubtrees(index, size).map((subtrees) => joinSubtrees(subtrees.map(hashOf)));
}

/** Proof that the tree of size `from` is the beginning of the tree of size `to`. */
export function consistencyProof(from: number, to: number, hashOf: SubtreeHash): readonly Uint8Array[] {
  return consistencySubtrees(from, to).map((subtrees) => joinSubtrees(subtrees.map(hashOf)));
}

export interface Inclusion {
  readonly index: number;
  readonly size: number;
  readonly leaf: Uint8Array;
  readonly root: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** Throws `TRAIL_PROOF_INVALID` unless the proof holds and is used up exactly (RFC 9162 section 2.1.3.2). */
export function assertInclusion({ index, size, leaf, root, proof }: Inclusion): void {
  assertProofShape(proof);
  if (!(index >= 0 && index < size)) throw invalid("inclusion", `index ${index} is not in a tree of ${size}`);
  let node = index;
  let last = size - 1;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0) throw invalid("inclusion", `it has ${proof.length} hashes, fewer are needed`);
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) throw invalid("inclusion", `it has ${proof.length} hashes, more are needed`);
  if (!equalHashes(hash, root)) throw invalid("inclusion", "it leads to another root");
}

export interface Consistency {
  readonly from: { readonly size: number; readonly root: Uint8Array };
  readonly to: { readonly size: number; readonly root: Uint8Array };
  readonly proof: readonly Uint8Array[];
}

/** Throws `TRAIL_PROOF_INVALID` unless the proof holds and is used up exactly (RFC 9162 section 2.1.4.2). */
export function assertConsistency({ from, to, proof }: Consistency): void {
  assertProofShape(proof);
  if (!(from.size >= 0 && from.size <= to.size)) {
    throw invalid("consistency", `size ${from.size} is larger than ${to.size}`);
  }
  if (from.size === 0 || from.size === to.size) {
    if (proof.length > 0) throw invalid("consistency", `it has ${proof.length} hashes, none is needed`);
    const expected = from.size === 0 ? EMPTY_ROOT : to.root;
    if (!equalHashes(from.root, expected)) throw invalid("consistency", "the roots differ");
    return;
  }
  walkConsistency({ from, to, proof });
}

function walkConsistency({ from, to, proof }: Consistency): void {
  let node = from.size - 1;
  let last = to.size - 1;
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  // A tree of 2^k leaves is a node of the larger tree: the proof leaves its root out.
  const path = node === 0 ? [from.root, ...proof] : proof;
  const [start, ...rest] = path;
  if (start === undefined) throw invalid("consistency", "it has no hashes, more are needed");
  let [oldHash, newHash] = [start, start];
  for (const hash of rest) {
    if (last === 0) throw invalid("consistency", `it has ${proof.length} hashes, fewer are needed`);
    if (node % 2 === 1 || node === last) {
      oldHash = nodeHash(hash, oldHash);
      newHash = nodeHash(hash, newHash);
      while (node % 2 === 0 && node !== 0) [node, last] = [half(node), half(last)];
    } else {
      newHash = nodeHash(newHash, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) throw invalid("consistency", `it has ${proof.length} hashes, more are needed`);
  if (!equalHashes(oldHash, from.root)) throw invalid("consistency", "it leads to another old root");
  if (!equalHashes(newHash, to.root)) throw invalid("consistency", "it leads to another new root");
}

/** Largest power of two below `width`, which is at least 2. */
function splitOf(width: number): number {
  const [left] = subtreesOf(0, width - 1);
  return 2 ** left!.level;
}

function half(number: number): number {
  return Math.floor(number / 2);
}

function assertBelow(index: number, size: number): void {
  if (!(index >= 0 && index < size))
    throw new RangeError(`Cannot prove entry ${index}: the tree has ${size}`);
}

function assertProofShape(proof: readonly Uint8Array[]): void {
  if (proof.length > PROOF_LENGTH_MAX) {
    throw invalid("tree", `it has ${proof.length} hashes, limit is ${PROOF_LENGTH_MAX}`);
  }
  if (proof.some((hash) => hash.length !== HASH_BYTES)) throw invalid("tree", "a hash is not 32 bytes");
}

function invalid(what: string, state: string): GateError {
  return new GateError("TRAIL_PROOF_INVALID", `Cannot accept ${what} proof: ${state}`);
}
