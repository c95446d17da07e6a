import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { workflowText } from "../cli/commands/workflow.ts";
import { zipFile } from "../test/app/github/zip-file.ts";
import { type ShownCheck, startTeam, type Team } from "../test/app/team.ts";
import { tip } from "../test/github/git-data.ts";
import type { Comment, Pull } from "../test/github/nouns.ts";
import type { Files } from "../test/github/play/pushes.ts";
import { EXAMPLE_NOW } from "./recidivism.ts";
import type { Scene } from "./trail.ts";

const COMMAND = fileURLToPath(new URL("../dist/cli.js", import.meta.url));
const FOLDER = fileURLToPath(new URL("recidivism/", import.meta.url));
const REFRESH = join(FOLDER, "pulls/1-refresh");
const MODEL = "models/recidivism/model.safetensors";
const ARTIFACT = "weighbridge-evidence";

/** What somebody did, and what everybody sees then. */
export interface AppScene {
  readonly done: string;
  readonly check: ShownCheck;
  /** Our comment; empty where the pull request has none. */
  readonly comment: string;
  /** Else what came of it: a reaction, an issue. */
  readonly seen?: string;
}

export interface AppPlay {
  readonly scenes: readonly AppScene[];
  /** What anybody with a clone is told of the trail. */
  readonly trail: readonly Scene[];
}

/**
 * Plays one pull request from opened to merged, and a push that goes around the gate, into the App as it runs: signed
 * webhooks into its server, a stand-in of GitHub behind it. `onScene` sees each scene as it comes.
 */
export async function playApp(onScene: (scene: AppScene) => void = () => undefined): Promise<AppPlay> {
  const team = await startRecidivismTeam();
  const scenes: AppScene[] = [];
  try {
    for await (const scene of playScenes(team)) {
      scenes.push(scene);
      onScene(scene);
    }
    await team.trail();
    return { scenes, trail: [ask(team, "log"), ask(team, "verify")] };
  } finally {
    await team.close();
  }
}

/** What the command says of the trail, asked in the repository itself. */
function ask({ repository: { directory } }: Team, question: "log" | "verify"): Scene {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, "trail", question], {
    ...{ cwd: directory, encoding: "utf8" },
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_CONFIG_NOSYSTEM: "1",
    },
  });
  const output = `${stdout}${stderr}`.trimEnd();
  return { typed: `weighbridge trail ${question}`, status: status ?? -1, output };
}

/** The repository of the example, its roles filled, and a clock that starts when its evidence is a day old. */
async function startRecidivismTeam(): Promise<Team> {
  const started = Date.now();
  const { ".weighbridge/policy.yml": policy, ...files } = readFolder(join(FOLDER, "base"));
  const team = await startTeam({
    policy: Buffer.from(policy ?? "").toString(),
    files: {
      ...files,
      ".github/workflows/weighbridge.yml": workflowText(`weighbridge/weighbridge@${"a".repeat(40)}`),
    },
    now: () => Date.parse(EXAMPLE_NOW) + Date.now() - started,
  });
  const { stand, people } = team;
  const { owner } = stand.github;
  stand.github.people.addTeam(owner, "Justice Models", { members: [people.olga] });
  stand.github.people.addTeam(owner, "Model Validation", { members: [people.vera] });
  stand.github.people.addTeam(owner, "Model Risk", { members: [people.rita] });
  stand.github.rules.protections.push({
    ...{ repository: team.repository, branch: "main", strict: false },
    checks: [{ context: "weighbridge", appId: team.registration.id }],
  });
  return team;
}

