import assert from "node:assert/strict";
import { test } from "node:test";
import type { Outline } from "../../gate/artifact/layout.ts";
import { classify } from "../../gate/change/classify.ts";
import type { RecipeComparison } from "../../gate/change/recipe.ts";
import type { Artifact, ChangeClass, EntryKind, FileChange, ModelVersion } from "../../gate/model/change.ts";
import type { Digest } from "../../gate/model/digest.ts";
import type { Manifest } from "../../gate/model/manifest.ts";

const OLD: Digest = `sha256:${"1".repeat(64)}`;
const NEW: Digest = `sha256:${"2".repeat(64)}`;
const MD5: Digest = `md5:${"3".repeat(32)}`;

const MANIFEST: Manifest = {
  path: "m/model.yml",
  id: "m",
  owner: "acme/owners",
  purpose: "Ranks",
  status: "production",
  tier: "T2",
  context: { domain: "consumer-credit", exposure: 3 },
  artifacts: [{ path: "m/w.bin" }],
  evaluation: [{ path: "m/metrics.json", dataset: "holdout", role: "test", metrics: [{ name: "f1" }] }],
  data: [{ name: "train", role: "train", path: "m/data" }],
  card: "m/CARD.txt",
  notApplicable: [],
  lines: {},
};

interface Version {
  readonly manifest?: Partial<Manifest>;
  readonly digest?: Digest | "unknown";
  readonly problems?: ModelVersion["problems"];
}

function version({ manifest = {}, digest = OLD, problems = [] }: Version): ModelVersion {
  const whole = { ...MANIFEST, ...manifest };
  const artifacts = whole.artifacts.map(({ path }): Artifact => {
    return digest === "unknown"
      ? { path, problem: { code: "ARTIFACT_MISSING", message: "" } }
      : { path, digest };
  });
  return { manifest: whole, problems, artifacts };
}

function file(
  path: string,
  from: EntryKind | undefined = "file",
  to: EntryKind | undefined = "file",
): FileChange {
  const entry = (kind: EntryKind, oid: string) => ({ path, kind, oid: oid.repeat(40) });
  return {
    status: from === undefined ? "added" : to === undefined ? "removed" : "modified",
    path,
    ...(from === undefined ? {} : { base: entry(from, "a") }),
    ...(to === undefined ? {} : { head: entry(to, "b") }),
  };
}

interface Case {
  readonly name: string;
  readonly base?: Version;
  readonly head?: Version;
  readonly files?: readonly FileChange[];
  readonly outlines?: readonly [base: Outline, head: Outline];
  readonly recipe?: Partial<RecipeComparison>;
  readonly expected: ChangeClass;
}

const LAYOUT = {
  format: "safetensors",
  isModel: true,
  layout: [
    { name: "w", dtype: "F32", shape: [2, 3] },
    { name: "b", dtype: "F32", shape: [3] },
  ],
} as const satisfies Outline;
const PICKLE: Outline = { format: "pickle", isModel: true };
const JSON_FILE: Outline = { format: "json", isModel: false };

