import { readChangeSet } from "../../gate/change/read.ts";
import { openCheckout } from "../../gate/checkout.ts";
import type { ChangeSet } from "../../gate/model/change.ts";
import { scratchRepository } from "../git.ts";

/** A digest of one digit. */
export const md5 = (digit: string) => digit.repeat(32);

export interface Pipeline {
  readonly lr?: number;
  readonly cmd?: string;
  readonly code?: string;
  readonly prepare?: string;
  readonly rows?: string;
  readonly out?: string;
  readonly metrics?: string;
}

/** `prepare` makes features of the rows, `train` a model of the features, and `other` what no model names. */
export function pipeline(options: Pipeline = {}): Files {
  const { lr = 0.1, cmd = "python src/train.py", code = "a", prepare = "a", rows = "a" } = options;
  const { out = "a", metrics = "a" } = options;
  return {
    "dvc.lock": `schema: '2.0'
stages:
  prepare:
    cmd: python src/prepare.py
    deps:
    - { path: raw/rows.csv, hash: md5, md5: ${md5(rows)} }
    - { path: src/prepare.py, hash: md5, md5: ${md5(prepare)} }
    outs:
    - { path: features.csv, hash: md5, md5: ${md5(rows)} }
  train:
    cmd: ${cmd}
    deps:
    - { path: features.csv, hash: md5, md5: ${md5(rows)} }
    - { path: src/train.py, hash: md5, md5: ${md5(code)} }
    params:
      params.yaml:
        train.lr: ${lr}
    outs:
    - { path: models/m/model.pkl, hash: md5, md5: ${md5(out)}, size: 7 }
    - { path: models/m/metrics.json, hash: md5, md5: ${md5(metrics)}, size: 7 }
  other:
    cmd: python src/other.py
    deps:
    - { path: src/other.py, hash: md5, md5: ${md5(code)} }
    outs:
    - { path: other.csv, hash: md5, md5: ${md5(code)} }
`,
  };
}

export type Files = Readonly<Record<string, string | undefined>>;

const MANIFEST = `weighbridge: 1
id: m
status: candidate
artifacts: [{ path: model.pkl }]
evaluation: [{ path: metrics.json, dataset: d, role: test, metrics: [f1] }]
`;

export const YAML = `stages:
  prepare: { cmd: python src/prepare.py, deps: [raw/rows.csv, src/prepare.py], outs: [features.csv] }
  train: { cmd: python src/train.py, deps: [features.csv, src/train.py], params: [train.lr], outs: [models/m/model.pkl] }
  other: { cmd: python src/other.py, deps: [src/other.py], outs: [other.csv] }
`;

export const BASE: Files = {
  ...pipeline(),
  "dvc.yaml": YAML,
  "params.yaml": "train: { lr: 0.1 }\nother: { seed: 1 }\n",
  "src/train.py": "1\n",
  "src/prepare.py": "1\n",
  "src/other.py": "1\n",
  "raw/rows.csv.dvc": `outs:\n- { path: rows.csv, hash: md5, md5: ${md5("a")} }\n`,
  "models/m/model.yml": MANIFEST,
  "models/n/model.yml": MANIFEST.replace("id: m", "id: n").replace("model.pkl", "n.bin"),
  "models/n/n.bin": "n",
};

/** The change from a commit with some files to one with others on top; undefined takes one away. */
export async function changeOf(head: Files, base: Files = BASE): Promise<ChangeSet> {
  const scratch = await scratchRepository();
  const written = (files: Files) =>
    Object.fromEntries(
      Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  const before = scratch.commit("base", written(base));
  for (const [path, text] of Object.entries(head)) if (text === undefined) scratch.git("rm", "-q", path);
  const after = scratch.commit("head", written(head));
  const checkout = await openCheckout(scratch.directory);
  try {
    return await readChangeSet({ base: before, head: after }, checkout);
  } finally {
    await checkout.close();
    scratch.remove();
  }
}
