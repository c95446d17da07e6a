import { GateError } from "../model/error.ts";
import { type Findings, quoted } from "./findings.ts";
import { checkKey } from "./header-keys.ts";
import { JsonTokens } from "./json-tokens.ts";
import { HEADER_DEPTH_MAX, TENSOR_RANK_MAX, TENSORS_MAX } from "./limits.ts";

/** One tensor as the header states it; what cannot be used is absent, and a finding says why. */
export interface StatedTensor {
  readonly name: string;
  readonly dtype?: string;
  readonly shape?: readonly number[];
  /** Offsets of its first byte and of the byte after its last, from the end of the header. */
  readonly span?: readonly [start: number, end: number];
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: readonly StatedTensor[];
  /** False if the JSON could not be read to its end. */
  readonly isWhole: boolean;
}

/**
 * The header's tensors and metadata, with everything that is wrong with it. JSON that two readers would read
 * differently is wrong: of two equal keys the Rust reader takes the last one, and a number has one way to be written.
 */
export function parseHeader(text: string, findings: Findings): SafetensorsHeader {
  const parser = new HeaderParser(text, findings);
  try {
    parser.parse();
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    findings.fail(error.code, "header", error.message);
  }
  return parser;
}

class HeaderParser implements SafetensorsHeader {
  readonly metadata = new Map<string, string>();
  readonly tensors: StatedTensor[] = [];
  isWhole = false;
  readonly #tokens: JsonTokens;
  readonly #findings: Findings;

  constructor(text: string, findings: Findings) {
    this.#tokens = new JsonTokens(text, { depthMax: HEADER_DEPTH_MAX, keysMax: TENSORS_MAX });
    this.#findings = findings;
  }

  parse(): void {
    const names = new Set<string>();
    this.#tokens.object((name) => {
      checkKey(name, names, "header", this.#findings);
      if (name === "__metadata__") this.#parseMetadata();
      else this.#parseTensor(name);
    });
    this.#tokens.end();
    this.isWhole = true;
  }

  #parseMetadata(): void {
    if (this.#tokens.peek() !== "{") {
      this.#findings.fail("METADATA_TYPE", "__metadata__", "The metadata is no object");
      this.#tokens.skip();
      return;
    }
    const keys = new Set<string>();
    this.#tokens.object((key) => {
      checkKey(key, keys, "__metadata__", this.#findings);
      if (this.#tokens.peek() === '"') {
        this.metadata.set(key, this.#tokens.string());
      } else {
        this.#findings.failNamed("METADATA_TYPE", key, "A value of the metadata is not a text");
        this.#tokens.skip();
      }
    });
  }

  #parseTensor(name: string): void {
    if (!this.#begins("{", name, "a tensor is no object")) return;
    const fields: { dtype?: string; shape?: readonly number[]; span?: readonly [number, number] } = {};
    const seen = new Set<string>();
    this.#tokens.object((key) => {
      if (seen.has(key)) this.#findings.failNamed("DUPLICATE_KEY", name, `${quoted(key)} stands twice`);
      seen.add(key);
      if (key === "dtype") {
        if (this.#begins('"', name, "dtype is no text")) fields.dtype = this.#tokens.string();
      } else if (key === "shape") {
        const shape = this.#parseNumbers(name, TENSOR_RANK_MAX);
        if (shape !== undefined) fields.shape = shape;
      } else if (key === "data_offsets") {
        const span = this.#parseSpan(name);
        if (span !== undefined) fields.span = span;
      } else {
        this.#findings.failNamed("HEADER_NONCANONICAL", name, `${quoted(key)} is no key of a tensor`);
        this.#tokens.skip();
      }
    });
    for (const key of ["dtype", "shape", "data_offsets"]) {
      if (!seen.has(key)) this.#malformed(name, `${key} is missing`);
    }
    this.tensors.push({ name, ...fields });
  }

  #parseSpan(name: string): readonly [number, number] | undefined {
    const numbers = this.#parseNumbers(name, 2);
    const [start, end] = numbers ?? [];
    if (start !== undefined && end !== undefined) return [start, end];
    if (numbers !== undefined) this.#malformed(name, "data_offsets are not two numbers");
    return undefined;
  }

  /** A list of whole numbers; undefined if any of them is none, or too large to be exact. */
  #parseNumbers(name: string, countMax: number): readonly number[] | undefined {
    if (!this.#begins("[", name, "expected a list of numbers")) return undefined;
    const numbers: (number | undefined)[] = [];
    this.#tokens.list(() => {
      if (numbers.length === countMax) {
        throw new GateError("COUNT_LIMIT", `A list of ${quoted(name)} has more than ${countMax} numbers`);
      }
      numbers.push(this.#parseNumber(name));
    });
    return numbers.every((number) => number !== undefined) ? numbers : undefined;
  }

  #parseNumber(name: string): number | undefined {
    if (!/[-\d]/.test(this.#tokens.peek())) {
      this.#malformed(name, "expected a whole number");
      this.#tokens.skip();
      return undefined;
    }
    const text = this.#tokens.number();
    const value = Number(text);
    const isWhole = Number.isSafeInteger(value) && value >= 0;
    if (!isWhole || !/^(?:0|[1-9]\d*)$/.test(text)) {
      const message = `${quoted(text)} is not a whole number from 0 to 2^53, written as one`;
      this.#findings.failNamed("NUMBER_NONCANONICAL", name, message);
    }
    return isWhole ? value : undefined;
  }

  /** True if the value of a tensor begins so; else reports, reads over the value and is false. */
  #begins(first: string, name: string, state: string): boolean {
    if (this.#tokens.peek() === first) return true;
    this.#malformed(name, state);
    this.#tokens.skip();
    return false;
  }

  #malformed(name: string, state: string): void {
    this.#findings.failNamed("MALFORMED", name, `The header cannot be used: ${state}`);
  }
}
