import { fetchByProxy, readBody } from "../fetch.ts";
import { GateError } from "../model/error.ts";
import { ANSWER_BYTES_MAX, type WitnessAnswer } from "./witness.ts";

const TIMEOUT_MS = 20_000;

/** Posts to a witness. Rejects what `fetch` does, and `WITNESS_ANSWER_TOO_LARGE`; a redirect is not followed. */
export async function postToWitness(url: string, body: Uint8Array): Promise<WitnessAnswer> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetchByProxy(url, { method: "POST", body, signal, redirect: "error" });
  const answer = await readBody(response, ANSWER_BYTES_MAX);
  if (answer !== undefined) return { status: response.status, body: answer };
  throw new GateError("WITNESS_ANSWER_TOO_LARGE", `Cannot read ${url}: more than ${ANSWER_BYTES_MAX} bytes`);
}
