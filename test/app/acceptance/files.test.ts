import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { standingDecision } from "../../../app/events/approvals.ts";
import type { DecisionRecord } from "../../../gate/model/decision.ts";
import { parseDecision } from "../../../gate/verdict/replay.ts";
import { closedBy, digestOf, modelFiles } from "../../acceptance/governed.ts";
import { CORPUS } from "../../artifact/corpus.ts";
import { safetensorsFile, tensor } from "../../artifact/safetensors-file.ts";
import { scratchRepository } from "../../git.ts";
import { tip } from "../../github/git-data.ts";
import type { Pull } from "../../github/nouns.ts";
import type { Files } from "../../github/play/pushes.ts";
import { zipFile } from "../github/zip-file.ts";
import { current, nextModel, POLICY, startTeam, type Team } from "../team.ts";
import { approve, HASTY, requireCheck } from "./scene.ts";

/** What git and a policy can hold, through the running App: read by its API, and no less strictly than from a clone. */

const ARTIFACT = "models/credit-pd/model.safetensors";
const MANIFEST = "models/credit-pd/model.yml";
const CLOSED = ["failure"];
/** What GitHub gives of a blob at most (REST, get a blob). */
const BLOB_BYTES_MAX = 104_857_600;

let team: Team;
let branches = 0;

before(async () => {
  team = await startTeam({ clock: HASTY });
});
after(() => team.close());

/** A branch with these files alone. */
function branchOf(files: Files): string {
  const branch = `base-${++branches}`;
  team.stand.play.push(team.repository, { branch, by: team.people.maria, parents: [], files });
  return branch;
}

/** A pull request with whatever git can hold. */
async function offer(files: Files, base = "main"): Promise<Pull> {
  const { play } = team.stand;
  const { repository, people } = team;
  const head = `offer-${++branches}`;
  play.push(repository, { branch: head, by: people.maria, parents: [tip(repository, base)], files });
  const pull = play.openPull(repository, { head, base, by: people.maria });
  await team.settle();
  return pull;
}

function shown(pull: Pull): string {
  const { title, text } = team.checkOf(pull.head.sha);
  return `${title}\n${text}`.replaceAll("&#8203;", "");
}

function assertClosed(pull: Pull, why: RegExp): void {
  const { conclusion } = team.checkOf(pull.head.sha);
  assert.ok(CLOSED.includes(String(conclusion)), `${conclusion} ${shown(pull)}`);
  assert.match(shown(pull), why);
}

/** A base that is judged by this policy. */
function governedBy(policy: string): string {
  const branch = branchOf({ ".weighbridge/policy.yml": policy, ...current(modelFiles()) });
  requireCheck(team, branch);
  return branch;
}

const LFS = "*.safetensors filter=lfs diff=lfs merge=lfs -text\n";

function pointerTo(digest: string): string {
  return `version https://git-lfs.github.com/spec/v1\noid ${digest}\nsize 1\n`;
}

/** The next version, whose manifest states the digest of these bytes: nothing but what they are can close it. */
function modelOf(artifact: Uint8Array): Files {
  const files = nextModel();
  const manifest = String(files[MANIFEST]);
  const was = digestOf(files[ARTIFACT] as Uint8Array);
  return { ...files, [MANIFEST]: manifest.replaceAll(was, digestOf(artifact)), [ARTIFACT]: artifact };
}

/** The newest decision about the head. */
async function decided({ repository, number, head }: Pull): Promise<DecisionRecord> {
  const { archive } = team.running.services.store;
  const row = await standingDecision(archive, repository.id, number, head.sha);
  assert.ok(row !== undefined);
  return parseDecision(Buffer.from(row.record, "utf8"), row.digest);
}

function lying(length: bigint): Uint8Array {
  const bytes = Buffer.alloc(64, 0x7b);
  bytes.writeBigUInt64LE(length);
  return bytes;
}

/** `os.system("true")` for whoever unpickles it. */
function pickle(): Uint8Array {
  return Buffer.from("cos\nsystem\n(S'true'\ntR.", "latin1");
}

function hostile(name: string): Uint8Array {
  return readFileSync(join(CORPUS, "hostile", name));
}

/** Of a blob, as git says it. */
function gitIdOf(content: Uint8Array): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

