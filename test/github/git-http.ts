import { spawn } from "node:child_process";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname } from "node:path";
import type { Repository } from "./nouns.ts";
import { reaches } from "./reach.ts";
import { allows } from "./state/apps.ts";
import type { GitHubState } from "./state.ts";

const PATH = /^\/(?<owner>[^/]+)\/(?<name>[^/]+?)(?:\.git)?(?<rest>\/(?:info\/refs|git-upload-pack))$/;

export interface GitRequest {
  readonly repository: Repository;
  readonly rest: string;
}

/** The repository that a fetch by HTTP asks for; undefined if the request is not one. */
export function findGitRequest(github: GitHubState, path: string): GitRequest | undefined {
  const { owner = "", name = "", rest = "" } = PATH.exec(path)?.groups ?? {};
  const repository = github.findRepository(owner, name);
  return repository === undefined ? undefined : { repository, rest };
}

/** Whether the header carries a token for the repository's contents, as `x-access-token:<token>` in basic form. */
export function isGitAuthorized(
  github: GitHubState,
  authorization: string | undefined,
  repository: Repository,
): boolean {
  const basic = /^basic (.+)$/i.exec(authorization ?? "")?.[1] ?? "";
  const text = Buffer.from(basic, "base64")
    .toString()
    .replace(/^x-access-token:/, "");
  const token = github.findToken(`token ${text}`);
  if (typeof token !== "object" || !reaches(github, token, repository)) return false;
  return allows(token.permissions, "contents", "read");
}

/** Serves one request of git's smart protocol with git's own CGI program. */
export function serveGit(
  { repository, rest }: GitRequest,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? "", "http://stand-in");
  const directory = repository.directory;
  const backend = spawn("git", ["-c", "uploadpack.allowFilter=true", "http-backend"], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: dirname(directory),
      GIT_HTTP_EXPORT_ALL: "1",
      PATH_INFO: `${directory.slice(dirname(directory).length)}${rest}`,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers["content-type"] ?? "",
      HTTP_CONTENT_ENCODING: request.headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(request.headers["git-protocol"] ?? ""),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  request.pipe(backend.stdin);
  const chunks: Buffer[] = [];
  backend.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    backend.on("close", () => {
      sendCgi(Buffer.concat(chunks), response);
      resolve();
    });
  });
}

function sendCgi(output: Buffer, response: ServerResponse): void {
  const end = output.indexOf("\r\n\r\n");
  let status = 200;
  for (const line of output.subarray(0, end).toString().split("\r\n")) {
    const [name = "", value = ""] = line.split(/: (.*)/s);
    if (name.toLowerCase() === "status") status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status);
  response.end(output.subarray(end + 4));
}
