/** What we ask of ourselves about a branch: one of its waivers ends, they have to be scheduled, or it moved and nobody told. */
export type BranchAction = "waiver" | "schedule" | "untold";