describe("a base", () => {
  it("C3: without a policy lets no model in, not even with a policy beside it", async () => {
    const base = branchOf({ ...current(modelFiles()) });
    assertClosed(await offer({ ...nextModel() }, base), /no policy/);
    assertClosed(await offer({ ...nextModel(3), ".weighbridge/policy.yml": POLICY }, base), /no policy/);
  });

  it("C5: whose policy has a parent that is not to be had leaves the change without a verdict, until it is", async () => {
    const { github, play } = team.stand;
    const source = await scratchRepository({ bare: true });
    const rules = github.addRepository("rules", source.directory, { private: false });
    const parent = "weighbridge: 1\npolicy: { name: house, version: 1.0.0 }\nextends: [core@1]\n";
    const commit = play.push(rules, { branch: "main", by: team.people.maria, files: { "p.yml": parent } });
    const extending = (name: string) =>
      governedBy(POLICY.replace("[core@1, performance@1]", `["${name}", performance@1]`));
    for (const name of [`acme/nowhere//p.yml@${commit}`, `acme/rules//q.yml@${commit}`]) {
      assertClosed(await offer({ ...nextModel() }, extending(name)), /Cannot read policy/);
    }
    rules.private = true;
    const pull = await offer({ ...nextModel() }, extending(`acme/rules//p.yml@${commit}`));
    assertClosed(pull, /GitHub has no such public repository/);
    rules.private = false;
    play.comment(pull, { by: team.people.maria, body: "/weighbridge recheck" });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", shown(pull));
    source.remove();
  });

  it("C6: whose policy has a parent at a branch is refused: tomorrow it would mean something else", async () => {
    const policy = POLICY.replace("[core@1, performance@1]", '["acme/rules//p.yml@main", performance@1]');
    assertClosed(await offer({ ...nextModel() }, governedBy(policy)), /main/);
  });

  it("C10: that knows a model which nobody finds in its changed folder closes the change", async () => {
    const policy = POLICY.replace("gates:\n", "  - { id: scoring, path: services/scoring }\ngates:\n");
    assertClosed(await offer({ "services/scoring/weights.txt": "1\n" }, governedBy(policy)), /scoring/);
  });
});

describe("a model that Git LFS keeps", () => {
  /** The next version, with a pointer for its weights. */
  function pointed(version: number): { readonly files: Files; readonly weights: Buffer } {
    const files = nextModel(version);
    const weights = Buffer.from(files[ARTIFACT] as Uint8Array);
    const pointer = pointerTo(digestOf(weights)).replace("size 1", `size ${weights.length}`);
    return { files: { ...files, ".gitattributes": LFS, [ARTIFACT]: pointer }, weights };
  }

  it("C49: is read where GitHub keeps it, and closed while it is not there", async () => {
    const { files, weights } = pointed(490);
    const pull = await offer(files);
    assertClosed(pull, /is not here/);
    team.stand.github.lfs.put(team.repository, weights);
    team.stand.play.comment(pull, { by: team.people.maria, body: "/weighbridge recheck" });
    await team.settle();
    await approve(team, pull);
    assert.match(
      shown(pull),
      /class C.*cannot be compared, for git keeps a pointer/s,
      "of a file that git kept",
    );
    await approve(team, pull, team.people.vera);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", shown(pull));
    assert.match(shown(pull), /SUP-01.*read completely/);
  });

  it("C49: is looked into like any other", async () => {
    const { files } = pointed(491);
    const program = Buffer.from(pickle());
    team.stand.github.lfs.put(team.repository, program);
    const pointer = pointerTo(digestOf(program)).replace("size 1", `size ${program.length}`);
    assertClosed(await offer({ ...files, [ARTIFACT]: pointer }), /pickle/i);
  });
});

