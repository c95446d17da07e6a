import type { ByteSource } from "../model/bytes.ts";
import { identify } from "./identify.ts";
import type { Tensor } from "./reader.ts";
import { readSafetensors } from "./safetensors.ts";

/** What of a model file stays when its weights are new: each tensor's name, dtype and shape. */
export type Layout = readonly Pick<Tensor, "name" | "dtype" | "shape">[];

/** What a model file is, as far as two of them can be compared. */
export interface Outline {
  readonly format: string;
  /** Whether the format is one of models; a configuration or a vocabulary is none. */
  readonly isModel: boolean;
  /** Absent where no reader tells it, and where the file is not in order. */
  readonly layout?: Layout;
}

/** Reads a file's header, never its values. */
export async function readOutline(source: ByteSource, path: string): Promise<Outline> {
  const { format, family } = await identify(source, path);
  const outline = { format, isModel: family === "model" };
  if (format !== "safetensors") return outline;
  const { complete, contents } = await readSafetensors({ source, path, format });
  if (!complete || contents === undefined) return outline;
  return { ...outline, layout: contents.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })) };
}
