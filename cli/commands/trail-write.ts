import type { Command } from "commander";
import { GateError } from "../../gate/model/error.ts";
import { sha256Of } from "../../gate/parse/canonical.ts";
import { adopt } from "../../gate/trail/adoption.ts";
import { createTrail } from "../../gate/trail/change.ts";
import { toDecisionContent } from "../../gate/trail/decision-content.ts";
import { type EntryContent, parseContent } from "../../gate/trail/entry.ts";
import { readHead } from "../../gate/trail/head.ts";
import { digestOf, repositoryOf, type TrailFile } from "../../gate/trail/trail-file.ts";
import { ENGINE } from "../../gate/verdict/decide.ts";
import { readNamed, tellDone, writeDocument } from "../terminal.ts";
import {
  assertLanded,
  currentSigner,
  formatOption,
  integer,
  openSigner,
  readWitnessPolicy,
  type TellingOptions,
  type WriteOptions,
  type Writing,
  withWriter,
  writingCommand,
} from "../trail-world.ts";
import { readDecision } from "./replay.ts";

export function registerTrailWrite(trail: Command): void {
  writingCommand(trail, "init", "begin a trail on a branch of its own")
    .description(
      "Begins the trail with one signed entry. Keep what it prints outside of the repository: auditors verify against it.\nExit status: 0 begun, 2 not.",
    )
    .requiredOption(
      "--origin <origin>",
      "the governed repository's host and path and /trail, as github.com/acme/models/trail",
    )
    .option("--repository-id <number>", "the forge's number of the governed repository", integer, 0)
    .option("--governed-branch <name>", "the branch that models are merged to", "main")
    .option("--glob <pattern...>", "what is governed", ["models/**"])
    .option("--genesis <revision>", "the governed commit that the trail begins after", "HEAD")
    .option("--heartbeat-minutes <number>", "the interval of heartbeats", integer, 60)
    .option("--witness-policy <file>", "which witnesses cosign, as tlog-policy states it")
    .addOption(formatOption())
    .action(init);
  writingCommand(trail, "append", "record decisions, and whatever waits in the outbox")
    .description(
      "Exit status: 0 recorded, 2 not; then it waits in the outbox, and the next append goes on with it.",
    )
    .argument("[decisions...]", "decision records, as check --format json writes them")
    .option("--entry <file...>", "contents of other entries, in canonical JSON")
    .option("--evidence <file...>", "files that those entries name")
    .option("--pr <number>", "the pull request that the decisions are about", integer)
    .option("--pr-base <branch>", "the branch that it wants to enter", "main")
    .option("--repository-name <name>", "the governed repository, as acme/models")
    .addOption(formatOption())
    .action(append);
  writingCommand(trail, "resume", "go on after a halt")
    .description(
      "Looks again at what halted the trail. With --adopt, commits that are not ours stay, what they touched is put back, and each is explained.",
    )
    .option("--adopt", "go on above foreign commits that cannot be taken off the branch")
    .option("--person <number>", "numeric id of who explains", integer)
    .option("--reason <code>", "why, in one code", "operator")
    .option("--reason-url <url>", "where the explanation is")
    .option("--reason-text <file>", "the explanation; its digest is recorded")
    .addOption(formatOption())
    .action(resume);
}

interface InitOptions extends WriteOptions {
  readonly origin: string;
  readonly repositoryId: number;
  readonly governedBranch: string;
  readonly glob: readonly string[];
  readonly genesis: string;
  readonly heartbeatMinutes: number;
  readonly witnessPolicy?: string;
  readonly format: "text" | "json";
}

async function init(options: InitOptions): Promise<void> {
  const signer = await openSigner(options.key, { name: options.origin });
  const witness = options.witnessPolicy && (await readWitnessPolicy(options.witnessPolicy));
  await withWriter(
    options,
    async () => [signer],
    async ({ writer, local }) => {
      const genesis = await local.objects.read(`${options.genesis}^{commit}`, () => () => {});
      if (genesis === undefined) {
        throw new GateError(
          "REVISION_UNKNOWN",
          `Cannot begin a trail after ${options.genesis}: there is no such commit`,
        );
      }
      const file: TrailFile = {
        v: 1,
        origin: options.origin,
        repo_id: options.repositoryId,
        genesis: genesis.oid,
        governed: { branch: options.governedBranch, globs: options.glob },
        keys: [{ vkey: signer.vkey, from: 0 }],
        heartbeat_minutes: options.heartbeatMinutes,
        ...(witness ? { witness } : {}),
      };
      const repo = { id: options.repositoryId, name: repositoryOf(options.origin).name };
      assertLanded(await createTrail(writer, file, { repo, source_ts: now(), app: { version: ENGINE } }));
      const pin = { vkey: signer.vkey, digest: digestOf(file) };
      const document = options.format === "json" ? JSON.stringify(pin, null, 2) : pinText(pin);
      await writeDocument(document, undefined);
    },
  );
}

