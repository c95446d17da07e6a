import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";

/** What GitHub would make of the Markdown before its own filters: CommonMark with the GitHub extensions, HTML kept. */
export function renderMarkdown(source: string): string {
  return micromark(source, {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
    allowDangerousHtml: true,
    allowDangerousProtocol: true,
  });
}

export interface Tag {
  readonly name: string;
  readonly attributes: string;
}

/** The start tags of a rendering, in order. */
export function tagsOf(html: string): readonly Tag[] {
  return [...html.matchAll(/<([a-zA-Z][\w-]*)((?:\s[^<>]*)?)>/g)].map(([, name = "", attributes = ""]) => ({
    name: name.toLowerCase(),
    attributes: attributes.trim(),
  }));
}

/** The text that GitHub looks through for mentions and references: what is not code, with entities decoded. */
export function proseOf(html: string): string {
  const prose = html.replace(/<(code|pre)>[\s\S]*?<\/\1>/g, "\u0001").replace(/<[^>]*>/g, "\u0001");
  return decode(prose);
}

export function textOf(html: string): string {
  return decode(html.replace(/<[^>]*>/g, ""));
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
]);

function decode(html: string): string {
  return html.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return ENTITIES.get(name) ?? whole;
  });
}
