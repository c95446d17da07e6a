import { fetchByProxy, readBody, UNREACHABLE_FIX, whyUnreachable } from "../gate/fetch.ts";
import { GateError } from "../gate/model/error.ts";
import { parseJson } from "../gate/parse/json.ts";
import { toValue } from "../gate/parse/node.ts";
import { decodeUtf8 } from "../gate/parse/text.ts";

const ANSWER_BYTES_MAX = 4 * 1_048_576;
const TIMEOUT_MS = 10_000;
const PAGE_SIZE = 100;
const PAGES_MAX = 10;

/** Whom to ask, and on whose behalf. */
export interface ApiAccess {
  /** Base of the REST API, as `https://api.github.com`. */
  readonly apiUrl: string;
  readonly token: string;
}

/**
 * What GitHub answers to a GET; undefined where there is nothing. Throws `GITHUB_FORBIDDEN` where the token may not
 * ask, and `GITHUB_UNREADABLE` for anything else.
 */
export async function getJson(access: ApiAccess, path: string): Promise<unknown> {
  const response = await ask(access, path);
  if (response.status === 404) return undefined;
  if (response.status === 403) throw failure("GITHUB_FORBIDDEN", path, "GitHub answered 403");
  if (!response.ok) throw unreadable(path, `GitHub answered ${response.status}`);
  const bytes = await readBody(response, ANSWER_BYTES_MAX);
  if (bytes === undefined) throw unreadable(path, `it is larger than ${ANSWER_BYTES_MAX} bytes`);
  return toValue(parseJson(decodeUtf8(bytes, path), path));
}

/** Every item of a list of several pages. A list that does not end is refused, for half of it says nothing. */
export async function getList(access: ApiAccess, path: string): Promise<readonly unknown[]> {
  const items: unknown[] = [];
  for (let page = 1; page <= PAGES_MAX; page++) {
    const data = await getJson(access, `${path}?per_page=${PAGE_SIZE}&page=${page}`);
    if (!Array.isArray(data)) throw unreadable(path, "it is not there, or no list");
    items.push(...data);
    if (data.length < PAGE_SIZE) return items;
  }
  throw unreadable(path, `it has more than ${PAGES_MAX * PAGE_SIZE} items`);
}

async function ask({ apiUrl, token }: ApiAccess, path: string): Promise<Response> {
  try {
    return await fetchByProxy(`${apiUrl}${path}`, {
      headers: {
        accept: "application/vnd.github+json",
        authorization: `Bearer ${token}`,
        "x-github-api-version": "2022-11-28",
      },
      // The token goes to nobody else.
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (cause) {
    throw unreadable(path, `GitHub could not be reached, ${whyUnreachable(cause)}`, cause);
  }
}

function unreadable(path: string, state: string, cause?: unknown): GateError {
  return failure("GITHUB_UNREADABLE", path, state, cause);
}

function failure(code: string, path: string, state: string, cause?: unknown): GateError {
  const token = "Give a token that may read the repository's administration, as GITHUB_TOKEN";
  return new GateError(code, `Cannot read ${path} of GitHub's API: ${state}`, {
    fix: cause === undefined ? token : UNREACHABLE_FIX,
    ...(cause === undefined ? {} : { cause }),
  });
}
