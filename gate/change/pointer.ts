import type { Pointer } from "../model/change.ts";
import { type Digest, isDigest } from "../model/digest.ts";
import { GateError } from "../model/error.ts";
import { type MapNode, type Node, nodeAt } from "../parse/node.ts";
import { decodeUtf8 } from "../parse/text.ts";
import { parseYaml } from "../parse/yaml.ts";
import { folderOf, resolvePath } from "./path.ts";

/** Git LFS reads no larger file as a pointer (docs/spec.md, "The Pointer"). */
export const LFS_POINTER_BYTES_MAX = 1023;

const LFS_POINTER =
  /^version https:\/\/(?:git-lfs|hawser)\.github\.com\/spec\/v1\n((?:ext-[0-9]-[^ \n]+ sha256:[0-9a-f]{64}\n)*)oid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,15})\n$/;

/**
 * What the git-lfs client may take for a pointer: it trims white space, skips empty lines and takes CRLF. Such a
 * file is not what it seems on one machine or the other.
 */
const ALMOST_LFS = /^(?:\u00ef\u00bb\u00bf)?\s*version\s[^\n]*(?:git-media|hawser|git-lfs)/i;

/**
 * The content that a Git LFS pointer stands for; undefined where the bytes are no pointer. Throws
 * `POINTER_NONCANONICAL` for what only looks like one, `POINTER_EXTENSION` where other programs change the content.
 */
export function parseLfsPointer(bytes: Uint8Array, path: string): Pointer | undefined {
  const head = Buffer.from(bytes.subarray(0, LFS_POINTER_BYTES_MAX + 1)).toString("latin1");
  if (!ALMOST_LFS.test(head)) return undefined;
  const [, extensions, oid, digits] = LFS_POINTER.exec(head) ?? [];
  const size = Number(digits);
  if (bytes.length > LFS_POINTER_BYTES_MAX || oid === undefined || !Number.isSafeInteger(size)) {
    const message = `Cannot read ${path}: it looks like a Git LFS pointer, but is not in the one form of the specification`;
    throw new GateError("POINTER_NONCANONICAL", message, {
      place: { path },
      fix: "Let git-lfs write the pointer: git lfs track, then git add the model file again",
    });
  }
  if (extensions !== "") {
    const message = `Cannot read ${path}: the Git LFS pointer names extensions, whose programs change the content`;
    throw new GateError("POINTER_EXTENSION", message, {
      place: { path },
      fix: "Store the file without them",
    });
  }
  return { kind: "lfs", digest: `sha256:${oid}`, size };
}

/** One output of a `.dvc` file. */
export interface DvcOutput {
  /** From the repository's root. */
  readonly path: string;
  /** `md5:<hex>`, with `.dir` for a folder: then of the list of its files. */
  readonly digest: Digest;
  /** Bytes, of all files of a folder. */
  readonly size?: number;
  /** Files in a folder. */
  readonly files?: number;
  /** DVC 2 took the MD5 of a text file with its line ends made LF: it need not be that of the bytes. */
  readonly textNormalized: boolean;
}

/** The outputs of a `.dvc` file, in its order. Throws `DVC_INVALID` and `PATH_TRAVERSAL` with the place. */
export function parseDvcPointer(bytes: Uint8Array, path: string): readonly DvcOutput[] {
  const root = parseYaml(decodeUtf8(bytes, path), path);
  const outs = nodeAt(root, ["outs"]);
  if (outs?.kind !== "list" || outs.items.length === 0) {
    throw invalid(path, root, "no list of outs, expected at least one");
  }
  const wdir = nodeAt(root, ["wdir"]);
  if (wdir !== undefined && scalarText(wdir) !== ".") throw outside(path, wdir, "wdir");
  return outs.items.map((item) => {
    if (item.kind !== "map") throw invalid(path, item, "an entry of outs is not a map");
    return toOutput(item, path);
  });
}

function toOutput(item: MapNode, path: string): DvcOutput {
  const digest = `md5:${scalarText(nodeAt(item, ["md5"])) ?? ""}`;
  if (!isDigest(digest)) throw invalid(path, item, "an entry of outs without a valid md5");
  const size = countAt(item, "size", path);
  const files = countAt(item, "nfiles", path);
  return {
    path: outputPath(item, path),
    digest,
    ...(size === undefined ? {} : { size }),
    ...(files === undefined ? {} : { files }),
    textNormalized: scalarText(nodeAt(item, ["hash"])) !== "md5",
  };
}

/** The output's path, which has to stay below the folder of the `.dvc` file. */
function outputPath(item: MapNode, path: string): string {
  const node = nodeAt(item, ["path"]);
  const written = scalarText(node);
  if (node === undefined || written === undefined)
    throw invalid(path, item, "an entry of outs without a path");
  const folder = folderOf(path);
  const resolved = resolvePath(folder, written);
  const below = folder === "" ? "" : `${folder}/`;
  const isSafe = !/^\/|\\|:\/\/|[\u0000-\u001f\u007f]/.test(written);
  if (!isSafe || resolved === undefined || !resolved.startsWith(below)) throw outside(path, node, "path");
  return resolved;
}

function countAt(item: MapNode, key: string, path: string): number | undefined {
  const node = nodeAt(item, [key]);
  if (node === undefined) return undefined;
  const value = node.kind === "scalar" ? node.value : undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalid(path, node, `${key} is not a count`);
}

function scalarText(node: Node | undefined): string | undefined {
  return node?.kind === "scalar" && typeof node.value === "string" ? node.value : undefined;
}

function invalid(path: string, node: Node, state: string): GateError {
  const message = `Cannot read ${path}: ${state}`;
  const fix = "Let DVC write the file: dvc add";
  return new GateError("DVC_INVALID", message, { place: { path, ...node.at }, fix });
}

function outside(path: string, node: Node, key: string): GateError {
  const message = `Cannot read ${path}: ${key} leads out of the folder of the .dvc file`;
  const fix = "Put the .dvc file beside what it tracks";
  return new GateError("PATH_TRAVERSAL", message, { place: { path, ...node.at }, fix });
}
