import type { CardEvidence } from "../model/evidence.ts";
import type { Finding } from "../model/finding.ts";
import { numberOf, textsOf } from "./arguments.ts";
import { broken, fail, missing, notApplicable, pass } from "./judgement.ts";
import type { Rule, View } from "./rule.ts";

/** Headings of Mitchell et al., "Model Cards for Model Reporting" (2019), that no card should be without. */
const DEFAULT_SECTIONS = ["Intended use", "Training data", "Evaluation", "Limitations"];
const DEFAULT_WORDS_MIN = 10;

export const cardComplete: Rule = {
  name: "card.complete",
  title: "The model card is complete",
  scope: "model",
  parameters: {
    sections: {
      schema: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { type: "string", minLength: 1 },
        description: `Headings that the card needs, in any case; ${DEFAULT_SECTIONS.join(", ")} if absent.`,
        examples: [["Intended use", "Limitations"]],
      },
      tighter: { kind: "superset", default: DEFAULT_SECTIONS },
    },
    front_matter: {
      schema: {
        type: "array",
        minItems: 1,
        uniqueItems: true,
        items: { type: "string", minLength: 1 },
        description: "Keys that the card's front matter needs; none if absent.",
        examples: [["license"]],
      },
      tighter: { kind: "superset" },
    },
    min_words: {
      schema: {
        type: "integer",
        minimum: 1,
        description: `Words of prose in each section; ${DEFAULT_WORDS_MIN} if absent.`,
        examples: [20],
      },
      tighter: { kind: "higher", default: DEFAULT_WORDS_MIN },
    },
  },
  judge(args, view) {
    if (view.model?.head === undefined) return notApplicable("The model is removed");
    const card = cardOf(view);
    if (card === undefined) return view.problems.length > 0 ? noCardBut(view) : missing(noCard(view));
    const findings = [
      ...(textsOf(args, "sections") ?? DEFAULT_SECTIONS).flatMap((title) =>
        judgeSection(card, title, numberOf(args, "min_words") ?? DEFAULT_WORDS_MIN),
      ),
      ...(textsOf(args, "front_matter") ?? [])
        .filter((key) => !card.frontMatter.includes(key))
        .map(noKey(card)),
    ];
    const seen = { observed: `${card.sections.length} sections`, evidence: [card] };
    return findings.length === 0 ? pass(seen) : fail(findings, seen);
  },
};

/** The card of the head, if it was read. */
export function cardOf(view: View): CardEvidence | undefined {
  return view.evidence.find((item): item is CardEvidence => item.kind === "card" && item.side === "head");
}

function judgeSection(card: CardEvidence, title: string, wordsMin: number): readonly Finding[] {
  const section = card.sections.find((candidate) => candidate.title.toLowerCase() === title.toLowerCase());
  if (section === undefined) {
    return [
      {
        code: "CARD_SECTION_MISSING",
        message: `${card.path} has no section "${title}"`,
        place: { path: card.path },
        fix: `Add "## ${title}" and ${wordsMin} words or more`,
      },
    ];
  }
  const place = { path: card.path, line: section.line };
  if (section.placeholder !== undefined) {
    const message = `"${title}" still holds the placeholder "${section.placeholder}"`;
    return [{ code: "CARD_PLACEHOLDER", message, place, fix: "Write what is true, or why it is not known" }];
  }
  if (section.words >= wordsMin) return [];
  return [
    {
      code: "CARD_SECTION_SHORT",
      message: `"${title}" has ${section.words} words, ${wordsMin} are needed`,
      place,
      fix: "Say it in full sentences",
    },
  ];
}

function noKey(card: CardEvidence): (key: string) => Finding {
  return (key) => ({
    code: "CARD_KEY_MISSING",
    message: `The front matter of ${card.path} has no ${key}`,
    place: { path: card.path, line: 1 },
    fix: `Add ${key}: to the front matter`,
  });
}

function noCardBut(view: View) {
  const problems = view.problems.filter(
    ({ side, place }) => side === "head" && place.path === view.model?.head?.manifest?.card,
  );
  if (problems.length === 0) return missing(noCard(view));
  return broken(problems.map(({ code, message, place }) => ({ code, message, place })));
}

function noCard(view: View): Finding {
  const path = view.model?.head?.manifest?.path;
  return {
    code: "CARD_MISSING",
    message: "The model has no card",
    ...(path === undefined ? {} : { place: { path } }),
    fix: "Write a README.md beside the model and name it as card in model.yml",
  };
}
