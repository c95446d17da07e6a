import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { ObjectCache } from "../../app/github/cache.ts";
import { openGitHub } from "../../app/github/client.ts";
import { readTree } from "../../app/github/tree.ts";
import { createTrail } from "../../gate/trail/change.ts";
import { openGitHubStore } from "../../gate/trail/github-store.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { clientOf } from "../trail/github-client.ts";
import { decision, landed, openRig, SETTING, trailFile } from "../trail/rig.ts";
import { BRANCH } from "../trail/tamper.ts";
import { type Answered, type Asked, ask, jwt } from "./client.ts";
import { type Emulate, startEmulate } from "./emulate.ts";
import { type StandIn, startServer } from "./server.ts";
import type { Installation, Registration } from "./state/apps.ts";

/**
 * What the stand-in says of git data and of an App's tokens is what emulate says, which others have written and which
 * knows nothing of ours. Only where emulate is right about GitHub: its refusals have other words for the most part, and
 * of a ref that is not there to be moved it says 404, where GitHub says 422.
 */

const REPO = "/repos/acme/credit";
const OTHER = "/repos/acme/other";
const DATE = "2026-11-21T22:14:05Z";
const MARIA = { name: "Maria", email: "maria@example.com", date: DATE };

let source: ScratchRepository;
let beside: ScratchRepository;
let stand: StandIn;
let emulate: Emulate;
let app: Registration;
let installation: Installation;
/** The installation's token in each of the two. */
let tokens: readonly [ours: string, theirs: string];

before(async () => {
  [source, beside] = [await scratchRepository({ bare: true }), await scratchRepository({ bare: true })];
  stand = await startServer();
  const { github, play } = stand;
  const repositories = [
    github.addRepository("credit", source.directory, { private: true }),
    github.addRepository("other", beside.directory, { private: true }),
  ];
  const maria = github.addAccount("maria");
  for (const each of repositories) {
    play.push(each, { branch: "main", by: maria, files: { "README.md": `# ${each.name}\n` } });
  }
  app = github.addApp("weighbridge", { permissions: { contents: "write", metadata: "read" }, events: [] });
  installation = github.apps.install(app, github.owner, { repositories: repositories.slice(0, 1) });
  emulate = await startEmulate(installation, repositories);
  tokens = await issue();
});

after(async () => {
  source.remove();
  beside.remove();
  await emulate.close();
  await stand.close();
});

/** The answers of both to one question. */
async function askBoth(
  path: string,
  asked: Asked,
  as: readonly string[] = tokens,
): Promise<readonly Answered[]> {
  return Promise.all([stand, emulate].map((server, at) => ask(server, path, { ...asked, as: as[at] ?? "" })));
}

/** What both say, which has to be one. */
async function agreed<T>(
  toSaid: (answered: Answered) => T,
  path: string,
  asked: Asked = {},
  as: readonly string[] = tokens,
): Promise<T> {
  const [ours, theirs] = (await askBoth(path, asked, as)).map(toSaid);
  assert.deepEqual(ours, theirs, `${asked.method ?? "GET"} ${path}: the stand-in, and emulate`);
  return ours as T;
}

const post = (body: unknown): Asked => ({ method: "POST", body });
const patch = (body: unknown): Asked => ({ method: "PATCH", body });
const statusOf = ({ status }: Answered) => status;
const idOf = ({ status, body }: Answered): string => {
  assert.equal(status, 201, JSON.stringify(body));
  return body.sha;
};
const own = () => [jwt(app), jwt(app)];

async function issue(body: object = {}): Promise<readonly [string, string]> {
  const path = `/app/installations/${installation.id}/access_tokens`;
  const [ours, theirs] = await askBoth(path, post(body), own());
  return [ours?.body.token, theirs?.body.token];
}

