/** A small strict reader of XML 1.0 without DTD: it refuses what is not well-formed. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

const TOKEN =
  /<\?xml [^?]*\?>|<\/([A-Za-z][\w.-]*)>|<([A-Za-z][\w.-]*)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const NOT_XML = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export function parseXml(source: string): Element {
  if (NOT_XML.test(source)) throw new SyntaxError("a character that XML forbids");
  const root = { name: "", attributes: {}, children: [] as Element[], text: "" };
  const open = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (match === null) throw new SyntaxError(`not XML at ${at}: ${source.slice(at, at + 40)}`);
    const [, close, start, attributes = "", empty, text] = match;
    const parent = open.at(-1)!;
    if (text !== undefined) parent.text += decode(text);
    if (close !== undefined && open.pop()?.name !== close)
      throw new SyntaxError(`</${close}> closes nothing`);
    if (start === undefined) continue;
    const element = { name: start, attributes: attributesOf(attributes), children: [], text: "" };
    parent.children.push(element);
    if (empty === "") open.push(element);
  }
  const [document, ...more] = root.children;
  if (open.length !== 1 || document === undefined || more.length > 0)
    throw new SyntaxError("not one whole element");
  return document;
}

/** All elements of a name inside an element, in document order. */
export function elementsOf(element: Element, name: string): readonly Element[] {
  return element.children.flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...elementsOf(child, name),
  ]);
}

function attributesOf(text: string): Readonly<Record<string, string>> {
  const pairs = [...text.matchAll(/([\w:.-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [
    key,
    decode(value),
  ]);
  if (new Set(pairs.map(([key]) => key)).size !== pairs.length)
    throw new SyntaxError("an attribute stands twice");
  return Object.fromEntries(pairs);
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
]);

function decode(text: string): string {
  return text.replace(/&(?:#(\d+);|(\w+);|)/g, (whole, code, name) => {
    const character = code === undefined ? ENTITIES.get(name) : String.fromCodePoint(Number(code));
    if (character === undefined) throw new SyntaxError(`not an entity: ${whole}`);
    return character;
  });
}
