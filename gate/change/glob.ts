/**
 * The patterns of gitattributes(5), which are those of gitignore(5) and match bytes: texts here hold one byte for
 * each character. A set of states walks over the path, for backtracking over a pattern that an attacker wrote may
 * take time by its power.
 */

type Step =
  | { readonly kind: "literal"; readonly byte: string }
  | { readonly kind: "class"; readonly accepts: (byte: string) => boolean }
  /** Any number of bytes; of one folder, unless it crosses slashes. */
  | { readonly kind: "many"; readonly crosses: boolean }
  /** `**` and the slash after it, which together may be nothing: the number of steps to leave out. */
  | { readonly kind: "optional"; readonly steps: number };

export interface Glob {
  readonly steps: readonly Step[];
  /** A pattern without a slash is about the name alone. */
  readonly ofName: boolean;
  /** What every match begins and ends with: most paths are told by these. */
  readonly prefix: string;
  readonly suffix: string;
}

/** A pattern ready to be matched; one that git can never match on a file matches nothing. */
export function compileGlob(pattern: string): Glob {
  const ofName = !pattern.includes("/");
  const text = pattern.startsWith("/") ? pattern.slice(1) : pattern;
  const steps: Step[] = [];
  for (let at = 0; at < text.length; ) at = compileStep({ text, at, ofName }, steps);
  // A trailing slash means a folder, and attributes are asked of files only.
  if (pattern.endsWith("/")) steps.push(NOTHING);
  const isWild = ({ kind }: Step) => kind !== "literal";
  const first = steps.findIndex(isWild);
  const prefix = textOf(first < 0 ? steps : steps.slice(0, first));
  return { steps, ofName, prefix, suffix: textOf(steps.slice(steps.findLastIndex(isWild) + 1)) };
}

function textOf(steps: readonly Step[]): string {
  return steps.map((step) => (step.kind === "literal" ? step.byte : "")).join("");
}

/** What matching may still cost, in steps tried on bytes. */
export interface Budget {
  left: number;
}

/** Whether a path below the pattern's folder matches. The budget may be overdrawn by one match. */
export function matchesGlob(
  { steps, ofName, prefix, suffix }: Glob,
  path: string,
  budget: Budget = { left: Number.POSITIVE_INFINITY },
): boolean {
  const text = ofName ? path.slice(path.lastIndexOf("/") + 1) : path;
  if (!text.startsWith(prefix) || !text.endsWith(suffix)) return false;
  if (prefix.length === steps.length) return text === prefix;
  budget.left -= text.length * steps.length;
  let states = new Uint8Array(steps.length + 1);
  let next = new Uint8Array(steps.length + 1);
  states[0] = 1;
  close(steps, states);
  for (const byte of text) {
    // An index, for this is the innermost loop over all files of a repository.
    for (let at = 0; at < steps.length; at++) {
      if (states[at] === 1) advance(steps[at]!, { byte, at, next });
    }
    close(steps, next);
    [states, next] = [next, states.fill(0)];
  }
  return states[steps.length] === 1;
}

function advance(step: Step, { byte, at, next }: { byte: string; at: number; next: Uint8Array }): void {
  if (step.kind === "literal" && step.byte === byte) next[at + 1] = 1;
  if (step.kind === "class" && step.accepts(byte)) next[at + 1] = 1;
  if (step.kind === "many" && (step.crosses || byte !== "/")) next[at] = 1;
}

/** Adds the states that are reached without a byte; all of them stand further on. */
function close(steps: readonly Step[], states: Uint8Array): void {
  for (let at = 0; at < steps.length; at++) {
    const step = steps[at]!;
    if (states[at] !== 1 || step.kind === "literal" || step.kind === "class") continue;
    states[at + 1] = 1;
    if (step.kind === "optional") states[at + 1 + step.steps] = 1;
  }
}

const NOTHING: Step = { kind: "class", accepts: () => false };
/** No literal, for the slash after `**` may be left out. */
const SLASH: Step = { kind: "class", accepts: (byte) => byte === "/" };

