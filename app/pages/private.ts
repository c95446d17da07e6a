import { GateError } from "../../gate/model/error.ts";
import type { Archive } from "../store/archive.ts";
import { type Answer, download, seeOther } from "./answer.ts";
import type { Chart } from "./chart.ts";
import { decisionPage } from "./decision-page.ts";
import type { History } from "./history.ts";
import type { Repository } from "./login.ts";
import { chartAnswer, modelPage } from "./model-page.ts";
import { failedPage, nothingPage, signInPage, UNEXPECTED } from "./notices.ts";
import { overviewPage, repositoryPage } from "./overview.ts";
import { proofFile, proofPage } from "./proof-page.ts";
import { pullPage } from "./pull-page.ts";
import { type Address, type RepositoryRoute, returnPath } from "./route.ts";
import type { Session, Sessions } from "./sessions.ts";
import { trailPage } from "./trail-page.ts";
import type { TrailView } from "./trail-view.ts";
import { findVerification } from "./verification.ts";
import type { Visibility } from "./visibility.ts";

/** What only who has signed in may see. */

export interface PrivateWorld {
  readonly archive: Pick<Archive, "findDecision" | "decisions" | "findPull" | "openPulls" | "votes" | "get">;
  readonly trail: TrailView;
  /** `https://github.com`, or the Enterprise Server. */
  readonly webUrl: string;
  readonly report: (error: unknown) => void;
  readonly now: () => number;
  readonly sessions: Sessions;
  readonly visibility: Visibility;
  readonly history: History;
}

export interface PrivateRequest {
  readonly cookies: string | undefined;
  /** As the browser wrote it, to come back to. */
  readonly target: string;
  readonly address: Address;
}

export async function privateAnswer(world: PrivateWorld, request: PrivateRequest): Promise<Answer> {
  const session = await world.sessions.find(request.cookies);
  if (session === undefined) return signInAnswer(request);
  try {
    return (await findAnswer(world, session, request.address)) ?? nothingPage(session.login);
  } catch (error) {
    if (error instanceof GateError && error.code === "LOGIN_REVOKED") {
      await world.sessions.endAllOf(session.userId);
      return signInAnswer(request);
    }
    world.report(error);
    return failedPage(error instanceof GateError ? error.code : UNEXPECTED, session.login);
  }
}

/** The same way for every address: who has not signed in learns nothing of what there is. */
function signInAnswer({ address, target }: PrivateRequest): Answer {
  if (address.route.page === "home") return signInPage(returnPath(address.query.get("return")));
  return seeOther(`/?return=${encodeURIComponent(returnPath(target))}`);
}

/** Undefined for what is not there or may not be seen. */
async function findAnswer(
  world: PrivateWorld,
  session: Session,
  { route, query }: Address,
): Promise<Answer | undefined> {
  const { login } = session;
  const overview = { archive: world.archive, history: world.history, now: world.now() };
  if (route.page === "home") {
    const sight = await world.visibility.of(session);
    return overviewPage(overview, login, sight, indexOf(query.get("from")));
  }
  if (!("owner" in route)) return undefined;
  const repository = (await world.visibility.of(session)).find(route.owner, route.name);
  if (repository === undefined) return undefined;
  return repositoryAnswer({ world, login, repository }, route, query);
}

function indexOf(text: string | undefined): number {
  return text !== undefined && /^[1-9][0-9]{0,5}$/.test(text) ? Number(text) : 0;
}

/** A repository that the person may see. */
interface Visit {
  readonly world: PrivateWorld;
  readonly login: string;
  readonly repository: Repository;
}

async function repositoryAnswer(
  visit: Visit,
  route: RepositoryRoute,
  query: Address["query"],
): Promise<Answer | undefined> {
  const { world, login, repository } = visit;
  const { archive, history, trail, webUrl, now } = world;
  const findPull = (number: number) => archive.findPull(repository.id, number);
  switch (route.page) {
    case "repository":
      return repositoryPage({ archive, history, now: now() }, login, repository);
    case "trail": {
      const verification = await findVerification(archive, repository.id);
      return trailPage({ login, repository, trail, verification });
    }
    case "pull": {
      const pull = await findPull(route.number);
      return pull && pullPage({ archive, login, repository, pull, webUrl });
    }
    case "model": {
      const found = await history.find(repository.id, route.model);
      return found && modelPage({ login, repository, history: found, findPull, now: now() });
    }
    case "chart": {
      const found = await history.find(repository.id, route.model);
      const [metric = "", dataset = ""] = [query.get("metric"), query.get("dataset")];
      return found && chartAnswer(found, { metric, dataset }, lookOf(query));
    }
    default:
      return decisionAnswer(visit, route);
  }
}

function lookOf(query: Address["query"]): Pick<Chart, "scheme" | "size"> {
  return {
    scheme: query.get("scheme") === "dark" ? "dark" : "light",
    size: query.get("size") === "narrow" ? "narrow" : "wide",
  };
}

async function decisionAnswer(
  { world: { archive, trail }, login, repository }: Visit,
  { page, digest }: Extract<RepositoryRoute, { readonly digest: string }>,
): Promise<Answer | undefined> {
  const row = await archive.findDecision(repository.id, digest);
  if (row === undefined) return undefined;
  switch (page) {
    case "decision":
      return decisionPage(login, repository, row);
    case "record":
      return download("decision.json", "application/json", row.record);
    case "proof":
      return proofPage(login, { archive, trail, repository, row });
    case "entry":
    case "tlog-proof":
      return proofFile(page, { archive, trail, repository, row });
  }
}
