import { BRANCH_STALE, type FileChange } from "../model/change.ts";
import type { Finding } from "../model/finding.ts";
import { broken, fail, notApplicable, pass } from "./judgement.ts";
import type { Rule, View } from "./rule.ts";

export const gatesComplete: Rule = {
  name: "gates.complete",
  title: "Every gate of the policy was judged, and something was judged about every model",
  scope: "decision",
  parameters: {},
  judge(_args, view) {
    const findings = [...vanished(view), ...vacuous(view), ...lost(view)];
    if (findings.length === 0 && view.change.models.length === 0 && view.policyChange === undefined) {
      return notApplicable("The change touches no model");
    }
    const observed = `${view.results?.length ?? 0} results`;
    if (findings.length > 0) return broken([...findings, ...stale(view)], { observed });
    const late = stale(view);
    return late.length === 0 ? pass({ observed }) : fail(late, { observed });
  },
};

function vanished(view: View): readonly Finding[] {
  const judged = new Set(view.results?.map(({ gate }) => gate));
  if (view.change.models.length === 0) return [];
  return view.policy.gates
    .filter(({ id, rule }) => rule !== gatesComplete.name && !judged.has(id))
    .map(({ id }) => ({ code: "GATE_VANISHED", message: `Gate ${id} was not judged` }));
}

/** A model about which every gate says "not applicable" was not weighed. */
function vacuous(view: View): readonly Finding[] {
  return view.change.models
    .filter(
      ({ id }) => !view.results?.some(({ model, outcome }) => model === id && outcome !== "not_applicable"),
    )
    .filter(({ head }) => head !== undefined)
    .map(({ id }) => ({ code: "NOTHING_EVALUATED", message: `No gate applied to ${id}` }));
}

/** The policy knows of a model here, files of it changed, and no model was found. */
function lost(view: View): readonly Finding[] {
  const judged = new Set(view.change.models.flatMap(({ paths }) => paths));
  return view.policy.models.flatMap(({ id, path }) => {
    const touched = view.change.files.find((file) => isPartOf(file, path) && !judged.has(file.path));
    if (touched === undefined) return [];
    return [
      {
        code: "NOTHING_EVALUATED",
        message: `${touched.path} belongs to the model ${id} of the policy, and no model was found there`,
        place: { path: touched.path },
        fix: `Keep a model.yml under ${path}`,
      },
    ];
  });
}

/** What the merge would put under a model that the change was not weighed as. */
function stale(view: View): readonly Finding[] {
  return view.change.models.flatMap(({ head }) =>
    (head?.problems ?? []).filter(({ code }) => code === BRANCH_STALE),
  );
}

/** Below the model's folder, in its place, or a link or submodule in the place of a folder above it. */
function isPartOf({ path, head }: FileChange, folder: string): boolean {
  if (path === folder || path.startsWith(`${folder}/`)) return true;
  return (head?.kind === "symlink" || head?.kind === "submodule") && folder.startsWith(`${path}/`);
}
