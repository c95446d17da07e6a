import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { pullRequestEvent } from "../github/deliveries.ts";
import { type StandIn, startServer } from "../github/server.ts";
import type { Account, Pull, Repository } from "../github/state.ts";
import { runStep, type Step, type StepResult } from "./runner.ts";

/**
 * A repository with one model under a policy with one gate, a pull request that brings its next version, and
 * GitHub around them.
 */
export interface Scenario {
  readonly stand: StandIn;
  readonly workspace: ScratchRepository;
  readonly repository: Repository;
  readonly author: Account;
  readonly pull: Pull;
  /** Commits a new head and moves the pull request to it. */
  push(files: Files): void;
  /** Runs the Action on the pull request. */
  run(step?: Partial<Step>): Promise<StepResult>;
  remove(): Promise<void>;
}

type Files = Readonly<Record<string, string | Uint8Array>>;

export interface ScenarioOptions {
  readonly policy?: string | undefined;
  readonly base?: Files;
  readonly head?: Files;
  readonly branch?: string;
}

export const POLICY = `weighbridge: 1
policy: { name: acme-credit, version: 1.0.0 }
gates:
  - id: auc-floor
    rule: metric.floor
    with: { metric: roc_auc, dataset: holdout, min: 0.8 }
    severity: block
    title: The ranking is good enough
    why: below 0.8 the scorecard loses to the one that it replaces
    fix: Train again, or ask for a waiver
`;

interface ModelVersion {
  readonly version: number;
  readonly auc: number;
  readonly folder?: string;
  readonly id?: string;
  /** The model file, if it is not one of one number. */
  readonly weights?: Uint8Array;
}

/** The version of the model that a number stands for, with the metric that was measured on it. */
export function modelFiles({
  version,
  auc,
  folder = "models/credit-pd",
  id = "credit-pd",
  weights = safetensors(version),
}: ModelVersion): Files {
  const digest = createHash("sha256").update(weights).digest("hex");
  return {
    [`${folder}/model.yml`]: `weighbridge: 1
id: ${id}
owner: acme/credit-owners
purpose: Ranks applications
status: candidate
tier: T3
artifacts:
  - { path: model.safetensors, digest: "sha256:${digest}" }
evaluation:
  - path: metrics.json
    dataset: holdout
    role: test
    subject: "sha256:${digest}"
    metrics: [roc_auc]
context: { domain: other, exposure: 2, purpose: 1 }
`,
    [`${folder}/model.safetensors`]: weights,
    [`${folder}/metrics.json`]: `{ "roc_auc": ${auc} }\n`,
  };
}

/** One tensor of one number. */
function safetensors(value: number): Uint8Array {
  const header = Buffer.from(JSON.stringify({ w: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const data = Buffer.alloc(4);
  data.writeFloatLE(value);
  return Buffer.concat([length, header, data]);
}

export async function startScenario(action: string, options: ScenarioOptions = {}): Promise<Scenario> {
  const {
    policy = POLICY,
    base = {},
    head = modelFiles({ version: 2, auc: 0.9 }),
    branch = "feature",
  } = options;
  const workspace = await scratchRepository();
  const policyFiles: Files = policy === "" ? {} : { ".weighbridge/policy.yml": policy };
  const baseCommit = workspace.commit("first", {
    "README.md": "x\n",
    ...policyFiles,
    ...modelFiles({ version: 1, auc: 0.85 }),
    ...base,
  });
  workspace.git("checkout", "--quiet", "-b", branch);
  const headCommit = workspace.commit("next", head);
  const stand = await startServer();
  const { github } = stand;
  const repository = github.addRepository("credit", workspace.directory);
  const author = github.addAccount("maria");
  const pull = github.addPull(repository, {
    author,
    base: { ref: "main", sha: baseCommit },
    head: { ref: branch, sha: headCommit, repository },
  });
  github.addWorkflowToken("ghs_writer", { contents: "read", pull_requests: "write" });
  github.addWorkflowToken("ghs_reader", { contents: "read", pull_requests: "read" });
  return {
    ...{ stand, workspace, repository, author, pull },
    push(files) {
      pull.head.sha = workspace.commit("again", files);
    },
    run: (step = {}) =>
      runStep(action, {
        event: "pull_request",
        payload: pullRequestEvent(stand, pull),
        workspace: workspace.directory,
        serverUrl: stand.origin,
        ...step,
        inputs: { token: "ghs_writer", ...step.inputs },
      }),
    async remove() {
      rmSync(workspace.directory, { recursive: true });
      await stand.close();
    },
  };
}
