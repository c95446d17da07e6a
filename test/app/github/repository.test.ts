import assert from "node:assert/strict";
import { chmodSync, cpSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BLOB_MEMORY_BYTES_MAX } from "../../../app/github/blobs.ts";
import { appPacks } from "../../../app/github/packs.ts";
import { type ApiRepository, apiRepository } from "../../../app/github/repository.ts";
import { buildExample, EVIDENCE_FOLDER, EXAMPLE_NOW, type Example } from "../../../examples/recidivism.ts";
import { openCheckout } from "../../../gate/checkout.ts";
import { readEvidenceFiles } from "../../../gate/evidence-files.ts";
import { judge } from "../../../gate/judge.ts";
import type { Tree } from "../../../gate/model/change.ts";
import { openPacks } from "../../../gate/packs.ts";
import { toJson } from "../../../gate/report/json.ts";
import { type ScratchRepository, scratchRepository } from "../../git.ts";
import * as faults from "../../github/faults.ts";
import { memoryArchive, openScene, type Scene } from "./scene.ts";

const POLICIES = new URL("../../../policies/", import.meta.url);

let example: Example;
const scratches: ScratchRepository[] = [];
before(() => {
  example = buildExample();
});
after(() => {
  example.remove();
  for (const scratch of scratches) scratch.remove();
});

async function scratch(options: Parameters<typeof scratchRepository>[0] = {}): Promise<ScratchRepository> {
  const made = await scratchRepository(options);
  scratches.push(made);
  return made;
}

/** What GitHub has is what is pushed there. */
async function hosted(directory: string): Promise<Scene & { readonly open: () => ApiRepository }> {
  const scene = await openScene();
  const { source, client, address, repository } = scene;
  source.git("fetch", "--quiet", directory, "+refs/heads/*:refs/heads/*");
  const cache = memoryArchive();
  return { ...scene, open: () => apiRepository({ client, ...address, repositoryId: repository.id, cache }) };
}

function rows(tree: Tree): readonly string[] {
  return [...tree.values()].map(({ kind, oid, path }) => `${kind} ${oid} ${path}`);
}

test("the decision about each example is the same bytes as from a checkout", async () => {
  const { open, stand, client, repository } = await hosted(example.directory);
  const asked: number[] = [];
  for (const pull of example.pulls) {
    const patterns = [`${EVIDENCE_FOLDER}/**`];
    const workspace = (await scratch()).directory;
    cpSync(pull.evidence, join(workspace, EVIDENCE_FOLDER), { recursive: true });
    const { files: evidence } = await readEvidenceFiles(patterns, workspace);
    const now = () => new Date(EXAMPLE_NOW);
    const request = { base: example.base, head: pull.head };
    const checkout = await openCheckout(example.directory);
    const local = await judge(request, {
      ...{ repository: checkout, evidence, now },
      packs: openPacks(POLICIES, { apiUrl: "http://127.0.0.1:1" }),
    });
    await checkout.close();
    const through = open();
    const before = stand.requests.length;
    await through.prefetch(request.base, request.head);
    const remote = await judge(request, {
      ...{ repository: through, evidence, now },
      packs: appPacks({ policies: POLICIES, client, repositoryId: repository.id }),
    });
    through.close();
    assert.equal(toJson(remote), toJson(local));
    asked.push(stand.requests.length - before);
  }
  // A token, comparison, two trees, the texts in one question, three binary files; then what the head alone has.
  assert.deepEqual(asked, [8, 4, 4]);
  // Judged again, nothing of the repository is asked again.
  const again = open();
  const before = stand.requests.length;
  await judge(
    { base: example.base, head: example.pulls[0]!.head },
    {
      ...{ repository: again, evidence: [], now: () => new Date(EXAMPLE_NOW) },
      packs: appPacks({ policies: POLICIES, client, repositoryId: repository.id }),
    },
  );
  again.close();
  assert.equal(stand.requests.length - before, 0);
});

test("C47: C48: a tree has every entry with its kind, as the checkout has it", async () => {
  const made = await scratch();
  made.write("a/b/file.txt", "file");
  made.write("a/b.txt", "sorts between a/b and a/b/");
  made.write("run.sh", "#!/bin/sh\n");
  chmodSync(join(made.directory, "run.sh"), 0o755);
  symlinkSync("a/b/file.txt", join(made.directory, "link"));
  const first = made.commit("one");
  made.git("update-index", "--add", "--cacheinfo", `160000,${first},sub`);
  made.git("commit", "--quiet", "--message", "two");
  const head = made.git("rev-parse", "HEAD");
  const repository = (await hosted(made.directory)).open();
  const checkout = await openCheckout(made.directory);
  const tree = await repository.tree(head);
  assert.deepEqual(rows(tree), rows(await checkout.tree(head)));
  const [link] = await repository.read([tree.get("link")!], 100);
  assert.equal(Buffer.from(link!).toString(), "a/b/file.txt");
  await assert.rejects(repository.read([tree.get("sub")!], 100), { code: "SUBMODULE_UNVERIFIABLE" });
  await assert.rejects(repository.open(tree.get("sub")!), { code: "SUBMODULE_UNVERIFIABLE" });
  await checkout.close();
});

