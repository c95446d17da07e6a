import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { readChangeSet } from "../../gate/change/read.ts";
import { openCheckout } from "../../gate/checkout.ts";
import { collectEvidence } from "../../gate/evidence/collect.ts";
import type { Evidence } from "../../gate/model/evidence.ts";
import type { ModelState } from "../../gate/model/trail.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";

/** The smallest file of safetensors: no tensor, eight bytes of length and a header. */
const MODEL = Buffer.from("\x02\0\0\0\0\0\0\0{}", "latin1");
const DATA = "id,y\n1,0\n";

function hex(algorithm: string, content: string | Uint8Array): string {
  return createHash(algorithm).update(content).digest("hex");
}

const MANIFEST = `weighbridge: 1
id: a
status: candidate
artifacts: [{ path: model.safetensors }]
evaluation: [{ path: metrics.json, dataset: test, role: test, metrics: [roc_auc] }]
card: README.md
data: [{ name: rows, role: train, path: rows.csv }]
`;
const FILES = {
  ".gitattributes": "*.safetensors filter=lfs diff=lfs merge=lfs -text\n",
  ".gitignore": "rows.csv\n",
  "models/a/model.yml": MANIFEST,
  "models/a/README.md": "# A\n\nA model of ten words or so.\n",
  "models/a/metrics.json": '{"roc_auc": 0.8}',
  "models/a/model.safetensors": pointer("old"),
  "models/a/rows.csv.dvc": `outs:\n- md5: ${hex("md5", DATA)}\n  size: ${DATA.length}\n  hash: md5\n  path: rows.csv\n`,
};

