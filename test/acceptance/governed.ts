import { createHash } from "node:crypto";
import { openCheckout } from "../../gate/checkout.ts";
import { judge } from "../../gate/judge.ts";
import type { Approvals } from "../../gate/model/approval.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { openPacks } from "../../gate/packs.ts";
import { parseDecision } from "../../gate/verdict/replay.ts";
import type { World } from "../../gate/world.ts";
import { safetensorsFile, tensor } from "../artifact/safetensors-file.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";

/** A repository that Weighbridge governs, as a team has it: the real git, the real packs, the whole engine. */

export type Files = Readonly<Record<string, string | Uint8Array>>;

export const NOW = "2026-11-21T12:00:00Z";
/** Nobody answers there. */
const NO_API = "http://127.0.0.1:1";
const POLICIES = new URL("../../policies/", import.meta.url);

/** The policy of the base: the packs, one floor, and the one model. */
export const POLICY = `weighbridge: 1
policy: { name: acme-credit, version: 1.0.0 }
extends: [core@1, performance@1]
roles:
  owner: { users: [olga] }
  risk: { users: [rita] }
models:
  - { id: credit-pd, path: models/credit-pd, tier: T3 }
gates:
  - id: auc-floor
    rule: metric.floor
    with: { metric: roc_auc, dataset: holdout, min: 0.8 }
    severity: block
`;

export interface ModelOptions {
  /** Decides the weights. */
  readonly version?: number;
  readonly auc?: number | string;
  readonly folder?: string;
  readonly id?: string;
  /** More lines for the manifest. */
  readonly more?: string;
}

export function weightsOf(version: number): Uint8Array {
  const data = Buffer.alloc(4);
  data.writeFloatLE(version);
  return safetensorsFile({ w: tensor("F32", [1], 0, 4) }, data);
}

export function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

/** A model with everything that the packs ask for. */
export function modelFiles(options: ModelOptions = {}): Files {
  const { version = 1, auc = 0.85, folder = "models/credit-pd", id = "credit-pd", more = "" } = options;
  const weights = weightsOf(version);
  const digest = digestOf(weights);
  return {
    [`${folder}/model.yml`]: `weighbridge: 1
id: ${id}
owner: acme/credit-owners
purpose: Ranks applications for consumer credit
status: candidate
tier: T3
next_review: 2030-01-01
artifacts:
  - { path: model.safetensors, digest: "${digest}" }
evaluation:
  - path: metrics.json
    dataset: holdout
    role: test
    subject: "${digest}"
    produced_at: 2026-11-20T09:00:00Z
    metrics: [roc_auc]
context: { domain: other, exposure: 2, purpose: 1 }
${more}`,
    [`${folder}/model.safetensors`]: weights,
    [`${folder}/metrics.json`]: `{ "roc_auc": ${auc} }\n`,
  };
}

export interface Governed {
  readonly scratch: ScratchRepository;
  /** Commits files on a branch of its own that leaves from main; the commit's id. */
  propose(files: Files, prepare?: (scratch: ScratchRepository) => void): string;
  /** The decision about a head, `HEAD` unless another is named. */
  decide(question?: Question): Promise<DecisionRecord>;
}

/** A test, or a suite that keeps what has to be removed after it. */
export interface Owner {
  after(remove: () => void): void;
}

export interface Question {
  readonly base?: string;
  readonly head?: string;
  readonly now?: string;
  readonly evidence?: World["evidence"];
  readonly approvals?: Approvals;
  /** Where parents of other repositories are asked for. */
  readonly apiUrl?: string;
}

/** The governed repository on its branch `main`; it is removed after the test, or whatever else it is for. */
export async function governed(test: Owner, files: Files = {}): Promise<Governed> {
  const scratch = await scratchRepository();
  test.after(() => scratch.remove());
  scratch.commit("main", { ".weighbridge/policy.yml": POLICY, ...modelFiles(), ...files });
  let proposals = 0;
  return {
    scratch,
    propose(changed, prepare = () => undefined) {
      scratch.git("checkout", "--quiet", "-b", `change-${++proposals}`, "main");
      prepare(scratch);
      return scratch.commit("change", changed);
    },
    decide: (question = {}) => decide(scratch.directory, question),
  };
}

/** The decision about a change in the repository of a folder. */
export async function decide(
  directory: string,
  { base = "main", head = "HEAD", now = NOW, evidence = [], apiUrl = NO_API, approvals }: Question = {},
): Promise<DecisionRecord> {
  const repository = await openCheckout(directory);
  try {
    const packs = openPacks(POLICIES, { apiUrl });
    const asked = approvals === undefined ? {} : { approvals: async () => approvals };
    const world = { repository, packs, evidence, now: () => new Date(now), ...asked };
    const record = await judge({ base, head }, world);
    // Whatever is decided can be read again: this holds each record against the schema of records.
    parseDecision(Buffer.from(JSON.stringify(record)), "decision.json");
    return record;
  } finally {
    await repository.close();
  }
}

/** `gate: outcome` of each gate that keeps the change out, in the record's order. */
export function closedBy({ results }: DecisionRecord): string[] {
  return results.filter(({ closes }) => closes).map(({ gate, outcome }) => `${gate}: ${outcome}`);
}

/** Codes of all that is found by the gates that close, each once, sorted. */
export function codesOf({ results }: DecisionRecord): string[] {
  const findings = results.filter(({ closes }) => closes).flatMap((result) => result.findings);
  return [...new Set(findings.map(({ code }) => code))].sort();
}
