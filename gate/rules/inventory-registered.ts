import type { Finding } from "../model/finding.ts";
import type { Manifest } from "../model/manifest.ts";
import { textsOf } from "./arguments.ts";
import { fail, missing, notApplicable, pass } from "./judgement.ts";
import type { Rule } from "./rule.ts";

/** Keys of `model.yml` that an inventory may ask for, and how to read each. */
const FIELDS = {
  owner: (manifest: Manifest) => manifest.owner,
  purpose: (manifest: Manifest) => manifest.purpose,
  status: (manifest: Manifest) => manifest.status,
  next_review: (manifest: Manifest) => manifest.nextReview,
  context: (manifest: Manifest) => (manifest.context === undefined ? undefined : "stated"),
  card: (manifest: Manifest) => manifest.card,
} as const satisfies Record<string, (manifest: Manifest) => string | undefined>;

const DEFAULT_FIELDS = ["owner", "purpose", "status", "next_review"];

export const inventoryRegistered: Rule = {
  name: "inventory.registered",
  title: "The inventory knows the model, its owner and its next review",
  scope: "model",
  parameters: {
    require: {
      schema: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { enum: Object.keys(FIELDS) },
        description: `Keys of model.yml that have to be filled; ${DEFAULT_FIELDS.join(", ")} if absent.`,
        examples: [["owner", "purpose"]],
      },
      tighter: { kind: "superset", default: DEFAULT_FIELDS },
    },
  },
  judge(args, view) {
    const head = view.model?.head;
    if (head === undefined) return notApplicable("The model is removed");
    const { manifest } = head;
    if (manifest === undefined)
      return missing({ code: "MODEL_UNCLAIMED", message: "No model.yml claims this model" });
    const empty = (textsOf(args, "require") ?? DEFAULT_FIELDS).filter((name) => isEmpty(manifest, name));
    const findings = [...empty.map((name) => notFilled(manifest, name)), ...overdue(manifest, view.now)];
    return findings.length === 0
      ? pass({ observed: manifest.id })
      : fail(findings, { observed: manifest.id });
  },
};

function isEmpty(manifest: Manifest, name: string): boolean {
  const read = Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof typeof FIELDS] : undefined;
  return (read?.(manifest) ?? "").trim() === "";
}

function notFilled(manifest: Manifest, name: string): Finding {
  return {
    code: "INVENTORY_INCOMPLETE",
    message: `model.yml of ${manifest.id} does not state ${name}`,
    place: { path: manifest.path },
    fix: `Add ${name}: to ${manifest.path}`,
  };
}

function overdue(manifest: Manifest, now: string): readonly Finding[] {
  const { nextReview } = manifest;
  // Both are ISO 8601 in UTC, so that text order is time order.
  if (nextReview === undefined || nextReview >= now.slice(0, nextReview.length)) return [];
  const line = manifest.lines.next_review;
  return [
    {
      code: "REVIEW_OVERDUE",
      message: `The review of ${manifest.id} was due on ${nextReview}`,
      place: { path: manifest.path, ...(line === undefined ? {} : { line }) },
      fix: "Review the model, then set the next date",
    },
  ];
}
