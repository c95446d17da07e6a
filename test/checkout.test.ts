import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { BLOB_MEMORY_BYTES_MAX } from "../gate/checkout/blobs.ts";
import { type Checkout, type CheckoutOptions, openCheckout } from "../gate/checkout.ts";
import type { ByteSource } from "../gate/model/bytes.ts";
import type { Pointer, TreeEntry } from "../gate/model/change.ts";
import { repositoryAt, runGit, type ScratchRepository, scratchRepository } from "./git.ts";
import { makeSpecialFile } from "./special-file.ts";

const cleanups: (() => void | Promise<void>)[] = [];
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

async function scratch(options: Parameters<typeof scratchRepository>[0] = {}): Promise<ScratchRepository> {
  const repository = await scratchRepository(options);
  cleanups.push(repository.remove);
  return repository;
}

async function open(directory: string, options: CheckoutOptions = {}): Promise<Checkout> {
  const checkout = await openCheckout(directory, options);
  cleanups.push(checkout.close);
  return checkout;
}

function folder(): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "weighbridge-test-")));
  cleanups.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function clone(source: ScratchRepository, ...options: string[]): ScratchRepository {
  const directory = join(folder(), "clone");
  runGit(tmpdir(), ["clone", "--quiet", ...options, `file://${source.directory}`, directory]);
  return repositoryAt(directory);
}

function entryAt(tree: ReadonlyMap<string, TreeEntry>, path: string): TreeEntry {
  const entry = tree.get(path);
  assert.ok(entry, `no entry at ${path}`);
  return entry;
}

async function text(checkout: Checkout, entry: TreeEntry): Promise<string> {
  const [bytes] = await checkout.read([entry], 1_000_000);
  return Buffer.from(bytes!).toString("utf8");
}

async function drain(source: ByteSource): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < source.size; at += 1_000_000) {
    parts.push(await source.read(at, Math.min(1_000_000, source.size - at)));
  }
  await source.close();
  return Buffer.concat(parts);
}

test("commit() gives the id of what a branch, a tag, a short id or HEAD names", async () => {
  const scratched = await scratch();
  const id = scratched.commit("one", { a: "a" });
  scratched.git("tag", "--annotate", "--message", "a tag", "v1");
  scratched.git("branch", "feature/ä");
  const checkout = await open(scratched.directory);
  for (const revision of [
    "main",
    "refs/heads/main",
    "v1",
    "HEAD",
    "HEAD~0",
    id,
    id.slice(0, 10),
    "feature/ä",
  ]) {
    assert.equal(await checkout.commit(revision), id, revision);
  }
});

test("commit() refuses what is no commit, and what could be an option or a path", async () => {
  const scratched = await scratch();
  scratched.commit("one", { a: "a" });
  const blob = scratched.git("rev-parse", "HEAD:a");
  const checkout = await open(scratched.directory);
  for (const revision of ["nowhere", "main~5", blob, "0".repeat(40), "f".repeat(40)]) {
    await assert.rejects(checkout.commit(revision), { code: "REVISION_UNKNOWN" }, revision);
  }
  const unsafe = [
    "",
    "-h",
    "--upload-pack=touch x",
    "HEAD:a",
    "a b",
    "main\nHEAD",
    "main\0",
    ":/one",
    "x".repeat(2000),
  ];
  for (const revision of unsafe) {
    await assert.rejects(checkout.commit(revision), { code: "REVISION_INVALID" }, JSON.stringify(revision));
  }
  assert.equal(
    await checkout.commit("main"),
    scratched.git("rev-parse", "main"),
    "the git process still answers",
  );
});

