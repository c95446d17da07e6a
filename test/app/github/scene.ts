import { after } from "node:test";
import { type ApiCall, type Client, type GitHub, openGitHub } from "../../../app/github/client.ts";
import type { Clock } from "../../../app/github/waiting.ts";
import type { Archive } from "../../../app/store/archive.ts";
import { type ScratchRepository, scratchRepository } from "../../git.ts";
import type { Account, Repository } from "../../github/nouns.ts";
import { type StandIn, startServer } from "../../github/server.ts";
import type { Installation, Registration } from "../../github/state/apps.ts";

/** A GitHub with one repository that the App is installed on, and the App's client. */
export interface Scene {
  readonly stand: StandIn;
  readonly app: Registration;
  readonly installation: Installation;
  readonly repository: Repository;
  readonly source: ScratchRepository;
  readonly maria: Account;
  readonly hub: GitHub;
  readonly client: Client;
  readonly clock: TestClock;
  readonly calls: readonly ApiCall[];
  /** `{owner, repo}` of the repository. */
  readonly address: { readonly owner: string; readonly repo: string };
}

/** Time that passes when somebody sleeps, and else does not. */
export interface TestClock extends Clock {
  readonly slept: readonly number[];
}

export function testClock(): TestClock {
  const slept: number[] = [];
  let now = Date.now();
  return {
    slept,
    now: () => now,
    sleep: async (ms) => {
      slept.push(ms);
      now += ms;
    },
  };
}

/** Ends with the test that opens it, or with the file that does. */
export async function openScene(options: { private?: boolean; waitMsMax?: number } = {}): Promise<Scene> {
  const source = await scratchRepository({ bare: true });
  const stand = await startServer();
  after(async () => {
    source.remove();
    // Throws if anything was asked that GitHub's description does not allow.
    await stand.close();
  });
  const { github, play } = stand;
  const repository = github.addRepository("credit", source.directory, { private: options.private ?? true });
  const app = github.addApp("weighbridge");
  const installation = play.install(app, { by: github.owner });
  const clock = testClock();
  const calls: ApiCall[] = [];
  const hub = openGitHub({
    ...{ apiUrl: stand.origin, appId: app.id, privateKey: app.privateKey, clock },
    onCall: (call) => calls.push(call),
    ...(options.waitMsMax !== undefined && { waitMsMax: options.waitMsMax }),
  });
  const maria = github.addAccount("maria");
  const address = { owner: github.owner.login, repo: repository.name };
  const client = hub.installation(installation.id);
  return { stand, app, installation, repository, source, maria, hub, client, clock, calls, address };
}

/** The parts of an archive that the client's side uses, in memory. */
export function memoryArchive(): Pick<Archive, "get" | "set" | "setOnce" | "cached" | "keepCached"> {
  const values = new Map<string, string>();
  const objects = new Map<string, Uint8Array>();
  return {
    get: async (name) => values.get(name),
    set: async (name, value) => void values.set(name, value),
    setOnce: async (name, value) => {
      if (!values.has(name)) values.set(name, value);
      return values.get(name)!;
    },
    cached: async (key) => objects.get(key),
    keepCached: async (key, bytes) => void objects.set(key, bytes),
  };
}
