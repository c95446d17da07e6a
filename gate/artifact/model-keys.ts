import type { ByteSource } from "../model/bytes.ts";
import type { FormatName } from "../model/formats.ts";
import { latin1, streamBytes } from "./bytes.ts";

interface Keyed {
  readonly format: FormatName;
  /** What the file begins with, white space aside. */
  readonly front: RegExp;
  /** What stands somewhere in it, without white space: the loaders look it up by name, in whatever order. */
  readonly keys: readonly string[];
}

const KEYED: readonly Keyed[] = [
  // boosting.cpp compares the first line, gbdt_model_text.cpp reads the others up to the first tree.
  { format: "lightgbm", front: /^tree[\r\n]/, keys: ["max_feature_idx=", "feature_names="] },
  {
    format: "xgboost-json",
    front: /^\s*(?:\{|$)/,
    keys: ['"gradient_booster":{', '"learner_model_param":{'],
  },
  { format: "xgboost-ubj", front: /^\{/, keys: ["gradient_booster", "learner_model_param"] },
];
const KEY_CHARACTERS_MAX = Math.max(...KEYED.flatMap(({ keys }) => keys.map(({ length }) => length)));

/** The formats whose keys stand in a file, however far from its front. */
export async function findKeyed(
  source: ByteSource,
  { head, isText }: { head: Uint8Array; isText: boolean },
): Promise<readonly FormatName[]> {
  const front = latin1(head);
  const wanted = KEYED.filter((one) => one.front.test(front) && isText === (one.format !== "xgboost-ubj"));
  if (wanted.length === 0) return [];
  const missing = new Map(wanted.map(({ format, keys }) => [format, new Set(keys)]));
  let kept = "";
  let cut = "";
  await streamBytes(source, (chunk) => {
    const raw = cut + latin1(chunk);
    cut = ESCAPE_CUT.exec(raw)?.[0] ?? "";
    const text = kept + plain(raw.slice(0, raw.length - cut.length));
    for (const keys of missing.values()) for (const key of keys) if (text.includes(key)) keys.delete(key);
    kept = text.slice(-KEY_CHARACTERS_MAX);
  });
  return [...missing].filter(([, keys]) => keys.size === 0).map(([format]) => format);
}

/** An escape that goes on in the next chunk. */
const ESCAPE_CUT = /\\u?[0-9a-f]{0,3}$/i;

/** Text without white space, and without the escapes by which JSON may spell a letter. */
function plain(text: string): string {
  const packed = text.replaceAll(/\s+/g, "");
  if (!packed.includes("\\u00")) return packed;
  return packed.replaceAll(/\\u00([0-7][0-9a-f])/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
