import type { ApiAnswer, GitHubApi } from "../../gate/trail/github-api.ts";
import type { Client } from "./client.ts";
import { type GitHubFailure, isFailure } from "./failure.ts";

/** What a trail asks of GitHub, through a client: refusals come back as answers, for the trail reads them itself. */
export function trailApi(client: Client): GitHubApi {
  return {
    request: (route, parameters) =>
      answered(async () => {
        const { status, data, headers } = await client.rest(route, parameters);
        return { status, data, headers: headers as ApiAnswer["headers"] };
      }),
    graphql: (document, variables) =>
      answered(async () => {
        const data = await client.graphql(document, variables);
        return { status: 200, headers: {}, data: { data } };
      }),
  };
}

async function answered(ask: () => Promise<ApiAnswer>): Promise<ApiAnswer> {
  try {
    return await ask();
  } catch (cause) {
    const answer = isFailure(cause) ? toAnswer(cause) : undefined;
    if (answer === undefined) throw cause;
    return answer;
  }
}

/** Undefined where no answer came. */
function toAnswer(failure: GitHubFailure): ApiAnswer | undefined {
  if (failure.code === "GITHUB_LIMITED") {
    return { status: 429, headers: { "retry-after": failure.afterSeconds ?? 60 }, data: {} };
  }
  const { errors, data, headers = {} } = (failure.cause ?? {}) as GraphqlRefusal;
  // A commit may have landed beside an error.
  if (errors !== undefined) return { status: 200, headers, data: { data: data ?? null, errors } };
  if (failure.status === undefined) return undefined;
  return { status: failure.status, headers: {}, data: { message: failure.message } };
}

/** Of @octokit/graphql, as far as it is read. */
interface GraphqlRefusal {
  readonly errors?: readonly unknown[];
  readonly data?: unknown;
  readonly headers?: ApiAnswer["headers"];
}
