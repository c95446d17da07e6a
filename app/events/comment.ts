import { hash } from "node:crypto";
import { type ApproveCommand, type Command, parseCommands, USAGES } from "../../gate/approval/command.ts";
import { COMMAND_WORD } from "../../gate/approval/comment-lines.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { join, md } from "../../gate/report/escape.ts";
import { publishComment } from "../github/comment.ts";
import type { Pull } from "../github/pull.ts";
import { toAccount } from "../github/pull.ts";
import { type Reaction, react } from "../github/reaction.ts";
import { at, instantAt, numberAt, optional, textAt } from "../github/shape.ts";
import { writersAmong } from "../github/writers.ts";
import { repositoryOf } from "../place.ts";
import type { Site } from "../services.ts";
import type { DecisionRow, KeptVote } from "../store/archive.ts";
import { recordOf } from "../store/decision-record.ts";
import { decisionSeen, standingDecision } from "./approvals.ts";
import { dropWords, holdsWord, keepWord } from "./break-glass.ts";
import { beginComment } from "./comment-begun.ts";
import { noteGone, wordsLeft } from "./comment-gone.ts";
import { mayCount } from "./may-count.ts";
import { recordWithdrawal } from "./votes.ts";
import { askForWaiver } from "./waiver.ts";

/** A comment as a delivery tells of it. */
interface Told {
  readonly id: number;
  readonly body: string;
  readonly author: { readonly id: number; readonly login: string; readonly isBot: boolean };
  readonly senderId: number;
  /** As GitHub says, in milliseconds since 1970. */
  readonly createdAt: number;
  readonly updatedAt: string;
}

/**
 * Does what a comment asks for, once; says so with a reaction, and in words only where words were asked for. Whether
 * the pull request has to be judged again.
 */
export async function takeComment(site: Site, pull: Pull, payload: unknown): Promise<boolean> {
  const action = textAt(payload, "action");
  // Somebody changed or removed what we say: it is said again.
  if (isOurs(site, payload)) return action !== "created";
  const told = toldIn(payload);
  // What a bot says is no command.
  if (told === undefined || told.author.isBot) return false;
  if (action === "created") return takeNew(site, pull, told);
  if (action === "edited") {
    const before = optional(textAt, payload, "changes", "body", "from");
    return takeEdited(site, pull, { told, before });
  }
  return action === "deleted" && takeDeleted(site, pull, told);
}

function isOurs({ config }: Site, payload: unknown): boolean {
  return at(payload, "comment", "performed_via_github_app", "id") === config.appId;
}

function toldIn(payload: unknown): Told | undefined {
  const comment = at(payload, "comment");
  const author = toAccount(at(comment, "user"));
  const sender = optional(numberAt, payload, "sender", "id");
  if (author === undefined || sender === undefined) return undefined;
  return {
    ...{
      id: numberAt(comment, "id"),
      body: optional(textAt, comment, "body") ?? "",
      author,
      senderId: sender,
    },
    createdAt: instantAt(comment, "created_at"),
    updatedAt: new Date(instantAt(comment, "updated_at")).toISOString(),
  };
}

async function takeNew(site: Site, pull: Pull, told: Told): Promise<boolean> {
  const { commands: written, problems } = parseCommands(told.body);
  const commands = await wordsLeft(site, told.id, written);
  if (commands.length === 0 && problems.length === 0) return false;
  const { reaction, isHeard } = await obey(site, pull, { told, commands, isClear: problems.length === 0 });
  await react(site.client, { ...site.place, commentId: told.id }, reaction);
  return isHeard;
}

interface Order {
  readonly told: Told;
  readonly commands: readonly Command[];
  readonly isClear: boolean;
}

interface Obeyed {
  readonly reaction: Reaction;
  /** Whether anything came of it: a stranger's word makes nobody work. */
  readonly isHeard: boolean;
}

const REFUSED: Obeyed = { reaction: "-1", isHeard: false };

/** A strange or a misspelt word gets one quiet sign, and no answer that others would have to read. */
async function obey(site: Site, pull: Pull, { told, commands, isClear }: Order): Promise<Obeyed> {
  if (pull.state === "closed" || pull.locked) return REFUSED;
  const writers = await writersAmong(site.client, repositoryOf(site.place), [
    { userId: told.author.id, login: told.author.login },
  ]);
  if (!writers.has(told.author.id)) return REFUSED;
  const { archive } = site.store;
  const about = { repositoryId: site.place.repositoryId, number: pull.number };
  const setting: Setting = {
    ...{ site, pull, told },
    standing: await standingDecision(archive, about.repositoryId, about.number, pull.head.sha),
    seen: await decisionSeen(archive, { ...about, at: told.createdAt }),
  };
  const done: boolean[] = [];
  for (const command of commands) done.push(await doCommand(setting, command));
  const isHeard = done.includes(true);
  if (done.includes(false)) return { reaction: "-1", isHeard };
  const isVain = commands.some((command) => command.kind === "approve" && !mayTakeSeat(setting, command));
  return { reaction: isClear && !isVain ? "+1" : "confused", isHeard };
}