describe("a second opinion on an App's tokens", () => {
  it("has the same App behind a key, and the same installations", async () => {
    const shown = await agreed(
      ({ status, body: { id, slug, permissions, installations_count: count } }) => ({
        ...{ status, id, slug, permissions, count },
      }),
      "/app",
      {},
      own(),
    );
    assert.deepEqual([shown.status, shown.id, shown.count], [200, app.id, 1]);
    const toSaid = ({ status, body }: Answered) =>
      [status, ...[body].flat()].map((each) =>
        typeof each === "number"
          ? each
          : [each.id, each.app_id, each.account.login, each.repository_selection, each.permissions],
      );
    await agreed(toSaid, "/app/installations", {}, own());
    await agreed(toSaid, `/app/installations/${installation.id}`, {}, own());
    await agreed(toSaid, `${REPO}/installation`, {}, own());
    for (const path of ["/app/installations/1", `${OTHER}/installation`, "/repos/acme/none/installation"]) {
      assert.equal(await agreed(statusOf, path, {}, own()), 404, path);
    }
  });

  it("refuses a token that another key signed, or that is over", async () => {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
      publicKeyEncoding: { type: "spki", format: "pem" },
    });
    const past = Math.floor(Date.now() / 1000) - 3600;
    const texts = [jwt(app, {}, privateKey), jwt(app, { iat: past - 60, exp: past }), "no.token.atall"];
    for (const text of texts) assert.equal(await agreed(statusOf, "/app", {}, [text, text]), 401, text);
  });

  it("gives a token for an hour, no wider than the installation", async () => {
    const path = `/app/installations/${installation.id}/access_tokens`;
    const toSaid = ({ status, body }: Answered) => ({
      ...{ status, permissions: body.permissions, selection: body.repository_selection },
      repositories: body.repositories?.map(({ name }: { name: string }) => name),
      minutes: Math.round((Date.parse(body.expires_at) - Date.now()) / 60_000),
    });
    const narrow = { permissions: { contents: "read" }, repositories: ["credit"] };
    assert.deepEqual(await agreed(toSaid, path, post(narrow), own()), {
      ...{ status: 201, permissions: { contents: "read" }, selection: "selected" },
      ...{ repositories: ["credit"], minutes: 60 },
    });
    const wide = [
      { permissions: { checks: "read" } },
      { permissions: { metadata: "write" } },
      { repositories: ["other"] },
      { repositories: ["none"] },
    ];
    for (const body of wide) {
      assert.equal(await agreed(statusOf, path, post(body), own()), 422, JSON.stringify(body));
    }
  });

  it("lets a token do what it was given, where it was given", async () => {
    const reader = await issue({ permissions: { contents: "read" } });
    const blob = post({ content: "x", encoding: "utf-8" });
    const ref = "git/ref/heads/main";
    assert.equal(await agreed(statusOf, `${REPO}/${ref}`, {}, reader), 200);
    assert.equal(await agreed(statusOf, `${REPO}/git/blobs`, blob, reader), 403);
    assert.equal(await agreed(statusOf, `${REPO}/git/blobs`, blob), 201);
    // GitHub does not say that a private repository is there; emulate does.
    const elsewhere = (await askBoth(`${OTHER}/git/blobs`, blob)).map(statusOf);
    assert.deepEqual(elsewhere, [404, 403]);
  });
});

