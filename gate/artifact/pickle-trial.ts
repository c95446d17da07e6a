import type { ByteSource } from "../model/bytes.ts";
import { ByteWindow } from "./byte-window.ts";
import { TRIAL_LINE_BYTES_MAX, TRIAL_OPCODES_MAX } from "./limits.ts";
import { type Argument, OPCODES, type Opcode } from "./pickle-opcodes.ts";

/** What came of reading bytes as pickles, up to the first byte that no unpickler would accept. */
export interface Trial {
  readonly opcodes: number;
  /** Something imported was called, or its frames hide what is: loading runs code, whatever follows. */
  readonly calls: boolean;
  /** The first thing done was to call a function with nothing, which is how a line of Lisp reads too. */
  readonly bareCalls: boolean;
  /** Something was imported by a name that a module can have: loading runs that module, whatever follows. */
  readonly loads: boolean;
  /** A pickle that imports reached its end. */
  readonly imports: boolean;
  /** Where the last pickle that reached its end ended; 0 if none did. */
  readonly end: number;
  /**
   * Why it ended. `finished`: right after a STOP, with the bytes. `refused`: no unpickler goes on here. `cut`: the
   * bytes end inside an opcode or a pickle. `limit`: nothing wrong so far, and the limits of a trial are reached.
   */
  readonly ended: "finished" | "refused" | "cut" | "limit";
}

