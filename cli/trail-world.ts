import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { type Command, Option } from "commander";
import { GateError } from "../gate/model/error.ts";
import type { Setting } from "../gate/trail/change.ts";
import { FileJournal } from "../gate/trail/file-journal.ts";
import { DEFAULT_BRANCH, type GitStore, openGitStore } from "../gate/trail/git-store.ts";
import { readHead } from "../gate/trail/head.ts";
import { type KeptState, parseState } from "../gate/trail/kept-state.ts";
import { commandSigner, environmentSigner, fileSigner } from "../gate/trail/keys.ts";
import type { Signer } from "../gate/trail/note.ts";
import { openPushStore } from "../gate/trail/push-store.ts";
import { openTrail } from "../gate/trail/read.ts";
import { parseAllowedSigners } from "../gate/trail/sshsig.ts";
import { currentKey, repositoryOf } from "../gate/trail/trail-file.ts";
import { parseWitnessPolicy } from "../gate/trail/witness-policy.ts";
import { type Flush, TrailWriter, type WriterWorld } from "../gate/trail/writer.ts";
import { ENGINE } from "../gate/verdict/decide.ts";
import { type ResultFormat, readNamed, say } from "./terminal.ts";

/** Options of every command on a trail. */
export interface TrailOptions {
  readonly repository: string;
  readonly branch: string;
}

/** Those of the commands whose whole answer is what they did. */
export interface TellingOptions {
  readonly format: ResultFormat;
}

/** Options of the commands that write. */
export interface WriteOptions extends TrailOptions {
  /** `file:PATH`, `env:NAME` or `command:PROGRAM ARGUMENTS`. */
  readonly key: string;
  /** Remote to write to; the local repository if absent. */
  readonly remote?: string;
}

export function trailCommand(parent: Command, name: string, summary: string): Command {
  return parent
    .command(name)
    .summary(summary)
    .option("--repository <folder>", "a clone that has the trail's branch", ".")
    .option("--branch <name>", "the trail's branch", DEFAULT_BRANCH);
}

export function writingCommand(parent: Command, name: string, summary: string): Command {
  return trailCommand(parent, name, summary)
    .requiredOption("--key <key>", "the log key: file:PATH, env:NAME or command:PROGRAM ARGUMENTS")
    .option("--remote <name>", "write by git push to this remote");
}

export function formatOption(): Option {
  return new Option("--format <format>", "of the result").choices(["text", "json"]).default("text");
}

