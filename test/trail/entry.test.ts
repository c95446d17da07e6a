import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { canonicalBytes } from "../../gate/trail/canonical.ts";
import {
  checkContent,
  type EntryContent,
  entryId,
  parseContent,
  parseEntry,
  type Seal,
  sealEntry,
} from "../../gate/trail/entry.ts";
import { KINDS } from "../../gate/trail/kind.ts";
import { leafHash } from "../../gate/trail/merkle.ts";
import { CONTENTS, decisionContent } from "./entries.ts";

const SEAL: Seal = { seq: 3, prev: "22".repeat(32), ts: "2026-11-21T22:14:05.123Z" };
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const parse = (bytes: Uint8Array) => parseEntry(bytes, "it");

/** Any JSON that can be bent out of shape. */
// biome-ignore lint/suspicious/noExplicitAny: a test that breaks one member at a time
type Loose = any;
const loose = (content: EntryContent): Loose => structuredClone(content);

describe("the published entry", () => {
  test("has the published bytes, leaf hash and id", () => {
    const { id, bytes } = sealEntry(decisionContent(), SEAL);
    assert.equal(bytes.length, 1_669);
    assert.equal(hex(leafHash(bytes)), "fb15ff60c18b52b59268f2e079cad0cd8ec3936624a91a629010893b2b08a598");
    assert.equal(id, "3313f6abe266bc3517f3a386493724b06f69ea9d6f00729b6defa4bedc090517");
  });

  test("is read back as it was", () => {
    const { bytes } = sealEntry(decisionContent(), SEAL);
    const read = parse(bytes);
    assert.ok(read.known);
    assert.equal(read.entry.predicate.seq, 3);
    assert.deepEqual(sealEntry(decisionContent(), SEAL).bytes, bytes);
  });

  test("of a heartbeat has the published id", () => {
    const { id } = sealEntry(CONTENTS.heartbeat!, SEAL);
    assert.equal(id, "d6b37745ecd8cdfbc73e6b0e5c0f7711df9ac194dff014e4069c9c0296ff1f87");
  });
});

describe("every kind", () => {
  test("of the catalogue has an example", () => {
    assert.deepEqual(Object.keys(CONTENTS).sort(), [...KINDS.keys()].sort());
    assert.equal(KINDS.size, 39);
  });

  for (const [kind, content] of Object.entries(CONTENTS)) {
    test(`${kind} is written, read, and refused with a member too many or too few`, () => {
      const { bytes } = sealEntry(content, SEAL);
      const read = parse(bytes);
      assert.ok(read.known);
      assert.equal(read.entry.predicate.kind, kind);
      assert.equal(entryId(read.entry), read.entry.predicate.id);
      assert.throws(
        () => checkContent({ ...content, predicate: { ...content.predicate, extra: 1 } as Loose }),
        {
          code: "TRAIL_ENTRY_INVALID",
        },
      );
      for (const member of Object.keys(content.predicate)) {
        const shape = KINDS.get(kind)!.shape;
        const { [member]: _, ...rest } = loose(content).predicate;
        const whole = { ...rest, v: 1, seq: 0, prev: SEAL.prev, id: SEAL.prev, ts: SEAL.ts };
        if (shape.check(whole) === undefined) continue;
        assert.throws(() => checkContent({ ...content, predicate: rest }), { code: "TRAIL_ENTRY_INVALID" });
      }
    });
  }

  const HUMAN = [
    "approval.granted",
    "approval.withdrawn",
    "waiver.requested",
    "waiver.granted",
    "breakglass.used",
    "breakglass.reviewed",
    "feedback.triaged",
    "incident.closed",
    "gap.explained",
  ];
  for (const kind of HUMAN) {
    for (const member of ["actor", "reason"]) {
      test(`${kind} says its ${member}`, () => {
        const content = loose(CONTENTS[kind]!);
        delete content.predicate[member];
        assert.throws(() => checkContent(content), {
          code: "TRAIL_ENTRY_INVALID",
          message: `Cannot accept entry: predicate.${member} is expected to be there`,
        });
      });
    }
  }

  for (const kind of ["heartbeat", "waiver.expired", "gap.detected", "tamper.detected", "anchor.recorded"]) {
    test(`${kind} has no actor`, () => {
      const content = loose(CONTENTS[kind]!);
      content.predicate.actor = { id: 1 };
      assert.throws(() => checkContent(content), { code: "TRAIL_ENTRY_INVALID" });
    });
  }
});

