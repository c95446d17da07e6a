import { canonical } from "../parse/canonical.ts";
import type { Ground } from "./break-glass.ts";
import { COMMAND_WORD, type CommandLine, commandLines, trimSpace } from "./comment-lines.ts";

/** UTF-16 units of a comment: twice the characters that GitHub lets one have. */
export const COMMENT_CHARS_MAX = 131_072;
export const COMMANDS_MAX = 20;
const REASON_CHARS_MAX = 2_000;

interface Common {
  /** In the comment, from 1. */
  readonly line: number;
}

export interface ApproveCommand extends Common {
  readonly kind: "approve";
  /** The one model that is approved; absent where it is the whole change. */
  readonly model?: string;
  /** `sha256:` and the first digits of the subject that is approved. */
  readonly digest?: string;
}

export interface WaiveCommand extends Common {
  readonly kind: "waive";
  readonly gate: string;
  /** Last day, `YYYY-MM-DD`. */
  readonly until: string;
  readonly because: string;
}

export interface BreakGlassCommand extends Common {
  readonly kind: "break-glass";
  readonly because: string;
  /** What the reason begins with, where it does. */
  readonly ground?: Ground;
}

/** What somebody asks for in a comment. Texts are as they were written: escape them for what they are shown in. */
export type Command =
  | ApproveCommand
  | (Common & { readonly kind: "reject"; readonly because?: string })
  | (Common & { readonly kind: "withdraw" | "recheck" | "help" })
  | WaiveCommand
  | BreakGlassCommand
  | (Common & { readonly kind: "explain"; readonly gate: string });

/** A line that looks like a command and is none, and why. Nothing of what was written stands in the message. */
export interface CommandProblem extends Common {
  readonly code:
    | "COMMENT_TOO_LONG"
    | "COMMANDS_TOO_MANY"
    | "COMMAND_UNCERTAIN"
    | "COMMAND_UNKNOWN"
    | "COMMAND_MALFORMED"
    | "COMMAND_CONFLICT";
  readonly message: string;
}

export interface Commands {
  readonly commands: readonly Command[];
  readonly problems: readonly CommandProblem[];
}

/** How each command is written, for an answer to `help`. */
export const USAGES = {
  approve: "approve [MODEL] [sha256:DIGITS]",
  reject: "reject [because REASON]",
  withdraw: "withdraw",
  waive: "waive GATE until YYYY-MM-DD because REASON",
  "break-glass": "break-glass because REASON",
  recheck: "recheck",
  explain: "explain GATE",
  help: "help",
} as const satisfies Readonly<Record<Command["kind"], string>>;

/**
 * What a comment asks for: a line that begins with `/weighbridge` at its first character and holds one command, whole
 * and exactly as it is spelt. Commands that contradict one another are all refused.
 */
export function parseCommands(body: string): Commands {
  if (body.length > COMMENT_CHARS_MAX) {
    const message = `The comment has more than ${COMMENT_CHARS_MAX} characters`;
    return { commands: [], problems: [{ line: 1, code: "COMMENT_TOO_LONG", message }] };
  }
  const lines = commandLines(body);
  const beyond = lines[COMMANDS_MAX];
  if (beyond !== undefined) {
    const message = `The comment has more than ${COMMANDS_MAX} commands, none is done`;
    return { commands: [], problems: [{ line: beyond.line, code: "COMMANDS_TOO_MANY", message }] };
  }
  const parsed = lines.map(parseLine);
  const problems = parsed.flatMap((each) => ("code" in each ? [each] : []));
  const settled = refuseConflicts(parsed.flatMap((each) => ("code" in each ? [] : [each])));
  return { commands: settled.commands, problems: [...problems, ...settled.problems].sort(byLine) };
}

function byLine(a: Common, b: Common): number {
  return a.line - b.line;
}

function parseLine({ line, text, doubt }: CommandLine): Command | CommandProblem {
  if (doubt !== undefined) {
    const message = `This may not be meant as a command: ${doubt}; write it into a comment of its own`;
    return { line, code: "COMMAND_UNCERTAIN", message };
  }
  const [verb = "", ...words] = text.split(/[ \t]+/);
  if (!Object.hasOwn(USAGES, verb)) {
    const message = `This is no command; write ${COMMAND_WORD} help for those that are`;
    return { line, code: "COMMAND_UNKNOWN", message };
  }
  const kind = verb as Command["kind"];
  const command = read(kind, words, trimSpace(text.slice(verb.length)));
  if (command !== undefined) return { ...command, line };
  return { line, code: "COMMAND_MALFORMED", message: `Expected ${COMMAND_WORD} ${USAGES[kind]}` };
}

