import type { Tier } from "./tier.ts";

/** What holds for a field of use: never laxer than `least`; with no human in the loop never laxer than `alone`. */
interface DomainFloor {
  readonly least: Tier;
  readonly alone: Tier;
}

const HIGH_RISK: DomainFloor = { least: "T2", alone: "T1" };
const CRITICAL: DomainFloor = { least: "T1", alone: "T1" };
const NO_FLOOR = undefined;

/**
 * The fields of use that `context.domain` may name; `policies/schema/model.schema.json` lists the same words. High risk
 * are the uses of Regulation (EU) 2024/1689, Annex III, and their neighbours. Fraud has a word of its own because
 * Annex III, 5(b), excepts it from what it says of credit.
 */
const FLOORS = {
  "annex-iii": HIGH_RISK,
  aml: CRITICAL,
  biometrics: HIGH_RISK,
  "consumer-credit": HIGH_RISK,
  "critical-infrastructure": HIGH_RISK,
  education: HIGH_RISK,
  employment: HIGH_RISK,
  fraud: NO_FLOOR,
  insurance: HIGH_RISK,
  justice: HIGH_RISK,
  "law-enforcement": HIGH_RISK,
  marketing: NO_FLOOR,
  medical: HIGH_RISK,
  migration: HIGH_RISK,
  operations: NO_FLOOR,
  "public-services": HIGH_RISK,
  "regulatory-capital": CRITICAL,
  safety: HIGH_RISK,
  other: NO_FLOOR,
} as const satisfies Readonly<Record<string, DomainFloor | undefined>>;

/** A model's field of use. */
export type Domain = keyof typeof FLOORS;

export const DOMAINS: readonly string[] = Object.keys(FLOORS);

/** Whether a word names a field of use; a record of another version may hold one that does not. */
export function isDomain(word: string): word is Domain {
  return Object.hasOwn(FLOORS, word);
}

/** The floor of a field of use; undefined where there is none. */
export function domainFloor(domain: Domain): DomainFloor | undefined {
  return FLOORS[domain];
}