const CASES: readonly Case[] = [
  { name: "a changed card", files: [file("m/CARD.txt")], expected: "A" },
  { name: "changed Markdown", files: [file("m/docs/notes.md")], expected: "A" },
  { name: "a changed image", files: [file("m/roc.PNG")], expected: "A" },
  { name: "a changed licence", files: [file("m/LICENSE"), file("m/README.txt")], expected: "A" },
  { name: "a removed document", files: [file("m/a.md", "file", undefined)], expected: "A" },
  { name: "a comment in the manifest", files: [file("m/model.yml")], expected: "A" },
  {
    name: "another title and review date",
    head: { manifest: { title: "x", nextReview: "2030-01-01" } },
    expected: "A",
  },
  {
    name: "a new declared digest of the same artifact",
    head: { manifest: { artifacts: [{ path: "m/w.bin", digest: OLD }] } },
    expected: "A",
  },

  {
    name: "new weights in the same layout",
    head: { digest: NEW },
    files: [file("m/w.bin")],
    outlines: [LAYOUT, { ...LAYOUT, layout: [...LAYOUT.layout].reverse() }],
    expected: "B",
  },
  {
    name: "a pickle that new training data made",
    head: { digest: NEW, manifest: { data: [{ ...MANIFEST.data[0]!, digest: NEW }] } },
    outlines: [PICKLE, PICKLE],
    expected: "B",
  },
  {
    name: "a pointer to what changed training data made",
    head: { digest: NEW },
    files: [file("m/w.bin"), file("m/data/part-1.csv")],
    expected: "B",
  },
  {
    name: "a pointer to what the same recipe made again",
    head: { digest: NEW },
    files: [file("dvc.lock"), file("raw/rows.csv.dvc")],
    recipe: { refreshed: new Set(["m/w.bin"]), data: new Set(["raw/rows.csv"]) },
    expected: "B",
  },
  { name: "new data", files: [file("m/data/part-1.csv")], expected: "B" },
  { name: "a new .dvc file of the data", files: [file("m/data.dvc")], expected: "B" },
  {
    name: "a new digest of the data",
    head: { manifest: { data: [{ ...MANIFEST.data[0]!, digest: NEW }] } },
    expected: "B",
  },
  {
    name: "new weights with new results, card and manifest",
    head: {
      digest: NEW,
      manifest: {
        evaluation: [{ ...MANIFEST.evaluation[0]!, subject: NEW, producedAt: "2026-01-01T00:00:00Z" }],
      },
    },
    files: [file("m/w.bin"), file("m/metrics.json"), file("m/CARD.txt"), file("m/model.yml")],
    outlines: [LAYOUT, LAYOUT],
    expected: "B",
  },

  { name: "a pointer to new weights, of which nothing else tells", head: { digest: NEW }, expected: "C" },
  {
    name: "a pickle of which nothing else tells",
    head: { digest: NEW },
    outlines: [PICKLE, PICKLE],
    expected: "C",
  },
  {
    name: "a pickle with other test data",
    head: {
      digest: NEW,
      manifest: { data: [...MANIFEST.data, { name: "t", role: "test", digest: NEW }] },
    },
    outlines: [PICKLE, PICKLE],
    expected: "C",
  },
  {
    name: "a configuration, whatever data is new",
    head: { digest: NEW },
    files: [file("m/data/part-1.csv")],
    outlines: [JSON_FILE, JSON_FILE],
    expected: "C",
  },
  ...[
    { name: "v", dtype: "F32", shape: [2, 3] },
    { name: "w", dtype: "BF16", shape: [2, 3] },
    { name: "w", dtype: "F32", shape: [3, 2] },
  ].map((tensor): Case => {
    return {
      name: `a tensor ${tensor.name} ${tensor.dtype}[${tensor.shape}] in the place of w F32[2,3]`,
      head: { digest: NEW },
      files: [file("m/data/part-1.csv")],
      outlines: [LAYOUT, { ...LAYOUT, layout: [tensor, LAYOUT.layout[1]!] }],
      expected: "C",
    };
  }),
  {
    name: "another recipe",
    head: { digest: NEW },
    files: [file("dvc.lock")],
    outlines: [LAYOUT, LAYOUT],
    recipe: { differences: ["Stage train of dvc.lock: lr in params.yaml 0.1 -> 0.9"] },
    expected: "C",
  },
  { name: "a lock that was not compared", files: [file("dvc.lock")], expected: "C" },

  { name: "new results for the same model", files: [file("m/metrics.json")], expected: "C" },
  {
    name: "results that are restated for the same model",
    head: { manifest: { evaluation: [{ ...MANIFEST.evaluation[0]!, subject: NEW }] } },
    expected: "C",
  },
  { name: "code", files: [file("m/train.py")], expected: "C" },
  { name: "a vocabulary in a text file", files: [file("m/vocab.txt")], expected: "C" },
  { name: "requirements", files: [file("m/requirements.txt")], expected: "C" },
  { name: "a file without an extension", files: [file("m/data2")], expected: "C" },
  { name: "a document that becomes a link", files: [file("m/a.md", "file", "symlink")], expected: "C" },
  {
    name: "a document that becomes a submodule",
    files: [file("m/a.md", "file", "submodule")],
    expected: "C",
  },
  {
    name: "code that becomes a document",
    files: [{ ...file("m/a.md"), status: "renamed", base: { path: "m/a.py", kind: "file", oid: "b" } }],
    expected: "C",
  },
  { name: "attributes", files: [file(".gitattributes")], expected: "C" },
  {
    name: "another format of the weights",
    head: { digest: NEW },
    outlines: [LAYOUT, PICKLE],
    expected: "C",
  },
  {
    name: "weights whose digests cannot be compared",
    base: { digest: MD5 },
    head: { digest: NEW },
    expected: "C",
  },
  {
    name: "another artifact",
    head: { manifest: { artifacts: [{ path: "m/w.bin" }, { path: "m/x.bin" }] } },
    expected: "C",
  },
  {
    name: "another context",
    head: { manifest: { context: { domain: "consumer-credit", exposure: 2 } } },
    expected: "C",
  },
  { name: "another tier", head: { manifest: { tier: "T3" } }, expected: "C" },
  { name: "another purpose", head: { manifest: { purpose: "Prices" } }, expected: "C" },
  { name: "another owner", head: { manifest: { owner: "acme/others" } }, expected: "C" },
  {
    name: "a gate that no longer applies",
    head: { manifest: { notApplicable: [{ gate: "G", reason: "x".repeat(20) }] } },
    expected: "C",
  },
  { name: "a metric less", head: { manifest: { evaluation: [] } }, expected: "C" },
  { name: "another dataset", head: { manifest: { data: [] } }, expected: "C" },
  { name: "another status", base: { manifest: { status: "candidate" } }, expected: "C" },
  { name: "a model back from retirement", base: { manifest: { status: "retired" } }, expected: "C" },
  { name: "an unknown digest at head", head: { digest: "unknown" }, expected: "C" },
  { name: "an unknown digest at base", base: { digest: "unknown" }, expected: "C" },
  {
    name: "a manifest with problems",
    head: { problems: [{ code: "MODEL_ID_DUPLICATE", message: "" }] },
    expected: "C",
  },
  {
    name: "retirement with new weights",
    head: { digest: NEW, manifest: { status: "retired" } },
    expected: "C",
  },
  {
    name: "retirement with new weights under another name",
    head: { digest: NEW, manifest: { status: "retired", artifacts: [{ path: "m/x.bin" }] } },
    files: [file("m/w.bin", "file", undefined), file("m/x.bin", undefined), file("m/model.yml")],
    expected: "C",
  },
  {
    name: "retirement with another plan",
    head: { manifest: { status: "retired", evaluation: [] } },
    expected: "C",
  },
  {
    name: "retirement with another format",
    head: { digest: NEW, manifest: { status: "retired" } },
    outlines: [LAYOUT, PICKLE],
    expected: "C",
  },
  {
    name: "retirement with code",
    head: { manifest: { status: "retired" } },
    files: [file("m/serve.py")],
    expected: "C",
  },

  {
    name: "retirement",
    head: { manifest: { status: "retired" } },
    files: [file("m/model.yml")],
    expected: "E",
  },
];

