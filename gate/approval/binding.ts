import type { Vote } from "../model/approval.ts";
import type { Digest } from "../model/digest.ts";

/**
 * Why an approval is not about this content; undefined if it is. Only the digest decides, never a commit or a time: an
 * untouched rebase keeps a vote, and going back to an older head brings back those that were given about it.
 */
export function stalenessOf({ subject }: Vote, candidate: Digest): string | undefined {
  if (subject === undefined) return "no decision stood when it was given";
  if (subject === candidate) return undefined;
  return "the model, its data, its evidence or the policy is another than when it was given";
}

/** What a comment may name to say what exactly it approves. */
export interface Named {
  readonly model?: string;
  /** `sha256:` and the first digits, or all. */
  readonly digest?: string;
}

/** Why an approval that names something cannot be taken for one of this change; undefined if it can. */
export function misnaming(
  { model, digest }: Named,
  decided: { readonly models: readonly { readonly id: string }[]; readonly subject: Digest },
): string | undefined {
  if (model !== undefined && !decided.models.some(({ id }) => id === model)) {
    return `This change does not touch a model ${model}`;
  }
  if (digest !== undefined && !decided.subject.startsWith(digest)) {
    return `What is to be approved here is ${decided.subject}, not ${digest}`;
  }
  return undefined;
}
