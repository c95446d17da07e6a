import type { TreeEntry } from "../gate/model/change.ts";
import { GateError } from "../gate/model/error.ts";
import type { Repository } from "../gate/world.ts";

/** Where a repository keeps its policy. */
export const POLICY_PATH = ".weighbridge/policy.yml";

/** A repository with one commit that holds one file: a policy that stands in no commit can be loaded like any other. */
export function fileRepository(name: string, bytes: Uint8Array): Repository {
  const entry: TreeEntry = { path: POLICY_PATH, kind: "file", oid: name };
  const refuse = (): never => {
    throw new GateError("FILE_ONLY", `Cannot read more than the policy: ${name} is a file, not a revision`);
  };
  return {
    commit: async () => name,
    tree: async () => new Map([[POLICY_PATH, entry]]),
    read: async (entries, bytesMax) => {
      if (bytes.length > bytesMax) {
        const message = `Cannot read ${name}: ${bytes.length} bytes, limit is ${bytesMax}`;
        throw new GateError("FILE_TOO_LARGE", message);
      }
      return entries.map(() => bytes);
    },
    mergeBase: async () => refuse(),
    open: async () => refuse(),
    openContent: async () => refuse(),
  };
}

/** The error with the file's own name, where it speaks of the place that the file was given in that repository. */
export function named(error: GateError, name: string): GateError {
  const { code, message, place, fix, cause } = error;
  return new GateError(code, message.replaceAll(POLICY_PATH, name), {
    ...(place === undefined ? {} : { place: place.path === POLICY_PATH ? { ...place, path: name } : place }),
    ...(fix === undefined ? {} : { fix }),
    cause,
  });
}