async function* playScenes(team: Team): AsyncGenerator<AppScene> {
  const { stand, repository, people } = team;
  const { play, github } = stand;
  const { maria, olga, vera, sid } = people;
  const scene = async (done: string, pull: Pull, seen?: () => string): Promise<AppScene> => {
    await team.settle();
    const shown = { done, check: team.checkOf(pull.head.sha), comment: team.commentOn(pull) };
    return seen === undefined ? shown : { ...shown, seen: seen() };
  };
  const say = (by: typeof sid, body: string) => play.comment(pull, { by, body });
  const reactions = (comment: Comment) => () =>
    `The App answers with ${
      github.reactions
        .filter(({ comment: to }) => to === comment)
        .map(({ content }) => content)
        .join(", ") || "nothing"
    }`;

  const refresh = readFolder(join(REFRESH, "tree"));
  const evidence = readFolder(join(REFRESH, "evidence"));
  const pull = await team.propose(refresh);
  yield scene("maria opens a pull request with a new version of the model", pull);

  finishRun(team, pull, evidence);
  yield scene("Its workflow has measured the model, and leaves the evidence as an artifact", pull);

  const strange = say(sid, "/weighbridge approve");
  yield scene("sid, who may only read, comments: /weighbridge approve", pull, reactions(strange));

  play.review(pull, { by: olga, state: "APPROVED" });
  yield scene("olga, the owner, approves", pull);

  say(vera, "/weighbridge approve");
  yield scene("vera, the validator, comments: /weighbridge approve", pull);

  const changed = withOneByteChanged(refresh, evidence);
  const parents = [pull.head.sha];
  play.push(repository, { branch: pull.head.ref, by: maria, parents, files: changed.files });
  finishRun(team, pull, changed.evidence);
  yield scene("maria pushes one changed byte of the weights, and has it measured again", pull);

  play.review(pull, { by: olga, state: "APPROVED" });
  say(vera, "/weighbridge approve");
  yield scene("olga and vera look again, and approve again", pull);

  play.merge(pull, { by: maria });
  yield scene("maria merges", pull);

  const around = withOneByteChanged(changed.files, changed.evidence);
  play.push(repository, {
    ...{ branch: "main", by: github.owner, parents: [tip(repository, "main")] },
    files: around.files,
  });
  yield scene("An administrator pushes another byte straight to main, around the gate", pull, () => {
    const issue = github.issues.at(-1);
    return issue === undefined ? "Nobody notices" : `The App opens an issue: ${issue.title}`;
  });
}

/** The run of the pull request's workflow ends, with what its evaluation wrote. */
function finishRun({ stand, repository, people }: Team, pull: Pull, evidence: Files): void {
  const members = Object.entries(evidence).map(([name, content]) => ({ name, content: bytesOf(content) }));
  stand.play.completeRun(repository, {
    ...{ by: people.maria, head: pull.head.sha, branch: pull.head.ref, pulls: [pull] },
    artifacts: { [ARTIFACT]: zipFile(members) },
  });
}

/**
 * The last bit of one weight is another, and everything that names the model's digest names the new one. No number
 * that was measured differs in the digits that are reported.
 */
function withOneByteChanged(files: Files, evidence: Files): { files: Files; evidence: Files } {
  const before = bytesOf(files[MODEL]);
  const after = Buffer.from(before);
  after[after.length - 4] = (after[after.length - 4] ?? 0) ^ 1;
  const [old, next] = [before, after].map((bytes) => createHash("sha256").update(bytes).digest("hex"));
  const renamed = (all: Files): Files =>
    Object.fromEntries(
      Object.entries(all).map(([path, content]) => [
        path,
        path === MODEL
          ? after
          : bytesOf(content)
              .toString()
              .replaceAll(old ?? "", next ?? ""),
      ]),
    );
  return { files: renamed(files), evidence: renamed(evidence) };
}

function bytesOf(content: Files[string] | undefined): Buffer {
  if (typeof content === "string" || content instanceof Uint8Array) return Buffer.from(content);
  throw new TypeError("Cannot take this for a file: it is none of the example's");
}

/** Every file of a folder by its path in it. */
function readFolder(folder: string): Readonly<Record<string, Uint8Array>> {
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile());
  return Object.fromEntries(paths.map((path) => [relative(folder, path), readFileSync(path)]));
}