for (const { name, base = {}, head = {}, files = [], outlines, recipe, expected } of CASES) {
  test(`classify() gives ${expected} for ${name}`, () => {
    const { changeClass, reasons } = classify({
      base: version(base),
      head: version(head),
      files,
      outlines: new Map(outlines && [["m/w.bin", { base: outlines[0], head: outlines[1] }]]),
      ...(recipe && { recipe: { differences: [], refreshed: new Set(), data: new Set(), ...recipe } }),
    });
    assert.equal(changeClass, expected, reasons.join("\n"));
    assert.ok(reasons.length > 0);
  });
}

const NOTHING = { files: [], outlines: new Map() };

test("classify() gives D for a model without a base and E for one without a head", () => {
  assert.equal(classify({ ...NOTHING, head: version({}) }).changeClass, "D");
  assert.equal(classify({ ...NOTHING, base: version({}) }).changeClass, "E");
});

test("classify() gives C for model files that no manifest claims", () => {
  const unclaimed: ModelVersion = { problems: [], artifacts: [{ path: "w.bin", digest: OLD }] };
  assert.equal(classify({ ...NOTHING, base: unclaimed, head: unclaimed }).changeClass, "C");
});

test("classify() compares a model that moved as a whole by its paths from the manifest", () => {
  const moved: Partial<Manifest> = {
    path: "n/model.yml",
    artifacts: [{ path: "n/w.bin" }],
    evaluation: [{ ...MANIFEST.evaluation[0]!, path: "n/metrics.json" }],
    data: [{ ...MANIFEST.data[0]!, path: "n/data" }],
    card: "n/CARD.txt",
  };
  const files = ["model.yml", "w.bin", "CARD.txt"].map((name): FileChange => {
    const entry = { kind: "file", oid: "1" } as const;
    return {
      status: "renamed",
      path: `n/${name}`,
      previousPath: `m/${name}`,
      base: { ...entry, path: `m/${name}` },
      head: { ...entry, path: `n/${name}` },
    };
  });
  const change = { base: version({}), head: version({ manifest: moved }), files, outlines: new Map() };
  assert.equal(classify(change).changeClass, "A");
});

