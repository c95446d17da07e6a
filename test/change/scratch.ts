import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after } from "node:test";
import { readChangeSet } from "../../gate/change/read.ts";
import { openCheckout } from "../../gate/checkout.ts";
import type { ChangeSet, ModelChange } from "../../gate/model/change.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";

/** Repositories with models, and what is read of their changes. */

/** Removed when the test ends that asks for it. */
export async function scratch(
  options: Parameters<typeof scratchRepository>[0] = {},
): Promise<ScratchRepository> {
  const repository = await scratchRepository(options);
  after(repository.remove);
  return repository;
}

interface ManifestText {
  readonly id?: string;
  readonly artifacts?: readonly string[];
  readonly more?: string;
}

export function manifest({ id = "m", artifacts = ["w.bin"], more = "" }: ManifestText = {}): string {
  const list = artifacts.map((path) => `  - path: ${path}\n`).join("");
  return `weighbridge: 1\nid: ${id}\nstatus: production\nartifacts:\n${list}${more}`;
}

/** A repository with the model `m` in models/m, committed as `base`. */
export async function withModel(
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<ScratchRepository> {
  const scratched = await scratch();
  scratched.commit("base", { "models/m/model.yml": manifest(), "models/m/w.bin": "weights 1", ...files });
  scratched.git("tag", "base");
  return scratched;
}

export async function changeOf(
  scratched: ScratchRepository,
  head = "HEAD",
  base = "base",
): Promise<ChangeSet> {
  const checkout = await openCheckout(scratched.directory);
  try {
    return await readChangeSet({ base, head }, checkout);
  } finally {
    await checkout.close();
  }
}

export function modelOf(change: ChangeSet, id = "m"): ModelChange {
  const model = change.models.find((one) => one.id === id);
  assert.ok(model, `no model ${id} among ${change.models.map((one) => one.id).join(", ")}`);
  return model;
}

/** `class id: codes of the problems at head, of manifest and artifacts`, for each model. */
export function summary(change: ChangeSet): string[] {
  return change.models.map(({ id, changeClass, head }) => {
    const codes = [
      ...(head?.problems ?? []).map(({ code }) => code),
      ...(head?.artifacts ?? []).flatMap(({ problem }) => problem?.code ?? []),
    ];
    return [`${changeClass} ${id}`, ...codes].join(" ");
  });
}

export function sha(content: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

export function pointerTo(content: string): string {
  const hex = sha(content).slice("sha256:".length);
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${hex}\nsize ${Buffer.byteLength(content)}\n`;
}
