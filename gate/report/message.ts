/** A message of the readers, apart from the source that it shows. */
export interface Worded {
  /** On one line, unless a name in it has lines; those are escaped like any other text. */
  readonly text: string;
  /** The lines of source, each with its number and a bar, and the caret beneath; only as they stand do they align. */
  readonly source: readonly string[];
}

/** As `excerptAt` writes them. */
const SOURCE = /^ *\d* \| /;
/** One of several problems of a document. */
const PROBLEM = /^[^\s].*:\d+:\d+: /;

export function toWorded(message: string): Worded {
  const [first = "", ...rest] = message.split("\n");
  const source: string[] = [];
  let text = first;
  for (const line of rest) {
    if (SOURCE.test(line)) source.push(line);
    else text += PROBLEM.test(line) ? `; ${line}` : `\n${line}`;
  }
  return { text, source };
}