test("classify() takes a pointer to a safetensors file of the same size for a refresh, and no other", () => {
  const classOf = (path: string, sizes: readonly (number | undefined)[]) => {
    const [base, head] = sizes.map((size, at): ModelVersion => {
      const digest = at === 0 ? OLD : NEW;
      const pointer = { kind: "lfs", digest, ...(size === undefined ? {} : { size }) } as const;
      const manifest = { ...MANIFEST, artifacts: [{ path }] };
      return { manifest, problems: [], artifacts: [{ path, digest, pointer }] };
    });
    return classify({ ...NOTHING, ...(base && { base }), ...(head && { head }) }).changeClass;
  };
  assert.equal(classOf("m/w.safetensors", [80, 80]), "B");
  assert.equal(classOf("m/w.safetensors", [80, 88]), "C");
  assert.equal(classOf("m/w.safetensors", [undefined, undefined]), "C");
  assert.equal(classOf("m/w.pkl", [80, 80]), "C", "a pickle keeps its hyperparameters, too");
});

test("classify() gives the digests that decided", () => {
  const change = { ...NOTHING, base: version({}), head: version({ digest: NEW }), files: [file("m/w.bin")] };
  const reasonsFor = (base: Outline, head: Outline) =>
    classify({ ...change, outlines: new Map([["m/w.bin", { base, head }]]) }).reasons;
  const digests = `m/w.bin: ${OLD} -> ${NEW}`;
  assert.deepEqual(reasonsFor(LAYOUT, LAYOUT), [digests]);
  const told =
    "and neither new training data in m/model.yml nor a dvc.lock tells that it is the same model on other data";
  assert.deepEqual(classify(change).reasons, [
    `${digests} cannot be compared, for git keeps a pointer to its content, ${told}`,
    digests,
  ]);
  assert.deepEqual(reasonsFor(PICKLE, PICKLE), [
    `${digests} cannot be compared, for nothing reads the layout of this pickle file, ${told}`,
    digests,
  ]);
  const others = Array.from({ length: 4 }, (_, at) => ({ name: `v${at}`, dtype: "F32", shape: [] }));
  const [layout = "", ...rest] = reasonsFor(LAYOUT, { ...LAYOUT, layout: others });
  assert.match(
    layout,
    /^m\/w\.bin: layout sha256:\w{64} -> sha256:\w{64}: tensor "b" F32\[3\] -> absent, "v0" absent -> F32\[\], "v1" absent -> F32\[\] and 3 more$/,
  );
  assert.deepEqual(rest, [digests]);
  assert.deepEqual(classify({ ...NOTHING, base: version({}), head: version({}) }).reasons, [
    `m/w.bin stays ${OLD}`,
  ]);
});
