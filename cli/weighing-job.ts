import { type Node, nodeAt } from "../gate/parse/node.ts";
import type { Check } from "./diagnosis.ts";
import { entriesOf, stepsOf, textAt } from "./workflow-node.ts";

const OURS = /(?:^|\/)weighbridge@/i;
/** Nobody else's input is called so; it tells an Action that is kept under another name. */
const OUR_INPUT = "require-policy";

/** Actions that run nothing of what they are given. Of every other one nobody here can tell. */
const HARMLESS = /^actions\/(?:checkout|download-artifact|upload-artifact)@/i;

const DOWNLOAD = /^actions\/download-artifact@/i;
/** Where no link of the checkout leads. */
const OUTSIDE = /^\$\{\{\s*runner\.temp\s*\}\}\/(?!.*\.\.)/;

/** Variables by which node, git or the loader of programs run what the checkout holds. */
const RUNS_CODE = /^(?:node_.+|git_.+|ld_.+|dyld_.+|path|bash_env|env)$/i;

/** What the two revisions may be taken from: nothing that the pull request chooses. */
const REVISIONS: Readonly<Record<"base" | "head", readonly string[]>> = {
  base: [
    "github.base_ref",
    "github.event.pull_request.base.sha",
    "github.event.pull_request.base.ref",
    "github.event.merge_group.base_sha",
    "github.event.merge_group.base_ref",
    "github.event.repository.default_branch",
    "github.event.before",
  ],
  head: ["github.event.pull_request.head.sha", "github.event.merge_group.head_sha", "github.event.after"],
};

type Fault = Omit<Check, "name">;

/** Whether a step runs the Action, by the name that it is kept under or by an input that only it has. */
export function isOurs(step: Node): boolean {
  if (textAt(step, ["uses"]) === "") return false;
  return OURS.test(textAt(step, ["uses"])) || nodeAt(step, ["with", OUR_INPUT]) !== undefined;
}

/** The job that weighs must run nothing else: code of the pull request in it can forge whatever the Action says. */
export function examineJob(job: Node, root: Node): readonly Fault[] {
  const ours = stepsOf(job).filter(isOurs);
  const permissions = nodeAt(job, ["permissions"]) ?? nodeAt(root, ["permissions"]);
  const faults: Fault[] = [...examineSurroundings(job, root)];
  const fail = (detail: string, fix: string) => faults.push({ state: "fail", detail, fix });
  if (permissions?.kind !== "map" || isTooWide(permissions)) {
    fail(
      "has more permissions than it needs, or none stated",
      "Write permissions: { contents: read, pull-requests: write }",
    );
  }
  if ([job, ...ours].some(mayFail)) {
    fail("passes whatever the verdict is", "Take continue-on-error away");
  }
  if (maySkip(job)) {
    fail("may be skipped, and what requires it takes that for passed", "Write if: always()");
  }
  if (ours.some((step) => hasCondition(step))) {
    fail("may pass over the step that weighs", "Take the step's if away");
  }
  faults.push(...ours.flatMap(examineRevisions));
  if (!ours.some((step) => /^true$/i.test(textAt(step, ["with", OUR_INPUT])))) {
    const fix = `Write with: { ${OUR_INPUT}: true }`;
    faults.push({ state: "warn", detail: "passes where the base has no policy", fix });
  }
  return faults;
}

/** What else runs in the job, or may. */
function examineSurroundings(job: Node, root: Node): readonly Fault[] {
  const others = stepsOf(job).filter((step) => !isOurs(step));
  const faults: Fault[] = [];
  if (others.some(runsCheckout)) {
    const fix = "Move the commands into a job of their own, and hand their files over as an artifact";
    faults.push({ state: "fail", detail: "weighs and runs commands in one job", fix });
  }
  const unknown = [
    ...others.filter((step) => !runsCheckout(step)).flatMap((step) => unknownAction(step)),
    ...["container", "services"].filter((key) => nodeAt(job, [key]) !== undefined),
    ...[root, job, ...stepsOf(job)].flatMap((node) =>
      entriesOf(nodeAt(node, ["env"])).flatMap(([name]) => (RUNS_CODE.test(name) ? [`env ${name}`] : [])),
    ),
  ];
  if (
    others.some(
      (step) => DOWNLOAD.test(textAt(step, ["uses"])) && !OUTSIDE.test(textAt(step, ["with", "path"])),
    )
  ) {
    const detail =
      "downloads an artifact into the checkout, where a link of the pull request can lead it over the Action itself";
    const folder = `path: \${{ runner.temp }}/weighbridge-evidence`;
    const fix = `Write ${folder}, and evidence-directory: \${{ runner.temp }} where Weighbridge is used`;
    faults.push({ state: "fail", detail, fix });
  }
  const fix =
    "Move it into another job: beside checkout and the artifacts, only Weighbridge runs in this one";
  return [
    ...faults,
    ...unknown.map((what): Fault => {
      const detail = `has ${what}: nobody can tell that it runs nothing of the pull request`;
      return { state: "fail", detail, fix };
    }),
  ];
}

/** A command, or an action out of the checkout, which is the pull request's own. */
function runsCheckout(step: Node): boolean {
  return textAt(step, ["run"]) !== "" || textAt(step, ["uses"]).startsWith("./");
}

function unknownAction(step: Node): readonly string[] {
  const uses = textAt(step, ["uses"]);
  return HARMLESS.test(uses) ? [] : [uses === "" ? "a step without uses" : uses];
}

/** The policy is read at the base, and the head is what is judged: whoever may choose one of them needs no gate. */
function examineRevisions(step: Node): readonly Fault[] {
  return (["base", "head"] as const).flatMap((side): Fault[] => {
    const written = textAt(step, ["with", side]);
    if (written === "" || isTrusted(side, written)) return [];
    const what =
      side === "base"
        ? "nobody can tell that the pull request does not choose its own policy"
        : "nobody can tell that this is what the pull request brings";
    const detail = `weighs with ${side}: ${written}: ${what}`;
    return [{ state: "fail", detail, fix: `Leave ${side} away: the event says it` }];
  });
}

function isTrusted(side: "base" | "head", written: string): boolean {
  // A branch that is named outright is the same for every pull request: a base, and no head.
  if (!written.includes("${{")) return side === "base";
  const [, expression] = /^\$\{\{([^{}]*)\}\}$/.exec(written.trim()) ?? [];
  if (expression === undefined) return false;
  const names = expression.split("||").map((name) => name.trim());
  // Of a pull request it is a merge that no branch will hold; behind the pull request's own head it is that of a queue.
  const isLast = side === "head" && names.length > 1 && names.at(-1) === "github.sha";
  return (isLast ? names.slice(0, -1) : names).every((name) => REVISIONS[side].includes(name));
}

function mayFail(node: Node): boolean {
  const text = textAt(node, ["continue-on-error"]);
  return text !== "" && text !== "false";
}

/** A job that waits for another is skipped where that one fails. */
function maySkip(job: Node): boolean {
  return textAt(job, ["if"]) === "" ? nodeAt(job, ["needs"]) !== undefined : hasCondition(job);
}

function hasCondition(node: Node): boolean {
  const condition = textAt(node, ["if"]);
  return condition !== "" && !/^(?:always\(\)|\$\{\{\s*(?:always|!\s*cancelled)\(\)\s*\}\})$/.test(condition);
}

function isTooWide(permissions: Node): boolean {
  return entriesOf(permissions).some(
    ([scope]) => textAt(permissions, [scope]) === "write" && scope !== "pull-requests",
  );
}