test("C57: paths with line breaks, quotes, tabs and other scripts are as git has them", async () => {
  const made = await scratch();
  const paths = [
    "a\nb",
    'q"uote',
    "tab\there",
    "back\\slash",
    "ünï/ćödé",
    "per%cent",
    "col:on",
    "\u202ertl",
    "x/ y ",
  ];
  const head = made.commit("odd", Object.fromEntries(paths.map((path) => [path, path])));
  const tree = await (await hosted(made.directory)).open().tree(head);
  assert.deepEqual([...tree.keys()].sort(), paths.toSorted());
});

test("C54: a list that GitHub cuts off is completed folder by folder", async () => {
  const made = await scratch();
  const files = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`d${index % 5}/e${index % 3}/f${index}`, `${index}`]),
  );
  const head = made.commit("many", { ...files, top: "top" });
  const scene = await hosted(made.directory);
  const expected = await scene.open().tree(head);
  const { stand, client, address, repository } = scene;
  const cutAnswers = await recursiveAnswer(scene, head);
  stand.fail({ match: "git/get-tree", effect: faults.answer(200, { ...cutAnswers, truncated: true }) });
  const tree = await apiRepository({ client, ...address, repositoryId: repository.id }).tree(head);
  assert.deepEqual(rows(tree), rows(expected));
});

async function recursiveAnswer({ client, address }: Scene, head: string): Promise<Record<string, never>> {
  const { data } = await client.rest("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", {
    ...{ ...address, tree_sha: head, recursive: "1" },
  });
  const answer = data as { tree: unknown[] };
  return { ...answer, tree: answer.tree.slice(0, 7) } as unknown as Record<string, never>;
}

test("C54: a list that lacks an entry, has one too many, or another mode, is refused", async () => {
  const made = await scratch();
  const head = made.commit("few", { "a/b": "1", "a/c": "2", d: "3" });
  const { stand, client, address, repository } = await hosted(made.directory);
  const { data } = await client.rest("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", {
    ...{ ...address, tree_sha: head, recursive: "1" },
  });
  const whole = data as { tree: Record<string, string>[] };
  const twist: Readonly<Record<string, (tree: Record<string, string>[]) => unknown>> = {
    "one is missing": (tree) => tree.filter(({ path }) => path !== "a/c"),
    "a folder is missing": (tree) => tree.filter(({ path }) => path !== "a"),
    "one is twice": (tree) => [...tree, tree.at(-1)],
    "one is invented": (tree) => [...tree, { ...tree.at(-1), path: "e" }],
    "one runs": (tree) => tree.map((line) => (line.path === "d" ? { ...line, mode: "100755" } : line)),
    "a folder is a file": (tree) =>
      tree.map((line) => (line.path === "a" ? { ...line, mode: "100644" } : line)),
    "one is called otherwise": (tree) =>
      tree.map((line) => (line.path === "d" ? { ...line, path: "D" } : line)),
    "one is another": (tree) =>
      tree.map((line) => (line.path === "d" ? { ...line, sha: tree[1]!.sha } : line)),
  };
  for (const [name, change] of Object.entries(twist)) {
    const answer = { ...whole, tree: change(whole.tree) } as unknown as Record<string, never>;
    stand.fail({ match: "git/get-tree", effect: faults.answer(200, answer) });
    const reading = apiRepository({ client, ...address, repositoryId: repository.id }).tree(head);
    await assert.rejects(reading, { code: "TREE_INCOMPLETE" }, name);
  }
});

test("a blob is what its id says, or it is refused", async () => {
  const made = await scratch();
  const head = made.commit("one", { a: "content", b: "CONTENT" });
  const { stand, open } = await hosted(made.directory);
  for (const bytes of ["contend", "conten", "contents", ""]) {
    const repository = open();
    const entry = (await repository.tree(head)).get("a")!;
    const raw = { contentType: "application/vnd.github.raw+json", bytes: Buffer.from(bytes) };
    stand.fail({ match: "git/get-blob", effect: { kind: "reply", reply: { status: 200, raw } } });
    await assert.rejects(repository.read([entry], 100), { code: "OBJECT_UNVERIFIED" }, bytes);
  }
});

test("C54: a blob whose transfer breaks off is read again from its start", async () => {
  const made = await scratch();
  const head = made.commit("one", { a: "content" });
  const { stand, open } = await hosted(made.directory);
  stand.fail({ match: "git/get-blob", effect: faults.RESET });
  stand.fail({ match: "git/get-blob", effect: faults.serverError() });
  const repository = open();
  const [bytes] = await repository.read([(await repository.tree(head)).get("a")!], 100);
  assert.equal(Buffer.from(bytes!).toString(), "content");
});