function pointer(content: string | Uint8Array): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${hex("sha256", content)}\nsize ${content.length}\n`;
}

/** Commits the pointer without git-lfs, which need not be installed: git then stores what stands there. */
function commit(repository: ScratchRepository, files: Readonly<Record<string, string>>): string {
  repository.git("config", "filter.lfs.required", "false");
  return repository.commit("change", files);
}

async function collect(
  repository: ScratchRepository,
  base: string,
  head: string,
): Promise<readonly Evidence[]> {
  const checkout = await openCheckout(repository.directory);
  try {
    const change = await readChangeSet({ base, head }, checkout);
    const packs = { pack: unused, remote: unused };
    const now = () => new Date("2026-11-03T00:00:00Z");
    const { evidence, problems } = await collectEvidence(change, {
      repository: checkout,
      packs,
      evidence: [],
      now,
    });
    assert.deepEqual(problems, []);
    return evidence;
  } finally {
    await checkout.close();
  }
}

function unused(): never {
  throw new Error("No pack is asked for here");
}

function brief(evidence: readonly Evidence[]): readonly string[] {
  return evidence.map((item) => {
    const value = item.kind === "metric" ? item.value : item.kind === "dataset" ? item.digest : undefined;
    return [item.side, item.kind, value].filter((word) => word !== undefined).join(" ");
  });
}

test("evidence is read from the commits of a real repository, with content of Git LFS and DVC", async (t) => {
  const repository = await scratchRepository();
  t.after(() => repository.remove());
  const base = commit(repository, FILES);
  const head = commit(repository, {
    "models/a/metrics.json": '{"roc_auc": 0.82}',
    "models/a/model.safetensors": pointer(MODEL),
  });
  const md5 = `md5:${hex("md5", DATA)}`;
  const expected = [
    "base card",
    `base dataset ${md5}`,
    "base metric 0.8",
    "head artifact",
    "head card",
    `head dataset ${md5}`,
    "head metric 0.82",
  ];
  const scanOf = (evidence: readonly Evidence[]) => evidence.find((item) => item.kind === "artifact")?.scan;

  await t.test("content that is not here was not scanned", async () => {
    const evidence = await collect(repository, base, head);
    assert.deepEqual(brief(evidence), expected);
    assert.deepEqual(
      scanOf(evidence)?.findings.map(({ code }) => code),
      ["POINTER_UNRESOLVED"],
    );
  });

  await t.test("content in the store of Git LFS is scanned", async () => {
    const oid = hex("sha256", MODEL);
    repository.write(`.git/lfs/objects/${oid.slice(0, 2)}/${oid.slice(2, 4)}/${oid}`, MODEL);
    const evidence = await collect(repository, base, head);
    assert.deepEqual(brief(evidence), expected);
    assert.deepEqual([scanOf(evidence)?.format, scanOf(evidence)?.complete], ["safetensors", true]);
  });

  await t.test("content in the store that is something else is not believed", async () => {
    const oid = hex("sha256", MODEL);
    repository.write(`.git/lfs/objects/${oid.slice(0, 2)}/${oid.slice(2, 4)}/${oid}`, "other");
    const evidence = await collect(repository, base, head);
    assert.deepEqual(
      scanOf(evidence)?.findings.map(({ code }) => code),
      ["POINTER_MISMATCH"],
    );
  });
});

test("where the base has moved on, its values are those of its tip", async (t) => {
  const repository = await scratchRepository();
  t.after(() => repository.remove());
  const start = commit(repository, { ...FILES, "models/a/metrics.json": '{"roc_auc": 0.7}' });
  const tip = commit(repository, { "models/a/metrics.json": '{"roc_auc": 0.75}' });
  repository.git("checkout", "--quiet", "-b", "work", start);
  const head = commit(repository, { "models/a/metrics.json": '{"roc_auc": 0.9}' });
  const metrics = (await collect(repository, tip, head)).filter(({ kind }) => kind === "metric");
  assert.deepEqual(brief(metrics), ["base metric 0.75", "head metric 0.9"]);
});

test("where the base has another model by now, its numbers are about that one", async (t) => {
  const repository = await scratchRepository();
  t.after(() => repository.remove());
  const about = (digest: string) => MANIFEST.replace("role: test,", `role: test, subject: "${digest}",`);
  const start = commit(repository, FILES);
  const today = `sha256:${hex("sha256", "today")}`;
  const tip = commit(repository, {
    "models/a/model.yml": about(today),
    "models/a/metrics.json": '{"roc_auc": 0.95}',
    "models/a/model.safetensors": pointer("today"),
  });
  repository.git("checkout", "--quiet", "-b", "work", start);
  const head = commit(repository, { "models/a/model.safetensors": pointer(MODEL) });
  const checkout = await openCheckout(repository.directory);
  t.after(() => checkout.close());
  const change = await readChangeSet({ base: tip, head }, checkout);
  const [model] = change.models;
  assert.equal(model?.tip?.subject, today);
  assert.equal(model?.base?.subject, `sha256:${hex("sha256", "old")}`);
  const asked: ModelState[] = [];
  const low = (subject: string) =>
    JSON.stringify({
      schema: "evidence/v1",
      kind: "metric",
      subject: { model: "a", digest: subject },
      name: "roc_auc",
      value: 0.6,
      dataset: { name: "test" },
    });
  const { evidence } = await collectEvidence(change, {
    repository: checkout,
    packs: { pack: unused, remote: unused },
    evidence: [
      { path: "/x/today.json", bytes: Buffer.from(low(today)) },
      { path: "/x/old.json", bytes: Buffer.from(low(`sha256:${hex("sha256", "old")}`)) },
    ],
    now: () => new Date("2026-11-03T00:00:00Z"),
    trail: {
      state: unused,
      uses: unused,
      predecessors: async () => [],
      champions: async (requests) => {
        asked.push(...requests);
        return [];
      },
    },
  });
  const metrics = evidence.filter((item) => item.kind === "metric" && item.subject === today);
  assert.deepEqual(brief(metrics), ["base metric 0.6", "base metric 0.95"]);
  assert.deepEqual(
    asked,
    [{ model: "a", subject: today }],
    "numbers at base do not keep the trail from being asked",
  );
});

test("the work tree is a head, too", async (t) => {
  const repository = await scratchRepository();
  t.after(() => repository.remove());
  commit(repository, FILES);
  repository.write("models/a/metrics.json", '{"roc_auc": 0.85}');
  const metrics = (await collect(repository, "HEAD", "worktree")).filter(({ kind }) => kind === "metric");
  assert.deepEqual(brief(metrics), ["base metric 0.8", "head metric 0.85"]);
});
