import type { Members } from "../description.ts";
import {
  type Call,
  json,
  NOT_FOUND,
  problem,
  type Reply,
  type Routes,
  repositoryUrl,
  withRepository,
} from "../exchange.ts";
import { fullName, type Repository } from "../nouns.ts";
import { paginated } from "../pagination.ts";
import { instant } from "../resources/times.ts";
import type { Ruleset } from "../state/rules.ts";

const METADATA = { permissions: ["metadata"], level: "read" } as const;

/** Whether our check is required, and of whom. */
export const RULE_ROUTES: Routes = {
  "repos/get-branch-rules": { ...METADATA, handle: withRepository(getBranchRules) },
  "repos/get-repo-rulesets": { ...METADATA, handle: withRepository(listRulesets) },
  "repos/get-repo-ruleset": { ...METADATA, handle: withRepository(getRuleset) },
  "repos/get-status-checks-protection": {
    ...{ permissions: ["administration"], level: "read" },
    handle: withRepository(getRequiredChecks),
  },
};

function getBranchRules(call: Call, repository: Repository): Reply {
  const rulesets = call.github.rules.effective(repository, call.parameters.branch ?? "");
  const rules = rulesets.flatMap((ruleset) =>
    ruleset.rules.map(
      (rule): Members => ({
        ...rule,
        ...{
          ruleset_source_type: "Repository",
          ruleset_source: fullName(repository),
          ruleset_id: ruleset.id,
        },
      }),
    ),
  );
  return paginated(call, rules);
}

function listRulesets(call: Call, repository: Repository): Reply {
  const rulesets = call.github.rules.rulesets.filter((each) => each.repository === repository);
  return paginated(
    call,
    rulesets.map((ruleset) => toRuleset(call, ruleset)),
  );
}

function getRuleset(call: Call, repository: Repository): Reply {
  const id = Number(call.parameters.ruleset_id);
  const ruleset = call.github.rules.rulesets.find((each) => each.repository === repository && each.id === id);
  if (ruleset === undefined) return NOT_FOUND;
  return json(200, {
    ...toRuleset(call, ruleset),
    conditions: { ref_name: { include: [...ruleset.include], exclude: [] } },
    rules: ruleset.rules.map((rule) => ({ ...rule })),
    // Only somebody who may administer the repository is told who may pass by.
    ...(call.token.permissions.administration !== undefined && {
      bypass_actors: ruleset.bypass.map(({ id: actor, type, mode }) => ({
        ...{ actor_id: actor, actor_type: type, bypass_mode: mode },
      })),
    }),
  });
}

function toRuleset(call: Call, { id, name, enforcement, repository, createdAt }: Ruleset): Members {
  const at = instant(createdAt);
  return {
    ...{ id, name, enforcement, target: "branch", source_type: "Repository", source: fullName(repository) },
    ...{ node_id: `RRS_${id}`, created_at: at, updated_at: at },
    _links: { self: { href: repositoryUrl(call, `rulesets/${id}`) } },
  };
}

function getRequiredChecks(call: Call, repository: Repository): Reply {
  const branch = call.parameters.branch ?? "";
  const protection = call.github.rules.protections.find(
    (each) => each.repository === repository && each.branch === branch,
  );
  if (protection === undefined) return problem(404, "Branch not protected");
  const url = repositoryUrl(call, `branches/${branch}/protection/required_status_checks`);
  return json(200, {
    ...{ url, strict: protection.strict, contexts_url: `${url}/contexts` },
    contexts: protection.checks.map(({ context }) => context),
    checks: protection.checks.map(({ context, appId }) => ({ context, app_id: appId ?? null })),
  });
}
