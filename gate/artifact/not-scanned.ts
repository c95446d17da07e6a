import type { ScanFinding } from "../model/evidence.ts";
import { FORMATS, type FormatName } from "../model/formats.ts";
import type { Examination, Reader } from "./reader.ts";

/** The finding for a pickle that nothing has looked through. */
export function pickleNotScanned(where: string): ScanFinding {
  const message =
    "This is a Python pickle, and loading one can run any code that its author likes; save the model as safetensors or ONNX";
  return { code: "PICKLE_NOT_SCANNED", severity: "fail", where, message };
}

/** The finding for a format that is recognised, or not even that, and not read. */
export function formatNotRead(format: FormatName): ScanFinding {
  const state =
    format === "unknown" ? "The file is of no known format" : `No reader for ${FORMATS[format].title}`;
  const message = `${state}: the content is not checked and nothing vouches for it; save the model as safetensors`;
  return { code: "FORMAT_NOT_READ", severity: "fail", where: "", message };
}

/** An examination that explains nothing: its findings, and where there is none that the format is not read. */
export function notRead(format: FormatName, findings: readonly ScanFinding[]): Examination {
  return { findings: findings.length > 0 ? findings : [formatNotRead(format)], complete: false };
}

export const readPickle: Reader = async ({ format }) => notRead(format, [pickleNotScanned("")]);

export const readUnsupportedArchive: Reader = async ({ format }) => {
  const message = `The content is ${FORMATS[format].title}, which is not opened; unpack it and commit what is inside`;
  return notRead(format, [{ code: "ARCHIVE_UNSUPPORTED", severity: "fail", where: "", message }]);
};

export const readPointer: Reader = async ({ format }) => {
  const message =
    "This is a Git LFS pointer and not the model, so no model was scanned; fetch the content first (git lfs pull)";
  return notRead(format, [{ code: "POINTER_UNRESOLVED", severity: "fail", where: "", message }]);
};

export const readEmpty: Reader = async ({ format }) => {
  const message = "The file is empty";
  return notRead(format, [{ code: "EMPTY", severity: "fail", where: "", message }]);
};
