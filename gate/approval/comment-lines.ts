/** What a line with a command begins with. */
export const COMMAND_WORD = "/weighbridge";

/** A line of a comment that begins with the word, without its end; lines count from 1. */
export interface CommandLine {
  readonly line: number;
  /** What follows the word. */
  readonly text: string;
  /** Why it cannot be taken for a command, where it cannot: it may not be what a reader of the comment sees. */
  readonly doubt?: string;
}

/** Spaces and tabs alone are space: what else looks like it is text, in Markdown as here. */
const BLANK = /^[ \t]*$/;
const FENCE = /^(?:(`{3,})[^`]*$|(~{3,}))/;
/** Spaces and the marks of lists and quotes in front of what a line holds. */
const CONTAINERS = /^[ \t]*(?:(?:[-+*]|\d{1,9}[.)])[ \t]+)*/;
/** A tag, a comment or a declaration of HTML: what stands between it and its end may not be seen. */
const HTML = /<[A-Za-z/!?]/;
/** What can open a code span, a link's title, a formula or struck-out text that goes on in the next line. */
const OPENERS = /[`[$~<]/;

/** What is open in a comment as its lines go by. */
interface Reading {
  /** The mark of a fence that has to come again. */
  fence?: string;
  isComment: boolean;
  /** A quote goes on in the lines of its paragraph, whether or not they have its mark. */
  isQuote: boolean;
  hasOpener: boolean;
  /** Something was opened that only a browser could tell the end of. */
  isLost: boolean;
}

/**
 * The lines that begin with the word at their first character, outside of quotes, fences and HTML comments. Those that
 * only a full rendering could tell are given with a doubt. CommonMark 0.31, read so that every doubt is a doubt; linear
 * in the length of the body.
 */
export function commandLines(body: string): readonly CommandLine[] {
  const reading: Reading = { isComment: false, isQuote: false, hasOpener: false, isLost: false };
  return body.split(/\r\n|\r|\n/).flatMap((text, index) => {
    const isText = !skips(text, reading);
    if (!isText) return [];
    const found = isCommand(text) ? [toCommandLine(text, index + 1, reading)] : [];
    follow(text, reading);
    return found;
  });
}

/** The word itself, followed by nothing that belongs to it: no other letter, no mark that cannot be seen. */
function isCommand(text: string): boolean {
  return text.split(/[ \t]/, 1)[0] === COMMAND_WORD;
}

function toCommandLine(text: string, line: number, reading: Reading): CommandLine {
  const doubt = doubtOf(reading);
  const rest = trimSpace(text.slice(COMMAND_WORD.length));
  return { line, text: rest, ...(doubt === undefined ? {} : { doubt }) };
}

function doubtOf({ isLost, isQuote, hasOpener }: Reading): string | undefined {
  if (isLost) return "HTML or an indented fence stands before it";
  if (isQuote) return "it follows a quote without an empty line between";
  if (hasOpener) return "what stands before it in its paragraph may not end there";
  return undefined;
}

/** Whether the line is in a fence or a comment, is empty or quoted; opens and closes them. */
function skips(text: string, reading: Reading): boolean {
  if (reading.fence !== undefined) {
    if (closes(text, reading.fence)) delete reading.fence;
    return true;
  }
  if (reading.isComment) {
    endComment(text, 0, reading);
    return true;
  }
  if (BLANK.test(text)) {
    reading.isQuote = false;
    reading.hasOpener = false;
    return true;
  }
  const fence = FENCE.exec(text);
  if (fence !== null) {
    Object.assign(reading, { fence: fence[1] ?? fence[2], isQuote: false, hasOpener: false });
    return true;
  }
  return opensComment(text, reading) || isQuoted(text, reading);
}

/** The same mark, at least as often, and nothing else. */
function closes(text: string, fence: string): boolean {
  const mark = /^ {0,3}(`+|~+)[ \t]*$/.exec(text)?.[1];
  return mark?.startsWith(fence) === true;
}

/** At the first character alone; anywhere else it is HTML like any other. */
function opensComment(text: string, reading: Reading): boolean {
  if (!text.startsWith("<!--")) return false;
  reading.isComment = true;
  // A whole comment to HTML, an open one to some readers of Markdown.
  if (/^<!---?>/.test(text)) reading.isLost = true;
  endComment(text, "<!--".length, reading);
  return true;
}

function endComment(text: string, from: number, reading: Reading): void {
  const end = text.indexOf("-->", from);
  if (end < 0) return;
  reading.isComment = false;
  if (HTML.test(text.slice(end))) reading.isLost = true;
}

function isQuoted(text: string, reading: Reading): boolean {
  if (!text.slice(CONTAINERS.exec(text)?.[0].length).startsWith(">")) return false;
  reading.isQuote = true;
  // An open comment swallows the end of the quote and all that follows.
  if (text.lastIndexOf("<!--") > text.lastIndexOf("-->")) reading.isLost = true;
  return true;
}

/** What a line of text leaves open for those that follow. */
function follow(text: string, reading: Reading): void {
  const inner = text.slice(CONTAINERS.exec(text)?.[0].length);
  const isInnerFence = inner.startsWith("```") || inner.startsWith("~~~");
  if (HTML.test(text) || isInnerFence) reading.isLost = true;
  if (OPENERS.test(text)) reading.hasOpener = true;
}

/** Without the spaces and tabs around it. */
export function trimSpace(text: string): string {
  return text.replace(/^[ \t]+/, "").replace(/(?<![ \t])[ \t]+$/, "");
}
