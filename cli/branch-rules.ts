import { GateError } from "../gate/model/error.ts";
import { DEFAULT_BRANCH as TRAIL_BRANCH } from "../gate/trail/git-store.ts";
import type { Check } from "./diagnosis.ts";
import { type ApiAccess, getJson, getList } from "./github-json.ts";

/** Whether the rules of the branches are such that nobody goes around the gate or rewrites the trail. */

const CHECK = "weighbridge";
/** The App that every workflow reports as: what it says, any workflow can say. */
const ACTIONS_APP = 15_368;
/** Of the groups of a merge queue. */
const EACH_PASSES = "ALLGREEN";
const WRITE_RULES = ["creation", "update"] as const;
const GROWTH_RULES = [
  "deletion",
  "non_fast_forward",
  "required_linear_history",
  "required_signatures",
] as const;

export interface RulesQuestion extends ApiAccess {
  readonly owner: string;
  readonly repo: string;
  /** Numeric id of the App, if it is known. */
  readonly appId?: number;
}

/** One rule that is in force for a branch, and the ruleset that it comes from. */
interface EffectiveRule {
  readonly type: string;
  readonly ruleset: number;
  readonly checks: readonly RequiredCheck[];
  /** Of a merge queue: which of its groups have to pass. */
  readonly grouping?: string;
}

interface RequiredCheck {
  readonly context: string;
  /** The App that it is expected of; anybody if absent. */
  readonly source?: number;
}

interface Ruleset {
  readonly id: number;
  readonly name: string;
  readonly isActive: boolean;
  /** Undefined where it is not by the names of branches. */
  readonly include: readonly string[] | undefined;
  /** Undefined where the token may not see it. */
  readonly bypass: readonly Actor[] | undefined;
}

interface Actor {
  readonly type: string;
  readonly id: number | undefined;
  readonly mode: string;
}

/** What the rules of the default branch and of the trail's branch say. Throws `GITHUB_UNREADABLE`. */
export async function examineBranchRules(question: RulesQuestion): Promise<readonly Check[]> {
  const root = `/repos/${encodeURIComponent(question.owner)}/${encodeURIComponent(question.repo)}`;
  const branch = at(await getJson(question, root), "default_branch");
  if (typeof branch !== "string") {
    const detail = `GitHub shows no repository ${question.owner}/${question.repo} to this token`;
    return [{ name: "branch rules", state: "fail", detail, fix: "Give a token that may read it" }];
  }
  const rules = await readRules(question, root, branch);
  const trailRules = await readRules(question, root, TRAIL_BRANCH);
  const rulesets = await readRulesets(question, root, [...rules, ...trailRules]);
  const older = await readProtection(question, root, branch);
  const required = [...rules.flatMap(({ checks }) => checks), ...(older ?? [])].filter(
    ({ context }) => context === CHECK,
  );
  const isWhole = older !== undefined;
  const check = examineCheck({ branch, required, isWhole }, question.appId);
  const isAppUsed = required.length > 0 || trailRules.length > 0;
  return [
    check,
    ...(required.length > 0 ? examineQueue(branch, rules) : []),
    ...(isAppUsed ? examineTrail(trailRules, rulesets, question.appId) : []),
    ...rulesets.filter(protectsNothing).map(toEmptyCheck),
  ];
}

interface Requirement {
  readonly branch: string;
  readonly required: readonly RequiredCheck[];
  /** False where the token may not see the older protection of the branch. */
  readonly isWhole: boolean;
}

function examineCheck({ branch, required, isWhole }: Requirement, appId?: number): Check {
  const name = `required check of ${branch}`;
  const fix = `Require the check ${CHECK} in a ruleset of ${branch}, and choose your App as its source`;
  const sources = [...new Set(required.map(({ source }) => source))];
  if (sources.length === 0) {
    const detail = isWhole
      ? `nothing requires the check ${CHECK}: the App's verdict keeps nothing out`
      : `no ruleset requires the check ${CHECK}; the older protection of ${branch} is not shown to this token`;
    return { name, state: "warn", detail, fix };
  }
  // Every rule has to be met: one that names the App is enough.
  if (sources.some((source) => isApp(source, appId))) {
    const [source] = sources.filter((each) => isApp(each, appId));
    const whose = appId === undefined ? `App ${source}: compare that with your App's ID` : "your App";
    return { name, state: "ok", detail: `${CHECK} is required of ${whose}` };
  }
  const shown = sources.map((source) => sourceName(source)).join(" and ");
  return { name, state: "fail", detail: `${CHECK} is required of ${shown}, not of your App`, fix };
}

