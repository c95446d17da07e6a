import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CATALOGUES, type Catalogue, CONTROLS } from "./controls.ts";

const HEADER = [
  ...["framework", "version", "citation", "status", "applies_from", "superseded_by", "jurisdiction"],
  ...["verified_on", "sources", "controls"],
];
const STATUSES = ["in_force", "adopted", "proposed", "superseded"];

function catalogue(name: string): Catalogue {
  return CATALOGUES.get(name) ?? assert.fail(`there is no catalogue ${name}`);
}

/** How many ids begin with each first word or clause. */
function counts(name: string, pattern: RegExp): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { id } of catalogue(name).controls) {
    const part = pattern.exec(id)?.[1] ?? assert.fail(`${id} has another form`);
    found[part] = (found[part] ?? 0) + 1;
  }
  return found;
}

describe("the catalogues of controls", () => {
  it("hold the 72 subcategories of the NIST AI RMF", () => {
    assert.deepEqual(counts("nist-ai-rmf-1.0", /^(GOVERN|MAP|MEASURE|MANAGE) [1-6]\.[0-9]{1,2}$/), {
      GOVERN: 19,
      MAP: 18,
      MEASURE: 22,
      MANAGE: 13,
    });
  });

  it("hold each group of the NIST AI RMF without a gap", () => {
    const groups = counts("nist-ai-rmf-1.0", /^(\w+ [1-6])\.[0-9]{1,2}$/);
    const ids = new Set(catalogue("nist-ai-rmf-1.0").controls.map(({ id }) => id));
    for (const [group, count] of Object.entries(groups)) {
      for (let number = 1; number <= count; number++)
        assert.ok(ids.has(`${group}.${number}`), `${group}.${number}`);
    }
    assert.deepEqual(Object.values(groups), [7, 3, 2, 3, 2, 2, 6, 3, 5, 2, 2, 3, 13, 3, 3, 4, 4, 2, 3]);
  });

  it("hold the 38 controls of ISO/IEC 42001, Annex A", () => {
    const clauses = counts("iso-42001-2023", /^ISO A\.([0-9]{1,2})\.[0-9](?:\.[0-9])?$/);
    assert.deepEqual(clauses, { 2: 3, 3: 2, 4: 5, 5: 4, 6: 9, 7: 5, 8: 4, 9: 3, 10: 3 });
    assert.equal(catalogue("iso-42001-2023").controls.length, 38);
  });

  it("hold the 23 parts of the five principles of SS1/23", () => {
    assert.deepEqual(counts("ss1-23", /^SS1\/23 ([1-5])\.[1-6]$/), { 1: 3, 2: 6, 3: 6, 4: 5, 5: 3 });
  });

  for (const [name, { controls, ...header }] of CATALOGUES) {
    it(`say of ${name} where it comes from, and claim no more`, () => {
      assert.deepEqual([...Object.keys(header), "controls"], HEADER);
      assert.ok(STATUSES.includes(header.status));
      if (header.status === "in_force") assert.ok(header.sources.length > 0, "in force, without a source");
      if (header.status === "superseded") assert.notEqual(header.superseded_by, null);
      for (const date of [header.applies_from, header.verified_on]) {
        if (date !== null) assert.match(date, /^\d{4}-\d{2}-\d{2}$/);
      }
    });

    it(`label every control of ${name} in a few words, each once`, () => {
      assert.equal(new Set(controls.map(({ id }) => id)).size, controls.length);
      for (const { id, label } of controls)
        assert.ok(label.length > 2 && label.length < 90, `${id}: ${label}`);
    });
  }

  it("never name two controls alike", () => {
    const all = [...CATALOGUES.values()].flatMap(({ controls }) => controls);
    assert.equal(CONTROLS.size, all.length);
  });
});
