import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GateError } from "../../gate/model/error.ts";
import {
  assertConsistency,
  assertInclusion,
  type Consistency,
  consistencyProof,
  EMPTY_ROOT,
  Frontier,
  frontierFrom,
  type Inclusion,
  inclusionProof,
  joinSubtrees,
  leafHash,
  nodeHash,
  rootOf,
  type Subtree,
  subtreesOf,
} from "../../gate/trail/merkle.ts";

/** The leaves that Certificate Transparency's own tests use, and their roots by size. */
const LEAVES = [
  "",
  "00",
  "10",
  "2021",
  "3031",
  "40414243",
  "5051525354555657",
  "606162636465666768696a6b6c6d6e6f",
];
const ROOTS = [
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
/** Size and root of the tree whose leaves are the ASCII decimals of their index. */
const COUNTED: readonly [number, string][] = [
  [256, "828515d033c19d8c901f37eccb8aed919667703486f8d2fff1cf7040321c5db1"],
  [257, "1eda049a4351d86f76252bd7ec0b7746ad75b7fa0316ad5f541dbda458a312c4"],
  [65_536, "f025d06ed804859fd274a1bdacadd6e48ea87634aa91e1edb20143f9498cd02b"],
  [70_000, "1a4cdfcb66374a0c0dcbef49acbd4976d13ee864fb3cb241fc943cad04f02f7e"],
];
const SIZE_MAX = 300;
/** Up to here every hash of every proof is spoiled, beyond it one of each. */
const SIZE_THOROUGH = 64;
/** To this size every bit of every hash is turned over. `WEIGHBRIDGE_PROOFS=300` takes an hour, and finds all of them refused. */
const SIZE_WHOLE = Number(process.env.WEIGHBRIDGE_PROOFS ?? 13);
/** Hashes of the longest proofs in a tree of at most `SIZE_MAX`. */
const POSITIONS = 9;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const leaves = LEAVES.map((leaf) => leafHash(Buffer.from(leaf, "hex")));
const counted = Array.from({ length: SIZE_MAX }, (_, index) => leafHash(Buffer.from(String(index))));
const roots = Array.from({ length: SIZE_MAX + 1 }, (_, size) => rootOf(counted.slice(0, size)));

/** Roots of subtrees over `counted`, straight from the definition, remembered. */
const known = new Map<string, Uint8Array>();
function subtreeHash({ level, index }: Subtree): Uint8Array {
  const key = `${level}/${index}`;
  const seen = known.get(key);
  if (seen !== undefined) return seen;
  const [left, right] = [2 * index, 2 * index + 1];
  const hash =
    level === 0
      ? counted[index]!
      : nodeHash(
          subtreeHash({ level: level - 1, index: left }),
          subtreeHash({ level: level - 1, index: right }),
        );
  known.set(key, hash);
  return hash;
}

const included = (index: number, size: number): Inclusion => ({
  index,
  size,
  leaf: counted[index]!,
  root: roots[size]!,
  proof: inclusionProof(index, size, subtreeHash),
});
const consistent = (from: number, to: number): Consistency => ({
  from: { size: from, root: roots[from]! },
  to: { size: to, root: roots[to]! },
  proof: consistencyProof(from, to, subtreeHash),
});
const isRefused = (error: unknown) => error instanceof GateError && error.code === "TRAIL_PROOF_INVALID";

/** Which bits of which hashes were turned over, and which comes next: in time every bit of every position. */
class Turns {
  #turn = 0;
  readonly #met = new Set<number>();

  /** The positions of a proof to spoil. */
  positions(proof: readonly Uint8Array[], size: number): readonly number[] {
    const all = [...proof.keys()];
    // One position for 256 proofs on end, for each bit to come by.
    return size <= SIZE_THOROUGH || all.length === 0 ? all : [Math.floor(this.#turn / 256) % all.length];
  }

  /** The bit to turn over in the hash at this position. */
  bit(at: number): number {
    const bit = this.#turn++ % 256;
    this.#met.add(256 * at + bit);
    return bit;
  }

  /** Whether each bit of each of so many positions was turned over. */
  isComplete(positions: number): boolean {
    return Array.from({ length: 256 * positions }, (_, key) => key).every((key) => this.#met.has(key));
  }
}

/** `assert.throws` without its cost, for loops that refuse a hundred thousand times. */
function assertRefused(verify: () => void): void {
  try {
    verify();
  } catch (error) {
    if (isRefused(error)) return;
    throw error;
  }
  assert.fail("a wrong proof was accepted");
}

/** The proof with one bit turned over: bit 0..255 of the hash at `at`. */
function flip(proof: readonly Uint8Array[], at: number, bit: number): readonly Uint8Array[] {
  const turned = Uint8Array.from(proof[at]!);
  turned[bit >> 3]! ^= 1 << (bit & 7);
  return proof.with(at, turned);
}

describe("rootOf()", () => {
  for (const [size, root] of ROOTS.entries()) {
    test(`is the published root for ${size} leaves`, () => {
      assert.equal(hex(rootOf(leaves.slice(0, size))), root);
    });
  }
  for (const [size, root] of COUNTED) {
    test(`is the published root for ${size} counted leaves`, () => {
      const frontier = new Frontier();
      for (let index = 0; index < size; index++) frontier.push(leafHash(Buffer.from(String(index))));
      assert.equal(hex(frontier.root()), root);
    });
  }
});

test("a proof has the hashes that RFC 6962 gives", () => {
  const hashOf = ({ level, index }: Subtree) =>
    rootOf(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level));
  assert.deepEqual(inclusionProof(5, 8, hashOf).map(hex), [
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    ROOTS[4],
  ]);
  assert.deepEqual(consistencyProof(6, 8, hashOf).map(hex), [
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    ROOTS[4],
  ]);
});

// A stack trace for each refusal would take ten times as long as the refusal.
Error.stackTraceLimit = 0;

describe(`every inclusion proof to size ${SIZE_MAX}`, () => {
  test("verifies, and is refused with one bit turned over", () => {
    const turns = new Turns();
    for (let size = 1; size <= SIZE_MAX; size++) {
      for (let index = 0; index < size; index++) {
        const inclusion = included(index, size);
        assertInclusion(inclusion);
        for (const at of turns.positions(inclusion.proof, size)) {
          const proof = flip(inclusion.proof, at, turns.bit(at));
          assertRefused(() => assertInclusion({ ...inclusion, proof }));
        }
      }
    }
    assert.ok(turns.isComplete(POSITIONS));
  });

  test("is refused one hash shorter, one longer, at a neighbour's index and for a neighbour's size", () => {
    for (let size = 1; size <= 40; size++) {
      for (let index = 0; index < size; index++) {
        const inclusion = included(index, size);
        const { proof } = inclusion;
        const wrongs: Inclusion[] = [
          { ...inclusion, proof: [...proof, counted[0]!] },
          { ...inclusion, proof: [counted[0]!, ...proof] },
          { ...inclusion, index: index + 1 },
          { ...inclusion, index: index - 1 },
          { ...inclusion, root: roots[size - 1]! },
        ];
        if (proof.length > 0) wrongs.push({ ...inclusion, proof: proof.slice(1) });
        if (proof.length > 0) wrongs.push({ ...inclusion, proof: proof.slice(0, -1) });
        for (const wrong of wrongs) assertRefused(() => assertInclusion(wrong));
      }
    }
  });
});

describe(`every consistency proof to size ${SIZE_MAX}`, () => {
  test("verifies, and is refused with one bit turned over", () => {
    const turns = new Turns();
    for (let to = 0; to <= SIZE_MAX; to++) {
      for (let from = 0; from <= to; from++) {
        const consistency = consistent(from, to);
        assertConsistency(consistency);
        for (const at of turns.positions(consistency.proof, to)) {
          const proof = flip(consistency.proof, at, turns.bit(at));
          assertRefused(() => assertConsistency({ ...consistency, proof }));
        }
      }
    }
    assert.ok(turns.isComplete(POSITIONS));
  });

  test("is refused one hash shorter, one longer, and with another root or size on either side", () => {
    for (let to = 1; to <= 40; to++) {
      for (let from = 1; from <= to; from++) {
        const { from: old, to: new_, proof } = consistent(from, to);
        const wrongs: Consistency[] = [
          { from: old, to: new_, proof: [...proof, counted[0]!] },
          { from: old, to: new_, proof: [counted[0]!, ...proof] },
          { from: { ...old, root: counted[7]! }, to: new_, proof },
          { from: old, to: { ...new_, root: counted[7]! }, proof },
          { from: { ...old, size: from - 1, root: roots[from - 1]! }, to: new_, proof },
          { from: new_, to: { size: to - 1, root: roots[to - 1]! }, proof },
        ];
        if (proof.length > 0) wrongs.push({ from: old, to: new_, proof: proof.slice(1) });
        if (proof.length > 0) wrongs.push({ from: old, to: new_, proof: proof.slice(0, -1) });
        for (const wrong of wrongs) {
          // From nothing to anything needs no hash: that one is right.
          if (wrong.from.size === 0 && wrong.proof.length === 0) continue;
          assertRefused(() => assertConsistency(wrong));
        }
      }
    }
  });

  test("from the empty tree is empty, and only for the empty root", () => {
    assertConsistency({ from: { size: 0, root: EMPTY_ROOT }, to: { size: 5, root: roots[5]! }, proof: [] });
    const from = { size: 0, root: roots[1]! };
    assertRefused(() => assertConsistency({ from, to: { size: 5, root: roots[5]! }, proof: [] }));
  });
});

test(`every single bit of every proof to size ${SIZE_WHOLE} counts`, () => {
  for (let size = 1; size <= SIZE_WHOLE; size++) {
    for (let other = 0; other < size; other++) {
      const [inclusion, consistency] = [included(other, size), consistent(other, size)];
      for (let bit = 0; bit < 256; bit++) {
        for (const at of inclusion.proof.keys()) {
          const proof = flip(inclusion.proof, at, bit);
          assertRefused(() => assertInclusion({ ...inclusion, proof }));
        }
        for (const at of consistency.proof.keys()) {
          const proof = flip(consistency.proof, at, bit);
          assertRefused(() => assertConsistency({ ...consistency, proof }));
        }
      }
    }
  }
});

describe("a hostile proof", () => {
  const good = included(5, 8);
  const cases: readonly [string, Inclusion][] = [
    ["a hash of 31 bytes", { ...good, proof: good.proof.with(0, new Uint8Array(31)) }],
    ["54 hashes", { ...good, proof: Array.from({ length: 54 }, () => counted[0]!) }],
    ["an index at the size", { ...good, index: 8 }],
    ["a negative index", { ...good, index: -1 }],
    ["an index that is not a number", { ...good, index: Number.NaN }],
    ["a size that is not a number", { ...good, size: Number.NaN }],
  ];
  for (const [name, inclusion] of cases) {
    test(`with ${name} is refused`, () => assertRefused(() => assertInclusion(inclusion)));
  }
});

describe("Frontier", () => {
  test("grows by subtrees as by leaves", () => {
    for (const split of [0, 1, 2, 3, 64, 255, 256, 300]) {
      const frontier = new Frontier();
      for (const subtree of subtreesOf(0, split)) frontier.push(subtreeHash(subtree), subtree.level);
      for (const leaf of counted.slice(split)) frontier.push(leaf);
      assert.deepEqual(frontier.root(), roots[SIZE_MAX]);
    }
  });

  test("is restored from its hashes at every size", () => {
    for (let size = 0; size <= SIZE_MAX; size++) {
      const frontier = new Frontier();
      for (const leaf of counted.slice(0, size)) frontier.push(leaf);
      const restored = frontierFrom(size, frontier.hashes());
      assert.equal(restored.size, size);
      assert.deepEqual(restored.root(), roots[size]);
    }
  });

  test("refuses a subtree that does not begin at a multiple of its width, and a wrong number of hashes", () => {
    const frontier = new Frontier();
    frontier.push(counted[0]!);
    assert.throws(() => frontier.push(counted[1]!, 1), RangeError);
    assert.throws(() => frontierFrom(3, [counted[0]!]), RangeError);
  });
});

test("subtreesOf() covers a range near 2^53 exactly", () => {
  const size = Number.MAX_SAFE_INTEGER;
  const subtrees = subtreesOf(0, size);
  assert.equal(subtrees.length, 53);
  assert.equal(
    subtrees.reduce((sum, { level }) => sum + 2 ** level, 0),
    size,
  );
  assert.deepEqual(joinSubtrees([]), EMPTY_ROOT);
});
