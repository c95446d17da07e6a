import type { ChangeSet, FileChange, TreeEntry } from "../model/change.ts";
import { GateError } from "../model/error.ts";
import type { Policy, PolicyChange, PolicyDifference, Waiver } from "../model/policy.ts";
import type { Repository, World } from "../world.ts";
import { diffPolicies } from "./diff.ts";
import { type LoadedPolicy, loadPolicy } from "./load.ts";
import { isPolicyFile, isWaiverPath } from "./locate.ts";
import { diffWaivers } from "./waiver-diff.ts";
import { parseWaiver, WAIVER_BYTES_MAX } from "./waivers.ts";
import { diffWorkflows, type WorkflowFile } from "./workflow-diff.ts";

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
  const has = (kind: Kind) => files.some((file) => file.kind === kind);
  const { differences: ofWaivers, ...waivers } = await readWaivers(change, world);
  const ofWorkflows = has("workflow") ? await compareWorkflows(change, world) : [];
  // A waiver that the next base cannot take would close every change after this one, its own repair included.
  const isNext = has("policy") || has("waiver");
  const { differences, ...compared } = isNext ? await compare(change, policy, world) : { differences: [] };
  const all = [...differences, ...ofWaivers, ...ofWorkflows];
  return { policyChange: { files, ...waivers, ...compared, differences: all } };
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
): Promise<Pick<PolicyChange, "waivers" | "unreadable" | "differences">> {
  const touched = files.filter((file) => [baseOf(file), file.head].some(isWaiver));
  const bases = await readEach(touched.map(baseOf), repository);
  const heads = await readEach(
    touched.map(({ head }) => head),
    repository,
  );
  const waivers = heads.flatMap(({ waiver }) => waiver ?? []);
  const [unreadable] = heads.flatMap((one) => one.unreadable ?? []);
  return {
    differences: heads.flatMap(({ waiver, unreadable: broken }, index) =>
      broken === undefined ? diffWaivers(bases[index]?.waiver, waiver) : [],
    ),
    ...(waivers.length > 0 && { waivers }),
    ...(unreadable !== undefined && { unreadable }),
  };
}

/** What a file was before; what it is a copy of is another file, which is still there. */
function baseOf({ status, base }: FileChange): TreeEntry | undefined {
  return status === "copied" ? undefined : base;
}

function isWaiver(entry: TreeEntry | undefined): entry is TreeEntry {
  return entry !== undefined && entry.kind !== "submodule" && isWaiverPath(entry.path);
}

type MaybeWaiver = { readonly waiver?: Waiver } & Pick<PolicyChange, "unreadable">;

async function readEach(
  entries: readonly (TreeEntry | undefined)[],
  repository: Repository,
): Promise<readonly MaybeWaiver[]> {
  const present = entries.filter(isWaiver);
  const contents = await repository.read(present, WAIVER_BYTES_MAX);
  const read = new Map(present.map((entry, index) => [entry, contents[index] ?? new Uint8Array()]));
  return entries.map((entry) => {
    const bytes = entry && read.get(entry);
    return entry === undefined || bytes === undefined ? {} : tryParse(bytes, entry.path);
  });
}

function tryParse(bytes: Uint8Array, path: string): MaybeWaiver {
  try {
    return { waiver: parseWaiver(bytes, path) };
  } catch (cause) {
    return { unreadable: faultOf(cause) };
  }
}

async function compareWorkflows(
  { files }: ChangeSet,
  { repository }: World,
): Promise<readonly PolicyDifference[]> {
  const differences: PolicyDifference[] = [];
  for (const file of files) {
    const paths = [file.path, file.previousPath ?? file.path];
    if (!paths.some((path) => path.startsWith(WORKFLOWS))) continue;
    const before = await readWorkflow(baseOf(file), repository);
    differences.push(...diffWorkflows(before, await readWorkflow(file.head, repository)));
  }
  return differences;
}

async function readWorkflow(
  entry: TreeEntry | undefined,
  repository: Repository,
): Promise<WorkflowFile | undefined> {
  if (entry === undefined || entry.kind === "submodule") return undefined;
  const [bytes] = await repository.read([entry], WORKFLOW_BYTES_MAX);
  return bytes === undefined ? undefined : { path: entry.path, bytes };
}

async function compare(
  change: ChangeSet,
  policy: Policy,
  world: World,
): Promise<Pick<PolicyChange, "differences" | "unreadable">> {
  try {
    const next = await loadPolicy(change.head, world);
    return { differences: diffPolicies(policy, next.policy).map((each) => withPlace(each, next)) };
  } catch (cause) {
    return { differences: [], unreadable: faultOf(cause) };
  }
}

/** A reviewer looks at the line that the change brings; what it takes out has none any more. */
function withPlace(difference: PolicyDifference, { places }: LoadedPolicy): PolicyDifference {
  const place = places.get(difference.gate)?.get(difference.what);
  return place === undefined ? difference : { ...difference, place };
}

/** What a file is at fault for; whatever else went wrong is thrown again. */
function faultOf(cause: unknown): NonNullable<PolicyChange["unreadable"]> {
  if (!(cause instanceof GateError)) throw cause;
  const { code, message, place } = cause;
  return { code, message, ...(place === undefined ? {} : { place }) };
}
