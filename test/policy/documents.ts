import fc from "fast-check";
import type { Severity } from "../../gate/model/gate.ts";
import type { Tier } from "../../gate/model/tier.ts";
import { definedMembers } from "../../gate/policy/defined.ts";
import type {
  GateDocument,
  OwnPolicy,
  Pack,
  PolicyDocument,
  RoleDocument,
  TestVector,
} from "../../gate/policy/document.ts";
import type { Given } from "../../gate/policy/given.ts";

const TIERS = ["T1", "T2", "T3", "T4"] as const;
const ROLES = ["developer", "validator", "owner", "risk", "compliance", "sre", "auditor", "policy-admin"];
const OUTCOMES = ["pass", "fail", "inconclusive", "not_applicable", "missing_evidence", "error"] as const;

/** Text with everything that YAML could take for something else, within what a policy file can hold at all. */
function text(maxLength: number): fc.Arbitrary<string> {
  const traps = [
    "no",
    "~",
    "1e3",
    "0x10",
    "- a",
    "a: b",
    "a #b",
    "#",
    "'",
    '"',
    "\\",
    "&a",
    "*a",
    "!a",
    "|",
    "%",
    "`",
    "@a",
  ];
  return fc
    .oneof(
      fc.string({ unit: "grapheme", minLength: 1, maxLength }),
      fc.string({ unit: "binary", minLength: 1, maxLength }),
      fc.constantFrom(
        ...traps,
        " a ",
        "a\nb",
        "\u2028",
        "\u0085",
        "2026-01-01",
        "true",
        "null",
        "1.5",
        "=",
        "<<",
      ),
    )
    .filter((value) => value.length > 0 && value.length <= maxLength && !value.includes("\u0000"));
}

const version = fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999)).map((parts) => parts.join("."));
const name = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/);
const severity = fc.constantFrom<Severity>("info", "warn", "block");
// No file can say -0: it is read as 0, and compared as such.
const number = fc
  .double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 })
  .map((value) => (value === 0 ? 0 : value));
const list = <T>(items: fc.Arbitrary<T>) => fc.uniqueArray(items, { minLength: 1, maxLength: 3 });

/** Some optional members, or none: a document leaves out what its file leaves out. */
function some<T extends object>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(members, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<Partial<T>>;
}

/** All members, on an ordinary object as the parser makes them. */
function whole<T extends object>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(members, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const reference = fc.oneof(
  fc.tuple(name, fc.integer({ min: 1, max: 99 })).map(([pack, major]) => ({
    kind: "pack" as const,
    text: `${pack}@${major}`,
  })),
  fc.tuple(name, name, name).map(([owner, repo, file]) => {
    const parent = { owner, repo, path: `${file}.yml`, commit: "3f786850e387550fdab836ed7e6dc881de23001b" };
    return { kind: "remote" as const, text: `${owner}/${repo}//${file}.yml@${parent.commit}`, parent };
  }),
);

const given: fc.Arbitrary<Given> = some<Given>({
  tier: fc.constantFrom<Tier>(...TIERS),
  model: fc.constantFrom("changed", "new", "removed"),
  metrics: fc.array(
    whole({
      name: text(20),
      value: fc.option(number, { nil: undefined }),
      n: fc.option(fc.nat(), { nil: undefined }),
    }).map((metric) => definedMembers(metric)),
    { maxLength: 2 },
  ),
  manifest: fc.constantFrom({ without: ["owner"] }, { missing: true }),
  datasets: fc.array(whole({ name: text(20), pinned: fc.boolean() }), { maxLength: 2 }),
});

const vector: fc.Arbitrary<TestVector> = whole({
  name: text(60),
  given,
  outcome: fc.constantFrom(...OUTCOMES),
});

const value = fc.oneof(
  number,
  text(40),
  fc.boolean(),
  fc.array(text(20), { maxLength: 3 }),
  fc.dictionary(fc.constantFrom(...TIERS), number, { noNullPrototype: true }),
);

const gate: fc.Arbitrary<GateDocument> = fc
  .tuple(
    whole({
      id,
      with: fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), value, { maxKeys: 3, noNullPrototype: true }),
      severity: fc.oneof(
        severity.map((word) => Object.fromEntries(TIERS.map((tier) => [tier, word]))),
        some<Record<Tier, Severity>>({ T1: severity, T2: severity, T3: severity, T4: severity }),
      ),
      mapsTo: fc.uniqueArray(
        text(30).filter((control) => [...control].length > 1),
        { maxLength: 3 },
      ),
      testVectors: fc.array(vector, { maxLength: 2 }),
    }),
    some<Omit<GateDocument, "id" | "with" | "severity" | "mapsTo" | "testVectors">>({
      rule: text(30),
      since: version,
      title: text(60),
      why: text(120),
      fix: text(120),
      when: text(60),
      waivable: fc.boolean(),
      onInconclusive: fc.constantFrom("open", "close"),
      objective: text(60),
    }),
  )
  .map(([all, part]) => ({ ...all, ...part }));

const gates = fc.uniqueArray(gate, { maxLength: 3, selector: (each) => each.id });
const parents = fc.uniqueArray(reference, { maxLength: 3, selector: (each) => each.text });
const logins = list(fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,9}$/));

const role: fc.Arbitrary<RoleDocument> = some<RoleDocument>({
  teams: list(fc.tuple(name, name).map(([owner, team]) => `a${owner}/a${team}`)),
  users: logins,
  exclusiveWith: list(fc.constantFrom(...ROLES)),
  delegates: fc.uniqueArray(
    whole({
      user: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9-]{0,9}$/),
      from: fc.constantFrom("2026-01-31", "2026-12-01"),
      until: fc.constantFrom("2026-12-01", "2028-02-29"),
    }),
    { minLength: 1, maxLength: 3, selector: ({ user }) => user },
  ),
}).filter((people) => Object.keys(people).length > 0);

const model = fc
  .tuple(
    whole({ id: fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/), path: name }),
    some<{ tier: Tier }>({ tier: fc.constantFrom(...TIERS) }),
  )
  .map(([all, part]) => ({ ...all, ...part }));

const policy: fc.Arbitrary<OwnPolicy> = whole({
  kind: fc.constant("policy" as const),
  name,
  version,
  extends: parents,
  roles: fc.dictionary(fc.constantFrom(...ROLES), role, { maxKeys: 3, noNullPrototype: true }),
  models: fc.uniqueArray(model, { maxLength: 3, selector: (each) => each.id }),
  gates,
});

const pack: fc.Arbitrary<Pack> = fc
  .tuple(
    whole({
      kind: fc.constant("pack" as const),
      name,
      version,
      title: text(60),
      extends: parents,
      gates,
    }),
    fc.constantFrom(
      { status: "preview" as const },
      { status: "stable" as const },
      { status: "superseded" as const, supersededBy: "core@2" },
    ),
  )
  .map(([all, part]) => ({ ...all, ...part }));

/** Any document that a file could hold, whether or not it makes sense. */
export const documents: fc.Arbitrary<PolicyDocument> = fc.oneof(policy, pack);
