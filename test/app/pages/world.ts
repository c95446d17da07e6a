import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request as send } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Login, Repository } from "../../../app/pages/login.ts";
import { openPages } from "../../../app/pages/pages.ts";
import { type TrailView, trailView } from "../../../app/pages/trail-view.ts";
import type { DecisionRow, PullRow } from "../../../app/store/archive.ts";
import { openSqliteStore } from "../../../app/store/sqlite-store.ts";
import type { DecisionRecord } from "../../../gate/model/decision.ts";
import { GateError } from "../../../gate/model/error.ts";
import { canonical } from "../../../gate/parse/canonical.ts";
import { toDecisionContent } from "../../../gate/trail/decision-content.ts";
import {
  CREDIT_PD,
  commitFor,
  digestFor,
  gate,
  manifest,
  metric,
  model,
  policy,
  record,
  result,
} from "../../report/records.ts";
import { type Rig, SETTING, START, startedRig } from "../../trail/rig.ts";

/** The dashboard behind a real server, over a real trail, with people who may see different repositories. */

export const MODELS: Repository = { id: SETTING.repo.id, installationId: 11, owner: "acme", name: "models" };
export const VAULT: Repository = { id: 42, installationId: 12, owner: "secret", name: "vault" };

/** Who there is at GitHub: maria sees acme/models, olu sees secret/vault, nobody sees nothing. */
const PEOPLE: ReadonlyMap<string, readonly Repository[]> = new Map([
  ["maria", [MODELS]],
  ["olu", [VAULT]],
  ["nobody", []],
]);

/** GitHub as far as signing in goes: codes are good once and only with their verifier; tokens can be revoked. */
export class FakeGitHub implements Login {
  readonly revoked = new Set<string>();
  readonly sight = new Map(PEOPLE);
  questions = 0;
  readonly #origin: () => string;
  readonly #codes = new Map<string, { readonly person: string; readonly challenge: string }>();

  constructor(origin: () => string) {
    this.#origin = origin;
  }

  authorizeUrl({ state, challenge }: { readonly state: string; readonly challenge: string }): string {
    return `${this.#origin()}/github/authorize?${new URLSearchParams({ state, challenge })}`;
  }

  /** What GitHub does when the person agrees: the code that it sends the browser back with. */
  agree(person: string, challenge: string): string {
    const code = `code-${this.#codes.size}`;
    this.#codes.set(code, { person, challenge });
    return code;
  }

  async exchange(code: string, verifier: string) {
    const grant = this.#codes.get(code);
    this.#codes.delete(code);
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    if (grant?.challenge !== challenge) throw new GateError("LOGIN_REFUSED", "Cannot sign in: bad code");
    return { token: `token of ${grant.person}`, seconds: 28_800 };
  }

  async user(token: string) {
    const login = this.#personOf(token);
    return { userId: 100 + [...PEOPLE.keys()].indexOf(login), login };
  }

  async repositories(token: string) {
    this.questions++;
    return { repositories: this.sight.get(this.#personOf(token)) ?? [], complete: true };
  }

  #personOf(token: string): string {
    if (this.revoked.has(token)) throw new GateError("LOGIN_REVOKED", "Cannot read as this person");
    return token.slice("token of ".length);
  }
}

export interface DashboardOptions {
  /** As the browser sees it; the server itself speaks http. */
  readonly publicUrl?: string;
  readonly trail?: TrailView;
  /** Who signs people in, for a dashboard at this address; a GitHub of the test's own if absent. */
  readonly login?: (publicUrl: string) => Login;
}

export async function openDashboard(options: DashboardOptions = {}) {
  const clock = { time: START + 3_600_000 };
  const folder = mkdtempSync(join(tmpdir(), "weighbridge-pages-"));
  const store = openSqliteStore(folder, { leaseMs: 60_000, quietMs: 0 }, () => clock.time);
  const { archive } = store;
  const errors: unknown[] = [];
  let origin = "";
  const github = new FakeGitHub(() => origin);
  const rigs: Rig[] = [];
  const trail = options.trail ?? trailView(async ({ id }) => (id === MODELS.id ? rigs[0]?.store : undefined));
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  origin = `http://127.0.0.1:${port}`;
  const pages = openPages({
    archive,
    login: options.login?.(options.publicUrl ?? origin) ?? github,
    trail,
    config: {
      publicUrl: options.publicUrl ?? origin,
      sessionKey: Buffer.alloc(32, 7),
      webUrl: "https://github.com",
    },
    report: (error) => errors.push(error),
    now: () => clock.time,
  });
  server.on("request", async (request, response) => {
    if (await pages(request, response)) return;
    const url = new URL(request.url ?? "", origin);
    if (url.pathname !== "/github/authorize") return response.writeHead(404).end("no page");
    // GitHub's own page, where maria always agrees.
    const code = github.agree("maria", url.searchParams.get("challenge") ?? "");
    const location = `/login/callback?${new URLSearchParams({ code, state: url.searchParams.get("state") ?? "" })}`;
    return response.writeHead(302, { location }).end();
  });
  return {
    archive,
    folder,
    clock,
    errors,
    github,
    origin,
    port,
    async startTrail() {
      const rig = await startedRig();
      rigs.push(rig);
      return rig;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await store.close();
      rmSync(folder, { recursive: true, force: true });
      for (const rig of rigs) {
        await rig.close();
        rig.repository.remove();
      }
    },
  };
}

export type Dashboard = Awaited<ReturnType<typeof openDashboard>>;

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** One request, with its target exactly as given. */
export async function ask(
  { port }: Pick<Dashboard, "port">,
  target: string,
  { method = "GET", headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const outgoing = send({ host: "127.0.0.1", port, path: target, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks).toString("utf8") });
      });
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

