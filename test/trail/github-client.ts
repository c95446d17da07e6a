import type { ApiAnswer, GitHubApi } from "../../gate/trail/github-api.ts";

/** A GitHub client of a few lines: one call is one request, and whatever comes back is the answer. */
export function clientOf(origin: string, token: string): GitHubApi {
  const send = async (method: string, path: string, body: unknown): Promise<ApiAnswer> => {
    const response = await fetch(`${origin}${path}`, {
      method,
      headers: { authorization: `token ${token}`, "x-github-api-version": "2022-11-28" },
      ...(method === "GET" ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /^application\/json\b/.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      data: isJson ? JSON.parse(text) : text,
    };
  };
  return {
    graphql: (query, variables) => send("POST", "/graphql", { query, variables }),
    request: (route, parameters) => {
      const [method = "", template = ""] = route.split(" ");
      const left = new Map(Object.entries(parameters));
      const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
        const value = left.get(name);
        left.delete(name);
        return encodeURIComponent(String(value));
      });
      const rest = Object.fromEntries(left);
      const query = method === "GET" && left.size > 0 ? `?${new URLSearchParams(rest as never)}` : "";
      return send(method, `${path}${query}`, rest);
    },
  };
}
