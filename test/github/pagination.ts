import type { Json, Members } from "./description.ts";
import { type Call, json, type Reply } from "./exchange.ts";

const PER_PAGE_DEFAULT = 30;
const PER_PAGE_MAX = 100;

/** The page that the query asks for, with the `Link` header that GitHub gives. */
export function paginated(call: Call, items: readonly Json[]): Reply {
  const { page, headers } = pageOf(call, items);
  return json(200, page, headers);
}

/** The same for the operations that answer with an object: the count, and the page as its member `name`. */
export function paginatedIn(call: Call, name: string, items: readonly Json[], more: Members = {}): Reply {
  const { page, headers } = pageOf(call, items);
  return json(200, { total_count: items.length, ...more, [name]: page }, headers);
}

function pageOf(
  { origin, path, query }: Call,
  items: readonly Json[],
): { page: Json[]; headers: Record<string, string> } {
  const perPage = Math.min(Number(query.get("per_page") ?? PER_PAGE_DEFAULT), PER_PAGE_MAX);
  const page = Number(query.get("page") ?? 1);
  const last = Math.max(1, Math.ceil(items.length / perPage));
  const links = [
    ...(page > 1 ? [link("prev", page - 1), link("first", 1)] : []),
    ...(page < last ? [link("next", page + 1), link("last", last)] : []),
  ];
  const headers: Record<string, string> = links.length > 0 ? { link: links.join(", ") } : {};
  return { page: items.slice((page - 1) * perPage, page * perPage), headers };

  function link(relation: string, number: number): string {
    const next = new URLSearchParams(query);
    next.set("page", String(number));
    return `<${origin}${path}?${next}>; rel="${relation}"`;
  }
}