/** The `name=value` of a cookie that an answer sets. */
export function cookieIn({ headers }: Reply, name: RegExp): string {
  const line = (headers["set-cookie"] ?? []).find((text) => name.test(text.split("=")[0]!));
  return line?.split(";")[0] ?? "";
}

/** Goes through the whole sign-in as a person; the session's cookie. */
export async function signIn(dashboard: Dashboard, person: string, cookie = ""): Promise<string> {
  const begun = await ask(dashboard, "/login");
  const url = new URL(begun.headers.location ?? "");
  const code = dashboard.github.agree(person, url.searchParams.get("challenge") ?? "");
  const attempt = cookieIn(begun, /login$/);
  const state = url.searchParams.get("state");
  const done = await ask(dashboard, `/login/callback?code=${code}&state=${state}`, {
    headers: { cookie: cookie === "" ? attempt : `${attempt}; ${cookie}` },
  });
  return cookieIn(done, /weighbridge$/);
}

export function rowOf(decision: DecisionRecord, over: Partial<DecisionRow> = {}): DecisionRow {
  const { digest, digests, verdict, input, models } = decision;
  return {
    repositoryId: MODELS.id,
    number: 17,
    head: input.change.head,
    base: input.change.base,
    baseRef: "main",
    digest,
    subject: digests.subject,
    verdict,
    models: models.map(({ id }) => id),
    record: canonical(decision),
    decidedAt: Date.parse(input.now),
    ...over,
  };
}

export function pullRow(over: Partial<PullRow> = {}): PullRow {
  return {
    repositoryId: MODELS.id,
    installationId: MODELS.installationId,
    repository: "acme/models",
    number: 17,
    title: "Retrain the scorecard on the third quarter",
    author: "ines",
    state: "open",
    head: commitFor("head 17"),
    base: commitFor("base"),
    baseRef: "main",
    governed: true,
    waitsFor: [],
    updatedAt: START,
    ...over,
  };
}

const GATES = [
  gate("PERF-01", {
    with: { metric: "roc_auc", dataset: "holdout", min: 0.78 },
    title: "The scorecard separates good from bad",
  }),
  gate("CORE-12", {
    rule: "approvals.required",
    title: "The roles that must agree have agreed",
    why: "Nobody decides alone about a model of tier T2",
    fix: "Ask a validator for a review",
  }),
];

interface Told {
  readonly number: number;
  readonly auc: number;
  readonly verdict: DecisionRecord["verdict"];
  readonly now: string;
  readonly id?: string;
  readonly title?: string;
}

