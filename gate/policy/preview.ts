import type { ChangeSet, FileChange } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import type { Policy, PolicyChange, Waiver } from "../model/policy.ts";
import type { World } from "../world.ts";
import { diffPolicies } from "./diff.ts";
import { loadPolicy } from "./load.ts";
import { isPolicyFile, isWaiverPath } from "./locate.ts";
import { parseWaiver, WAIVER_BYTES_MAX } from "./waivers.ts";

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
  const touchesPolicy = files.some(({ kind }) => kind === "policy");
  const waivers = await readWaivers(change, world);
  const compared = touchesPolicy ? await compare(change, policy, world) : { differences: [] };
  return { policyChange: { files, ...waivers, ...compared } };
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

/** The waivers that the change brings: what they say of people is true when they enter, or never. */
async function readWaivers(
  { files }: ChangeSet,
  { repository }: World,
): Promise<Pick<PolicyChange, "waivers" | "unreadable">> {
  const entries = files.flatMap(({ path, head }) =>
    head === undefined || head.kind === "submodule" || !isWaiverPath(path) ? [] : [head],
  );
  const contents = await repository.read(entries, WAIVER_BYTES_MAX);
  const read = entries.map(({ path }, index) => tryParse(contents[index] ?? new Uint8Array(), path));
  const waivers = read.flatMap(({ waiver }) => waiver ?? []);
  const [unreadable] = read.flatMap((one) => one.unreadable ?? []);
  return {
    ...(waivers.length > 0 && { waivers }),
    ...(unreadable !== undefined && { unreadable }),
  };
}

function tryParse(
  bytes: Uint8Array,
  path: string,
): { readonly waiver?: Waiver } & Pick<PolicyChange, "unreadable"> {
  try {
    return { waiver: parseWaiver(bytes, path) };
  } catch (cause) {
    return { unreadable: faultOf(cause) };
  }
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
    return { differences: [], unreadable: faultOf(cause) };
  }
}

/** What a file is at fault for; whatever else went wrong is thrown again. */
function faultOf(cause: unknown): NonNullable<PolicyChange["unreadable"]> {
  if (!(cause instanceof GateError)) throw cause;
  const { code, message, place } = cause;
  return { code, message, ...(place === undefined ? {} : { place }) };
}