interface Cursor {
  readonly text: string;
  readonly at: number;
  readonly ofName: boolean;
}

/** Adds the step that begins at the cursor; gives the offset of the next. */
function compileStep(cursor: Cursor, steps: Step[]): number {
  const { text, at } = cursor;
  const sign = text[at];
  if (sign === "*") return compileStars(cursor, steps);
  if (sign === "[") return compileClass(cursor, steps);
  if (sign === "?") {
    steps.push({ kind: "class", accepts: (byte) => byte !== "/" });
    return at + 1;
  }
  const literal = sign === "\\" ? text[at + 1] : sign;
  steps.push(literal === undefined ? NOTHING : { kind: "literal", byte: literal });
  return sign === "\\" ? at + 2 : at + 1;
}

function compileStars({ text, at, ofName }: Cursor, steps: Step[]): number {
  let end = at;
  while (text[end] === "*") end++;
  // Git takes what stands before the first wildcard away, so that `**` is at the start after it, too.
  const opens = !/[*?[\\]/.test(text.slice(0, at)) || text[at - 1] === "/";
  const closes = end === text.length || text[end] === "/" || text.startsWith("\\/", end);
  const crosses = ofName || (end - at > 1 && opens && closes);
  if (crosses && !ofName && text[end] === "/") {
    steps.push({ kind: "optional", steps: 2 }, { kind: "many", crosses }, SLASH);
    return end + 1;
  }
  steps.push({ kind: "many", crosses });
  return end;
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /^[A-Za-z0-9]$/,
  alpha: /^[A-Za-z]$/,
  blank: /^[ \t]$/,
  cntrl: /^[\x00-\x1f\x7f]$/,
  digit: /^[0-9]$/,
  graph: /^[\x21-\x7e]$/,
  lower: /^[a-z]$/,
  print: /^[\x20-\x7e]$/,
  punct: /^[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]$/,
  space: /^[ \t\n\v\f\r]$/,
  upper: /^[A-Z]$/,
  xdigit: /^[0-9A-Fa-f]$/,
};

/** `[a-z]`, `[!a]`, `[^a]`, `[[:alpha:]]`; one that is not closed matches nothing. */
function compileClass({ text, at }: Cursor, steps: Step[]): number {
  const negated = text[at + 1] === "!" || text[at + 1] === "^";
  const tests: ((byte: string) => boolean)[] = [];
  let next = at + (negated ? 2 : 1);
  do {
    const named = /^\[:([a-z]+):\]/.exec(text.slice(next, next + 12));
    const member =
      named === null ? compileMember(text, next) : compileNamed(named[1]!, next + named[0].length);
    if (member === undefined) {
      steps.push(NOTHING);
      return text.length;
    }
    tests.push(member.test);
    next = member.end;
  } while (text[next] !== "]");
  steps.push({
    kind: "class",
    accepts: (byte) => byte !== "/" && tests.some((test) => test(byte)) !== negated,
  });
  return next + 1;
}

interface Member {
  readonly test: (byte: string) => boolean;
  readonly end: number;
}

function compileNamed(name: string, end: number): Member | undefined {
  const pattern = Object.hasOwn(CLASSES, name) ? CLASSES[name] : undefined;
  return pattern === undefined ? undefined : { test: (byte) => pattern.test(byte), end };
}

/** One character or a range of a class; undefined at the end of the text. */
function compileMember(text: string, at: number): Member | undefined {
  const [low, afterLow] = text[at] === "\\" ? [text[at + 1], at + 2] : [text[at], at + 1];
  if (low === undefined) return undefined;
  if (text[afterLow] !== "-" || text[afterLow + 1] === "]") {
    return { test: (byte) => byte === low, end: afterLow };
  }
  const from = afterLow + 1;
  const [high, end] = text[from] === "\\" ? [text[from + 1], from + 2] : [text[from], from + 1];
  if (high === undefined) return undefined;
  // The first is a member of its own, even of a range that runs backwards.
  return { test: (byte) => byte === low || (low <= byte && byte <= high), end };
}
