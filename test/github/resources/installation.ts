import type { Members } from "../description.ts";
import { toUser } from "../resources.ts";
import type { Installation } from "../state/apps.ts";
import { instant, instantOrNull } from "./times.ts";

export function toInstallation(origin: string, installation: Installation): Members {
  const { id, app, account, permissions, events, repositories, suspendedBy } = installation;
  return {
    ...{ id, app_id: app.id, app_slug: app.slug, client_id: app.clientId },
    account: toUser(origin, account),
    ...{ target_id: account.id, target_type: account.type },
    repository_selection: repositories === "all" ? "all" : "selected",
    access_tokens_url: `${origin}/app/installations/${id}/access_tokens`,
    repositories_url: `${origin}/installation/repositories`,
    html_url: `${origin}/organizations/${account.login}/settings/installations/${id}`,
    permissions: { ...permissions },
    events: [...events],
    ...{ created_at: instant(installation.createdAt), updated_at: instant(installation.updatedAt) },
    ...{ single_file_name: null, has_multiple_single_files: false, single_file_paths: [] },
    suspended_by: suspendedBy === undefined ? null : toUser(origin, suspendedBy),
    suspended_at: instantOrNull(installation.suspendedAt),
  };
}