/** A decision about one model whose numbers move. */
export function decisionOf({ number, auc, verdict, now, id = "credit-pd", title }: Told): DecisionRecord {
  const about = { model: id };
  const floor = result(GATES[0]!, {
    ...about,
    outcome: auc >= 0.78 ? "pass" : "fail",
    closes: auc < 0.78,
    observed: String(auc),
    expected: "≥ 0.78",
    ...(auc >= 0.78
      ? {}
      : {
          findings: [
            { code: "METRIC_BELOW_FLOOR", message: `roc_auc on holdout is ${auc}, below the floor of 0.78` },
          ],
        }),
  });
  const approvals = result(GATES[1]!, {
    outcome: verdict === "wait" ? "fail" : "pass",
    closes: verdict === "wait",
    ...(verdict === "wait"
      ? { findings: [{ code: "APPROVAL_MISSING", message: `${id} needs the approval of a validator` }] }
      : {}),
  });
  const version = (side: string) => ({
    manifest: manifest({
      id,
      owner: "acme/credit-owners",
      nextReview: "2027-03-31",
      ...(title === undefined ? {} : { title }),
    }),
    problems: [],
    artifacts: [],
    subject: digestFor(`${side} ${id} ${number}`),
  });
  return record({
    verdict,
    models: [{ ...CREDIT_PD, id }],
    results: [approvals, floor],
    input: {
      now,
      change: {
        base: commitFor("base"),
        mergeBase: commitFor("base"),
        head: commitFor(`head ${number}`),
        files: [{ status: "modified", path: `models/${id}/model.safetensors` }],
        models: [model({ id, base: version("base"), head: version("head") })],
      },
      policy: policy({ gates: GATES }),
      evidence: [
        metric("base", "roc_auc", 0.781, { ...about, direction: "higher" }),
        metric("head", "roc_auc", auc, { ...about, direction: "higher" }),
        metric("head", "brier_score", Number((0.2 - auc / 8).toFixed(4)), about),
        metric("head", "p95_latency_ms", 40 + (number % 5), { ...about, direction: "lower" }),
      ],
    },
  });
}

const HISTORY: readonly Told[] = [
  { number: 11, auc: 0.7812, verdict: "pass", now: "2026-05-04T08:10:00Z" },
  { number: 12, auc: 0.7934, verdict: "pass", now: "2026-06-11T15:42:00Z" },
  { number: 13, auc: 0.7712, verdict: "fail", now: "2026-07-20T11:05:00Z" },
  { number: 14, auc: 0.8021, verdict: "pass", now: "2026-08-03T09:30:00Z" },
  { number: 15, auc: 0.8018, verdict: "pass", now: "2026-10-12T16:20:00Z" },
  { number: 17, auc: 0.8102, verdict: "wait", now: "2026-11-21T22:14:01Z" },
];

/** A repository that has lived: six decisions about one model, one about another, a pull request that waits. */
export async function seed({ archive, startTrail }: Pick<Dashboard, "archive" | "startTrail">): Promise<{
  readonly waiting: DecisionRecord;
  readonly rig: Rig;
}> {
  const told = HISTORY.map((one) => ({ ...one, title: "Probability of default, retail" }));
  const fraud = {
    number: 16,
    auc: 0.9121,
    verdict: "pass",
    now: "2026-11-02T09:12:44Z",
    id: "fraud-graph",
  } as const;
  const decisions = [...told, fraud].map((one) => ({ ...one, decision: decisionOf(one) }));
  for (const { number, verdict, decision } of decisions) {
    const row = rowOf(decision, { number });
    await archive.keepDecision(row);
    const state = verdict === "wait" ? "open" : verdict === "pass" ? "merged" : "closed";
    const pull = {
      number,
      state,
      verdict,
      head: row.head,
      decision: row.digest,
      updatedAt: row.decidedAt,
    } as const;
    await archive.keepPull(
      pullRow({ ...pull, ...(verdict === "wait" ? { waitsFor: ["validator", "owner"] } : {}) }),
    );
  }
  await archive.keepPull(pullRow({ number: 18, title: "Fix a typing error", governed: false }));
  const waiting = decisions.find(({ verdict }) => verdict === "wait")!.decision;
  await archive.keepVote({
    ...{ repositoryId: MODELS.id, number: 17, source: "review", sourceId: 1, userId: 1000014, login: "chen" },
    ...{ kind: "approve", head: commitFor("head 17"), subject: waiting.digests.subject, at: START + 60_000 },
  });
  const rig = await startTrail();
  await rig.append(decisions.map(({ number, decision }) => entryOf(decision, number)));
  return { waiting, rig };
}

export function entryOf(decision: DecisionRecord, number: number) {
  const setting = {
    repo: SETTING.repo,
    state: "git+https://example.com/acme/models",
    app: { id: 1, installation: 11, version: "0.1.0" },
    pr: { number, base: "main" },
  };
  const { evidence: _, ...predicate } = toDecisionContent(decision, setting).content.predicate;
  return { subject: toDecisionContent(decision, setting).content.subject, predicate };
}
