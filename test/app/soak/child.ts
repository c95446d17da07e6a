import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Answered, Asked, Question } from "../app-child.ts";

const PROGRAM = fileURLToPath(new URL("../app-child.ts", import.meta.url));

/** The App in a process of its own, which is killed and started again. */
export class AppProcess {
  readonly #environment: NodeJS.ProcessEnv;
  readonly #onPort: (port: number) => void;
  readonly #log: number;
  readonly #waiting = new Map<number, (value: unknown) => void>();
  #child: ChildProcess | undefined;
  #next = 0;
  kills = 0;

  constructor(environment: Readonly<Record<string, string>>, log: string, onPort: (port: number) => void) {
    const { PATH, NODE_COMPILE_CACHE } = process.env;
    this.#environment = { PATH, NODE_COMPILE_CACHE, ...environment };
    this.#onPort = onPort;
    this.#log = openSync(log, "a");
  }

  async start(): Promise<void> {
    const child = fork(PROGRAM, [], {
      env: this.#environment,
      stdio: ["ignore", this.#log, this.#log, "ipc"],
    });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.once("exit", () => reject(new Error("The App ended before it listened")));
      child.on("message", (said: Answered) => {
        if (said.kind === "listening") {
          this.#onPort(said.port);
          resolve();
        } else this.#waiting.get(said.id)?.(said.value);
      });
    });
  }

  /** As when the power fails: nothing is said to it, and nothing is ended in order. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    this.kills += 1;
    this.#child = undefined;
    for (const answer of this.#waiting.values()) answer(undefined);
    this.#waiting.clear();
  }

  /** What the process says; undefined where it was killed before it answered. */
  async ask(question: Question, ids: readonly string[] = []): Promise<unknown> {
    const child = this.#child;
    if (child?.connected !== true) return undefined;
    const id = ++this.#next;
    const value = await new Promise<unknown>((resolve) => {
      this.#waiting.set(id, resolve);
      // Killed while it was being asked.
      child.send({ id, question, ids } satisfies Asked, (failed) => failed && resolve(undefined));
    });
    this.#waiting.delete(id);
    return value;
  }
}
