import type { ByteSource } from "../model/bytes.ts";
import type { FileScan } from "../model/evidence.ts";
import type { Family } from "../model/formats.ts";
import type { Contents, Tensor } from "./reader.ts";
import { type ScanOptions, scanFully } from "./scan.ts";

/** What a model file is and says of itself, as plain data. Where no reader could tell, the lists are empty. */
export interface Description extends FileScan {
  readonly family: Family;
  /** As the file states it; an object without a prototype. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Elements of all tensors. */
  readonly parameters: number;
  readonly dtypes: readonly DtypeShare[];
  readonly tensors: readonly DescribedTensor[];
}

export interface DtypeShare {
  readonly dtype: string;
  readonly tensors: number;
  readonly parameters: number;
  readonly bytes: number;
}

export type DescribedTensor = Pick<Tensor, "name" | "dtype" | "shape" | "bytes">;

const NOTHING: Contents = { metadata: new Map(), tensors: [] };

/** What `inspect` shows of a file: the scan, and what the file says of itself, in the file's own order. */
export async function describe(
  source: ByteSource,
  path: string,
  options: ScanOptions = {},
): Promise<Description> {
  const { scan, family, contents = NOTHING } = await scanFully(source, path, options);
  const metadata: Record<string, string> = Object.create(null);
  for (const [key, value] of contents.metadata) metadata[key] = value;
  const dtypes = sharesOf(contents.tensors);
  return {
    ...scan,
    family,
    metadata,
    parameters: dtypes.reduce((sum, { parameters }) => sum + parameters, 0),
    dtypes,
    tensors: contents.tensors.map(({ name, dtype, shape, bytes }) => ({ name, dtype, shape, bytes })),
  };
}

/** One line for each dtype, the one with the most elements first. */
function sharesOf(tensors: readonly Tensor[]): readonly DtypeShare[] {
  const shares = new Map<string, DtypeShare>();
  for (const { dtype, shape, bytes } of tensors) {
    const share = shares.get(dtype) ?? { dtype, tensors: 0, parameters: 0, bytes: 0 };
    shares.set(dtype, {
      dtype,
      tensors: share.tensors + 1,
      parameters: share.parameters + shape.reduce((product, size) => product * size, 1),
      bytes: share.bytes + bytes,
    });
  }
  return [...shares.values()].sort((a, b) => b.parameters - a.parameters || (a.dtype < b.dtype ? -1 : 1));
}
