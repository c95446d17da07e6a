/** T1 is the most critical. */
export type Tier = "T1" | "T2" | "T3" | "T4";

export const TIERS = ["T1", "T2", "T3", "T4"] as const satisfies readonly Tier[];
