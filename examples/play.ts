import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runStep, type StepResult } from "../test/action/runner.ts";
import { pullRequestEvent } from "../test/github/deliveries.ts";
import { type StandIn, startServer } from "../test/github/server.ts";
import {
  buildExample,
  EVIDENCE_FOLDER,
  EXAMPLE_NOW,
  type Example,
  type ExamplePull,
  runGit,
} from "./recidivism.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TOKEN = "ghs_example";

/** One pull request of the example after the Action has weighed it. */
export interface Weighed {
  readonly pull: ExamplePull;
  readonly step: StepResult;
  /** The comment that stands under the pull request now. */
  readonly comment: string;
  /** The decision record, as the step wrote it. */
  readonly record: string;
}

/** Runs the bundled Action on every pull request of the example, as the runner would, against a stand-in for GitHub. */
export async function playExample(): Promise<readonly Weighed[]> {
  const example = buildExample();
  const action = installBundle();
  const stand = await startServer();
  try {
    const weighed: Weighed[] = [];
    for (const pull of example.pulls) weighed.push(await weigh(pull, { example, action, stand }));
    return weighed;
  } finally {
    await stand.close();
    example.remove();
    rmSync(action, { recursive: true, force: true });
  }
}

/** A folder for the runner's files beside links to the committed bundle. */
function installBundle(): string {
  const home = mkdtempSync(join(tmpdir(), "weighbridge-demo-"));
  for (const name of ["dist", "policies", "package.json"]) symlinkSync(join(ROOT, name), join(home, name));
  return home;
}

interface Stage {
  readonly example: Example;
  readonly action: string;
  readonly stand: StandIn;
}

async function weigh(pull: ExamplePull, { example, action, stand }: Stage): Promise<Weighed> {
  const { github } = stand;
  github.now = () => new Date(EXAMPLE_NOW);
  const repository =
    github.findRepository("acme", "justice") ?? github.addRepository("justice", example.directory);
  github.addWorkflowToken(TOKEN, { contents: "read", pull_requests: "write" });
  const opened = github.addPull(repository, {
    author: github.addAccount(`author-of-${pull.name}`),
    title: pull.title,
    body: pull.body,
    base: { ref: "main", sha: example.base },
    head: { ref: pull.branch, sha: pull.head, repository },
  });
  const step = await runStep(action, {
    event: "pull_request",
    payload: pullRequestEvent(stand, opened),
    workspace: checkOut(pull, example, action),
    serverUrl: stand.origin,
    inputs: { token: TOKEN, evidence: `${EVIDENCE_FOLDER}/**`, "require-policy": "true" },
    env: { GITHUB_REPOSITORY: "acme/justice" },
  });
  const comment = github.comments.find((each) => each.thread === opened)?.body ?? "";
  return { pull, step, comment, record: readFileSync(step.outputs.decision ?? "", "utf8") };
}

/** What the job finds: the pull request's commit with its history, and the files of the evaluation job. */
function checkOut(pull: ExamplePull, example: Example, home: string): string {
  const workspace = join(home, `workspace-${pull.name}`);
  mkdirSync(workspace);
  runGit(workspace, ["clone", "--quiet", "--branch", pull.branch, example.directory, "."]);
  cpSync(pull.evidence, join(workspace, EVIDENCE_FOLDER), { recursive: true });
  return workspace;
}