describe("a second opinion on git data", () => {
  const make = (kind: string, body: object) => agreed(idOf, `${REPO}/git/${kind}`, post(body));
  const blobOf = (content: string) => make("blobs", { content, encoding: "utf-8" });
  const file = { mode: "100644", type: "blob" };
  /** By path: emulate lists what is further in as people sort, and git does as bytes do. */
  const toLines = ({ status, body }: Answered) => {
    const lines: string[] = body.tree.map(({ path, ...line }: Record<string, unknown>) =>
      [path, line.mode, line.type, line.sha, line.size].join(" "),
    );
    return [status, body.sha, ...lines.sort()];
  };
  /** A commit of one file, the same in both. */
  const commitOf = async (content: string, parents: readonly string[]) => {
    const tree = await make("trees", { tree: [{ ...file, path: "a", sha: await blobOf(content) }] });
    return make("commits", { message: content, tree, parents, author: MARIA, committer: MARIA });
  };

  it("has the ids of blobs, and gives their bytes back", async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    const id = await make("blobs", { content: bytes.toString("base64"), encoding: "base64" });
    assert.equal(await blobOf("hello\n"), "ce013625030ba8dba906f756967f9e9ca394464a");
    const toSaid = ({ status, body: { sha, size, encoding, content } }: Answered) => [
      ...[status, sha, size, encoding, Buffer.from(content, "base64").toString("hex")],
    ];
    assert.deepEqual((await agreed(toSaid, `${REPO}/git/blobs/${id}`)).at(-1), bytes.toString("hex"));
    assert.equal(await agreed(statusOf, `${REPO}/git/blobs/${"0".repeat(40)}`), 404);
  });

  it("has the ids and lines of trees: of every mode, on top of another, without what is taken away", async () => {
    const [a, b] = [await blobOf("a"), await blobOf("b")];
    const base = await make("trees", {
      tree: [
        { ...file, path: "models/credit/model.bin", sha: a },
        { ...file, path: "models/readme", content: "read me" },
        { path: "run.sh", mode: "100755", type: "blob", sha: b },
        { path: "link", mode: "120000", type: "blob", sha: a },
        { path: "sub", mode: "160000", type: "commit", sha: "12".repeat(20) },
      ],
    });
    const next = await make("trees", {
      base_tree: base,
      tree: [
        { ...file, path: "models/readme", sha: null },
        { ...file, path: "models/credit/model.bin", sha: b },
        { ...file, path: "models/ä b.txt", sha: a },
      ],
    });
    for (const id of [base, next]) {
      await agreed(toLines, `${REPO}/git/trees/${id}`);
      const all = await agreed(toLines, `${REPO}/git/trees/${id}?recursive=1`);
      assert.equal(all.length, 9);
    }
    for (const tree of [[{ ...file, path: "x", sha: "0".repeat(40) }]]) {
      assert.equal(await agreed(statusOf, `${REPO}/git/trees`, post({ tree })), 422);
    }
    const nowhere = post({ base_tree: "0".repeat(40), tree: [{ ...file, path: "x", sha: a }] });
    assert.equal(await agreed(statusOf, `${REPO}/git/trees`, nowhere), 422);
  });

  it("has the ids of commits, and refuses one on nothing", async () => {
    const first = await commitOf("one", []);
    const second = await commitOf("two", [first]);
    const toSaid = ({ status, body: { sha, message, tree, parents, author, committer } }: Answered) => ({
      ...{ status, sha, message, tree: tree.sha, author: author.email, committer: committer.email },
      parents: parents.map((parent: { sha: string }) => parent.sha),
    });
    const said = await agreed(toSaid, `${REPO}/git/commits/${second}`);
    assert.deepEqual(said.parents, [first]);
    const none = "0".repeat(40);
    for (const body of [
      { message: "m", tree: said.tree, parents: [none] },
      { message: "m", tree: none, parents: [] },
    ]) {
      assert.equal(await agreed(statusOf, `${REPO}/git/commits`, post(body)), 422);
    }
    assert.equal(await agreed(statusOf, `${REPO}/git/commits/${none}`), 404);
  });

  it("moves a ref forward, and any other way only by force", async () => {
    const first = await commitOf("one", []);
    const [left, right] = [await commitOf("left", [first]), await commitOf("right", [first])];
    const toRef = ({ status, body }: Answered) => [status, body.ref, body.object?.type, body.object?.sha];
    const create = post({ ref: "refs/heads/trail", sha: first });
    assert.equal(await agreed(statusOf, `${REPO}/git/ref/heads/trail`), 404);
    assert.deepEqual(await agreed(toRef, `${REPO}/git/refs`, create), [
      201,
      "refs/heads/trail",
      "commit",
      first,
    ]);
    const toWords = ({ status, body }: Answered) => [status, body.message];
    assert.deepEqual(await agreed(toWords, `${REPO}/git/refs`, create), [422, "Reference already exists"]);
    const move = async (sha: string, force = false) =>
      (await agreed(toRef, `${REPO}/git/refs/heads/trail`, patch({ sha, force })))[0];
    assert.equal(await move(left), 200);
    assert.equal(await move(left), 200);
    assert.equal(await move(right), 422);
    assert.equal(await move(first), 422);
    assert.equal(await move("0".repeat(40)), 422);
    assert.equal((await agreed(toRef, `${REPO}/git/ref/heads/trail`))[3], left);
    assert.equal(await move(right, true), 200);
    await agreed(toRef, `${REPO}/git/refs`, post({ ref: "refs/weighbridge/kept", sha: right }));
    const toRefs = ({ status, body }: Answered) => [
      status,
      body.map((each: { ref: string; object: { sha: string } }) => [each.ref, each.object.sha]),
    ];
    assert.deepEqual(await agreed(toRefs, `${REPO}/git/matching-refs/heads/tra`), [
      200,
      [["refs/heads/trail", right]],
    ]);
    assert.deepEqual(await agreed(toRefs, `${REPO}/git/matching-refs/heads/none`), [200, []]);
  });

  it("lets one of twenty writers of a ref through", async () => {
    const first = await commitOf("start", []);
    const ids = await Promise.all(Array.from({ length: 20 }, (_, at) => commitOf(`writer ${at}`, [first])));
    await agreed(statusOf, `${REPO}/git/refs`, post({ ref: "refs/heads/race", sha: first }));
    const answers = await Promise.all(
      ids.map((sha) => askBoth(`${REPO}/git/refs/heads/race`, patch({ sha, force: false }))),
    );
    for (const server of [0, 1]) {
      const counted = answers.map((pair) => pair[server]?.status).sort();
      assert.deepEqual(counted, [200, ...Array<number>(19).fill(422)]);
    }
  });
});

