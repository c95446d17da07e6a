import type { Archive } from "../store/archive.ts";
import type { Client } from "./client.ts";
import { at, listAt, numberAt, optional, textAt } from "./shape.ts";
import type { RepositoryAddress } from "./writers.ts";
import { writeOnce } from "./writing.ts";

/** An issue whose answer was lost is among the newest; older ones are in the archive. */
const NEWEST_SEEN = 100;

export interface IssueRequest extends RepositoryAddress {
  readonly repositoryId: number;
  /** First line of the body: the same for the same occasion, and no other. */
  readonly marker: string;
  readonly title: string;
  /** Markdown in which nothing foreign is active. */
  readonly body: string;
}

/** The number of the issue about an occasion, opened if it never was: once, whatever becomes of the issue later. */
export async function openIssue(
  client: Client,
  wanted: IssueRequest,
  archive: Pick<Archive, "get" | "setOnce">,
): Promise<number> {
  const known = await findIssue(archive, wanted);
  if (known !== undefined) return known;
  const number = await findOrCreate(client, wanted);
  return Number(await archive.setOnce(issueName(wanted), String(number)));
}

type Occasion = Pick<IssueRequest, "repositoryId" | "marker">;

/** The number of the issue that was opened about an occasion; undefined if none was. GitHub is not asked. */
export async function findIssue(
  archive: Pick<Archive, "get">,
  occasion: Occasion,
): Promise<number | undefined> {
  const known = await archive.get(issueName(occasion));
  return known === undefined ? undefined : Number(known);
}

function issueName({ repositoryId, marker }: Occasion): string {
  return `issue/${repositoryId}/${marker}`;
}

async function findOrCreate(client: Client, wanted: IssueRequest): Promise<number> {
  const { owner, repo, marker, title, body } = wanted;
  const known = await findOurs(client, wanted);
  if (known !== undefined) return known;
  return writeOnce(client, {
    write: async () => {
      const { data } = await client.rest("POST /repos/{owner}/{repo}/issues", {
        ...{ owner, repo, title, body: `${marker}\n${body}` },
      });
      return numberAt(data, "number");
    },
    look: () => findOurs(client, wanted),
  });
}

/** By marker and App: anybody can write the marker. */
async function findOurs(client: Client, { owner, repo, marker }: IssueRequest): Promise<number | undefined> {
  const { data } = await client.rest("GET /repos/{owner}/{repo}/issues", {
    ...{ owner, repo, state: "all", sort: "created", direction: "desc", per_page: NEWEST_SEEN },
  });
  const ours = listAt(data).filter(
    (issue) =>
      at(issue, "performed_via_github_app", "id") === client.appId &&
      at(issue, "user", "type") === "Bot" &&
      (optional(textAt, issue, "body") ?? "").split("\n", 1)[0] === marker,
  );
  return ours.length === 0 ? undefined : Math.min(...ours.map((issue) => numberAt(issue, "number")));
}
