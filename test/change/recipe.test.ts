import assert from "node:assert/strict";
import { test } from "node:test";
import { changeOf, type Files, md5, pipeline } from "./pipeline.ts";

const CASES: readonly (readonly [name: string, head: Files, class_: string, reason: RegExp])[] = [
  [
    "the same recipe with new rows",
    {
      ...pipeline({ rows: "b", out: "b", metrics: "b" }),
      "raw/rows.csv.dvc": `outs:\n- { path: rows.csv, hash: md5, md5: ${md5("b")} }\n`,
    },
    "B",
    /^models\/m\/model\.pkl: md5:a+ -> md5:b+$/,
  ],
  [
    "another value of the parameters in the lock",
    pipeline({ lr: 0.9, out: "b" }),
    "C",
    /^Stage train of dvc\.lock: train\.lr in params\.yaml "0\.1" -> "0\.9"$/,
  ],
  [
    "another digest of the code in the lock",
    pipeline({ code: "b", out: "b" }),
    "C",
    /^Stage train of dvc\.lock: src\/train\.py md5:a+ -> md5:b+, which model\.yml does not name as data$/,
  ],
  [
    "another digest of the code before it in the lock",
    pipeline({ prepare: "b", rows: "b", out: "b" }),
    "C",
    /^Stage prepare of dvc\.lock: src\/prepare\.py md5:a+ -> md5:b+, which model\.yml does not name as data$/,
  ],
  [
    "another command in the lock",
    pipeline({ cmd: "python src/train.py --fast", out: "b" }),
    "C",
    /^Stage train of dvc\.lock: its command sha256:\w+ -> sha256:\w+$/,
  ],
];

for (const [name, head, class_, reason] of CASES) {
  test(`${name} makes class ${class_}`, async () => {
    const { models } = await changeOf(head);
    const reasons = models.flatMap(({ classReasons }) => classReasons);
    assert.deepEqual(
      models.map(({ id, changeClass }) => `${changeClass} ${id}`),
      [`${class_} m`],
      reasons.join("\n"),
    );
    assert.ok(
      reasons.some((text) => reason.test(text)),
      reasons.join("\n"),
    );
  });
}
