import type { Participant } from "../../gate/model/approval.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { GateError } from "../../gate/model/error.ts";
import { parseWaiver, WAIVER_BYTES_MAX } from "../../gate/policy/waivers.ts";
import type { Repository } from "../../gate/world.ts";

/** Who asked for a waiver that the change brings, as its file says: they do not approve it. */
export async function findRequesters(
  repository: Pick<Repository, "read">,
  { input }: DecisionRecord,
): Promise<readonly Participant[]> {
  const paths = (input.policyChange?.files ?? []).filter(({ kind }) => kind === "waiver");
  const entries = paths.flatMap(({ path }) => {
    const entry = input.change.files.find((file) => file.path === path)?.head;
    return entry === undefined || entry.kind === "submodule" ? [] : [{ path, entry }];
  });
  const contents = await repository.read(
    entries.map(({ entry }) => entry),
    WAIVER_BYTES_MAX,
  );
  return entries.flatMap(({ path }, index) => requesterOf(contents[index] ?? new Uint8Array(), path));
}

/** A file that is no waiver has nobody who asked for it, and no effect at the base either. */
function requesterOf(bytes: Uint8Array, path: string): readonly Participant[] {
  try {
    return [{ part: "requester", userId: Number(parseWaiver(bytes, path).requestedBy) }];
  } catch (cause) {
    if (cause instanceof GateError) return [];
    throw cause;
  }
}