/** Runs `body` with the trail of the repository, and closes it afterwards. */
export async function withTrail<T>(options: TrailOptions, body: (store: GitStore) => Promise<T>): Promise<T> {
  const store = await openStore(options);
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

/** Here, other than everywhere else, a repository can be named. */
async function openStore({ repository, branch }: TrailOptions): Promise<GitStore> {
  try {
    return await openGitStore(repository, branch);
  } catch (error) {
    if (!(error instanceof GateError) || error.code !== "NOT_A_REPOSITORY") throw error;
    const fix = "Run in a clone that has the trail's branch, or name one: --repository <folder>";
    throw new GateError(error.code, error.message, { fix, cause: error });
  }
}

/** What a command that writes works with. */
export interface Writing {
  readonly writer: TrailWriter;
  readonly world: WriterWorld;
  /** The repository itself, also where `world.store` is a remote. */
  readonly local: GitStore;
}

/** Runs `body` with a writer that leads; `signersOf` chooses the keys once the trail is open. */
export async function withWriter<T>(
  options: WriteOptions,
  signersOf: (opened: Opened) => Promise<readonly Signer[]>,
  body: (writing: Writing) => Promise<T>,
): Promise<T> {
  return withTrail(options, async (local) => {
    const { remote, branch } = options;
    const store = remote === undefined ? local : openPushStore(local, remote, branch);
    const journal = await FileJournal.open(join(local.gitFolder, "weighbridge", "trail", branch));
    try {
      const signers = await signersOf({ store, journal });
      const world = { store, journal, signers, now: () => new Date(), sleep: (ms: number) => setTimeout(ms) };
      return await body({ writer: new TrailWriter(world), world, local });
    } finally {
      await journal.close();
    }
  });
}

export type Opened = Pick<WriterWorld, "store" | "journal">;

/**
 * The signer of the trail's current key: that of the last commit that landed, for whatever stands above it may not
 * be ours. Rejects `TRAIL_MISSING`, `TRAIL_KEY_WRONG`.
 */
export async function currentSigner({ key }: WriteOptions, { store, journal }: Opened): Promise<Signer> {
  const commit = (await journal.landed())?.commit ?? (await store.head());
  if (commit === undefined) {
    throw new GateError("TRAIL_MISSING", "Cannot write the trail: there is none", {
      fix: "weighbridge trail init",
    });
  }
  const { file } = await readHead(store, commit);
  const { vkey } = currentKey(file);
  const signer = await openSigner(key, { name: file.origin, vkey });
  if (signer.vkey === vkey) return signer;
  throw new GateError(
    "TRAIL_KEY_WRONG",
    `Cannot write the trail: the key is ${signer.vkey}, expected ${vkey}`,
  );
}

/** The signer that a key option names. A command says its public key by `vkey`. */
export async function openSigner(
  key: string,
  { name, vkey }: { readonly name: string; readonly vkey?: string },
): Promise<Signer> {
  const [kind, ...rest] = key.split(":");
  const value = rest.join(":");
  if (kind === "file" && value !== "") return fileSigner(name, value);
  if (kind === "env" && value !== "") return environmentSigner(name, value, process.env);
  const [program, ...args] = value.split(" ").filter((word) => word !== "");
  if (kind === "command" && program !== undefined && vkey !== undefined) {
    return commandSigner(vkey, { command: [program, ...args] });
  }
  throw new GateError("USAGE", `Cannot use key "${kind}:…": expected file:PATH, env:NAME or command:PROGRAM`);
}

/** What landed. Throws what the trail waits for or was halted by: then nothing more was written. */
export function assertLanded(flush: Flush): Extract<Flush, { readonly kind: "landed" }> | undefined {
  switch (flush.kind) {
    case "landed":
      return flush;
    case "idle":
      return undefined;
    case "waiting":
      say("Nothing is lost: the next weighbridge trail append goes on with it.");
      throw flush.cause;
    case "halted":
      throw new GateError(flush.halt.code, `${flush.halt.message} (halted since ${flush.halt.since})`, {
        fix: "Find out why, then: weighbridge trail resume",
      });
  }
}

/** What a run before kept in a file; undefined if there is none yet. Throws `TRAIL_STATE_DAMAGED`. */
export async function readState(path: string): Promise<KeptState | undefined> {
  try {
    return parseState(await readFile(path), path);
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw cause;
  }
}

/** Those who may approve new keys, from an `allowed_signers` file. */
export async function readOwners(path: string): Promise<ReturnType<typeof parseAllowedSigners>> {
  return parseAllowedSigners(Buffer.from(await readNamed(path)).toString("utf8"));
}

/** Of an entry that is written now by this command. */
export async function settingOf({ store }: Writing["world"]): Promise<Setting> {
  const { file } = await openTrail(store);
  const repo = { id: file.repo_id, name: repositoryOf(file.origin).name };
  return { repo, source_ts: new Date().toISOString(), app: { version: ENGINE } };
}

/** The text of a witness policy that parses. Throws `TRAIL_POLICY_INVALID`. */
export async function readWitnessPolicy(path: string): Promise<string> {
  const text = Buffer.from(await readNamed(path)).toString("utf8");
  parseWitnessPolicy(text);
  return text;
}

/** An option that is a whole number. */
export function integer(text: string): number {
  if (/^(?:0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new GateError("USAGE", `Cannot use "${text}": expected a whole number`);
}
