import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseWaiver, WAIVER_BYTES_MAX } from "../../gate/policy/waivers.ts";
import { refusalOf } from "./refusal.ts";

const PATH = ".weighbridge/waivers/WVR-2026-0007.yml";
const TEXT = `weighbridge: 1
id: WVR-2026-0007
model: credit-pd
gates: [auc-floor, PERF-02]
scope: { change_class: B }
reason: The vendor's bureau feed is down until the end of the month; the refresh uses the older feed.
risk_accepted: Slightly more defaults in new credit for two weeks.
compensating_controls:
  - { what: daily review of declined cases, owner: acme/credit-owners, evidence: docs/review.md }
floor: 0.75
requested_by: 1024025
approvals:
  - role: risk
    user_id: 583231
    login: octocat
    review_url: https://github.com/acme/credit/pull/12#pullrequestreview-1
    head_sha: 3f786850e387550fdab836ed7e6dc881de23001b
created: 2026-11-02T09:00:00Z
expires: 2026-11-30T09:00:00Z
max_uses: 1
renewals: 0
ticket: RISK-1234
`;

const parse = (text: string, path = PATH) => parseWaiver(Buffer.from(text), path);

describe("parseWaiver()", () => {
  it("reads a waiver with everything", () => {
    assert.deepEqual(parse(TEXT), {
      id: "WVR-2026-0007",
      place: { path: PATH, line: 1 },
      model: "credit-pd",
      gates: ["auc-floor", "PERF-02"],
      scope: { kind: "change_class", changeClass: "B" },
      reason: "The vendor's bureau feed is down until the end of the month; the refresh uses the older feed.",
      riskAccepted: "Slightly more defaults in new credit for two weeks.",
      compensatingControls: [
        { what: "daily review of declined cases", owner: "acme/credit-owners", evidence: "docs/review.md" },
      ],
      floor: 0.75,
      requestedBy: "1024025",
      approvals: [
        {
          role: "risk",
          userId: 583231,
          login: "octocat",
          reviewUrl: "https://github.com/acme/credit/pull/12#pullrequestreview-1",
        },
      ],
      created: "2026-11-02T09:00:00Z",
      expires: "2026-11-30T09:00:00Z",
      maxUses: 1,
      renewals: 0,
      ticket: "RISK-1234",
    });
  });

  it("reads a waiver with only what it needs", () => {
    const optional =
      /^(?:floor|max_uses|renewals|ticket|compensating_controls| {2}- \{ what| {4}login).*\n/gm;
    const waiver = parse(TEXT.replace(optional, ""));
    assert.deepEqual(waiver.compensatingControls, []);
    assert.equal(waiver.renewals, 0);
    assert.ok(!("floor" in waiver || "maxUses" in waiver || "ticket" in waiver));
    assert.deepEqual(
      waiver.approvals.map(({ role, userId, login }) => [role, userId, login]),
      [["risk", 583231, undefined]],
    );
  });

  const digest = `sha256:${"a".repeat(64)}`;
  for (const [scope, expected] of [
    [`{ digest: "${digest}" }`, { kind: "digest", digest }],
    ['{ version_range: ">=1.8.0 <1.9.0" }', { kind: "version_range", range: ">=1.8.0 <1.9.0" }],
  ] as const) {
    it(`reads the scope ${expected.kind}`, () => {
      assert.deepEqual(parse(TEXT.replace("{ change_class: B }", scope)).scope, expected);
    });
  }

  const remedies: readonly (readonly [from: string | RegExp, to: string, column: number, fix: RegExp])[] = [
    [/^ {4}head_sha.*\n/m, "", 5, /^Write the whole id of the commit that the person approved, /],
    [/^ {4}user_id.*\n/m, "", 5, /^Write the account's number, /],
    ["renewals: 0", "renewals: 2", 11, /^Write how often it was renewed; where that is too often, /],
    [
      "2026-11-30T09:00:00Z",
      "2026-11-30T09:00:00+14:00",
      10,
      /^Write the moment until which it was agreed, /,
    ],
    [
      "2026-11-30T09",
      "2026-11-30T24",
      10,
      /^Write the moment until which it was agreed, in UTC; a day ends /,
    ],
    ["2026-11-30T", "2026-11-01T", 10, /^Write the moments that were agreed, in UTC$/],
  ];
  for (const [from, to, column, remedy] of remedies) {
    it(`says where the value is found, and never what the example holds: ${remedy.source}`, () => {
      const error = refusalOf(() => parse(TEXT.replace(from, to)));
      assert.match(error.fix ?? "", remedy);
      assert.equal(error.place?.column, column);
    });
  }

  const refused: readonly (readonly [
    name: string,
    from: string | RegExp,
    to: string,
    code: string,
    line: number,
  ])[] = [
    ["C45: a wildcard gate", "auc-floor,", '"*",', "WAIVER_INVALID", 4],
    ["C45: a pattern of gates", "auc-floor,", '"PERF-*",', "WAIVER_INVALID", 4],
    ["C45: a wildcard model", "model: credit-pd", 'model: "*"', "WAIVER_INVALID", 3],
    ["C45: no gate", "[auc-floor, PERF-02]", "[]", "WAIVER_INVALID", 4],
    ["a range that is none", "change_class: B", 'version_range: "1.x <"', "WAIVER_SCOPE", 5],
    ["C45: no scope", "{ change_class: B }", "{}", "WAIVER_INVALID", 5],
    ["C45: two scopes", "B }", 'B, version_range: "1.x" }', "WAIVER_INVALID", 5],
    ["a scope of an unknown class", "change_class: B", "change_class: F", "WAIVER_INVALID", 5],
    ["a short reason", /^reason: .*$/m, "reason: trust me", "WAIVER_INVALID", 6],
    [
      "a reason that is padded with spaces",
      /^reason: .*$/m,
      `reason: "trust me${" ".repeat(100)}now"`,
      "WAIVER_REASON_SHORT",
      6,
    ],
    ["a requester by login, which can be renamed", "1024025", "maria", "WAIVER_INVALID", 11],
    ["an approver without an id", /^ {4}user_id.*\n/m, "", "WAIVER_INVALID", 13],
    ["an unknown role", "role: risk", "role: rsik", "WAIVER_INVALID", 13],
    ["a developer who approves", "role: risk", "role: developer", "WAIVER_INVALID", 13],
    ["a review that is no address", "https://github.com", "javascript://x", "WAIVER_INVALID", 16],
    ["a time without a zone", "09:00:00Z\nexp", "09:00:00\nexp", "WAIVER_INVALID", 18],
    ["a day that no calendar has", "2026-11-30T", "2026-11-31T", "WAIVER_DATE", 19],
    ["an hour that no clock has", "2026-11-30T09", "2026-11-30T25", "WAIVER_DATE", 19],
    ["an end before the beginning", "2026-11-30T", "2026-11-01T", "WAIVER_DATE", 19],
    ["an end at the beginning", "2026-11-30T", "2026-11-02T", "WAIVER_DATE", 19],
    ["a second renewal", "renewals: 0", "renewals: 2", "WAIVER_INVALID", 21],
    ["no use", "max_uses: 1", "max_uses: 0", "WAIVER_INVALID", 20],
    ["C4: a floor that is not a number", "floor: 0.75", "floor: .nan", "WAIVER_INVALID", 10],
    ["C4: an unknown key", "ticket:", "tickets:", "WAIVER_INVALID", 22],
    ["C4: a duplicate key", "ticket: RISK-1234", "floor: 0.1", "YAML_DUPLICATE_KEY", 22],
    [
      "an id that is not the name of the file",
      "id: WVR-2026-0007",
      "id: WVR-2026-0008",
      "WAIVER_MISNAMED",
      2,
    ],
  ];
  for (const [name, from, to, code, line] of refused) {
    it(`refuses ${name}`, () => {
      const text = TEXT.replace(from, to);
      assert.notEqual(text, TEXT);
      const error = refusalOf(() => parse(text));
      assert.deepEqual([error.code, error.place?.line], [code, line], error.message);
    });
  }

  it("refuses a file above the limit before it reads it", () => {
    const error = refusalOf(() => parseWaiver(Buffer.alloc(WAIVER_BYTES_MAX + 1, "#"), PATH));
    assert.equal(error.code, "WAIVER_TOO_LARGE");
  });

  it("lists everything that is wrong", () => {
    const text = TEXT.replace("id: WVR-2026-0007", "id: WVR-2026-0008").replace("2026-11-30T", "2026-11-31T");
    assert.equal(
      refusalOf(() => parse(text)).message,
      `Cannot load .weighbridge/waivers/WVR-2026-0007.yml: 2 problems
.weighbridge/waivers/WVR-2026-0007.yml:2:5: id is WVR-2026-0008, expected the name of the file
.weighbridge/waivers/WVR-2026-0007.yml:19:10: expires is 2026-11-31T09:00:00Z, which is no moment of the calendar`,
    );
  });
});