function isApp(source: number | undefined, appId: number | undefined): boolean {
  return appId === undefined ? source !== undefined && source !== ACTIONS_APP : source === appId;
}

function sourceName(source: number | undefined): string {
  if (source === undefined) return "anybody who may write";
  return source === ACTIONS_APP ? "GitHub Actions, which is every workflow" : `App ${source}`;
}

/** A queue that asks its last group alone merges those before it as well, whatever their checks say. */
function examineQueue(branch: string, rules: readonly EffectiveRule[]): readonly Check[] {
  const queue = rules.find(({ type }) => type === "merge_queue");
  if (queue === undefined) return [];
  const name = `merge queue of ${branch}`;
  if (queue.grouping === EACH_PASSES)
    return [{ name, state: "ok", detail: "each of its groups has to pass" }];
  const detail = "a group that the check refuses is merged where a later one passes";
  const fix = `Switch on "Require all queue entries to pass required checks" for the merge queue of ${branch}`;
  return [{ name, state: "fail", detail, fix }];
}

function examineTrail(
  rules: readonly EffectiveRule[],
  rulesets: readonly Ruleset[],
  appId: number | undefined,
): readonly Check[] {
  const byId = new Map(rulesets.map((ruleset) => [ruleset.id, ruleset]));
  const holding = (type: string) =>
    rules.filter((rule) => rule.type === type).map(({ ruleset }) => byId.get(ruleset));
  return [examineWriters(holding, appId), examineGrowth(holding)];
}

type Holding = (type: string) => readonly (Ruleset | undefined)[];

/** Nobody makes or moves the trail's branch but the App. */
function examineWriters(holding: Holding, appId: number | undefined): Check {
  const name = `${TRAIL_BRANCH}: who writes`;
  const fix = `Add a ruleset for ${TRAIL_BRANCH} with ${WRITE_RULES.join(" and ")}, that the App alone may always bypass`;
  const missing = WRITE_RULES.filter((type) => holding(type).length === 0);
  if (missing.length > 0) {
    return { name, state: "fail", detail: `no rule restricts ${missing.join(" and ")}`, fix };
  }
  const lists = WRITE_RULES.flatMap((type) => holding(type).map((ruleset) => ruleset?.bypass));
  if (lists.some((list) => list === undefined)) return unseen(name);
  const isOurs = ({ type, id, mode }: Actor) =>
    type === "Integration" && mode === "always" && (appId === undefined || id === appId);
  const isRight = lists.every((list = []) => list.length === 1 && list.every(isOurs));
  return isRight
    ? { name, state: "ok", detail: "the App alone" }
    : { name, state: "fail", detail: "others than the App may bypass the rule, or the App may not", fix };
}

/** Nobody, the App included, takes anything back from it. */
function examineGrowth(holding: Holding): Check {
  const name = `${TRAIL_BRANCH}: how it grows`;
  const fix = `Add a ruleset for ${TRAIL_BRANCH} with ${GROWTH_RULES.join(", ")}, that nobody may bypass`;
  const missing = GROWTH_RULES.filter((type) => holding(type).length === 0);
  if (missing.length > 0)
    return { name, state: "fail", detail: `no rule asks for ${missing.join(", ")}`, fix };
  const isStrict = (type: string) => holding(type).some((ruleset) => ruleset?.bypass?.length === 0);
  const weak = GROWTH_RULES.filter((type) => !isStrict(type));
  if (weak.length === 0) return { name, state: "ok", detail: "only by signed commits on top" };
  const isUnseen = weak.some((type) => holding(type).some((ruleset) => ruleset?.bypass === undefined));
  if (isUnseen) return unseen(name);
  return { name, state: "fail", detail: `somebody may bypass ${weak.join(", ")}`, fix };
}

