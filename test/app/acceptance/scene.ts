import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../../app/github/waiting.ts";
import { type Effect, issuesDisabled } from "../../github/faults.ts";
import type { Account, Issue, Pull } from "../../github/nouns.ts";
import type { RunRequest } from "../../github/play/workflows.ts";
import type { WorkflowRun } from "../../github/state/workflows.ts";
import { zipFile } from "../github/zip-file.ts";
import type { Team } from "../team.ts";

/** What the tests of this folder do again and again. */

export const EVIDENCE = "weighbridge-evidence";

/** A policy as somebody writes it who wants everything to pass. */
export const LAX = `weighbridge: 1
policy: { name: lax, version: 1.0.0 }
extends: []
roles: {}
models:
  - { id: credit-pd, path: models/credit-pd, tier: T4 }
gates:
  - { id: any, rule: expression, with: { require: "true" }, severity: block }
`;

/** Our check is required on the branch, or nobody would look whether it is green there. */
export function requireCheck({ stand, repository, registration }: Team, branch: string): void {
  const checks = [{ context: "weighbridge", appId: registration.id }];
  stand.github.rules.protections.push({ repository, branch, strict: false, checks });
}

/** The olga of the team agrees, and everything that follows from it has happened. */
export async function approve(team: Team, pull: Pull, by: Account = team.people.olga): Promise<void> {
  team.stand.play.review(pull, { by, state: "APPROVED" });
  await team.settle();
}

/** A run of the team's workflow about a commit; it has ended unless the test changes that at once. */
export function runOf(team: Team, run: Omit<RunRequest, "by"> & Partial<RunRequest>): WorkflowRun {
  return team.stand.play.completeRun(team.repository, { by: team.people.maria, ...run });
}

/** A run about the head of a pull request, with these files in its artifact, and what follows from it. */
export async function completeRun(
  team: Team,
  { head }: Pull,
  { files, ...run }: Partial<RunRequest> & { readonly files?: Readonly<Record<string, string>> } = {},
): Promise<void> {
  const members = Object.entries(files ?? {}).map(([name, content]) => ({ name, content }));
  const artifacts = files === undefined ? {} : { artifacts: { [EVIDENCE]: zipFile(members) } };
  runOf(team, { head: head.sha, branch: head.ref, ...artifacts, ...run });
  await team.settle();
}

/** Issues that the App opened. */
export function issuesOf({ stand, registration }: Team): readonly Issue[] {
  return stand.github.issues.filter(({ app }) => app?.id === registration.id);
}

/** Switches the issues of the repository off; what is given back switches them on again. */
export function switchIssuesOff(team: Team): () => void {
  return failEach(team, "issues/create", issuesDisabled());
}

/** Has every request of the operation fail; what is given back ends that. */
export function failEach({ stand }: Team, match: string, effect: Effect): () => void {
  const fault = { match, times: Number.POSITIVE_INFINITY, effect };
  stand.fail(fault);
  return () => {
    fault.match = "nothing any more";
  };
}

/** Until something is so; throws if it never is: what is tried again on a slow machine takes a while. */
export async function until(isSo: () => boolean | Promise<boolean>, msMax = 90_000): Promise<void> {
  const end = Date.now() + msMax;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error("It never came to be so");
    await sleep(20);
  }
}

/** What is said from here on was said in another second than what was said before: GitHub tells time in seconds. */
export async function nextSecond(): Promise<void> {
  await sleep(1_010 - (Date.now() % 1_000));
}

/** Waits for nothing long: for what GitHub takes its time with, and the stand-in does at once. */
export const HASTY: Clock = { now: Date.now, sleep: async () => sleep(1) };