interface Setting {
  readonly site: Site;
  readonly pull: Pull;
  readonly told: Told;
  /** What the head was last decided to be. */
  readonly standing: DecisionRow | undefined;
  /** What had been decided when the comment was written; perhaps of another head. */
  readonly seen: DecisionRow | undefined;
}

/** False for what is refused. */
async function doCommand(setting: Setting, command: Command): Promise<boolean> {
  const { site, pull, told } = setting;
  switch (command.kind) {
    case "approve":
      return !pull.draft && isAbout(setting.seen, command) && vote(setting, "approve", command.model);
    case "reject":
      return !pull.draft && vote(setting, "reject");
    case "withdraw":
      return withdraw(setting);
    case "recheck":
      return true;
    case "waive":
      return answer(
        setting,
        await askForWaiver(site, pull, {
          ...{ command, record: standingRecord(setting), requester: told.author.id, commentId: told.id },
        }),
      );
    case "break-glass":
      return breakGlass(setting, command);
    case "explain":
      return answer(setting, explanation(standingRecord(setting), command.gate));
    case "help":
      await answer(setting, help());
      return true;
  }
}

/** Nobody can approve before there is something to see; and who names a model or a digest means that one. */
function isAbout(seen: DecisionRow | undefined, { model, digest }: ApproveCommand): boolean {
  if (seen === undefined || (model !== undefined && !seen.models.includes(model))) return false;
  return digest === undefined || seen.subject.startsWith(digest);
}

/** Nobody is to believe that their approval opens what it cannot: the report says why. */
function mayTakeSeat({ seen, told: { author, id, createdAt } }: Setting, { model }: ApproveCommand): boolean {
  if (seen === undefined) return false;
  return mayCount(recordOf(seen), {
    ...{ userId: author.id, login: author.login, commentId: id, at: new Date(createdAt).toISOString() },
    ...(model !== undefined && { model }),
  });
}

async function vote(
  { site, pull, told, seen }: Setting,
  kind: "approve" | "reject",
  model?: string,
): Promise<boolean> {
  await site.store.archive.keepVote({
    ...{ repositoryId: site.place.repositoryId, number: pull.number, source: "comment", sourceId: told.id },
    ...{ userId: told.author.id, login: told.author.login, kind, head: seen?.head ?? pull.head.sha },
    ...(seen !== undefined && { subject: seen.subject }),
    ...(model !== undefined && { model }),
    at: told.createdAt,
  });
  return true;
}

async function withdraw({ site, pull, told }: Setting): Promise<boolean> {
  const { store, place } = site;
  const votes = await store.archive.votes(place.repositoryId, pull.number);
  for (const vote of votes) {
    if (vote.userId !== told.author.id || !isBefore(vote, told)) continue;
    await recordWithdrawal(site, pull, { vote, actorId: told.author.id, code: "withdrawn" });
  }
  await dropWords(site, pull.number, ({ userId, commentId, at: saidAt }) => {
    const word = { source: "comment", sourceId: commentId, at: Date.parse(saidAt) } as const;
    return userId === told.author.id && (commentId === told.id || isBefore(word, told));
  });
  await store.archive.keepVote({
    ...{ repositoryId: place.repositoryId, number: pull.number, source: "comment", sourceId: told.id },
    ...{
      userId: told.author.id,
      login: told.author.login,
      kind: "revoke",
      head: pull.head.sha,
      at: told.createdAt,
    },
  });
  return true;
}

/** A comment takes back what was said before it, also when it is told of late; of one second, ids tell comments apart. */
function isBefore(
  { source, sourceId, at: votedAt }: Pick<KeptVote, "source" | "sourceId" | "at">,
  { id, createdAt }: Pick<Told, "id" | "createdAt">,
): boolean {
  const seconds = Math.floor(votedAt / 1_000) - Math.floor(createdAt / 1_000);
  return seconds === 0 ? source === "review" || sourceId < id : seconds < 0;
}