describe("an entry is refused with", () => {
  const cases: readonly [string, (content: Loose) => void][] = [
    ["no subject", (content) => (content.subject = [])],
    ["a subject without a digest", (content) => delete content.subject[0].digest],
    ["a subject digest in upper case", (content) => (content.subject[0].digest.sha256 = "AB".repeat(32))],
    ["a subject with two digests", (content) => (content.subject[0].digest.sha512 = "ab")],
    ["two subjects of one name", (content) => content.subject.push(content.subject[0])],
    [
      "257 subjects",
      (content) => (content.subject = many(257, (at) => ({ ...content.subject[0], name: `${at}` }))),
    ],
    ["a git commit under a path", (content) => (content.subject[0].digest = { gitCommit: "11".repeat(20) })],
    ["a gate whose outcome is no outcome", (content) => (content.predicate.decision.gates[0].outcome = "ok")],
    [
      "an observed value in prose",
      (content) => (content.predicate.decision.gates[0].observed = "good enough"),
    ],
    ["a number as a metric", (content) => (content.predicate.decision.gates[0].observed = 0.9)],
    ["a metric with an exponent", (content) => (content.predicate.decision.gates[0].observed = "9e-1 ")],
    ["a verdict that is no verdict", (content) => (content.predicate.decision.verdict = "green")],
    [
      "a pull request and a merge group",
      (content) => {
        content.predicate.group = { base_sha: "44".repeat(20), head_sha: "33".repeat(20) };
      },
    ],
    ["neither", (content) => delete content.predicate.pr],
    ["a pull request 0", (content) => (content.predicate.pr.number = 0)],
    ["a time without decimals", (content) => (content.predicate.source_ts = "2026-11-21T22:14:01Z")],
    ["a 30th of February", (content) => (content.predicate.source_ts = "2026-02-30T22:14:01.000Z")],
    ["a 24th hour", (content) => (content.predicate.source_ts = "2026-11-21T24:00:00.000Z")],
    ["a time with an offset", (content) => (content.predicate.source_ts = "2026-11-21T22:14:01.000+00:00")],
    ["an unknown kind", (content) => (content.predicate.kind = "decision.unmade")],
    ["the kind of a built-in property", (content) => (content.predicate.kind = "constructor")],
    [
      "a member named __proto__",
      (content) => {
        content.predicate = JSON.parse(
          JSON.stringify(content.predicate).replace("{", '{"__proto__":{"a":1},'),
        );
      },
    ],
    ["evidence named overflow.json", (content) => (content.predicate.evidence[0].name = "overflow.json")],
    [
      "65 files of evidence",
      (content) => (content.predicate.evidence = many(65, () => content.predicate.evidence[0])),
    ],
    ["a reason without a digest", (content) => (content.predicate.reason = { code: "a", url: "https://a" })],
    [
      "a reason in plain http",
      (content) => {
        content.predicate.reason = { code: "a", url: "http://a", digest: { sha256: "11".repeat(32) } };
      },
    ],
    ["a mail address as a role", (content) => (content.predicate.actor.role = "someone@example.com")],
    ["a null", (content) => (content.predicate.actor = null)],
    ["an undefined member", (content) => (content.predicate.actor = undefined)],
    [
      "a getter",
      (content) => Object.defineProperty(content.predicate, "actor", { get: () => null, enumerable: true }),
    ],
  ];
  for (const [name, bend] of cases) {
    test(name, () => {
      const content = loose(decisionContent());
      bend(content);
      assert.throws(
        () => checkContent(content),
        (error: Loose) => ["TRAIL_ENTRY_INVALID", "TRAIL_NOT_CANONICAL"].includes(error.code),
      );
    });
  }
});

function many<T>(count: number, of: (at: number) => T): readonly T[] {
  return Array.from({ length: count }, (_, at) => of(at));
}

describe("parseEntry()", () => {
  const value = () => JSON.parse(Buffer.from(sealEntry(decisionContent(), SEAL).bytes).toString());

  test("refuses an id that is not the event's", () => {
    const entry = value();
    entry.predicate.id = "00".repeat(32);
    assert.throws(() => parse(canonicalBytes(entry)), { code: "TRAIL_ENTRY_ID" });
  });

  test("refuses another statement or predicate type", () => {
    for (const [member, text] of [
      ["_type", "https://in-toto.io/Statement/v0.1"],
      ["predicateType", "https://slsa.dev/provenance/v1"],
    ]) {
      assert.throws(() => parse(canonicalBytes({ ...value(), [member!]: text })), {
        code: "TRAIL_ENTRY_INVALID",
      });
    }
  });

  test("carries a kind and a version that it does not know, and says so", () => {
    for (const change of [{ kind: "model.cloned" }, { v: 2 }]) {
      const entry = value();
      Object.assign(entry.predicate, change, { news: { of: ["a", "later", "version"] } });
      const read = parse(canonicalBytes(entry));
      assert.equal(read.known, false);
      assert.equal(read.entry.predicate.seq, 3);
    }
  });

  test("refuses an unknown kind that has not even a place", () => {
    for (const member of ["seq", "prev", "id", "v", "kind"]) {
      const entry = value();
      entry.predicate.kind = "model.cloned";
      delete entry.predicate[member];
      assert.throws(() => parse(canonicalBytes(entry)), { code: "TRAIL_ENTRY_INVALID" });
    }
  });
});

