import type { IncomingMessage } from "node:http";
import { GateError } from "../gate/model/error.ts";

/** GitHub sends no larger payload. */
export const BODY_BYTES_MAX = 25 * 1024 * 1024;
/** Of all requests that are being read: nobody has shown a signature yet. */
export const BODIES_BYTES_MAX = 256 * 1024 * 1024;

const DIGITS = /^[0-9]{1,15}$/;

/** Reads bodies, no more at a time than there is memory for. */
export class BodyReader {
  readonly #bytesMax: number;
  #held = 0;

  constructor(bytesMax = BODIES_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /**
   * The body. Rejects `BODY_TOO_LARGE` before any of it is taken if its length is said, else as soon as it is;
   * `BODY_TOO_MANY` while others take all the room; `BODY_CUT` if its sender is gone.
   */
  async read(request: IncomingMessage): Promise<Buffer> {
    const said = request.headers["content-length"];
    if (said !== undefined && !(DIGITS.test(said) && Number(said) <= BODY_BYTES_MAX)) throw tooLarge();
    const chunks: Buffer[] = [];
    let length = 0;
    try {
      // Destroying the request would take the connection with it, and the answer.
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        if (!(chunk instanceof Buffer)) throw cut();
        length += chunk.length;
        this.#held += chunk.length;
        if (length > BODY_BYTES_MAX) throw tooLarge();
        if (this.#held > this.#bytesMax) throw tooMany(this.#bytesMax);
        chunks.push(chunk);
      }
    } catch (cause) {
      throw cause instanceof GateError ? cause : cut(cause);
    } finally {
      this.#held -= length;
    }
    return Buffer.concat(chunks, length);
  }
}

function tooLarge(): GateError {
  return new GateError(
    "BODY_TOO_LARGE",
    `Cannot read a request: its body has more than ${BODY_BYTES_MAX} bytes`,
  );
}

function tooMany(bytesMax: number): GateError {
  return new GateError(
    "BODY_TOO_MANY",
    `Cannot read a request: all together have more than ${bytesMax} bytes`,
  );
}

function cut(cause?: unknown): GateError {
  return new GateError("BODY_CUT", "Cannot read a request: its body ends early", { cause });
}