test("tree() gives every entry with its kind and object id", async () => {
  const scratched = await scratch();
  scratched.write("a/b/file.txt", "file");
  scratched.write("run.sh", "#!/bin/sh\n");
  chmodSync(join(scratched.directory, "run.sh"), 0o755);
  symlinkSync("a/b/file.txt", join(scratched.directory, "link"));
  const head = scratched.commit("one");
  scratched.git("update-index", "--add", "--cacheinfo", `160000,${head},sub`);
  scratched.git("commit", "--quiet", "--message", "submodule");
  const checkout = await open(scratched.directory);
  const tree = await checkout.tree("HEAD");
  const rows = [...tree.values()].map(({ path, kind, oid }) => `${kind} ${oid} ${path}`);
  assert.deepEqual(rows, [
    `file ${scratched.git("rev-parse", "HEAD:a/b/file.txt")} a/b/file.txt`,
    `symlink ${scratched.git("rev-parse", "HEAD:link")} link`,
    `executable ${scratched.git("rev-parse", "HEAD:run.sh")} run.sh`,
    `submodule ${head} sub`,
  ]);
  assert.equal(await text(checkout, entryAt(tree, "link")), "a/b/file.txt", "a link's content is its text");
  await assert.rejects(checkout.read([entryAt(tree, "sub")], 100), { code: "SUBMODULE_UNVERIFIABLE" });
  await assert.rejects(checkout.open(entryAt(tree, "sub")), { code: "SUBMODULE_UNVERIFIABLE" });
});

test("tree() of an empty commit is empty", async () => {
  const scratched = await scratch();
  scratched.commit("nothing");
  assert.equal((await (await open(scratched.directory)).tree("HEAD")).size, 0);
});

test("SHA-256 repositories are read as SHA-1 ones are", async () => {
  const scratched = await scratch({ objectFormat: "sha256" });
  const id = scratched.commit("one", { "a/b": "content" });
  scratched.write("new", "content");
  const checkout = await open(scratched.directory);
  assert.equal(await checkout.commit("main"), id);
  assert.equal(id.length, 64);
  const tree = await checkout.tree(id);
  assert.equal(await text(checkout, entryAt(tree, "a/b")), "content");
  assert.equal(entryAt(await checkout.tree("worktree"), "new").oid, entryAt(tree, "a/b").oid);
});

test("bare repositories, linked work trees and folders inside are the same repository", async () => {
  const scratched = await scratch();
  const id = scratched.commit("one", { "a/b": "content" });
  const bare = clone(scratched, "--bare");
  const linked = join(folder(), "linked");
  scratched.git("worktree", "add", "--quiet", "--detach", linked);
  for (const directory of [bare.directory, linked, join(scratched.directory, "a")]) {
    const checkout = await open(directory);
    assert.equal(await checkout.commit("HEAD"), id, directory);
    assert.equal(await text(checkout, entryAt(await checkout.tree("HEAD"), "a/b")), "content");
  }
  const checkout = await open(bare.directory);
  await assert.rejects(checkout.commit("worktree"), { code: "WORKTREE_NONE" });
  await assert.rejects(checkout.tree("worktree"), { code: "WORKTREE_NONE" });
  assert.equal((await open(join(scratched.directory, "a"))).directory, realpathSync(scratched.directory));
});

test("openCheckout() says what is wrong with a folder that is no repository", async () => {
  const empty = folder();
  await assert.rejects(openCheckout(join(empty, "missing")), {
    code: "NOT_A_REPOSITORY",
    message: `Cannot open the repository in ${join(empty, "missing")}: there is no such folder`,
  });
  await assert.rejects(openCheckout(empty), (error: Error & { code: string; fix: string }) => {
    assert.equal(error.code, "NOT_A_REPOSITORY");
    assert.match(error.message, /^Cannot open the repository in .*: fatal: not a git repository/);
    assert.equal(error.fix, "Run in a clone of the repository");
    return true;
  });
});

