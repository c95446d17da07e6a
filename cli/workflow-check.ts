import { GateError } from "../gate/model/error.ts";
import { type Node, nodeAt } from "../gate/parse/node.ts";
import { parseYaml } from "../gate/parse/yaml.ts";
import type { Check } from "./diagnosis.ts";
import { examineJob, isOurs } from "./weighing-job.ts";
import { entriesOf, stepsOf, textAt } from "./workflow-node.ts";
import { examineTriggers, runsOnPullRequests } from "./workflow-triggers.ts";

/** By commit, or an image by digest. */
const PINNED = /^(?:[\w.-]+\/[\w./-]+@[0-9a-f]{40}|docker:\/\/[^\s@]+@sha256:[0-9a-f]{64})$/;
/** What `weighbridge init` writes where it cannot tell where Weighbridge is kept: no runner finds it. */
const PLACEHOLDER = /^OWNER\/|@0{40}$/;
/** How the Action is told; a workflow without either word is not even parsed. */
const MENTION = /weighbridge|require-policy/i;

export interface WorkflowFile {
  readonly path: string;
  readonly text: string;
}

/**
 * What the workflows that run Weighbridge do that a pull request with bad intent could use, or that keeps them from
 * running at all. Of the others nothing is said.
 */
export function examineWorkflows(files: readonly WorkflowFile[]): readonly Check[] {
  const examined = files
    .filter(({ text }) => MENTION.test(text))
    .map(({ path, text }) => {
      const root = parse(path, text);
      const isDocument = "kind" in root;
      const isWeighing = isDocument && weighingJobs(root).length > 0;
      return {
        checks: isDocument ? examineWorkflow(path, root) : [root],
        isWeighing,
        isGate: isWeighing && runsOnPullRequests(root),
      };
    });
  const checks = examined.flatMap((file) => file.checks);
  if (checks.length === 0) {
    const fix =
      "Run weighbridge init, or call weighbridge check from your own CI. An Action of another name is known by its input require-policy";
    return [{ name: "workflow", state: "warn", detail: "no workflow was found that runs Weighbridge", fix }];
  }
  if (!examined.some(({ isWeighing }) => isWeighing) || examined.some(({ isGate }) => isGate)) return checks;
  const detail = "no workflow weighs pull requests: none that runs Weighbridge is started by pull_request";
  return [...checks, { name: "workflow", state: "fail", detail, fix: "Write on: { pull_request: }" }];
}

function examineWorkflow(path: string, root: Node): readonly Check[] {
  const jobs = entriesOf(nodeAt(root, ["jobs"]));
  const weighing = weighingJobs(root);
  if (weighing.length === 0) return jobs.flatMap(([name, job]) => unseenCall(path, name, job));
  const checks = [
    ...jobs.flatMap(([, job]) => unpinned(path, job)),
    ...examineTriggers(root).map((fault): Check => ({ name: path, state: "fail", ...fault })),
    ...weighing.flatMap(([name, job]) =>
      examineJob(job, root).map((fault) => ({ name: path, ...fault, detail: `job ${name} ${fault.detail}` })),
    ),
  ];
  return checks.length > 0
    ? checks
    : [{ name: path, state: "ok", detail: "pinned, least permissions, nothing of the pull request runs" }];
}

function weighingJobs(root: Node): readonly (readonly [string, Node])[] {
  return entriesOf(nodeAt(root, ["jobs"])).filter(([, job]) => stepsOf(job).some(isOurs));
}

/** Weighbridge called by a command or by a workflow that stands elsewhere: it may be well, but nobody looked. */
function unseenCall(path: string, name: string, job: Node): readonly Check[] {
  const calls = [textAt(job, ["uses"]), ...stepsOf(job).map((step) => textAt(step, ["run"]))];
  if (!calls.some((call) => /weighbridge/i.test(call))) return [];
  const detail = `job ${name} calls Weighbridge by a command or by another workflow, which is not looked into`;
  const fix = "See to it that nothing of the pull request runs in the job that weighs";
  return [{ name: path, state: "warn", detail, fix }];
}

function parse(path: string, text: string): Node | Check {
  try {
    return parseYaml(text, path);
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return { name: path, state: "warn", detail: error.message };
  }
}

/** What a job uses from elsewhere: the actions of its steps, or the one workflow that it calls. */
function unpinned(path: string, job: Node): readonly Check[] {
  return [job, ...stepsOf(job)].flatMap((user): Check[] => {
    const uses = textAt(user, ["uses"]);
    if (PLACEHOLDER.test(uses)) {
      const fix = "Write where your organisation keeps Weighbridge, and the commit of its release";
      return [{ name: path, state: "fail", detail: `${uses} is a placeholder and cannot run`, fix }];
    }
    if (uses === "" || uses.startsWith("./") || PINNED.test(uses)) return [];
    const fix = "Write the 40 digits of a commit after the @";
    return [{ name: path, state: "fail", detail: `${uses} is not pinned by commit`, fix }];
  });
}