describe("F19: an entry of", () => {
  /** A content whose bytes, sealed whole, are exactly this many: gates for the bulk, a path for the rest. */
  function contentOf(length: number): EntryContent {
    const content = loose(decisionContent());
    const { decision, policy } = content.predicate;
    while (length - plainLength(content) > 900) {
      decision.gates.push({ id: `gate-${decision.gates.length}`.padEnd(120, "x"), outcome: "pass" });
    }
    policy.path = policy.path.padEnd(policy.path.length + length - plainLength(content), "x");
    return content;
  }

  function plainLength(content: EntryContent): number {
    const seal = { ...SEAL, v: 1, id: "00".repeat(32) };
    return canonicalBytes({
      _type: "https://in-toto.io/Statement/v1",
      predicateType: "https://github.com/OWNER/weighbridge/trail/entry/v1",
      subject: content.subject,
      predicate: { ...content.predicate, ...seal },
    }).length;
  }

  test("60,000 bytes is written whole", () => {
    const sealed = sealEntry(contentOf(60_000), SEAL);
    assert.equal(sealed.bytes.length, 60_000);
    assert.equal(sealed.overflow, undefined);
  });

  for (const length of [60_001, 65_535, 65_536]) {
    test(`${length} bytes moves its gates to evidence, and keeps its id`, () => {
      const content = contentOf(length);
      assert.equal(plainLength(content), length);
      const { id, bytes, overflow } = sealEntry(content, SEAL);
      assert.ok(bytes.length < 3_000);
      assert.deepEqual(JSON.parse(Buffer.from(overflow!).toString()), {
        gates: content.predicate.decision!.gates,
      });
      const read = parse(bytes);
      assert.ok(read.known);
      assert.equal(read.entry.predicate.id, id);
      assert.equal(id, sealEntry(decisionContent(), SEAL).id);
      const item = read.entry.predicate.evidence!.at(-1)!;
      assert.deepEqual(item, {
        name: "overflow.json",
        digest: { sha256: hash("sha256", overflow!) },
        size: overflow!.length,
        mediaType: "application/json",
      });
    });
  }

  test("256 long subjects moves them, too", () => {
    const content = loose(decisionContent());
    content.subject = many(256, (at) => ({
      name: `${at}/`.padEnd(500, "a"),
      digest: { sha256: "11".repeat(32) },
    }));
    const { bytes, overflow } = sealEntry(content, SEAL);
    const read = parse(bytes);
    assert.deepEqual(read.entry.subject, [
      { name: "overflow.json", digest: { sha256: hash("sha256", overflow!) } },
    ]);
    assert.deepEqual(JSON.parse(Buffer.from(overflow!).toString()).subject, content.subject);
  });

  test("more than that cannot be written", () => {
    const content = loose(decisionContent());
    content.predicate.evidence = many(64, (at) => ({
      name: `${at}`.padEnd(255, "é"),
      digest: { sha256: "11".repeat(32) },
      size: 1,
      mediaType: `application/${"a".repeat(63)}`,
    }));
    content.predicate.decision.waivers = many(64, (at) => `W${at}`.padEnd(128, "x"));
    content.predicate.decision.approvals = many(64, (at) => ({
      id: Number.MAX_SAFE_INTEGER - at,
      role: "validator".padEnd(128, "x"),
      review: Number.MAX_SAFE_INTEGER,
    }));
    content.predicate.policy.path = "é".repeat(1_024);
    content.predicate.reason = {
      code: "a",
      url: `https://${"a".repeat(1_000)}`,
      digest: { sha256: "11".repeat(32) },
    };
    assert.throws(() => checkContent(content), { code: "TRAIL_ENTRY_TOO_LARGE" });
  });
});

describe("parseContent()", () => {
  test("reads what was written", () => {
    for (const content of Object.values(CONTENTS)) {
      assert.deepEqual(canonicalBytes(parseContent(canonicalBytes(content), "it")), canonicalBytes(content));
    }
  });

  test("refuses a content with a place of its own", () => {
    for (const member of ["v", "seq", "prev", "id", "ts"]) {
      const content = loose(decisionContent());
      content.predicate[member] = { v: 1, seq: 1, prev: SEAL.prev, id: SEAL.prev, ts: SEAL.ts }[member];
      assert.throws(() => parseContent(canonicalBytes(content), "it"), { code: "TRAIL_ENTRY_INVALID" });
    }
  });
});

test("law: who reports an event, when and how often does not change its id", () => {
  const circumstances = fc.record({
    delivery: fc.uuid(),
    minutes: fc.integer({ min: 0, max: 59 }),
    seq: fc.nat(),
    version: fc.constantFrom("1.4.2", "1.5.0"),
  });
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(CONTENTS)), circumstances, (content, how) => {
      const other = loose(content);
      other.predicate.app = { version: how.version, delivery: how.delivery };
      other.predicate.source_ts = `2026-11-21T22:${String(how.minutes).padStart(2, "0")}:00.000Z`;
      assert.equal(sealEntry(other, { ...SEAL, seq: how.seq }).id, checkContent(content));
    }),
  );
});
