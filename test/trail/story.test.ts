import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Entry, EntryContent } from "../../gate/trail/entry.ts";
import type { GitStore } from "../../gate/trail/git-store.ts";
import { openTrail, readLog } from "../../gate/trail/read.ts";
import { readStories, STORY_END_MAX, type Story } from "../../gate/trail/story.ts";
import { CONTENTS } from "./entries.ts";
import { decision, type Rig, startedRig } from "./rig.ts";

const sha = (byte: string) => byte.repeat(20);
const bytes = (byte: string) => [{ name: "models/a", digest: { sha256: byte.repeat(32) } }];
const commitOf = (byte: string) => [
  { name: "git+https://github.com/acme/models", digest: { gitCommit: sha(byte) } },
];

/** A decision about a pull request whose head and whose bytes are known by one byte each. */
function decided(number: number, head: string, content: string): EntryContent {
  const { predicate } = decision(number);
  return {
    subject: bytes(content),
    predicate: { ...predicate, pr: { ...predicate.pr!, head_sha: sha(head) } },
  };
}

/** An entry of that kind, about other things than the one of the table. */
function other(
  kind: string,
  subject: EntryContent["subject"],
  detail: Partial<EntryContent["predicate"]> = {},
): EntryContent {
  return { subject, predicate: { ...CONTENTS[kind]!.predicate, ...detail } };
}

const deployed = (id: number, commit: string, content: string) =>
  other("deploy.succeeded", bytes(content), {
    deployment: { id, status: id, environment: "production", sha: sha(commit) },
  });

async function entriesOf(store: GitStore, seqs: readonly number[]): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of readLog(store, await openTrail(store))) {
    if (seqs.includes(entry.seq)) entries.push(entry);
  }
  return entries;
}

async function storiesOf({ store }: Rig, ...seqs: readonly number[]) {
  return readStories(store, await openTrail(store), await entriesOf(store, seqs));
}

const brief = (story: Story | undefined) =>
  [...(story?.first ?? []), ...(story?.last ?? [])].map(({ seq, kind, tie }) => `${seq} ${kind} ${tie}`);

describe("two pull requests", () => {
  let rig: Rig;
  before(async () => {
    rig = await startedRig();
    const pr = { number: 7, base: "main", base_sha: sha("44"), head_sha: sha("71") };
    const approved = other("approval.granted", commitOf("71"), { pr });
    await rig.append([
      deployed(1, "01", "a1"),
      decided(8, "81", "b1"),
      decided(7, "71", "a1"),
      approved,
      other("merge.observed", commitOf("72"), {
        pr: { ...pr, merge_sha: sha("72") },
        merge: { sha: sha("72"), ref: "refs/heads/main" },
      }),
      other("heartbeat", commitOf("72")),
      deployed(2, "72", "cc"),
      other("breakglass.reviewed", commitOf("71")),
      deployed(3, "99", "dd"),
      deployed(4, "81", "dd"),
    ]);
    const [approval] = await entriesOf(rig.store, [4]);
    const stale = { approval: approval!.predicate.id, subject_digest: "67".repeat(32) };
    await rig.append([other("approval.stale", bytes("ee"), { stale }), CONTENTS["approval.stale"]!]);
  });
  after(async () => {
    await rig.close();
    rig.repository.remove();
  });

  test("have each its own story, with what does not name their number and why it belongs", async () => {
    const stories = await storiesOf(rig, 2, 3);
    assert.deepEqual([...stories.keys()].sort(), ["777000111#7", "777000111#8"]);
    assert.deepEqual(brief(stories.get("777000111#7")), [
      "1 deploy.succeeded content",
      "3 decision.made number",
      "4 approval.granted number",
      "5 merge.observed number",
      "7 deploy.succeeded commit",
      "8 breakglass.reviewed commit",
      "11 approval.stale reference",
    ]);
    assert.deepEqual(brief(stories.get("777000111#8")), [
      "2 decision.made number",
      "10 deploy.succeeded commit",
    ]);
  });

  test("say in a line what each entry says", async () => {
    const story = (await storiesOf(rig, 3)).get("777000111#7");
    assert.deepEqual(
      story?.first.slice(1, 5).map(({ words }) => words),
      [
        "pass, head 717171717171, by 1000007",
        "approved as validator, reason review, by 1000014 (validator)",
        "727272727272 into refs/heads/main",
        "production, commit 727272727272",
      ],
    );
  });

  test("are read with one reading of the log, and none where no pull request is named", async () => {
    const head = await openTrail(rig.store);
    const entries = await entriesOf(rig.store, [0, 2, 3]);
    let readings = 0;
    const gitFolder = {
      get: () => {
        readings++;
        return rig.store.gitFolder;
      },
    };
    const counted = Object.create(rig.store, { gitFolder }) as GitStore;
    assert.equal((await readStories(counted, head, entries)).size, 2);
    assert.equal(readings, 1);
    assert.equal((await readStories(counted, head, entries.slice(0, 1))).size, 0);
    assert.equal(readings, 1);
  });
});

test("a long story keeps both its ends and says how much is between them", async () => {
  const rig = await startedRig();
  const count = 2 * STORY_END_MAX + 5;
  const at = (index: number) => (0x1000 + index).toString(16).repeat(10);
  const many = Array.from({ length: count }, (_, index) => {
    const content = decided(7, "71", "a1");
    return {
      ...content,
      predicate: { ...content.predicate, pr: { ...content.predicate.pr!, base_sha: at(index) } },
    };
  });
  await rig.append(many);
  const story = (await storiesOf(rig, 1)).get("777000111#7")!;
  assert.equal(story.omitted, 5);
  assert.deepEqual([story.first.length, story.last.length], [STORY_END_MAX, STORY_END_MAX]);
  assert.deepEqual([story.first[0]!.seq, story.first.at(-1)!.seq], [1, STORY_END_MAX]);
  assert.deepEqual([story.last[0]!.seq, story.last.at(-1)!.seq], [STORY_END_MAX + 6, count]);
  await rig.close();
  rig.repository.remove();
});
