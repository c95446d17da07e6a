import type { GateResult } from "../model/decision.ts";
import { type Html, htm, html, join } from "./escape.ts";
import { explanationsOf, outcomeWords, placeText, type Standing, standingOf } from "./results.ts";

export const MARKS: Readonly<Record<Standing, Html>> = {
  closes: htm`✗`,
  warns: htm`!`,
  notes: htm`i`,
  waived: htm`w`,
  passes: htm`✓`,
  not_applicable: htm`–`,
};

export function code(text: string): Html {
  return htm`<code>${text}</code>`;
}

export function outcomeWord(result: GateResult): Html {
  return htm`<span class="word ${standingOf(result)}">${outcomeWords(result)}</span>`;
}

/** What was found, each with its place. */
export function explanations(result: GateResult): Html {
  const lines = explanationsOf(result).map(({ text, source, place }) =>
    place === undefined
      ? htm`<p>${text}</p>${sourceBlock(source)}`
      : htm`<p>${text} <span class="quiet">${code(placeText(place))}</span></p>${sourceBlock(source)}`,
  );
  return join(lines, htm`\n`);
}

/** Lines of source with the caret under them; nothing where there are none. */
export function sourceBlock(source: readonly string[]): Html {
  if (source.length === 0) return htm``;
  return htm`<pre class="scroll" tabindex="0">${join(source.map(html), htm`\n`)}</pre>`;
}
