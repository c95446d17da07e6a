import type { ChangeSet, FileChange } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import type { Policy, PolicyChange } from "../model/policy.ts";
import type { World } from "../world.ts";
import { diffPolicies } from "./diff.ts";
import { loadPolicy } from "./load.ts";
import { isPolicyFile } from "./locate.ts";

const WAIVERS = ".weighbridge/waivers/";
const WORKFLOWS = ".github/workflows/";
const WORKFLOW_BYTES_MAX = 1_048_576;

/**
 * What the change does to the files that judge it, as `{ policyChange }`, or `{}` where it leaves them alone. The
 * head's policy is read for the preview only; nothing is decided by it.
 */
export async function previewPolicyChange(
  change: ChangeSet,
  policy: Policy,
  world: World,
): Promise<{ policyChange?: PolicyChange }> {
  const files = (await Promise.all(change.files.map((file) => kindOf(file, world)))).flatMap(
    (kind, index) => toFile(change.files[index], kind) ?? [],
  );
  if (files.length === 0) return {};
  const kinds = new Set(files.map(({ kind }) => kind));
  if (!kinds.has("policy") && !kinds.has("waiver")) return { policyChange: { files, differences: [] } };
  const compared = await compare(change, policy, world);
  // A branch that leaves the policy alone may be behind the base's, which is no difference of its own.
  return { policyChange: { files, ...compared, ...(kinds.has("policy") ? {} : { differences: [] }) } };
}

type Kind = PolicyChange["files"][number]["kind"];

function toFile(file: FileChange | undefined, kind: Kind | undefined) {
  return file === undefined || kind === undefined ? undefined : { path: file.path, kind };
}

async function kindOf(file: FileChange, world: World): Promise<Kind | undefined> {
  const paths = [file.path, file.previousPath ?? file.path];
  if (paths.some((path) => path.startsWith(WAIVERS))) return "waiver";
  if (paths.some(isPolicyFile)) return "policy";
  if (!paths.some((path) => path.startsWith(WORKFLOWS))) return undefined;
  return (await namesWeighbridge(file, world)) ? "workflow" : undefined;
}

/** Only a workflow that runs us, before or after, is part of the judge; others may change without a word. */
async function namesWeighbridge({ base, head }: FileChange, { repository }: World): Promise<boolean> {
  const entries = [base, head].filter((entry) => entry !== undefined && entry.kind !== "submodule");
  const texts = await repository.read(
    entries.filter((entry) => entry !== undefined),
    WORKFLOW_BYTES_MAX,
  );
  return texts.some((bytes) => Buffer.from(bytes).toString("latin1").toLowerCase().includes("weighbridge"));
}

async function compare(
  change: ChangeSet,
  policy: Policy,
  world: World,
): Promise<Pick<PolicyChange, "differences" | "unreadable">> {
  try {
    const next = await loadPolicy(change.head, world);
    return { differences: diffPolicies(policy, next.policy) };
  } catch (cause) {
    if (!(cause instanceof GateError)) throw cause;
    const { code, message, place } = cause;
    return { differences: [], unreadable: { code, message, ...(place === undefined ? {} : { place }) } };
  }
}
