import { fail, notApplicable, pass } from "./judgement.ts";
import type { Rule } from "./rule.ts";

export const manifestValid: Rule = {
  name: "manifest.valid",
  title: "A valid model.yml claims the model",
  scope: "model",
  parameters: {},
  judge(_args, view) {
    const head = view.model?.head;
    if (head === undefined) return notApplicable("The model is removed");
    if (head.problems.length > 0) return fail(head.problems, { observed: head.problems[0]?.code ?? "" });
    if (head.manifest === undefined) {
      return fail({
        code: "MODEL_UNCLAIMED",
        message: "No model.yml claims this model",
        fix: "Run weighbridge init, or name the file under artifacts in a model.yml beside it",
      });
    }
    return pass({ observed: head.manifest.path });
  },
};
