import type { FormatName } from "../model/formats.ts";
import { expectationOf } from "./extensions.ts";

/** Which format of zip the names of its members show. */
export function zipKind(names: readonly string[]): FormatName {
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name));
  if (
    has(/^(?:[^/]+\/)?(?:constants\.pkl|code\/.+|model\.json)$/) &&
    has(/^(?:[^/]+\/)?(?:data\.pkl|version|constants\.pkl)$/)
  ) {
    return "torchscript";
  }
  if (has(/^(?:[^/]+\/)?data\.pkl$/)) return "torch-zip";
  if (has(/^config\.json$/) && has(/^(?:metadata\.json|model\.weights\.(?:h5|npz))$/)) return "keras-zip";
  if (has(/^schema\.json$/) && names.every((name) => /^(?:schema\.json|[^/]+\.np[yz])$/.test(name)))
    return "skops";
  if (names.length > 0 && names.every((name) => name.endsWith(".npy"))) return "npz";
  return "zip";
}

/** Which format of tar the names of its members show. */
export function tarKind(names: readonly string[]): FormatName {
  return ["pickle", "storages", "tensors"].every((name) => names.includes(name)) ? "torch-tar" : "tar";
}

/** Whether a name is one that a model goes by. */
export function isModelName(name: string): boolean {
  return expectationOf(name)?.family === "model";
}

/** Whether a name is one that pickles go by before anything else; `.pt` and `.bin` have to be looked into. */
export function isPickleName(name: string): boolean {
  return expectationOf(name)?.formats?.[0] === "pickle";
}