type WithoutLine<T> = T extends Command ? Omit<T, "line"> : never;
type Unplaced = WithoutLine<Command>;

function read(kind: Command["kind"], words: readonly string[], rest: string): Unplaced | undefined {
  switch (kind) {
    case "approve":
      return readApprove(words);
    case "reject":
      return readReject(words, rest);
    case "waive":
      return readWaive(words, rest);
    case "break-glass":
      return readBreakGlass(rest);
    case "explain":
      return words.length === 1 && GATE.test(words[0] ?? "") ? { kind, gate: words[0] ?? "" } : undefined;
    default:
      return words.length === 0 ? { kind } : undefined;
  }
}

const MODEL = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;
const DIGEST = /^sha256:[0-9a-f]{8,64}$/;
const GATE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

function readApprove(words: readonly string[]): Unplaced | undefined {
  const last = words.at(-1);
  const digest = last !== undefined && DIGEST.test(last) ? last : undefined;
  const [model, ...more] = digest === undefined ? words : words.slice(0, -1);
  if (more.length > 0 || (model !== undefined && !MODEL.test(model))) return undefined;
  return {
    kind: "approve",
    ...(model === undefined ? {} : { model }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function readReject(words: readonly string[], rest: string): Unplaced | undefined {
  if (words.length === 0) return { kind: "reject" };
  const because = reasonIn(rest);
  return because === undefined ? undefined : { kind: "reject", because };
}

function readWaive([gate = "", word, until = ""]: readonly string[], rest: string): Unplaced | undefined {
  const because = reasonIn(rest.replace(/^[^ \t]+[ \t]+until[ \t]+[^ \t]+[ \t]+/, ""));
  if (!GATE.test(gate) || word !== "until" || !isDay(until) || because === undefined) return undefined;
  return { kind: "waive", gate, until, because };
}

function readBreakGlass(rest: string): Unplaced | undefined {
  const because = reasonIn(rest);
  if (because === undefined) return undefined;
  const ground = GROUNDS.find(({ pattern }) => pattern.test(because))?.ground;
  return { kind: "break-glass", because, ...(ground === undefined ? {} : { ground }) };
}

const GROUNDS = [
  { pattern: /^rollback\b/, ground: "rollback" },
  { pattern: /^security\b/, ground: "security" },
  { pattern: /^(?:live )?harm\b/, ground: "harm" },
] as const satisfies readonly { pattern: RegExp; ground: Ground }[];

/** The text after `because`; undefined where it says nothing or too much. */
function reasonIn(rest: string): string | undefined {
  const because = /^because[ \t]+(.+)$/.exec(rest)?.[1];
  if (because === undefined || because.length > REASON_CHARS_MAX) return undefined;
  return /[\p{L}\p{N}]/u.test(because) ? because : undefined;
}

/** Whether the text is the day that it stands for: `2026-02-30` is not. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}

/** Each thing once; all of those that cannot be meant together go. */
function refuseConflicts(all: readonly Command[]): Commands {
  const once = all.filter((command, index) => index === all.findIndex((other) => isSame(command, other)));
  const isRefused = (command: Command) => once.some((other) => contradicts(command, other));
  return {
    commands: once.filter((command) => !isRefused(command)),
    problems: once.filter(isRefused).map(({ line }) => ({
      line,
      code: "COMMAND_CONFLICT",
      message: "The comment says something else in another line; none of the two is done",
    })),
  };
}

function isSame({ line: _, ...a }: Command, { line: __, ...b }: Command): boolean {
  return canonical(a) === canonical(b);
}

const VOTES: ReadonlySet<Command["kind"]> = new Set(["approve", "reject", "withdraw"]);

function contradicts(a: Command, b: Command): boolean {
  if (a === b) return false;
  if (a.kind === "approve" && b.kind === "approve") return a.model === b.model || !a.model !== !b.model;
  if (VOTES.has(a.kind) && VOTES.has(b.kind)) return true;
  if (a.kind === "waive" && b.kind === "waive") return a.gate === b.gate;
  return a.kind === "break-glass" && b.kind === "break-glass";
}
