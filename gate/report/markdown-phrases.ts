import type { GateResult } from "../model/decision.ts";
import type { Place } from "../model/place.ts";
import { type Markdown, markdown, markdownCode, md, shorten } from "./escape.ts";
import { explanationsOf, placeText, type Standing } from "./results.ts";

/** UTF-16 units of one text in a comment, before it is escaped. */
const MESSAGE_CHARS = 600;
const NAME_CHARS = 200;
const EXPLANATIONS_SHOWN = 3;

export const STANDING_ICONS: Readonly<Record<Standing, Markdown>> = {
  closes: md`❌`,
  warns: md`⚠️`,
  notes: md`ℹ️`,
  waived: md`🔓`,
  passes: md`✅`,
  not_applicable: md`➖`,
};

export function message(text: string): Markdown {
  return markdown(shorten(text, MESSAGE_CHARS));
}

export function name(text: string): Markdown {
  return markdownCode(shorten(text, NAME_CHARS));
}

export function placeName(place: Place): Markdown {
  return name(placeText(place));
}

/** The findings of a result with their places, as many as a reader takes in. */
export function explanationLines(result: GateResult): readonly Markdown[] {
  const all = explanationsOf(result);
  const shown = all
    .slice(0, EXPLANATIONS_SHOWN)
    .map(({ text, place }) =>
      place === undefined ? message(text) : md`${message(text)} (${placeName(place)})`,
    );
  const more = all.length - shown.length;
  return more === 0 ? shown : [...shown, md`and ${more} more`];
}
