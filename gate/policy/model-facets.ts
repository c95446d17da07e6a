import type { Policy } from "../model/policy.ts";
import { TIERS } from "../model/tier.ts";
import type { Facet, Facets, Written } from "./facets.ts";

type Model = Policy["models"][number];

const TIER_ORDER = { kind: "order", words: [...TIERS].reverse() } as const;
const FIXED = { kind: "same" } as const;

/** Folder and rigour of a model, each with the place that `writtenAt` finds for its name. */
export function modelFacets(
  { path, tier }: Pick<Model, "path" | "tier">,
  writtenAt: (what: string, value: unknown) => Written | undefined = () => undefined,
): Facets {
  const facets = new Map<string, Facet>();
  const add = (what: string, value: unknown, tighter: Facet["tighter"]) => {
    const written = writtenAt(what, value);
    facets.set(what, { value, tighter, ...(written === undefined ? {} : { written }) });
  };
  add("path", path, FIXED);
  if (tier !== undefined) add("tier", tier, TIER_ORDER);
  return facets;
}

export function toModel(id: string, facets: Facets): Model {
  const tier = TIERS.find((word) => word === facets.get("tier")?.value);
  return { id, path: String(facets.get("path")?.value), ...(tier === undefined ? {} : { tier }) };
}
