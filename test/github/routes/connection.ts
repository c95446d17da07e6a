import { refusal } from "../graphql.ts";

/** Arguments of a GraphQL field. */
export type Arguments = Readonly<Record<string, unknown>>;

const NODES_MAX = 100;

/** The first so many after a cursor, as GitHub counts them: it wants a `first`, of a hundred at most. */
export function connection<Node>(all: readonly Node[], { first, after }: Arguments) {
  if (typeof first !== "number" || first < 1 || first > NODES_MAX) {
    throw refusal("EXCESSIVE_PAGINATION", "`first` must be from 1 to 100.");
  }
  const start = typeof after === "string" ? Number(Buffer.from(after, "base64").toString()) : 0;
  const end = Math.min(start + first, all.length);
  return {
    totalCount: all.length,
    nodes: all.slice(start, end),
    pageInfo: {
      hasNextPage: end < all.length,
      hasPreviousPage: start > 0,
      endCursor: Buffer.from(String(end)).toString("base64"),
    },
  };
}
