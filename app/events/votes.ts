import { hash } from "node:crypto";
import type { VoteSource } from "../../gate/model/approval.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import type { Pull } from "../github/pull.ts";
import type { Site } from "../services.ts";
import type { Archive, KeptVote } from "../store/archive.ts";

/** Approvals as the trail keeps them: who, in which role, about which subject; and when they ceased to be about it. */
export async function recordVotes(site: Site, pull: Pull, record: DecisionRecord): Promise<void> {
  const { trails, place, store } = site;
  const roles = rolesSeated(record);
  const pr = prOf(pull, record);
  // The standings of the votes are in the votes' own order.
  for (const [index, { userId, source, state, kind }] of (record.votes ?? []).entries()) {
    const vote = record.input.approvals?.votes[index];
    if (vote?.subject === undefined) continue;
    const name = entryName(place.repositoryId, source, kind);
    const known = await findRecorded(store.archive, name);
    if (state === "counted") {
      const role = roles.get(userId) ?? vote.roles[0];
      if (role === undefined) continue;
      // Back at what it was about: the head was reset, which the trail would otherwise not tell.
      const times = (known?.times ?? 0) + (known?.isStale === true ? 1 : 0);
      const id = await trails.recordEvent(place, {
        kind: "approval.granted",
        head: pull.head.sha,
        pr,
        actor: { id: userId, role },
        reason: reasonOf(site, pull, { source, word: kind }),
        approval: {
          ...{ role, state: times === 0 ? kind : `${kind}.again-${times}` },
          subject_digest: hexOf(vote.subject),
          ...sourceOf(source, kind),
        },
      });
      await keepRecorded(store.archive, name, { id, times, isStale: false });
    }
    if (state !== "stale" || known === undefined) continue;
    await trails.recordEvent(place, {
      kind: "approval.stale",
      head: pull.head.sha,
      pr,
      stale: { approval: known.id, subject_digest: hexOf(record.digests.subject) },
    });
    await keepRecorded(store.archive, name, { ...known, isStale: true });
  }
}

/** What the trail was last told of a vote. */
interface Recorded {
  /** Entry of the approval. */
  readonly id: string;
  /** How often it counted again after it had not. */
  readonly times: number;
  readonly isStale: boolean;
}

async function findRecorded(archive: Archive, name: string): Promise<Recorded | undefined> {
  const text = await archive.get(name);
  return text === undefined ? undefined : JSON.parse(text);
}

async function keepRecorded(archive: Archive, name: string, recorded: Recorded): Promise<void> {
  await archive.set(name, JSON.stringify(recorded));
}

/** A vote that has ended, who ended it, and how. */
interface Ended {
  readonly vote: Pick<KeptVote, "source" | "sourceId" | "kind" | "subject">;
  readonly actorId: number;
  readonly code: "withdrawn" | "deleted" | "dismissed";
}

/** The end of a vote that the trail knows: taken back by its voter, or dismissed by whoever may. */
export async function recordWithdrawal(
  site: Site,
  pull: Pull,
  { vote, actorId, code }: Ended,
): Promise<void> {
  const { trails, place, store } = site;
  const source = { kind: vote.source, id: vote.sourceId };
  const granted = await findRecorded(store.archive, entryName(place.repositoryId, source, vote.kind));
  if (granted === undefined || vote.subject === undefined) return;
  await trails.recordEvent(place, {
    kind: "approval.withdrawn",
    head: pull.head.sha,
    pr: { number: pull.number, base: pull.base.ref, base_sha: pull.base.sha, head_sha: pull.head.sha },
    actor: { id: actorId },
    reason: reasonOf(site, pull, { source, word: code }),
    refs: [granted.id],
    approval: {
      ...{ role: "any", state: "withdrawn", subject_digest: hexOf(vote.subject) },
      ...sourceOf(source, "withdraw"),
    },
  });
}

/** Where the word can be read. What is digested is the word alone: the trail takes no text of a person. */
function reasonOf(
  site: Site,
  { number }: Pull,
  { source, word }: { readonly source: VoteSource; readonly word: string },
) {
  return { code: word, url: wordUrl(site, number, source), digest: { sha256: hash("sha256", word) } };
}

/** Something said on a pull request, or in the issue of an incident. */
export type Said = VoteSource | { readonly kind: "incident"; readonly id: number };

/** Where a review or a comment can be read; `number` is that of the pull request or the issue. */
export function wordUrl({ trails, place }: Site, number: number, { kind, id }: Said): string {
  const anchor = kind === "review" ? `pullrequestreview-${id}` : `issuecomment-${id}`;
  const thread = kind === "incident" ? "issues" : "pull";
  return `${trails.setting(place).state.replace("git+", "")}/${thread}/${number}#${anchor}`;
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
