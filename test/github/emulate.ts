import { createEmulator } from "emulate";
import { fullName, type Repository } from "./nouns.ts";
import type { Installation } from "./state/apps.ts";

/** emulate, another's stand-in for GitHub, with an installation of ours in it. */
export interface Emulate {
  readonly origin: string;
  close(): Promise<void>;
}

/** Starts it with the App of an installation, under the same ids and the same key, and with repositories of a first commit. */
export async function startEmulate(
  { id, app, account, permissions }: Installation,
  repositories: readonly Repository[],
): Promise<Emulate> {
  const github = {
    orgs: [{ login: account.login }],
    repos: repositories.map(({ owner, name, private: isPrivate }) => ({
      ...{ owner: owner.login, name, private: isPrivate },
    })),
    apps: [
      {
        ...{ app_id: app.id, slug: app.slug, name: app.name, private_key: app.privateKey },
        ...{ permissions, events: [] },
        installations: [
          {
            ...{ installation_id: id, account: account.login, permissions },
            repository_selection: "selected",
            repositories: repositories.slice(0, 1).map(fullName),
          },
        ],
      },
    ],
  };
  const { url, close } = await createEmulator({ service: "github", port: 0, seed: { github } });
  return { origin: url, close };
}
