import { isUtf8 } from "node:buffer";
import { GateError } from "../model/error.ts";
import { utf8 } from "./bytes.ts";
import { Findings } from "./findings.ts";
import { checkKey } from "./header-keys.ts";
import { JsonTokens } from "./json-tokens.ts";
import { HEADER_DEPTH_MAX, SHARD_INDEX_BYTES_MAX, TENSORS_MAX } from "./limits.ts";
import type { Reader } from "./reader.ts";

/** A file beside the index: no folder, no drive, nothing that a shell or a file system would read into it. */
const FILE_NAME = /^\w[\w.+-]*$/;
/** `model-00001-of-00003.safetensors` */
const NUMBERED = /^(.*)-(\d{5})-of-(\d{5})(\..*)?$/;

/**
 * Examines the index of a model that is kept in several files, by itself: strict JSON, and every tensor in a file
 * beside the index. What the files hold is for their own examination.
 */
export const readShardIndex: Reader = async ({ source, path }) => {
  const findings = new Findings();
  if (source.size > SHARD_INDEX_BYTES_MAX) {
    findings.fail(
      "HEADER_TOO_LARGE",
      "",
      `The index has ${source.size} bytes, limit is ${SHARD_INDEX_BYTES_MAX}`,
    );
    return { findings: findings.list(), complete: false };
  }
  const bytes = await source.read(0, source.size);
  if (!isUtf8(bytes)) {
    findings.fail("HEADER_ENCODING", "", "The index is not UTF-8");
    return { findings: findings.list(), complete: false };
  }
  const text = utf8(bytes);
  const shards = parseIndex(text, findings);
  checkShards(shards, path, findings);
  return { findings: findings.list(), complete: findings.empty };
};

/** Names of the files that hold the tensors. */
function parseIndex(text: string, findings: Findings): ReadonlySet<string> {
  const shards = new Set<string>();
  const tokens = new JsonTokens(text, { depthMax: HEADER_DEPTH_MAX, keysMax: TENSORS_MAX });
  try {
    visitKeys(tokens, { where: "", findings }, (key) => {
      if (key === "weight_map") parseWeightMap(tokens, shards, findings);
      else if (key === "metadata") visitKeys(tokens, { where: "metadata", findings }, () => tokens.skip());
      else {
        findings.failNamed("MALFORMED", key, "This is no key of an index, which has metadata and weight_map");
        tokens.skip();
      }
    });
    tokens.end();
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    findings.fail(error.code, "", error.message);
  }
  return shards;
}

function parseWeightMap(tokens: JsonTokens, shards: Set<string>, findings: Findings): void {
  visitKeys(tokens, { where: "weight_map", findings }, (tensor) => {
    if (tokens.peek() === '"') shards.add(tokens.string());
    else {
      findings.failNamed("MALFORMED", tensor, "The file of a tensor is not a text");
      tokens.skip();
    }
  });
}

function visitKeys(
  tokens: JsonTokens,
  { where, findings }: { where: string; findings: Findings },
  visit: (key: string) => void,
): void {
  const seen = new Set<string>();
  tokens.object((key) => {
    checkKey(key, seen, where, findings);
    visit(key);
  });
}

function checkShards(shards: ReadonlySet<string>, path: string, findings: Findings): void {
  if (shards.size === 0) findings.fail("SHARD_MISMATCH", "", "The index names no file");
  // A loader picks how to open a shard by its extension: one .bin among them would be unpickled.
  const extension = path.endsWith(".safetensors.index.json") ? ".safetensors" : "";
  for (const shard of shards) {
    if (!FILE_NAME.test(shard)) {
      findings.failNamed("SHARD_MISMATCH", shard, "A shard has to be a plain file name beside the index");
    } else if (!shard.endsWith(extension)) {
      findings.failNamed("SHARD_MISMATCH", shard, `A shard of this index has to end in ${extension}`);
    }
  }
  for (const missing of missingShards(shards)) {
    findings.failNamed("SHARD_MISMATCH", missing, "The numbering counts this shard, and no tensor is in it");
  }
}

/** The first shard of each numbered series that is not named. */
function missingShards(shards: ReadonlySet<string>): readonly string[] {
  const series = new Map<string, string[]>();
  for (const shard of shards) {
    const [, stem, , total, rest = ""] = NUMBERED.exec(shard) ?? [];
    if (stem !== undefined) series.set(`${stem}/${total}/${rest}`, [stem, total!, rest]);
  }
  return [...series.values()].flatMap(([stem, total, rest]) => {
    for (let number = 1; number <= Number(total); number++) {
      const name = `${stem}-${String(number).padStart(5, "0")}-of-${total}${rest}`;
      if (!shards.has(name)) return [name];
    }
    return [];
  });
}
