import type { Members } from "../description.ts";
import { type Call, json, NOT_FOUND, problem, type Reply, type Routes } from "../exchange.ts";
import type { Delivery } from "../hooks.ts";
import { instant } from "../resources/times.ts";

const BY_APP = { auth: "app", permissions: [], level: "read" } as const;
const PER_PAGE_DEFAULT = 30;
const PER_PAGE_MAX = 100;

/** What an App can ask about its own deliveries. */
export const HOOK_ROUTES: Routes = {
  "apps/list-webhook-deliveries": { ...BY_APP, handle: listDeliveries },
  "apps/get-webhook-delivery": { ...BY_APP, handle: getDelivery },
  "apps/redeliver-webhook-delivery": { ...BY_APP, handle: redeliver },
};

/** The newest first. The cursor is the id of the delivery after which the page begins. */
function listDeliveries({ github, token, query, origin, path }: Call): Reply {
  const perPage = Math.min(Number(query.get("per_page") ?? PER_PAGE_DEFAULT), PER_PAGE_MAX);
  const cursor = query.get("cursor");
  const after = cursor === null ? Number.POSITIVE_INFINITY : Number(cursor.replace(/^v1_/, ""));
  if (Number.isNaN(after)) return problem(400, "Invalid cursor");
  const wanted = query.get("status");
  const rest = github.hooks
    .kept()
    .filter(({ app, id }) => app === token.app && id < after)
    .filter((each) => wanted === null || (wanted === "success") === isSuccess(each));
  const page = rest.slice(0, perPage);
  const next = new URLSearchParams({ per_page: String(perPage), cursor: `v1_${page.at(-1)?.id}` });
  const link = `<${origin}${path}?${next}>; rel="next"`;
  return json(200, page.map(toDelivery), rest.length > perPage ? { link } : {});
}

function isSuccess({ status = 0 }: Delivery): boolean {
  return status >= 200 && status < 400;
}

function toDelivery(delivery: Delivery): Members {
  const { id, guid, event, action, installation, repositoryId, redelivery, at, status = 0 } = delivery;
  return {
    ...{ id, guid, event, action, redelivery, delivered_at: instant(at), duration: 0.1 },
    status: isSuccess(delivery) ? "OK" : status === 0 ? "failed to connect to host" : "Invalid HTTP Response",
    ...{ status_code: status, installation_id: installation.id, repository_id: repositoryId },
    throttled_at: null,
  };
}

function getDelivery(call: Call): Reply {
  const delivery = findDelivery(call);
  if (delivery === undefined) return NOT_FOUND;
  return json(200, {
    ...toDelivery(delivery),
    url: delivery.app.hookUrl ?? "",
    request: { headers: { ...delivery.headers }, payload: JSON.parse(delivery.body) },
    response: { headers: {}, payload: "" },
  });
}

function redeliver(call: Call): Reply {
  const delivery = findDelivery(call);
  if (delivery === undefined) return NOT_FOUND;
  const again = call.github.hooks.redeliver(delivery);
  return again === undefined ? problem(422, "Delivery is too old to be redelivered") : json(202, {});
}

function findDelivery({ github, token, parameters }: Call): Delivery | undefined {
  const id = Number(parameters.delivery_id);
  return github.hooks.deliveries.find((each) => each.app === token.app && each.id === id);
}
