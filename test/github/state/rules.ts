import { type Json, type Members, members } from "../description.ts";
import type { Repository } from "../nouns.ts";

/** A ruleset of a repository, as far as we ask about it. */
export interface Ruleset {
  readonly id: number;
  readonly repository: Repository;
  name: string;
  enforcement: "active" | "evaluate" | "disabled";
  /** Branches by name, `~DEFAULT_BRANCH` or `~ALL`; an empty list protects nothing. */
  include: readonly string[];
  bypass: readonly { readonly id: number; readonly type: string; readonly mode: string }[];
  /** As the API writes them: `type` and `parameters`. */
  rules: readonly Rule[];
  createdAt: Date;
}

export interface Rule {
  readonly type: string;
  readonly parameters?: Members;
}

export interface RequiredCheck {
  readonly context: string;
  /** The App that it is expected of; anybody if absent. */
  readonly appId?: number;
}

/** Classic protection of one branch. */
export interface Protection {
  readonly repository: Repository;
  readonly branch: string;
  readonly strict: boolean;
  readonly checks: readonly RequiredCheck[];
}

/** Rulesets and classic branch protection. */
export class Rules {
  readonly rulesets: Ruleset[] = [];
  readonly protections: Protection[] = [];

  /** Rulesets that are in force for the branch. */
  effective(repository: Repository, branch: string): Ruleset[] {
    return this.rulesets.filter(
      (ruleset) =>
        ruleset.repository === repository && ruleset.enforcement === "active" && includes(ruleset, branch),
    );
  }

  requiredChecks(repository: Repository, branch: string): RequiredCheck[] {
    const byRules = this.effective(repository, branch)
      .flatMap(({ rules }) => rules)
      .filter(({ type }) => type === "required_status_checks")
      .flatMap(({ parameters = {} }) => toRequired(parameters.required_status_checks));
    const classic = this.protections.filter(
      (each) => each.repository === repository && each.branch === branch,
    );
    return [...byRules, ...classic.flatMap(({ checks }) => checks)];
  }
}

function includes({ include, repository }: Ruleset, branch: string): boolean {
  return include.some(
    (name) =>
      name === "~ALL" ||
      (name === "~DEFAULT_BRANCH" && branch === repository.defaultBranch) ||
      name.replace(/^refs\/heads\//, "") === branch,
  );
}

function toRequired(checks: Json | undefined): RequiredCheck[] {
  if (!Array.isArray(checks)) return [];
  return checks.map((check) => {
    const { context, integration_id: appId } = members(check);
    return { context: String(context), ...(typeof appId === "number" && { appId }) };
  });
}
