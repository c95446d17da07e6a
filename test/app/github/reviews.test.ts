import assert from "node:assert/strict";
import { test } from "node:test";
import { readPull } from "../../../app/github/pull.ts";
import { readPullView } from "../../../app/github/pull-view.ts";
import { readReviews, toVotes } from "../../../app/github/reviews.ts";
import type { KeptVote } from "../../../app/store/archive.ts";
import type { Account } from "../../github/nouns.ts";
import { openScene } from "./scene.ts";

const SUBJECT = `sha256:${"a".repeat(64)}` as const;

async function reviewed() {
  const scene = await openScene();
  const { stand, repository, maria, client, address } = scene;
  const { play, github } = stand;
  const main = play.push(repository, { branch: "main", by: maria, files: { a: "1" } });
  play.push(repository, { branch: "next", by: maria, parents: [main], files: { a: "2" } });
  const pull = play.openPull(repository, { head: "next", by: maria });
  let seconds = Date.parse("2026-11-20T10:00:00Z") / 1000;
  const later = () => {
    seconds += 60;
    github.now = () => new Date(seconds * 1000);
    return seconds * 1000;
  };
  const vera = github.addAccount("vera");
  const review = (state: "APPROVED" | "CHANGES_REQUESTED" | "COMMENTED" | "PENDING", by: Account = vera) => {
    later();
    return play.review(pull, { by, state });
  };
  const votes = async (kept: readonly KeptVote[] = []) => {
    const read = await readPull(client, { ...address, number: pull.number });
    const { reviews } = await readPullView(client, read);
    const pages = await readReviews(client, read);
    if (reviews !== undefined) assert.deepEqual(reviews, pages, "both APIs say the same");
    return toVotes(reviews ?? pages, kept);
  };
  const command = (kind: KeptVote["kind"], over: Partial<KeptVote> = {}): KeptVote => ({
    ...{ repositoryId: repository.id, number: pull.number, source: "comment", sourceId: github.nextId() },
    ...{ userId: vera.id, login: "vera", kind, head: pull.head.sha, subject: SUBJECT, at: later() },
    ...over,
  });
  return { ...scene, pull, vera, review, votes, command };
}

test("an approval is a vote, about what was kept when it was given", async () => {
  const { review, votes, vera, pull, repository } = await reviewed();
  const { id } = review("APPROVED");
  const kept: KeptVote = {
    ...{ repositoryId: repository.id, number: pull.number, source: "review", sourceId: id, userId: vera.id },
    ...{ login: "vera", kind: "approve", head: pull.head.sha, subject: SUBJECT, at: 0 },
  };
  const vote = {
    ...{ kind: "approve", userId: vera.id, login: "vera", isBot: false, head: pull.head.sha },
    source: { kind: "review", id },
  };
  assert.deepEqual(await votes([kept]), [{ ...vote, subject: SUBJECT }]);
  assert.deepEqual(await votes(), [vote]);
  assert.deepEqual(await votes([{ ...kept, kind: "reject" }]), [vote], "another state is another vote");
});

test("C31: the later of approval and request for changes counts, a comment cancels nothing", async () => {
  const { review, votes } = await reviewed();
  review("APPROVED");
  review("CHANGES_REQUESTED");
  review("COMMENTED");
  assert.deepEqual(
    (await votes()).map(({ kind }) => kind),
    ["reject"],
  );
  review("APPROVED");
  review("COMMENTED");
  assert.deepEqual(
    (await votes()).map(({ kind }) => kind),
    ["approve"],
  );
});

test("C30: a review that was dismissed is gone, and none before it comes back", async () => {
  const { review, votes, stand, maria } = await reviewed();
  review("APPROVED");
  const second = review("APPROVED");
  stand.play.dismissReview(second, { by: maria });
  assert.deepEqual(await votes(), []);
  review("APPROVED");
  assert.equal((await votes()).length, 1);
});

test("C32: a pending review says nothing", async () => {
  const { votes, stand, vera, pull } = await reviewed();
  stand.play.review(pull, { by: vera, state: "PENDING" });
  assert.deepEqual(await votes(), []);
});

test("C25: a review of a deleted account harms nobody", async () => {
  const { review, votes, stand, vera } = await reviewed();
  review("APPROVED");
  const olga = stand.github.addAccount("olga");
  review("APPROVED", olga);
  stand.play.deleteAccount(vera);
  assert.deepEqual(
    (await votes()).map(({ login }) => login),
    ["olga"],
  );
});

test("C28: a review of a bot says that it is a bot's", async () => {
  const { review, votes, stand } = await reviewed();
  review("APPROVED", stand.github.addAccount("helper[bot]", { type: "Bot" }));
  assert.deepEqual(
    (await votes()).map(({ isBot }) => isBot),
    [true],
  );
});

test("C17: a review of an older head names that head", async () => {
  const { votes, stand, vera, pull, repository, maria } = await reviewed();
  const old = pull.head.sha;
  stand.play.push(repository, { branch: "next", by: maria, files: { a: "3" } });
  stand.play.review(pull, { by: vera, state: "APPROVED", commit: old });
  assert.deepEqual(
    (await votes()).map(({ head }) => head),
    [old],
  );
});

test("commands and reviews make one history: the last word of a person counts", async () => {
  const { review, votes, command } = await reviewed();
  const approve = command("approve");
  assert.deepEqual(
    (await votes([approve])).map(({ kind, source }) => `${kind} ${source.kind}`),
    ["approve comment"],
  );
  review("CHANGES_REQUESTED");
  assert.deepEqual(
    (await votes([approve])).map(({ kind, source }) => `${kind} ${source.kind}`),
    ["reject review"],
  );
  const again = command("approve");
  assert.deepEqual(
    (await votes([approve, again])).map(({ kind }) => kind),
    ["approve"],
  );
  const revoke = command("revoke");
  assert.deepEqual(await votes([revoke, again, approve]), [], "in whatever order they are kept");
});

test("C37: of what was said in the same second, the stricter counts", async () => {
  const { votes, command } = await reviewed();
  const approve = command("approve");
  const same = { at: approve.at + 400, sourceId: approve.sourceId };
  assert.deepEqual(
    (await votes([command("reject", same), approve])).map(({ kind }) => kind),
    ["reject"],
  );
  assert.deepEqual(await votes([command("revoke", same), { ...approve, at: approve.at + 900 }]), []);
});

test("all pages are read, where there are more than one answer has", async () => {
  const { review, votes, stand, client, address, pull } = await reviewed();
  for (let index = 0; index < 130; index++) review("APPROVED", stand.github.addAccount(`r${index}`));
  assert.equal((await votes()).length, 130);
  assert.equal(stand.count("pulls/list-reviews"), 2);
  const read = await readPull(client, { ...address, number: pull.number });
  assert.equal((await readPullView(client, read)).reviews, undefined);
});
