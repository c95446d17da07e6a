import { hash } from "node:crypto";
import type { VoteSource } from "../../gate/model/approval.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import type { Pull } from "../github/pull.ts";
import type { Site } from "../services.ts";

/** Approvals as the trail keeps them: who, in which role, about which subject; and when they ceased to be about it. */
export async function recordVotes(site: Site, pull: Pull, record: DecisionRecord): Promise<void> {
  const { trails, place, store } = site;
  const roles = rolesSeated(record);
  const pr = prOf(pull, record);
  for (const { userId, source, state, kind } of record.votes ?? []) {
    const vote = record.input.approvals?.votes.find((each) => each.userId === userId);
    if (vote?.subject === undefined) continue;
    const name = entryName(place.repositoryId, source, kind);
    if (state === "counted") {
      const role = roles.get(userId) ?? vote.roles[0];
      if (role === undefined) continue;
      const id = await trails.recordEvent(place, {
        kind: "approval.granted",
        head: pull.head.sha,
        pr,
        actor: { id: userId, role },
        reason: reasonOf(site, pull, { source, word: kind }),
        approval: { role, state: kind, subject_digest: hexOf(vote.subject), ...sourceOf(source, kind) },
      });
      await store.archive.set(name, id);
    }
    const granted = state === "stale" ? await store.archive.get(name) : undefined;
    if (granted === undefined) continue;
    await trails.recordEvent(place, {
      kind: "approval.stale",
      head: pull.head.sha,
      pr,
      stale: { approval: granted, subject_digest: hexOf(record.digests.subject) },
    });
  }
}

/** The end of a vote that the trail knows: withdrawn by its voter, or dismissed. */
export async function recordWithdrawal(
  site: Site,
  pull: Pull,
  vote: {
    readonly source: VoteSource;
    readonly userId: number;
    readonly subject: string;
    readonly code: string;
  },
): Promise<void> {
  const { trails, place, store } = site;
  const { source, userId, subject, code } = vote;
  const granted = await store.archive.get(entryName(place.repositoryId, source, "approve"));
  if (granted === undefined) return;
  await trails.recordEvent(place, {
    kind: "approval.withdrawn",
    head: pull.head.sha,
    pr: { number: pull.number, base: pull.base.ref, base_sha: pull.base.sha, head_sha: pull.head.sha },
    actor: { id: userId },
    reason: reasonOf(site, pull, { source, word: code }),
    refs: [granted],
    approval: {
      ...{ role: "any", state: "withdrawn", subject_digest: hexOf(subject) },
      ...sourceOf(source, "withdraw"),
    },
  });
}

/** Where the word can be read. What is digested is the word alone: the trail takes no text of a person. */
function reasonOf(
  { trails, place }: Site,
  { number }: Pull,
  { source, word }: { readonly source: VoteSource; readonly word: string },
) {
  const anchor = source.kind === "review" ? `pullrequestreview-${source.id}` : `issuecomment-${source.id}`;
  const url = `${trails.setting(place).state.replace("git+", "")}/pull/${number}#${anchor}`;
  return { code: word, url, digest: { sha256: hash("sha256", word) } };
}

function rolesSeated({ results }: DecisionRecord): ReadonlyMap<number, string> {
  const seats = results.flatMap((result) => result.seats ?? []);
  return new Map(
    seats.flatMap(({ userId, role }) => (userId === undefined ? [] : [[userId, role] as const])),
  );
}

function prOf(pull: Pull, { input }: DecisionRecord) {
  const { base, head } = input.change;
  return { number: pull.number, base: pull.base.ref, base_sha: base, head_sha: head };
}

function sourceOf({ kind, id }: VoteSource, command: string) {
  return kind === "review" ? { review: id } : { comment: id, command };
}

function entryName(repositoryId: number, { kind, id }: VoteSource, vote: string): string {
  return `approval/${repositoryId}/${kind}/${id}/${vote}`;
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1);
}