async function breakGlass(
  { site, pull, told, seen }: Setting,
  { ground, because }: Extract<Command, { kind: "break-glass" }>,
): Promise<boolean> {
  if (seen === undefined) return false;
  // Its author's later word may have been told of first.
  if (await isTakenBack({ site, pull, told })) return true;
  await keepWord(site, pull.number, {
    subject: seen.subject,
    word: {
      ...{ userId: told.author.id, login: told.author.login, isBot: told.author.isBot, commentId: told.id },
      at: `${new Date(told.createdAt).toISOString().slice(0, 19)}Z`,
      reason: hash("sha256", because),
      ...(ground !== undefined && { ground }),
    },
  });
  return true;
}

async function isTakenBack({ site, pull, told }: Pick<Setting, "site" | "pull" | "told">): Promise<boolean> {
  const word = { source: "comment", sourceId: told.id, at: told.createdAt } as const;
  const votes = await site.store.archive.votes(site.place.repositoryId, pull.number);
  return votes.some(
    ({ kind, source, userId, sourceId: id, at: createdAt }) =>
      kind === "revoke" &&
      source === "comment" &&
      userId === told.author.id &&
      isBefore(word, { id, createdAt }),
  );
}

function standingRecord({ standing }: Setting): DecisionRecord | undefined {
  return standing && recordOf(standing);
}

/** One answer for each comment that asks, however often it is delivered. False where there is nothing to say. */
async function answer({ site, pull, told }: Setting, body: string | undefined): Promise<boolean> {
  if (body === undefined) return false;
  const marker = `<!-- weighbridge:answer:${told.id} -->`;
  const begin = () => beginComment(site, `answer/${told.id}`);
  await publishComment(site.client, { pull, marker, toBody: () => `${marker}\n${body}`, begin });
  return true;
}

/** Why a gate is not open, and what opens it; undefined where the decision has no such gate. */
export function explanation(record: DecisionRecord | undefined, gate: string): string | undefined {
  const results = record?.results.filter((result) => result.gate === gate) ?? [];
  const [first] = results;
  if (first === undefined) return undefined;
  const lines = results.flatMap(({ model, outcome, findings }) =>
    findings.map(({ message }) => md`- ${model ?? "the change"}: ${outcome}. ${message}`),
  );
  return md`**${gate}** ${first.title}\n\n${first.why}\n\n${join(lines, md`\n`)}\n\n**Remedy:** ${first.fix}\n`
    .source;
}

function help(): string {
  const lines = Object.values(USAGES).map((usage) => md`    ${COMMAND_WORD} ${usage}`);
  return md`One command a line, at its beginning:\n\n${join(lines, md`\n`)}\n`.source;
}

/** A comment that was changed is no new word; and one that held a word, or got one, was tampered with. */
async function takeEdited(
  { trails, place }: Site,
  pull: Pull,
  { told, before }: { readonly told: Told; readonly before: string | undefined },
): Promise<boolean> {
  const held = [told.body, before ?? ""].some((text) => {
    const { commands, problems } = parseCommands(text);
    return commands.length + problems.length > 0;
  });
  if (!held) return false;
  await trails.recordEvent(place, {
    kind: "tamper.detected",
    head: pull.head.sha,
    tamper: { object: "comment", id: String(told.id), updated_at: told.updatedAt },
  });
  return true;
}

/**
 * Who takes back their own comment takes back the approval in it, or the word for breaking the glass, and nothing that
 * they said later; nobody else can.
 */
async function takeDeleted(site: Site, pull: Pull, told: Told): Promise<boolean> {
  const { store, place, trails } = site;
  await noteGone(site, told.id, told.senderId === told.author.id ? "author" : "other");
  const votes = await store.archive.votes(place.repositoryId, pull.number);
  const said = votes.filter(({ source, sourceId }) => source === "comment" && sourceId === told.id);
  const isWord = await holdsWord(site, pull.number, told.id);
  if (said.length === 0 && !isWord) return false;
  await trails.recordEvent(place, {
    kind: "tamper.detected",
    head: pull.head.sha,
    tamper: { object: "comment.deleted", id: String(told.id), updated_at: told.updatedAt },
  });
  if (told.senderId !== told.author.id) return true;
  if (isWord) await dropWords(site, pull.number, ({ commentId }) => commentId === told.id);
  const approvals = said.filter(({ kind }) => kind === "approve");
  const [vote] = approvals;
  if (vote !== undefined) {
    await recordWithdrawal(site, pull, { vote, actorId: told.author.id, code: "deleted" });
  }
  for (const kept of approvals) await store.archive.keepVote({ ...kept, kind: "revoke" });
  return true;
}