describe("in the place of a model", () => {
  const places: readonly (readonly [name: string, files: Files, why: RegExp])[] = [
    ["C47: a link", { [ARTIFACT]: { mode: "120000", content: "../../README.md" } }, /link/i],
    ["C47: a link for the manifest", { [MANIFEST]: { mode: "120000", content: "x.yml" } }, /link/i],
    ["C48: a submodule", { [ARTIFACT]: { mode: "160000", content: "1".repeat(40) } }, /submodule/i],
    ["C49: a pointer that nobody tracks", { [ARTIFACT]: pointerTo(digestOf("x")) }, /./],
    [
      "C49: a pointer of another form",
      { ".gitattributes": LFS, [ARTIFACT]: `${pointerTo(digestOf("x"))}more\n` },
      /pointer/i,
    ],
  ];
  for (const [name, files, why] of places) {
    it(`${name} closes the change`, async () => {
      const pull = await offer({ ...nextModel(), ...files });
      assertClosed(pull, why);
      await approve(team, pull);
      assert.notEqual(team.checkOf(pull.head.sha).conclusion, "success");
    });
  }

  const MANY = Buffer.alloc(40_000_000);
  const contents: readonly (readonly [name: string, artifact: Uint8Array, code: string])[] = [
    ["a header that claims more than there is", lying(2n ** 62n), "HEADER_TOO_LARGE"],
    ["a program", pickle(), "PICKLE_NOT_SCANNED"],
    ["an archive with the model's name", Buffer.from("PK\u0003\u0004model"), "ZIP_MISMATCH"],
    ["an archive that is a bomb", zipFile([{ name: "weights", content: MANY }]), "FORMAT_NOT_READ"],
    ["a program in a bomb", gzipSync(Buffer.concat([pickle(), MANY])), "PICKLE_NOT_SCANNED"],
    ["what is weights and an archive", hostile("safetensors-and-zip.safetensors"), "FORMAT_MISMATCH"],
    ["what is weights and a program", hostile("safetensors-and-pickle.safetensors"), "FORMAT_MISMATCH"],
  ];
  for (const [name, artifact, code] of contents) {
    it(`C59: ${name} closes the change, for what it is alone`, async () => {
      const pull = await offer(modelOf(artifact));
      assertClosed(pull, /SUP-01/);
      await approve(team, pull);
      await approve(team, pull, team.people.vera);
      const record = await decided(pull);
      assert.deepEqual(closedBy(record), ["SUP-01: fail"]);
      const [scanned] = record.results.filter(({ gate }) => gate === "SUP-01");
      assert.ok(
        scanned?.findings.some((finding) => finding.code === code),
        shown(pull),
      );
      assert.equal(team.checkOf(pull.head.sha).conclusion, "failure");
    });
  }

  it("C60: what is larger than the App reads is not judged by it, and does not pass", async () => {
    const bytes = BLOB_BYTES_MAX + 1;
    const head = { w: tensor("U8", [bytes], 0, bytes) };
    const artifact = safetensorsFile(head, bytes);
    const pull = await offer(modelOf(artifact));
    assertClosed(pull, new RegExp(`${artifact.length} bytes, GitHub gives at most ${BLOB_BYTES_MAX}`));
    assert.equal(
      team.stand.requests.some(
        ({ operation, path }) => operation === "git/get-blob" && path.includes(gitIdOf(artifact)),
      ),
      false,
    );
  });
});

describe("a change", () => {
  it("C54: of 3,001 files hides no model behind them", async () => {
    const notes = Array.from({ length: 3_001 }, (_, index) => [`docs/${index}.md`, "x\n"] as const);
    const pull = await offer({ ...Object.fromEntries(notes), ...nextModel(2, 0.5) });
    assertClosed(pull, /auc-floor/);
  });

  it("C55: of 260 commits lets nobody approve who made one, however far behind the first 250 it is", async () => {
    const { play } = team.stand;
    const { repository, people } = team;
    let sha = tip(repository, "main");
    for (let index = 0; index < 260; index++) {
      const author = index === 255 ? people.olga : people.maria;
      const files = index === 200 ? nextModel() : { "notes.md": `${index}\n` };
      sha = play.commit(repository, { parents: [sha], files, author });
    }
    play.push(repository, { branch: "long", by: people.maria, sha });
    const pull = play.openPull(repository, { head: "long", by: people.maria });
    await team.settle();
    await approve(team, pull);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", shown(pull));
    assert.match(team.commentOn(pull), /olga \(approval, ignored\): .*wrote it/);
    await approve(team, pull, people.vera);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "action_required", "vera is no owner");
  });

  it("C68: with a warning alone is a success, and the check says what it warns of", async () => {
    const gate = "  - id: hoped-for\n    rule: metric.floor\n    severity: warn\n";
    const limit = "    with: { metric: roc_auc, dataset: holdout, min: 0.99 }\n";
    const pull = await offer({ ...nextModel(9) }, governedBy(`${POLICY}${gate}${limit}`));
    await approve(team, pull);
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", shown(pull));
    assert.match(shown(pull), /1 warning|warns/i);
    assert.match(shown(pull), /hoped-for/);
  });

  it("C56: is not blamed for what only the base changed, nor for what it took back itself", async () => {
    const base = governedBy(POLICY);
    const { play } = team.stand;
    const { repository, people } = team;
    const pull = await offer({ "docs/a.md": "a\n" }, base);
    play.push(repository, { branch: base, by: people.maria, files: nextModel(7, 0.1) });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", shown(pull));
    play.push(repository, { branch: pull.head.ref, by: people.maria, files: nextModel(8) });
    await team.settle();
    assert.notEqual(team.checkOf(pull.head.sha).conclusion, "success");
    play.push(repository, { branch: pull.head.ref, by: people.maria, files: current(modelFiles()) });
    await team.settle();
    assert.equal(team.checkOf(pull.head.sha).conclusion, "success", shown(pull));
  });
});