test("C60: a large blob goes to a file and comes back the same; what is too large is refused before it is asked for", async () => {
  const made = await scratch();
  const content = Buffer.alloc(BLOB_MEMORY_BYTES_MAX + 5, "weights ");
  const head = made.commit("large", { "model.bin": content, small: "small" });
  const { stand, open } = await hosted(made.directory);
  const repository = open();
  const tree = await repository.tree(head);
  for (let time = 0; time < 2; time++) {
    const source = await repository.open(tree.get("model.bin")!);
    assert.equal(source.size, content.length);
    assert.deepEqual(Buffer.from(await source.read(0, source.size)), content);
    await source.close();
  }
  assert.equal(stand.count("git/get-blob"), 1);
  await assert.rejects(repository.read([tree.get("small")!, tree.get("model.bin")!], 1000), {
    code: "FILE_TOO_LARGE",
    message: `Cannot read model.bin: ${content.length} bytes, limit is 1000`,
  });
  repository.close();
});

test("commit() and mergeBase() answer as a checkout does, or refuse", async () => {
  const made = await scratch();
  const root = made.commit("root", { a: "1" });
  made.git("checkout", "--quiet", "-b", "next");
  const head = made.commit("next", { b: "1" });
  made.git("checkout", "--quiet", "main");
  const base = made.commit("main", { c: "1" });
  made.git("checkout", "--quiet", "--orphan", "other");
  const stranger = made.commit("stranger", { d: "1" });
  const repository = (await hosted(made.directory)).open();
  assert.equal(await repository.commit("next"), head);
  assert.equal(await repository.commit(base), base);
  assert.equal(await repository.mergeBase(base, head), root);
  assert.equal(await repository.mergeBase(base, base), base);
  assert.equal(await repository.mergeBase(root, head), root);
  assert.equal(await repository.mergeBase(head, root), root);
  await assert.rejects(repository.mergeBase(base, stranger), { code: "MERGE_BASE_NONE" });
  await assert.rejects(repository.mergeBase(base, "f".repeat(40)), { code: "REVISION_UNKNOWN" });
  await assert.rejects(repository.commit("nowhere"), { code: "REVISION_UNKNOWN" });
  await assert.rejects(repository.tree("f".repeat(40)), { code: "REVISION_UNKNOWN" });
  for (const revision of ["", "-h", "worktree", "HEAD:a", "a b", "main\nHEAD", "x".repeat(2000)]) {
    await assert.rejects(repository.commit(revision), { code: "REVISION_INVALID" }, revision);
  }
});

test("C80: what was read of one repository is not given for another", async () => {
  const made = await scratch();
  const head = made.commit("one", { a: "secret" });
  const { client, address, repository, stand } = await hosted(made.directory);
  const cache = memoryArchive();
  const first = apiRepository({ client, ...address, repositoryId: repository.id, cache });
  await first.read([(await first.tree(head)).get("a")!], 100);
  const before = stand.requests.length;
  const second = apiRepository({ client, ...address, repositoryId: repository.id + 1, cache });
  await second.read([(await second.tree(head)).get("a")!], 100);
  assert.equal(stand.requests.length - before, 3);
});

test("many small files are read together, and what is binary by itself", async () => {
  const made = await scratch();
  const texts = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`m${index}/model.yml`, `id: m${index}`]),
  );
  const head = made.commit("many", {
    ...texts,
    "zero.bin": Buffer.from([1, 0, 2]),
    "latin.txt": Buffer.from([0xe4]),
  });
  const { open, stand } = await hosted(made.directory);
  const repository = open();
  const tree = await repository.tree(head);
  const contents = await repository.read([...tree.values()], 1000);
  const found = [...tree.keys()].map((path, index) => [
    path,
    Buffer.from(contents[index]!).toString("latin1"),
  ]);
  assert.deepEqual(Object.fromEntries(found), {
    ...texts,
    "zero.bin": "\u0001\u0000\u0002",
    "latin.txt": "\u00e4",
  });
  assert.equal(stand.count("graphql"), 2);
  assert.equal(stand.count("git/get-blob"), 2);
});

test("a text that is not the blob's is not believed: the blob is read by itself", async () => {
  const made = await scratch();
  const head = made.commit("two", { a: "1", b: "2" });
  const { open, stand } = await hosted(made.directory);
  const repository = open();
  const tree = await repository.tree(head);
  const data = { repository: { b0: { text: "9" }, b1: null } };
  stand.fail({ match: "graphql", effect: faults.answer(200, { data } as never) });
  const [a, b] = await repository.read([tree.get("a")!, tree.get("b")!], 10);
  assert.equal(`${Buffer.from(a!)} ${Buffer.from(b!)}`, "1 2");
});
