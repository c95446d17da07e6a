import { GateError } from "../gate/model/error.ts";
import { type Node, nodeAt } from "../gate/parse/node.ts";
import { parseYaml } from "../gate/parse/yaml.ts";
import type { Check } from "./diagnosis.ts";

const PINNED = /^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/;
const OURS = /(?:^|\/)weighbridge@/i;

/** What a workflow that runs Weighbridge does that a pull request with bad intent could use. */
export function examineWorkflow(path: string, text: string): readonly Check[] {
  const root = parse(path, text);
  if (!("kind" in root)) return [root];
  const jobs = entriesOf(nodeAt(root, ["jobs"]));
  const weighing = jobs.filter(([, job]) => stepsOf(job).some((step) => OURS.test(textAt(step, ["uses"]))));
  const checks = [
    ...unpinned(
      path,
      jobs.flatMap(([, job]) => stepsOf(job)),
    ),
    ...triggers(path, root),
    ...weighing.flatMap(([name, job]) => examineJob(path, name, job, root)),
  ];
  return checks.length > 0
    ? checks
    : [{ name: path, state: "ok", detail: "pinned, least permissions, nothing of the pull request runs" }];
}

function parse(path: string, text: string): Node | Check {
  try {
    return parseYaml(text, path);
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return { name: path, state: "warn", detail: error.message };
  }
}

function unpinned(path: string, steps: readonly Node[]): readonly Check[] {
  return steps
    .map((step) => textAt(step, ["uses"]))
    .filter((uses) => uses !== "" && !uses.startsWith("./") && !PINNED.test(uses))
    .map((uses) => ({
      name: path,
      state: "fail",
      detail: `${uses} is not pinned by commit`,
      fix: "Write the 40 digits of a commit after the @",
    }));
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
  const runs = stepsOf(job).some((step) => textAt(step, ["run"]) !== "");
  const permissions = nodeAt(job, ["permissions"]) ?? nodeAt(root, ["permissions"]);
  const required = stepsOf(job).some((step) => textAt(step, ["with", "require-policy"]) === "true");
  const checks: Check[] = [];
  if (runs) {
    checks.push({
      name: path,
      state: "fail",
      detail: `job ${name} weighs and runs commands in one job`,
      fix: "Move the commands into a job of their own, and hand their files over as an artifact",
    });
  }
  if (permissions?.kind !== "map" || isTooWide(permissions)) {
    checks.push({
      name: path,
      state: "fail",
      detail: `job ${name} has more permissions than it needs, or none stated`,
      fix: "Write permissions: { contents: read, pull-requests: write }",
    });
  }
  if (!required) {
    checks.push({
      name: path,
      state: "warn",
      detail: `job ${name} passes where the base has no policy`,
      fix: "Write with: { require-policy: true }",
    });
  }
  return checks;
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
