import { createVerify, generateKeyPairSync } from "node:crypto";

export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

let shared: KeyPair | undefined;

/** An RSA key in PEM. One for the whole process: making it takes 0.1 s, and no test is about which key it is. */
export function sharedKeyPair(): KeyPair {
  shared ??= generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return shared;
}

export const UNDECODABLE = "A JSON web token could not be decoded";
const LIFETIME_SECONDS_MAX = 600;

export interface Claims {
  readonly iss: number;
  readonly iat: number;
  readonly exp: number;
}

/** The issuer that a JSON Web Token claims to be, unverified; undefined if the text is no such token. */
export function issuerOf(text: string): number | undefined {
  const claims = decode(text.split(".")[1] ?? "");
  const issuer = Number(claims?.iss);
  return Number.isSafeInteger(issuer) && text.split(".").length === 3 ? issuer : undefined;
}

/** What is wrong with the token in GitHub's words; undefined if it is signed with the key and in force at `now`. */
export function jwtProblem(text: string, publicKey: string, now: Date): string | undefined {
  const [header = "", body = "", signature = ""] = text.split(".");
  const verifier = createVerify("RSA-SHA256").update(`${header}.${body}`);
  const isSigned = verifier.verify(publicKey, Buffer.from(signature, "base64url"));
  if (decode(header)?.alg !== "RS256" || !isSigned) return UNDECODABLE;
  const { iat, exp } = decode(body) ?? {};
  const seconds = Math.floor(now.getTime() / 1000);
  if (!Number.isInteger(exp) || Number(exp) <= seconds) {
    return "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires";
  }
  if (Number(exp) > seconds + LIFETIME_SECONDS_MAX) {
    return "'Expiration time' claim ('exp') is too far in the future";
  }
  if (!Number.isInteger(iat) || Number(iat) > seconds) {
    return "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued";
  }
  return undefined;
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString());
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