function pinText({ vkey, digest }: { readonly vkey: string; readonly digest: string }): string {
  return [
    "The trail has begun. Keep these two lines outside of the repository: auditors verify against them.",
    `  first key          ${vkey}`,
    `  first description  ${digest}`,
    "Then: weighbridge trail verify --pin-key <first key> --pin-digest <first description>",
  ].join("\n");
}

interface AppendOptions extends WriteOptions {
  readonly entry?: readonly string[];
  readonly evidence?: readonly string[];
  readonly pr?: number;
  readonly prBase: string;
  readonly repositoryName?: string;
  readonly format: "text" | "json";
}

/** What was recorded: a commit and the ids of its entries. */
interface Recorded {
  readonly commit: string;
  readonly size: number;
  readonly ids: readonly string[];
}

async function append(decisions: readonly string[], options: AppendOptions): Promise<void> {
  await withWriter(
    options,
    async (opened) => [await currentSigner(options, opened)],
    async (writing) => {
      for (const path of decisions) await enqueueDecision(writing, path, options);
      await enqueueEntries(writing, options);
      const recorded: Recorded[] = [];
      for (
        let flush = assertLanded(await writing.writer.flush());
        flush;
        flush = assertLanded(await writing.writer.flush())
      ) {
        recorded.push({ commit: flush.landed.commit, size: flush.landed.size, ids: flush.ids });
      }
      await writeDocument(
        options.format === "json" ? JSON.stringify({ recorded }, null, 2) : toText(recorded),
        undefined,
      );
    },
  );
}

function toText(recorded: readonly Recorded[]): string {
  if (recorded.length === 0) return "Nothing to record: all of it stands in the trail already.";
  return recorded
    .map(({ commit, size, ids }) => `${commit}  ${ids.length} recorded, ${size} in all`)
    .join("\n");
}

async function enqueueDecision(
  { writer, world }: Writing,
  path: string,
  options: AppendOptions,
): Promise<void> {
  const record = await readDecision(path);
  const { file } = await readHead(world.store, (await world.store.head())!);
  const { content, evidence } = toDecisionContent(record, {
    repo: { id: file.repo_id, name: options.repositoryName ?? repositoryOf(file.origin).name },
    state: repositoryOf(file.origin).url,
    app: { version: ENGINE },
    ...(options.pr === undefined ? {} : { pr: { number: options.pr, base: options.prBase } }),
  });
  await writer.enqueue(content, evidence);
}

async function enqueueEntries(
  { writer }: Writing,
  { entry = [], evidence = [] }: AppendOptions,
): Promise<void> {
  const files = await Promise.all(evidence.map(readNamed));
  for (const path of entry) {
    const content = parseContent(await readNamed(path), path);
    const named = new Set((content.predicate.evidence ?? []).map(({ digest }) => `sha256:${digest.sha256}`));
    await writer.enqueue(
      content,
      files.filter((file) => named.has(sha256Of(file))),
    );
  }
}

interface ResumeOptions extends WriteOptions, TellingOptions {
  readonly adopt?: boolean;
  readonly person?: number;
  readonly reason: string;
  readonly reasonUrl?: string;
  readonly reasonText?: string;
}

async function resume(options: ResumeOptions): Promise<void> {
  await withWriter(
    options,
    async (opened) => [await currentSigner(options, opened)],
    async ({ writer, world }) => {
      const halt = await writer.halted();
      const tell = (done: "nothing" | "adopted" | "resumed", sentence: string) =>
        tellDone(options.format, { done, ...(halt && { halt }) }, sentence);
      if (halt === undefined) return tell("nothing", "The trail is not halted.");
      if (options.adopt === true) {
        const explain = await explanation(options, world.store, (await world.journal.landed())?.commit);
        assertLanded(await adopt(world, explain));
        return tell("adopted", "The trail goes on; the foreign commits are explained in it.");
      }
      await writer.resume();
      assertLanded(await writer.flush());
      return tell("resumed", `The trail goes on. It was halted for ${halt.code}: ${halt.message}`);
    },
  );
}

async function explanation(
  { person, reason, reasonUrl, reasonText }: ResumeOptions,
  store: Parameters<typeof readHead>[0],
  commit: string | undefined,
): Promise<(foreign: string) => EntryContent> {
  if (person === undefined || reasonUrl === undefined || reasonText === undefined || commit === undefined) {
    throw new GateError("USAGE", "Cannot adopt without --person, --reason-url and --reason-text");
  }
  const { file } = await readHead(store, commit);
  const digest = { sha256: sha256Of(await readNamed(reasonText)).slice("sha256:".length) };
  const { name, url } = repositoryOf(file.origin);
  return (foreign) => ({
    subject: [{ name: url, digest: { gitCommit: file.genesis } }],
    predicate: {
      kind: "gap.explained",
      source_ts: now(),
      repo: { id: file.repo_id, name },
      actor: { id: person },
      reason: { code: reason, url: reasonUrl, digest },
      gap: { code: "foreign-commit", object: foreign },
    },
  });
}

function now(): string {
  return new Date().toISOString();
}