/** Numbers as some unpickler accepts them; the canonical grammar is the pickle reader's to hold. */
const LINES = {
  // Up to a zero byte; nothing before it is 0 to the C library.
  int: /^(?:\s*[+-]?\d[\da-fxo_]*\s*L?\s*(?:\0.*)?|\0.*)$/is,
  float: /^\s*[+-]?(?:\d|\.\d|inf|nan)[\d._e+a-z-]*\s*(?:\0.*)?$/is,
  index: /^\s*(?:\+?\d[\d_]*|-0[0_]*)\s*(?:\0.*)?$/s,
  string: /^\s*(['"]).*\1\s*$/s,
  any: /^/,
} as const;

const MODULE = /^[\p{L}_][\p{L}\p{N}_]*(?:\.[\p{L}_][\p{L}\p{N}_]*)*\r?$/u;
/** What Python looks for on the disk: the name up to the first dot, whose length and characters a file can have. */
const IMPORTABLE = /^[^\0./]{1,255}(?:\.|$)/;
/** A module, a class and a number are shorter. */
const LINE_BYTES_KEPT = 4096;
/** Python knows five; whoever loads with a newer one, or with a loader of their own, gets further. */
const PROTOCOL_MAX = 15;

const PUTS = new Set(["PUT", "BINPUT", "LONG_BINPUT"]);
const GETS = new Set(["GET", "BINGET", "LONG_BINGET"]);
const CALLS = new Set(["REDUCE", "NEWOBJ", "NEWOBJ_EX", "OBJ", "BUILD"]);
/** Change what they are given: `os.environ` and `sys.path` need no call. */
const CHANGES = new Set(["SETITEM", "SETITEMS", "APPEND", "APPENDS", "ADDITEMS"]);
const TEXTS = new Set([
  "STRING",
  "BINSTRING",
  "SHORT_BINSTRING",
  "UNICODE",
  "BINUNICODE",
  "SHORT_BINUNICODE",
  "BINUNICODE8",
]);
const IMPORTS = new Set(["GLOBAL", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4"]);

/**
 * Reads bytes as a chain of pickles, without making anything of them: depth of the stack, marks and memo indices
 * only. Stops at the first call, for then there is nothing left to ask.
 */
export function tryPickle(source: ByteSource, opcodesMax = TRIAL_OPCODES_MAX): Promise<Trial> {
  return new TrialMachine(source, opcodesMax).run();
}

/** An opcode and the longest argument of fixed size. */
const LOOK_AHEAD_BYTES = 9;

class TrialMachine {
  readonly #window: ByteWindow;
  readonly #opcodesMax: number;
  #offset = 0;
  #opcodes = 0;
  #lineBytes = 0;
  #depth = 0;
  #marks: number[] = [];
  #memo = new Set<number>();
  /** Something was put under a number that was not kept. */
  #anyMemo = false;
  #hasText = false;
  #imported = false;
  /** Something proper was imported, and then a value with an argument put. */
  #changeable: "no" | "imported" | "given" = "no";
  #loads = false;
  #calls = false;
  #bareCalls = false;
  #imports = false;
  #end = 0;
  #ended: Trial["ended"] | undefined;
  /** Of the opcode being read: its last line as text, its number, and whether it names a proper module, or any. */
  #line = "";
  /** Whether that is all of it. */
  #isWhole = true;
  #number = 0;
  #named = false;
  #importable = false;

  #frameEnd = 0;

  constructor(source: ByteSource, opcodesMax: number) {
    this.#window = new ByteWindow(source);
    this.#opcodesMax = opcodesMax;
  }

  async run(): Promise<Trial> {
    // Waits only for bytes: a promise for each opcode would cost more than the opcode.
    while (this.#ended === undefined && !this.#calls) {
      const lookAhead = Math.min(LOOK_AHEAD_BYTES, this.#window.size - this.#offset);
      if (!this.#window.covers(this.#offset, lookAhead)) await this.#window.cover(this.#offset, lookAhead);
      const opcode = this.#nextOpcode();
      if (opcode === undefined) break;
      const { argument } = opcode;
      this.#isWhole = true;
      const isText = argument.kind === "line" || argument.kind === "global";
      const isRead = isText ? await this.#readText(argument) : this.#readNumber(argument);
      if (!isRead || !this.#apply(opcode)) this.#ended ??= "refused";
      else this.#opcodes++;
    }
    return {
      opcodes: this.#opcodes,
      calls: this.#calls,
      bareCalls: this.#bareCalls,
      loads: this.#loads,
      imports: this.#imports,
      end: this.#end,
      ended: this.#ended ?? "refused",
    };
  }

  #nextOpcode(): Opcode | undefined {
    if (this.#opcodes >= this.#opcodesMax) this.#ended = "limit";
    else if (this.#offset === this.#window.size)
      this.#ended = this.#end === this.#offset ? "finished" : "cut";
    else return OPCODES.get(this.#window.u8(this.#offset++));
    return undefined;
  }

  /** Sets why the trial ends. */
  #stopAs(ended: Trial["ended"]): false {
    this.#ended = ended;
    return false;
  }

  /** Reads the number of an argument that is no text, and steps over the bytes that it counts. */
  #readNumber(argument: Argument): boolean {
    if (argument.kind !== "fixed" && argument.kind !== "counted") return true;
    const bytes = argument.kind === "fixed" ? argument.bytes : argument.prefix;
    this.#mindFrame(bytes);
    if (!this.#window.covers(this.#offset, bytes)) return this.#stopAs("cut");
    this.#number = this.#window.number(this.#offset, bytes);
    this.#offset += bytes;
    if (argument.kind === "fixed") return true;
    if (argument.signed && this.#number >= 2 ** 31) return false;
    this.#mindFrame(this.#number);
    if (this.#number > this.#window.size - this.#offset) return this.#stopAs("cut");
    this.#offset += this.#number;
    return true;
  }

  /**
   * No pickler writes an argument that is longer than its frame. `_pickle.c` goes on behind the frame with it or not, as
   * it happened to read the frame: what it runs there cannot be told.
   */
  #mindFrame(bytes: number): void {
    this.#calls ||= this.#offset < this.#frameEnd && this.#offset + bytes > this.#frameEnd;
  }

  async #readText(argument: Argument & { kind: "line" | "global" }): Promise<boolean> {
    const start = this.#offset;
    if (!(await this.#readLine())) return false;
    const line = this.#line;
    if (argument.kind === "line") return this.#isAccepted(argument.text, line);
    if (!(await this.#readLine())) return false;
    this.#named = MODULE.test(line) && MODULE.test(this.#line);
    this.#importable = IMPORTABLE.test(line) && (this.#loads || (await this.#isUtf8(start, this.#offset)));
    return true;
  }

  /** Of a line too long to be kept, the number may stand in the part that is not. */
  #isAccepted(text: keyof typeof LINES, line: string): boolean {
    return (!this.#isWhole && text !== "string") || LINES[text].test(line);
  }

  /** Whether bytes are UTF-8: names are decoded to their ends before anything is imported by them. */
  async #isUtf8(start: number, end: number): Promise<boolean> {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    try {
      for (let offset = start; offset < end; offset += LINE_BYTES_KEPT) {
        const length = Math.min(LINE_BYTES_KEPT, end - offset);
        await this.#window.cover(offset, length);
        decoder.decode(this.#window.bytes(offset, length), { stream: true });
      }
      decoder.decode();
      return true;
    } catch (error) {
      if (error instanceof TypeError) return false;
      throw error;
    }
  }

  async #readLine(): Promise<boolean> {
    const end = Math.min(this.#window.size, this.#offset + TRIAL_LINE_BYTES_MAX - this.#lineBytes);
    const feed = await this.#window.lineFeed(this.#offset, end);
    this.#mindFrame((feed < 0 ? end : feed + 1) - this.#offset);
    if (feed < 0) return this.#stopAs(end === this.#window.size ? "cut" : "limit");
    const length = feed - this.#offset;
    this.#line = await this.#lineText(length);
    this.#number = Number.parseInt(this.#line.replaceAll("_", ""), 10);
    this.#lineBytes += length + 1;
    this.#offset = feed + 1;
    return true;
  }

  /** The line; of a long one its two ends, which is what the patterns look at. */
  async #lineText(length: number): Promise<string> {
    this.#isWhole = length <= LINE_BYTES_KEPT;
    if (this.#isWhole) return this.#text(this.#offset, length);
    const half = LINE_BYTES_KEPT / 2;
    return (await this.#text(this.#offset, half)) + (await this.#text(this.#offset + length - half, half));
  }

  async #text(offset: number, length: number): Promise<string> {
    await this.#window.cover(offset, length);
    return new TextDecoder().decode(this.#window.bytes(offset, length));
  }

  /** Does what the opcode does to the stack; false where every unpickler would refuse. */
  #apply(opcode: Opcode): boolean {
    const { name } = opcode;
    if (name === "MARK") {
      this.#marks.push(this.#depth);
      return true;
    }
    if (name === "PROTO") return this.#number <= PROTOCOL_MAX;
    if (name === "FRAME") this.#openFrame();
    if (name === "POP" && this.#depth === this.#fence && this.#marks.length > 0) {
      this.#marks.pop();
      return true;
    }
    if (GETS.has(name) && this.#isWhole && !this.#anyMemo && !this.#memo.has(this.#number)) return false;
    const inMark = this.#depth - this.#fence;
    if (opcode.toMark && !this.#dropToMark(name)) return false;
    if (this.#depth - this.#fence < opcode.pops) return false;
    this.#depth += opcode.pushes - opcode.pops;
    this.#note(opcode, inMark);
    return true;
  }

  /** A frame that the file does not hold ends no reading; one inside of another no pickler writes, either. */
  #openFrame(): void {
    const end = this.#offset + this.#number;
    this.#calls ||= this.#offset < this.#frameEnd;
    if (end <= this.#window.size) this.#frameEnd = end;
  }

  get #fence(): number {
    return this.#marks.at(-1) ?? 0;
  }

  #dropToMark(name: string): boolean {
    const mark = this.#marks.pop();
    if (mark === undefined || (name === "OBJ" && this.#depth === mark)) return false;
    this.#depth = mark;
    return true;
  }

  #note({ name, argument }: Opcode, inMark: number): void {
    if (this.#changeable === "imported" && argument.kind !== "none") this.#changeable = "given";
    if (PUTS.has(name)) {
      this.#memo.add(this.#number);
      this.#anyMemo ||= !this.#isWhole;
    }
    if (name === "MEMOIZE") this.#memo.add(this.#memo.size);
    else if (IMPORTS.has(name)) this.#noteImport(name);
    else if (CALLS.has(name)) this.#calls ||= this.#imported;
    else if (CHANGES.has(name)) this.#calls ||= this.#changeable === "given";
    else if (name === "INST") this.#noteInst(inMark);
    else if (name === "STOP") this.#stop();
    this.#hasText ||= TEXTS.has(name);
  }

  /** The names of a STACK_GLOBAL are texts, or loading ends there. */
  #noteImport(name: string): void {
    this.#imported = true;
    this.#loads ||= name === "GLOBAL" ? this.#importable : name === "STACK_GLOBAL" && this.#hasText;
    if (this.#changeable === "no" && (name !== "GLOBAL" || this.#named)) this.#changeable = "imported";
  }

  /** A file that begins with `(if` and two lines may be Lisp: there, only an INST that passes something is a call. */
  #noteInst(inMark: number): void {
    this.#imported = true;
    this.#loads ||= this.#importable;
    this.#calls ||= inMark > 0 || (this.#named && this.#opcodes > 1);
    this.#bareCalls ||= this.#named;
  }

  #stop(): void {
    this.#imports ||= this.#imported;
    // Whoever loads the next one goes on behind the frame, or here.
    this.#calls ||= this.#offset < this.#frameEnd;
    this.#end = this.#offset;
    this.#depth = 0;
    this.#marks = [];
    this.#memo = new Set();
    this.#anyMemo = false;
  }
}
