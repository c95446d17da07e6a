import type { Validator } from "./prebuilt.ts";

/**
 * As `VALIDATORS`, of the schema of decision records alone: it is as large as that of policies, and only what reads a
 * record back needs it. No run that judges a change does. Outside of the bundle there is nothing.
 */
export const DECISION_VALIDATORS: ReadonlyMap<string, Validator> = new Map();
