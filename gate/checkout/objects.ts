import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { GateError } from "../model/error.ts";
import { gitArguments, gitEnvironment } from "./git.ts";

/** `<oid> <type> <size>` or `<name> missing`: no line that git writes is longer than the name that was asked. */
const HEADER_BYTES_MAX = 8192;
const HEADER = /^([0-9a-f]{40}|[0-9a-f]{64}) (commit|tree|blob|tag) (0|[1-9][0-9]{0,15})$/;
const NEWLINE = 0x0a;

export interface ObjectHeader {
  readonly oid: string;
  readonly type: "commit" | "tree" | "blob" | "tag";
  readonly size: number;
}

/** Takes an object's bytes as they come. What it throws rejects the request; the bytes after that are dropped. */
export type Sink = (chunk: Uint8Array) => void;

/** A question about one object, and where the answer goes. */
export interface Request {
  readonly name: string;
  /** Chooses the sink for the bytes; what it throws rejects the request. */
  readonly accept: (header: ObjectHeader) => Sink;
  /** After the last byte; undefined if there is no such object. */
  readonly resolve: (header: ObjectHeader | undefined) => void;
  readonly reject: (cause: unknown) => void;
}

/** An object whose bytes are on their way. */
interface Transfer {
  readonly request: Request;
  readonly header: ObjectHeader;
  sink: Sink | undefined;
  failure: unknown;
  /** Bytes to come, the newline after them included. */
  left: number;
}

/**
 * Reads objects through one `git cat-file --batch`: questions in, answers out, in the same order. A `buffered` one
 * answers many questions in a third of the time, but perhaps not before it is closed.
 */
export class ObjectReader {
  readonly #git: ChildProcessWithoutNullStreams;
  readonly #exit: Promise<void>;
  readonly #waiting: Request[] = [];
  #transfer: Transfer | undefined;
  #line: Buffer = Buffer.alloc(0);
  #outbox = "";
  #stderr = "";
  #death: GateError | undefined;

  constructor(directory: string, { buffered = false } = {}) {
    const args = ["cat-file", "--batch", ...(buffered ? ["--buffer"] : [])];
    this.#git = spawn("git", gitArguments(args), {
      cwd: directory,
      env: gitEnvironment(),
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    this.#git.stdout.on("data", (chunk: Buffer) => this.#receive(chunk));
    this.#git.stderr.on("data", (chunk: Buffer) => {
      this.#stderr = `${this.#stderr}${chunk.toString("utf8")}`.slice(-500);
    });
    // A pipe that breaks is seen by its end, too; without a listener it would end this process.
    this.#git.stdin.on("error", () => {});
    this.#exit = new Promise((resolve) => {
      this.#git.once("error", (cause) => this.#die(cause));
      this.#git.once("close", () => {
        this.#die();
        resolve();
      });
    });
  }

  /**
   * The header of the object that a name stands for, after its bytes went to the sink that `accept` chose;
   * undefined if there is none. Rejects with what `accept` or the sink throws, and `REPOSITORY_UNREADABLE`.
   */
  read(name: string, accept: (header: ObjectHeader) => Sink): Promise<ObjectHeader | undefined> {
    return new Promise((resolve, reject) => this.ask({ name, accept, resolve, reject }));
  }

  /** The same without a promise, for who asks about thousands. */
  ask(request: Request): void {
    if (/[\n\0]/.test(request.name)) throw new TypeError("An object's name holds a line end");
    if (this.#death !== undefined) {
      request.reject(this.#death);
      return;
    }
    this.#waiting.push(request);
    this.#send(`${request.name}\n`);
  }

  async close(): Promise<void> {
    this.#git.stdin.end();
    await this.#exit;
  }

  /** One write for all that is asked in the same turn. */
  #send(line: string): void {
    if (this.#outbox === "") {
      process.nextTick(() => {
        this.#git.stdin.write(this.#outbox);
        this.#outbox = "";
      });
    }
    this.#outbox += line;
  }

  #receive(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && this.#death === undefined; ) {
      at =
        this.#transfer === undefined
          ? this.#receiveHeader(chunk, at)
          : this.#receiveBody(this.#transfer, chunk, at);
    }
  }

  #receiveHeader(chunk: Buffer, at: number): number {
    const end = chunk.indexOf(NEWLINE, at);
    const part = chunk.subarray(at, end < 0 ? chunk.length : end);
    this.#line = this.#line.length === 0 ? part : Buffer.concat([this.#line, part]);
    if (this.#line.length > HEADER_BYTES_MAX) this.#die(new Error("a header without an end"));
    if (end < 0) return chunk.length;
    const line = this.#line.toString("latin1");
    this.#line = Buffer.alloc(0);
    this.#begin(line);
    return end + 1;
  }

  #begin(line: string): void {
    const request = this.#waiting.shift();
    const [, oid, type, size] = HEADER.exec(line) ?? [];
    if (request === undefined || (oid === undefined && !/ (?:missing|ambiguous)$/.test(line))) {
      if (request !== undefined) this.#waiting.unshift(request);
      this.#die(new Error("an answer that git cat-file does not give"));
      return;
    }
    if (oid === undefined) {
      request.resolve(undefined);
      return;
    }
    const header: ObjectHeader = { oid, type: type as ObjectHeader["type"], size: Number(size) };
    this.#transfer = { request, header, sink: undefined, failure: undefined, left: header.size + 1 };
    attempt(this.#transfer, (transfer) => {
      transfer.sink = request.accept(header);
    });
  }

  #receiveBody(transfer: Transfer, chunk: Buffer, at: number): number {
    const taken = Math.min(transfer.left, chunk.length - at);
    transfer.left -= taken;
    const content = chunk.subarray(at, transfer.left === 0 ? at + taken - 1 : at + taken);
    if (content.length > 0) attempt(transfer, ({ sink }) => sink?.(content));
    if (transfer.left === 0) {
      this.#transfer = undefined;
      if (transfer.failure === undefined) transfer.request.resolve(transfer.header);
      else transfer.request.reject(transfer.failure);
    }
    return at + taken;
  }

  /** Ends every request that is open, and every later one. */
  #die(cause?: unknown): void {
    if (this.#death !== undefined) return;
    const state = this.#stderr.trim() || "git cat-file ended";
    const fix = "Check the clone with git fsck; it has to be made without --filter";
    this.#death = new GateError("REPOSITORY_UNREADABLE", `Cannot read the repository: ${state}`, {
      cause,
      fix,
    });
    this.#transfer?.request.reject(this.#death);
    for (const request of this.#waiting.splice(0)) request.reject(this.#death);
    this.#git.kill();
  }
}

/** One failure is enough: what comes after it is dropped until the object's end, for the next answer follows there. */
function attempt(transfer: Transfer, step: (transfer: Transfer) => void): void {
  if (transfer.failure !== undefined) return;
  try {
    step(transfer);
  } catch (cause) {
    transfer.failure = cause;
  }
}
