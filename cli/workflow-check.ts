import { GateError } from "../gate/model/error.ts";
import { type Node, nodeAt } from "../gate/parse/node.ts";
import { parseYaml } from "../gate/parse/yaml.ts";
import type { Check } from "./diagnosis.ts";

/** By commit, or an image by digest. */
const PINNED = /^(?:[\w.-]+\/[\w./-]+@[0-9a-f]{40}|docker:\/\/[^\s@]+@sha256:[0-9a-f]{64})$/;
const OURS = /(?:^|\/)weighbridge@/i;
/** What `weighbridge init` writes where it cannot tell where Weighbridge is kept. */
const PLACEHOLDER = /^OWNER\//;

/** Whether a workflow may run Weighbridge; what cannot be parsed may. */
export function mentionsWeighbridge(text: string): boolean {
  return /weighbridge/i.test(text);
}

/**
 * What a workflow that runs Weighbridge does that a pull request with bad intent could use; nothing for a workflow
 * that does not run it.
 */
export function examineWorkflow(path: string, text: string): readonly Check[] {
  const root = parse(path, text);
  if (!("kind" in root)) return [root];
  const jobs = entriesOf(nodeAt(root, ["jobs"]));
  const weighing = jobs.filter(([, job]) => stepsOf(job).some(isOurs));
  if (weighing.length === 0) return [];
  const checks = [
    ...jobs.flatMap(([, job]) => unpinned(path, job)),
    ...triggers(path, root),
    ...weighing.flatMap(([name, job]) => examineJob(path, name, job, root)),
  ];
  return checks.length > 0
    ? checks
    : [{ name: path, state: "ok", detail: "pinned, least permissions, nothing of the pull request runs" }];
}

function isOurs(step: Node): boolean {
  return OURS.test(textAt(step, ["uses"]));
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
      return [{ name: path, state: "warn", detail: `${uses} is a placeholder`, fix }];
    }
    if (uses === "" || uses.startsWith("./") || PINNED.test(uses)) return [];
    const fix = "Write the 40 digits of a commit after the @";
    return [{ name: path, state: "fail", detail: `${uses} is not pinned by commit`, fix }];
  });
}

function triggers(path: string, root: Node): readonly Check[] {
  const events = nodeAt(root, ["on"]);
  const named =
    events?.kind === "map"
      ? [...events.entries.keys()]
      : events?.kind === "list"
        ? events.items.map((item) => (item.kind === "scalar" ? item.text : ""))
        : [events?.kind === "scalar" ? events.text : ""];
  return named.includes("pull_request_target")
    ? [
        {
          name: path,
          state: "fail",
          detail: "pull_request_target gives the pull request a token that can write",
          fix: "Use pull_request",
        },
      ]
    : [];
}

/** The job that weighs must run nothing else: code of the pull request in it can forge whatever the Action says. */
function examineJob(path: string, name: string, job: Node, root: Node): readonly Check[] {
  const steps = stepsOf(job);
  const permissions = nodeAt(job, ["permissions"]) ?? nodeAt(root, ["permissions"]);
  const checks: Check[] = [];
  const add = (state: Check["state"], detail: string, fix: string) =>
    checks.push({ name: path, state, detail: `job ${name} ${detail}`, fix });
  if (steps.some(runsCheckout)) {
    add(
      "fail",
      "weighs and runs commands in one job",
      "Move the commands into a job of their own, and hand their files over as an artifact",
    );
  }
  if (permissions?.kind !== "map" || isTooWide(permissions)) {
    add(
      "fail",
      "has more permissions than it needs, or none stated",
      "Write permissions: { contents: read, pull-requests: write }",
    );
  }
  if ([job, ...steps.filter(isOurs)].some(mayFail)) {
    add("fail", "passes whatever the verdict is", "Take continue-on-error away");
  }
  if (maySkip(job)) {
    add("fail", "may be skipped, and what requires it takes that for passed", "Write if: always()");
  }
  if (!steps.some((step) => /^true$/i.test(textAt(step, ["with", "require-policy"])))) {
    add("warn", "passes where the base has no policy", "Write with: { require-policy: true }");
  }
  return checks;
}

/** A command, or an action out of the checkout, which is the pull request's own. */
function runsCheckout(step: Node): boolean {
  return textAt(step, ["run"]) !== "" || textAt(step, ["uses"]).startsWith("./");
}

function mayFail(node: Node): boolean {
  const text = textAt(node, ["continue-on-error"]);
  return text !== "" && text !== "false";
}

/** A job that waits for another is skipped where that one fails. */
function maySkip(job: Node): boolean {
  const condition = textAt(job, ["if"]);
  if (condition === "") return nodeAt(job, ["needs"]) !== undefined;
  return !/^(?:always\(\)|\$\{\{\s*(?:always|!\s*cancelled)\(\)\s*\}\})$/.test(condition);
}

function isTooWide(permissions: Node): boolean {
  return entriesOf(permissions).some(
    ([scope, value]) => value.kind === "scalar" && value.text === "write" && scope !== "pull-requests",
  );
}

function stepsOf(job: Node): readonly Node[] {
  const steps = nodeAt(job, ["steps"]);
  return steps?.kind === "list" ? steps.items : [];
}

function entriesOf(node: Node | undefined): readonly (readonly [string, Node])[] {
  return node?.kind === "map" ? [...node.entries].map(([key, { value }]) => [key, value] as const) : [];
}

function textAt(node: Node, path: readonly string[]): string {
  const found = nodeAt(node, path);
  return found?.kind === "scalar" ? found.text : "";
}
