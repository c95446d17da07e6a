import type { Json } from "./description.ts";
import { type Call, json, type Reply } from "./exchange.ts";

const PER_PAGE_DEFAULT = 30;
const PER_PAGE_MAX = 100;

/** The page that the query asks for, with the `Link` header that GitHub gives. */
export function paginated({ origin, path, query }: Call, items: readonly Json[]): Reply {
  const perPage = Math.min(Number(query.get("per_page") ?? PER_PAGE_DEFAULT), PER_PAGE_MAX);
  const page = Number(query.get("page") ?? 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const links = [
    ...(page > 1 ? [link("prev", page - 1), link("first", 1)] : []),
    ...(page < last ? [link("next", page + 1), link("last", last)] : []),
  ];
  const headers: Record<string, string> = links.length > 0 ? { link: links.join(", ") } : {};
  return json(200, items.slice((page - 1) * perPage, page * perPage), headers);

  function link(relation: string, number: number): string {
    const next = new URLSearchParams(query);
    next.set("page", String(number));
    return `<${origin}${path}?${next}>; rel="${relation}"`;
  }
}
