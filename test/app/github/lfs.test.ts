import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { LfsFiles } from "../../../app/github/lfs.ts";
import type { Pointer } from "../../../gate/model/change.ts";
import { scratchRepository } from "../../git.ts";
import * as faults from "../../github/faults.ts";
import type { Repository } from "../../github/nouns.ts";
import { type StandIn, startServer } from "../../github/server.ts";

/** Files that Git LFS keeps, fetched once from who may give them, and never more than is allowed. */

const HOME = mkdtempSync(join(tmpdir(), "weighbridge-lfs-test-"));
const PATH = "models/m/model.safetensors";
const TOKEN = "ghs_installation";

let stand: StandIn;
let repository: Repository;
let stranger: Repository;
let folders = 0;
let folder: string;
const removals: (() => void)[] = [() => rmSync(HOME, { recursive: true })];

before(async () => {
  stand = await startServer();
  const { github } = stand;
  for (const name of ["models", "secrets"]) {
    const source = await scratchRepository({ bare: true });
    removals.push(() => source.remove());
    github.addRepository(name, source.directory, { private: true });
  }
  [repository, stranger] = github.repositories as [Repository, Repository];
  const issued = { kind: "installation", account: github.owner, permissions: { contents: "read" } } as const;
  github.tokens.push({ ...issued, text: TOKEN, repositories: [repository] });
});
beforeEach(() => {
  folder = join(HOME, `${folders++}`);
});
after(async () => {
  await stand.close();
  for (const remove of removals) remove();
});

function files(options: { bytesMax?: number; keptBytesMax?: number } = {}): LfsFiles {
  return new LfsFiles({ webUrl: stand.origin, folder, token: async () => TOKEN, ...options });
}

const place = (of = repository) => ({
  ...{ installationId: 1, repositoryId: of.id },
  ...{ owner: of.owner.login, repo: of.name },
});

function kept(text: string, of = repository): Pointer {
  const bytes = Buffer.from(text);
  return { kind: "lfs", digest: `sha256:${stand.github.lfs.put(of, bytes)}`, size: bytes.length };
}

async function read(lfs: LfsFiles, pointer: Pointer, of = repository): Promise<string | undefined> {
  const source = await lfs.open(place(of), pointer, PATH);
  if (source === undefined) return undefined;
  const bytes = await source.read(0, source.size);
  await source.close();
  return Buffer.from(bytes).toString();
}

const downloads = () => stand.requests.filter(({ path }) => path.startsWith("/_storage/lfs/")).length;

describe("a file of Git LFS", () => {
  it("is fetched once, however often and by how many it is read", async () => {
    const lfs = files();
    const pointer = kept("weights");
    const known = downloads();
    assert.deepEqual(await Promise.all([read(lfs, pointer), read(lfs, pointer)]), ["weights", "weights"]);
    assert.equal(await read(files(), pointer), "weights");
    assert.equal(downloads(), known + 1);
  });

  it("of another repository is not shown, though it is at hand", async () => {
    const lfs = files();
    const pointer = kept("a secret", stranger);
    assert.equal(await read(lfs, pointer), undefined);
    kept("a secret");
    assert.equal(await read(lfs, pointer), "a secret");
    assert.equal(await read(lfs, pointer, stranger), undefined);
  });

  it("that GitHub does not have is none", async () => {
    const pointer: Pointer = { kind: "lfs", digest: `sha256:${"0".repeat(64)}`, size: 5 };
    assert.equal(await read(files(), pointer), undefined);
    assert.equal(await read(files(), { kind: "dvc", digest: `md5:${"0".repeat(32)}`, size: 5 }), undefined);
  });

  it("that is too large is not even asked for", async () => {
    const known = stand.requests.length;
    await assert.rejects(read(files({ bytesMax: 4 }), kept("12345")), { code: "FILE_TOO_LARGE" });
    assert.equal(stand.requests.length, known);
  });

  it("is given up, and nothing of it kept, where something else comes than was promised", async () => {
    for (const text of ["a longer text than that", "short", "twelve bites"]) {
      const pointer = kept("twelve bytes");
      const raw = { contentType: "application/octet-stream", bytes: Buffer.from(text) };
      const lying = { status: 200, raw };
      stand.fail({ match: "web", times: 1, when: "after", effect: faults.delay(1) });
      stand.fail({ match: "web", effect: { kind: "reply", reply: lying } });
      await assert.rejects(read(files(), pointer), { code: "GITHUB_UNAVAILABLE" });
      assert.deepEqual(readdirSync(folder), []);
    }
    assert.equal(await read(files(), kept("twelve bytes")), "twelve bytes");
  });

  it("is asked for again later where GitHub fails, limits, or leads elsewhere", async () => {
    const pointer = kept("later");
    for (const [effect, code] of [
      [faults.serverError(), "GITHUB_UNAVAILABLE"],
      [faults.secondaryLimit(7, 429), "GITHUB_LIMITED"],
      [faults.RESET, "GITHUB_UNAVAILABLE"],
      [faults.html(200), "GITHUB_UNAVAILABLE"],
      [
        { kind: "reply", reply: { status: 302, headers: { location: "http://127.0.0.1:1/" } } },
        "GITHUB_UNAVAILABLE",
      ],
    ] as const) {
      stand.fail({ match: "web", effect });
      await assert.rejects(read(files(), pointer), { code });
    }
    const lost = async () => Promise.reject(new TypeError("no answer"));
    const tokenless = new LfsFiles({ webUrl: stand.origin, folder, token: lost });
    await assert.rejects(read(tokenless, pointer), { code: "GITHUB_UNAVAILABLE" });
    assert.equal(await read(files(), pointer), "later");
  });

  it("is not fetched from an address that its answer should not name", async () => {
    const pointer = kept("elsewhere");
    const oid = pointer.digest.slice("sha256:".length);
    for (const href of [
      "http://169.254.169.254/latest",
      "file:///etc/passwd",
      "https://a:b@example.com/",
      "x",
    ]) {
      const objects = [{ oid, size: pointer.size ?? 0, actions: { download: { href } } }];
      stand.fail({ match: "web", effect: faults.answer(200, { objects }) });
      await assert.rejects(read(files(), pointer), { code: "GITHUB_UNAVAILABLE" });
    }
    assert.equal(existsSync(folder), false);
  });

  it("makes room for newer ones", async () => {
    const lfs = files({ keptBytesMax: 12 });
    const pointers = ["first", "secnd", "third"].map((text) => kept(text));
    for (const pointer of pointers) await read(lfs, pointer);
    assert.equal(readdirSync(folder).length, 2);
    assert.equal(await read(lfs, pointers[0]!), "first");
  });
});