test("a missing git, an old git and a repository of another user are told apart", async () => {
  const scratched = await scratch();
  scratched.commit("one");
  const real = execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim();
  const cases = [
    { code: "GIT_MISSING", script: undefined },
    { code: "GIT_TOO_OLD", script: "echo git version 2.30.9" },
    { code: "GIT_TOO_OLD", script: "echo git version 1.99" },
    { code: "GIT_TOO_OLD", script: "echo no git at all" },
    {
      code: "REPOSITORY_OWNERSHIP",
      script: `GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec ${real} "$@"`,
    },
  ];
  for (const { code, script } of cases) {
    const bin = folder();
    if (script !== undefined) {
      writeFileSync(join(bin, "git"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    await withEnvironment({ PATH: bin }, async () => {
      await assert.rejects(openCheckout(scratched.directory), { code }, script);
    });
  }
});

/** Runs an action with other environment variables; tests of one file run one after another. */
async function withEnvironment(values: Record<string, string>, action: () => Promise<void>): Promise<void> {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  try {
    await action();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

test("git's environment variables do not lead to another repository", async () => {
  const scratched = await scratch();
  const id = scratched.commit("one", { a: "ours" });
  const other = await scratch();
  other.commit("other", { a: "theirs" });
  const git = join(other.directory, ".git");
  const hostile = {
    GIT_DIR: git,
    GIT_WORK_TREE: other.directory,
    GIT_COMMON_DIR: git,
    GIT_OBJECT_DIRECTORY: join(git, "objects"),
    GIT_INDEX_FILE: join(git, "index"),
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "core.worktree",
    GIT_CONFIG_VALUE_0: other.directory,
    GIT_NAMESPACE: "x",
  };
  await withEnvironment(hostile, async () => {
    const checkout = await open(scratched.directory);
    assert.equal(await checkout.commit("HEAD"), id);
    assert.equal(await text(checkout, entryAt(await checkout.tree("HEAD"), "a")), "ours");
    assert.equal(checkout.directory, realpathSync(scratched.directory));
  });
});

test("the repository's own configuration and replace refs change nothing and run nothing", async () => {
  const scratched = await scratch();
  const first = scratched.commit("one", { a: "true" });
  const second = scratched.commit("two", { a: "false" });
  scratched.git("replace", first, second);
  const marker = join(folder(), "ran");
  scratched.write(".git/hook.sh", `#!/bin/sh\ntouch ${marker}\n`);
  chmodSync(join(scratched.directory, ".git/hook.sh"), 0o755);
  scratched.git("config", "core.fsmonitor", join(scratched.directory, ".git/hook.sh"));
  scratched.write("new", "x");
  const checkout = await open(scratched.directory);
  assert.equal(await text(checkout, entryAt(await checkout.tree(first), "a")), "true");
  assert.ok((await checkout.tree("worktree")).has("new"));
  assert.ok(!existsSync(marker));
});

test("read() answers in the order asked, and refuses a large file before keeping it", async () => {
  const scratched = await scratch();
  scratched.commit("one", { a: "first", b: "", c: "x".repeat(200_000), d: "last\n" });
  const checkout = await open(scratched.directory);
  const tree = await checkout.tree("HEAD");
  const entries = ["d", "c", "a", "b", "a"].map((path) => entryAt(tree, path));
  const contents = await checkout.read(entries, 200_000);
  assert.deepEqual(
    contents.map((bytes) => bytes.length),
    [5, 200_000, 5, 0, 5],
  );
  assert.deepEqual(await checkout.read([], 1), []);
  await assert.rejects(checkout.read(entries, 199_999), {
    code: "FILE_TOO_LARGE",
    message: "Cannot read c: 200000 bytes, limit is 199999",
  });
  assert.equal(await text(checkout, entryAt(tree, "d")), "last\n", "the git process still answers");
});

test("read() rejects a missing object and an id of another kind", async () => {
  const scratched = await scratch();
  scratched.commit("one", { "a/b": "first" });
  const checkout = await open(scratched.directory);
  const entry = entryAt(await checkout.tree("HEAD"), "a/b");
  const treeId = scratched.git("rev-parse", "HEAD:a");
  await assert.rejects(checkout.read([{ ...entry, oid: "1".repeat(40) }], 100), { code: "OBJECT_MISSING" });
  await assert.rejects(checkout.read([{ ...entry, oid: treeId }], 100), { code: "REPOSITORY_UNREADABLE" });
  await assert.rejects(checkout.open({ ...entry, oid: treeId }), { code: "REPOSITORY_UNREADABLE" });
  await assert.rejects(checkout.read([{ ...entry, oid: "HEAD:a/b" }], 100), TypeError);
});

test("a corrupt object is an error, never content", async () => {
  const scratched = await scratch();
  scratched.commit("one", { a: "first" });
  const checkout = await open(scratched.directory);
  const entry = entryAt(await checkout.tree("HEAD"), "a");
  const file = join(scratched.directory, ".git/objects", entry.oid.slice(0, 2), entry.oid.slice(2));
  chmodSync(file, 0o644);
  writeFileSync(file, "garbage");
  await assert.rejects(checkout.read([entry], 100), { name: "GateError" });
});

test("after close() every question is an error", async () => {
  const scratched = await scratch();
  scratched.commit("one", { a: "first" });
  const checkout = await openCheckout(scratched.directory);
  const entry = entryAt(await checkout.tree("HEAD"), "a");
  await checkout.close();
  await assert.rejects(checkout.read([entry], 100), { code: "REPOSITORY_UNREADABLE" });
});

test("open() gives a small blob from memory and a large one from a file that close() removes", async () => {
  const scratched = await scratch();
  const large = Buffer.alloc(BLOB_MEMORY_BYTES_MAX + 1, "weights ");
  scratched.commit("one", { small: "small", large, edge: large.subarray(1) });
  const spool = folder();
  await withEnvironment({ TMPDIR: spool }, async () => {
    const checkout = await open(scratched.directory);
    const tree = await checkout.tree("HEAD");
    assert.equal((await drain(await checkout.open(entryAt(tree, "small")))).toString(), "small");
    assert.deepEqual(await drain(await checkout.open(entryAt(tree, "edge"))), large.subarray(1));
    assert.deepEqual(readdirSync(spool), []);
    const source = await checkout.open(entryAt(tree, "large"));
    assert.equal(source.name, "large");
    assert.equal(readdirSync(join(spool, readdirSync(spool)[0]!)).length, 1);
    assert.deepEqual(await drain(source), large);
    assert.equal(readdirSync(join(spool, readdirSync(spool)[0]!)).length, 0);
    const left = await checkout.open(entryAt(tree, "large"));
    await checkout.close();
    assert.deepEqual(readdirSync(spool), []);
    await left.close();
  });
});

test("C56: mergeBase() is where the branches part", async () => {
  const scratched = await scratch();
  const root = scratched.commit("root", { a: "1" });
  scratched.git("checkout", "--quiet", "-b", "change");
  const change = scratched.commit("change", { b: "1" });
  scratched.git("checkout", "--quiet", "main");
  const later = scratched.commit("later", { a: "2" });
  scratched.git("checkout", "--quiet", "--orphan", "elsewhere");
  scratched.commit("unrelated", { c: "1" });
  const checkout = await open(scratched.directory);
  assert.equal(await checkout.mergeBase("main", "change"), root);
  assert.equal(await checkout.mergeBase(later, root), root);
  assert.equal(await checkout.mergeBase(change, change), change);
  await assert.rejects(checkout.mergeBase("main", "elsewhere"), {
    code: "MERGE_BASE_NONE",
    message: "Cannot find the merge base of main and elsewhere: they have no commit in common",
  });
  await assert.rejects(checkout.mergeBase("worktree", "main"), { code: "REVISION_INVALID" });
});

test("a shallow clone says what to fetch, and answers only where the answer is certain", async () => {
  const scratched = await scratch();
  for (const message of ["1", "2", "3"]) scratched.commit(message, { a: message });
  scratched.git("checkout", "--quiet", "-b", "change");
  const change = scratched.commit("4", { b: "4" });
  const parent = scratched.git("rev-parse", "main");
  const ahead = await open(clone(scratched, "--depth=1", "--no-single-branch").directory);
  assert.equal(await ahead.mergeBase("origin/main", "origin/change"), parent, "the border itself says so");
  scratched.git("checkout", "--quiet", "main");
  scratched.commit("5", { a: "5" });

  const single = await open(clone(scratched, "--depth=1", "--branch=change").directory);
  await assert.rejects(single.commit(parent), (error: Error & { code: string; fix: string }) => {
    assert.equal(error.code, "REVISION_SHALLOW");
    assert.match(error.fix, /fetch-depth: 0 .* git fetch --unshallow/);
    return true;
  });
  assert.equal(await single.mergeBase(change, change), change);

  const both = await open(clone(scratched, "--depth=1", "--no-single-branch").directory);
  await assert.rejects(both.mergeBase("origin/main", "origin/change"), (error: Error & { code: string }) => {
    assert.equal(error.code, "MERGE_BASE_SHALLOW");
    assert.match(error.message, /: this checkout is shallow, its history ends after 2 commits$/);
    return true;
  });

  const deep = await open(clone(scratched, "--depth=2", "--no-single-branch").directory);
  assert.equal(await deep.mergeBase("origin/main", "origin/change"), parent);
});

test("the merge base is the nearest common commit, near and far, along merges and beside them", async () => {
  const scratched = await scratch();
  const root = scratched.commit("root", { a: "1" });
  scratched.git("checkout", "--quiet", "-b", "near");
  for (const step of ["1", "2", "3"]) scratched.commit(`near ${step}`, { n: step });
  scratched.git("checkout", "--quiet", "-b", "side", root);
  scratched.commit("side", { s: "1" });
  scratched.git("checkout", "--quiet", "-b", "merged", "near");
  scratched.git("merge", "--quiet", "--no-edit", "side");
  const opened = await open(scratched.directory);
  const pairs = [
    ["main", "near"],
    ["near", "main"],
    ["near", "side"],
    ["near", "merged"],
    ["side", "merged"],
    ["main", "merged"],
    ["merged", "merged"],
  ] as const;
  for (const [base, head] of pairs) {
    const expected = scratched.git("merge-base", base, head);
    assert.equal(await opened.mergeBase(base, head), expected, `${base} and ${head}`);
  }
});

test("of histories that cross no merge base is picked: beside one of the two a change shows nothing", async () => {
  const scratched = await scratch();
  scratched.commit("root", { model: "1" });
  scratched.git("checkout", "--quiet", "-b", "change");
  const first = scratched.commit("note", { note: "1" });
  scratched.git("checkout", "--quiet", "main");
  const better = scratched.commit("better", { model: "2" });
  scratched.git("checkout", "--quiet", "change");
  scratched.git("merge", "--quiet", "--no-edit", "--strategy=ours", "main");
  scratched.git("checkout", "--quiet", "main");
  scratched.git("merge", "--quiet", "--no-edit", "--no-ff", first);
  const opened = await open(scratched.directory);
  await assert.rejects(opened.mergeBase("main", "change"), (error: Error & { code: string }) => {
    assert.equal(error.code, "MERGE_BASE_SEVERAL");
    assert.ok(error.message.includes(first) && error.message.includes(better));
    return true;
  });
  scratched.git("checkout", "--quiet", "change");
  scratched.git("merge", "--quiet", "--no-edit", "main");
  assert.equal(await opened.mergeBase("main", "change"), scratched.git("rev-parse", "main"));
});

test("a large tree is read as a small one is, and the next one shares what it has in common", async () => {
  const scratched = await scratch();
  const folders = Array.from({ length: 100 }, (_, index) => `m/${String(index).padStart(3, "0")}`);
  scratched.commit(
    "many",
    Object.fromEntries(
      folders.flatMap((folder) => [
        [`${folder}/a`, folder],
        [`${folder}/b/c`, "c"],
      ]),
    ),
  );
  scratched.commit("one", { "m/050/a": "changed", "m/050/d/e": "new", "z/z": "z" });
  const opened = await open(scratched.directory);
  const alone = await open(scratched.directory);
  const [before, after] = [await opened.tree("HEAD~1"), await opened.tree("HEAD")];
  assert.deepEqual([...after], [...(await alone.tree("HEAD"))]);
  assert.deepEqual([...after.keys()], scratched.git("ls-tree", "-r", "--name-only", "HEAD").split("\n"));
  assert.equal(after.get("m/049/a"), before.get("m/049/a"), "the same value");
  assert.notEqual(after.get("m/050/a")?.oid, before.get("m/050/a")?.oid);
});

test("a shallow clone does not take an older common commit for the merge base", async () => {
  const scratched = await scratch();
  const root = scratched.commit("root", { a: "1" });
  const better = scratched.commit("better", { a: "2" });
  // `base` comes from `root` by a short way and from `better` by a long one.
  scratched.git("checkout", "--quiet", "-b", "short", root);
  scratched.commit("short", { s: "1" });
  scratched.git("checkout", "--quiet", "-b", "long", better);
  for (const step of ["1", "2", "3"]) scratched.commit(`long ${step}`, { l: step });
  scratched.git("checkout", "--quiet", "-b", "base", "short");
  scratched.git("merge", "--quiet", "--no-edit", "long");
  scratched.git("checkout", "--quiet", "-b", "change", better);
  scratched.commit("change", { c: "1" });
  const full = await open(scratched.directory);
  assert.equal(await full.mergeBase("base", "change"), better);
  const shallow = await open(clone(scratched, "--depth=3", "--no-single-branch", "--branch=base").directory);
  await assert.rejects(shallow.mergeBase("origin/base", "origin/change"), { code: "MERGE_BASE_SHALLOW" });
});

test("a partial clone is never completed from its server", async () => {
  const scratched = await scratch();
  scratched.commit("one", { a: "first" });
  scratched.git("config", "uploadpack.allowFilter", "true");
  const partial = clone(scratched, "--filter=blob:none", "--no-checkout");
  const checkout = await open(partial.directory);
  const tree = await checkout.tree("HEAD");
  await assert.rejects(checkout.read([entryAt(tree, "a")], 100), { name: "GateError" });
});

test("worktree is HEAD with all that differs on the disk", async () => {
  const scratched = await scratch();
  scratched.write("exec", "1");
  scratched.write(".gitignore", "ignored\n");
  const files = {
    kept: "1",
    changed: "1",
    removed: "1",
    staged: "1",
    unindexed: "1",
    "dir/moved": "moved",
    ex: "1",
  };
  scratched.commit("one", files);
  scratched.write("changed", "2");
  unlinkSync(join(scratched.directory, "removed"));
  scratched.write("staged", "2");
  scratched.write("added", "1");
  scratched.git("add", "staged", "added");
  scratched.git("rm", "--quiet", "--cached", "unindexed");
  scratched.git("mv", "dir/moved", "there");
  scratched.write("new/deep/file", "1");
  scratched.write("ignored", "1");
  symlinkSync("/etc/passwd", join(scratched.directory, "link"));
  chmodSync(join(scratched.directory, "ex"), 0o755);
  const checkout = await open(scratched.directory);
  assert.equal(await checkout.commit("worktree"), "worktree");
  const tree = await checkout.tree("worktree");
  assert.deepEqual([...tree.values()].map(({ path, kind }) => `${kind} ${path}`).sort(), [
    "executable ex",
    "file .gitignore",
    "file added",
    "file changed",
    "file exec",
    "file kept",
    "file new/deep/file",
    "file staged",
    "file there",
    "file unindexed",
    "symlink link",
  ]);
  assert.equal(await text(checkout, entryAt(tree, "changed")), "2");
  assert.equal(await text(checkout, entryAt(tree, "link")), "/etc/passwd");
  assert.equal((await drain(await checkout.open(entryAt(tree, "link")))).toString(), "/etc/passwd");
  assert.equal((await drain(await checkout.open(entryAt(tree, "new/deep/file")))).toString(), "1");
  assert.equal(
    entryAt(tree, "there").oid,
    scratched.git("rev-parse", "HEAD:dir/moved"),
    "equal content, equal id",
  );
  assert.equal(await checkout.mergeBase("HEAD", "worktree"), scratched.git("rev-parse", "HEAD"));
});

test("worktree refuses a file that changes while it is judged", async () => {
  const scratched = await scratch();
  scratched.commit("one", { a: "1" });
  scratched.write("a", "22");
  const checkout = await open(scratched.directory);
  const entry = entryAt(await checkout.tree("worktree"), "a");
  scratched.write("a", "333");
  await assert.rejects(checkout.read([entry], 100), { code: "WORKTREE_CHANGED" });
  await assert.rejects(checkout.open(entry), { code: "WORKTREE_CHANGED" });
  unlinkSync(join(scratched.directory, "a"));
  symlinkSync("/etc/passwd", join(scratched.directory, "a"));
  await assert.rejects(checkout.read([entry], 100), { code: "FILE_UNREADABLE" });
  await assert.rejects(checkout.open(entry), { code: "PATH_UNSAFE" });
});

test("worktree refuses a pipe in a file's place", async (context) => {
  const scratched = await scratch();
  scratched.commit("one", { a: "1" });
  unlinkSync(join(scratched.directory, "a"));
  context.after(await makeSpecialFile(join(scratched.directory, "a")));
  const checkout = await open(scratched.directory);
  await assert.rejects(checkout.tree("worktree"), {
    code: "PATH_UNSAFE",
    message: "Cannot read a in the work tree: neither a file nor a symbolic link",
  });
});

test("worktree has a nested repository as a submodule, with its commit", async () => {
  const scratched = await scratch();
  scratched.commit("one", { a: "1" });
  mkdirSync(join(scratched.directory, "nested"));
  const nested = repositoryAt(join(scratched.directory, "nested"));
  nested.git("init", "--quiet");
  const id = nested.commit("inside", { b: "1" });
  const tree = await (await open(scratched.directory)).tree("worktree");
  assert.deepEqual(entryAt(tree, "nested"), { path: "nested", kind: "submodule", oid: id });
});

const content = Buffer.from("the weights");
const hashOf = (algorithm: string) => createHash(algorithm).update(content).digest("hex");
const lfs: Pointer = { kind: "lfs", digest: `sha256:${hashOf("sha256")}`, size: content.length };
const dvc: Pointer = { kind: "dvc", digest: `md5:${hashOf("md5")}` };
const md5 = hashOf("md5");
const sha = hashOf("sha256");

test("openContent() finds what a pointer stands for in each store", async () => {
  const places: [pointer: Pointer, place: string][] = [
    [lfs, `.git/lfs/objects/${sha.slice(0, 2)}/${sha.slice(2, 4)}/${sha}`],
    [dvc, `.dvc/cache/files/md5/${md5.slice(0, 2)}/${md5.slice(2)}`],
    [dvc, `.dvc/cache/${md5.slice(0, 2)}/${md5.slice(2)}`],
    [dvc, `models/.dvc/cache/files/md5/${md5.slice(0, 2)}/${md5.slice(2)}`],
    [lfs, "models/a.bin"],
    [dvc, "models/a.bin"],
  ];
  for (const [pointer, place] of places) {
    const scratched = await scratch();
    scratched.commit("one");
    const checkout = await open(scratched.directory);
    assert.equal(await checkout.openContent(pointer, "models/a.bin"), undefined, `${place} before`);
    scratched.write(place, content);
    const source = await checkout.openContent(pointer, "models/a.bin");
    assert.ok(source, place);
    assert.equal((await drain(source)).toString(), "the weights");
  }
});

test("openContent() finds what DVC fetched into a cache elsewhere, and follows no link out of that one", async () => {
  const scratched = await scratch();
  scratched.commit("one");
  const dvcCache = folder();
  const checkout = await open(scratched.directory, { dvcCache });
  const place = join(dvcCache, "files/md5", md5.slice(0, 2), md5.slice(2));
  mkdirSync(dirname(place), { recursive: true });
  const outside = join(folder(), "a.bin");
  writeFileSync(outside, content);
  symlinkSync(outside, place);
  assert.equal(await checkout.openContent(dvc, "models/a.bin"), undefined, "a link");
  rmSync(place);
  writeFileSync(place, content);
  const source = await checkout.openContent(dvc, "models/a.bin");
  assert.ok(source);
  assert.equal((await drain(source)).toString(), "the weights");
});

test("openContent() takes a file of the work tree only if it is the content", async () => {
  const scratched = await scratch();
  scratched.commit("one", { "models/a.bin": "THE WEIGHTS" });
  const checkout = await open(scratched.directory);
  assert.equal(await checkout.openContent(lfs, "models/a.bin"), undefined, "same size, other bytes");
  assert.equal(await checkout.openContent(dvc, "models/a.bin"), undefined);
  assert.equal(await checkout.openContent(lfs, "models"), undefined, "a folder");
  assert.equal(await checkout.openContent(lfs, "models/a.bin/x"), undefined, "below a file");
});

test("openContent() does not follow a link or a path out of the repository", async () => {
  const scratched = await scratch();
  scratched.commit("one");
  const outside = folder();
  writeFileSync(join(outside, "a.bin"), content);
  symlinkSync(outside, join(scratched.directory, "folder"));
  symlinkSync(join(outside, "a.bin"), join(scratched.directory, "link.bin"));
  mkdirSync(join(scratched.directory, ".git/lfs/objects", sha.slice(0, 2), sha.slice(2, 4)), {
    recursive: true,
  });
  symlinkSync(
    join(outside, "a.bin"),
    join(scratched.directory, ".git/lfs/objects", sha.slice(0, 2), sha.slice(2, 4), sha),
  );
  const checkout = await open(scratched.directory);
  for (const path of ["folder/a.bin", "link.bin", join("..", outside.split("/").at(-1)!, "a.bin")]) {
    assert.equal(await checkout.openContent(lfs, path), undefined, path);
  }
});