describe("our clients before a server that is not ours", () => {
  it("keep a trail there whose files are those of the same trail in git, and that nobody forks", async () => {
    const branch = { owner: "acme", repo: "credit", branch: "weighbridge-trail" };
    const open = () => openGitHubStore(clientOf(emulate.origin, tokens[1]), { ...branch, commits: "rest" });
    const store = open();
    const [online, local] = [await openRig({ wrapStore: () => store }), await openRig()];
    try {
      for (const rig of [online, local]) {
        landed(await createTrail(rig.writer, trailFile(), SETTING));
        await rig.append([decision(1)], [decision(2), decision(3)]);
      }
      const tip = (await store.head())!;
      const { body } = await ask(emulate, `${REPO}/git/commits/${tip}`, { as: tokens[1] });
      assert.equal(body.tree.sha, local.repository.git("rev-parse", `${BRANCH}^{tree}`));
      const [, before] = await open().log(tip, 2);
      const late = { parent: before!.id, message: "late\n", time: 0, deletes: [] };
      const answer = await open().append({ ...late, writes: new Map([["late", Buffer.from("late\n")]]) });
      assert.deepEqual([answer.kind, await open().head()], ["moved", tip]);
    } finally {
      for (const rig of [online, local]) {
        await rig.close();
        rig.repository.remove();
      }
    }
  });

  it("sign in with the App's key, and read a tree whose ids are git's", async () => {
    const { id: appId, privateKey } = app;
    const client = openGitHub({ apiUrl: emulate.origin, appId, privateKey }).installation(installation.id);
    const route = "GET /repos/{owner}/{repo}/git/commits/{commit_sha}";
    const where = { owner: "acme", repo: "credit" };
    const ref = await client.rest("GET /repos/{owner}/{repo}/git/ref/{ref}", { ...where, ref: "heads/main" });
    const { object } = ref.data as { object: { sha: string } };
    const { tree } = (await client.rest(route, { ...where, commit_sha: object.sha })).data as {
      tree: { sha: string };
    };
    const listed = await readTree(tree.sha, { client, ...where, cache: new ObjectCache(1) });
    assert.deepEqual([...listed.tree.keys()], ["README.md"]);
  });
});