function unseen(name: string): Check {
  const detail = "the rules are there; who may bypass them is not shown to this token";
  return { name, state: "warn", detail, fix: "Run doctor once with the token of an administrator" };
}

function protectsNothing({ isActive, include }: Ruleset): boolean {
  return isActive && include?.length === 0;
}

function toEmptyCheck({ name }: Ruleset): Check {
  return {
    name: `ruleset ${JSON.stringify(name)}`,
    state: "warn",
    detail: "it is active and names no branch: it protects nothing",
    fix: "Name the branches that it is for, or remove it",
  };
}

async function readRules(access: ApiAccess, root: string, branch: string): Promise<readonly EffectiveRule[]> {
  const rules = await getList(access, `${root}/rules/branches/${encodeURIComponent(branch)}`);
  return rules.map((rule) => {
    const grouping = at(rule, "parameters", "grouping_strategy");
    return {
      type: String(at(rule, "type")),
      ruleset: Number(at(rule, "ruleset_id")),
      checks: listAt(rule, "parameters", "required_status_checks").map((check) =>
        toRequired(at(check, "context"), at(check, "integration_id")),
      ),
      ...(typeof grouping === "string" && { grouping }),
    };
  });
}

/** What the older protection of the branch requires; undefined where the token may not see it. */
async function readProtection(
  access: ApiAccess,
  root: string,
  branch: string,
): Promise<readonly RequiredCheck[] | undefined> {
  const path = `${root}/branches/${encodeURIComponent(branch)}/protection/required_status_checks`;
  const protection = await findPermitted(access, path);
  if (protection === "forbidden") return undefined;
  return listAt(protection, "checks").map((check) => toRequired(at(check, "context"), at(check, "app_id")));
}

async function findPermitted(access: ApiAccess, path: string): Promise<unknown> {
  try {
    return await getJson(access, path);
  } catch (cause) {
    if (cause instanceof GateError && cause.code === "GITHUB_FORBIDDEN") return "forbidden";
    throw cause;
  }
}

function toRequired(context: unknown, source: unknown): RequiredCheck {
  return { context: String(context), ...(typeof source === "number" && { source }) };
}

/** Those of the repository, and those that its branches' rules come from, each with all that the token may see. */
async function readRulesets(
  access: ApiAccess,
  root: string,
  rules: readonly EffectiveRule[],
): Promise<readonly Ruleset[]> {
  const listed = await getList(access, `${root}/rulesets`);
  const ids = new Set([
    ...listed.map((ruleset) => Number(at(ruleset, "id"))),
    ...rules.map((r) => r.ruleset),
  ]);
  const rulesets: Ruleset[] = [];
  for (const id of ids) rulesets.push(toRuleset(id, await getJson(access, `${root}/rulesets/${id}`)));
  return rulesets;
}

function toRuleset(id: number, data: unknown): Ruleset {
  const [include, bypass] = [at(data, "conditions", "ref_name", "include"), at(data, "bypass_actors")];
  return {
    id,
    name: String(at(data, "name") ?? id),
    isActive: at(data, "enforcement") === "active",
    include: Array.isArray(include) ? include.map(String) : undefined,
    bypass: Array.isArray(bypass) ? bypass.map(toActor) : undefined,
  };
}

function toActor(data: unknown): Actor {
  const id = at(data, "actor_id");
  return {
    type: String(at(data, "actor_type")),
    id: typeof id === "number" ? id : undefined,
    mode: String(at(data, "bypass_mode")),
  };
}

function listAt(value: unknown, ...names: readonly string[]): readonly unknown[] {
  const found = at(value, ...names);
  return Array.isArray(found) ? found : [];
}

/** What is found along the names; undefined where there is nothing. */
function at(value: unknown, ...names: readonly string[]): unknown {
  let found = value;
  for (const name of names) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, name);
  }
  return found ?? undefined;
}
