import type { Place } from "../place.ts";
import type {
  Archive,
  DecisionFilter,
  DecisionRow,
  DeveloperFilter,
  KeptVote,
  MergedHands,
  PullRow,
  SessionRow,
  ShownFilter,
} from "./archive.ts";
import { toDecision, toPull, toSession, toVote, WHOLE } from "./archive-row.ts";
import { bytesOf, type Database, type Dialect, integerOf, textOf, type Value } from "./database.ts";

/** What is kept of GitHub's answers, and the largest of them that is. */
export const CACHE_BYTES_MAX = 512 * 1024 * 1024;
export const CACHED_BYTES_MAX = 8 * 1024 * 1024;
/** The whole is looked at when one process has added this part of what there may be. */
const CACHE_CHECK_PART = 1 / 32;

export function archiveSchema({ bytes }: Dialect): string {
  return `
    CREATE TABLE decision (
      repository_id BIGINT NOT NULL,
      digest TEXT NOT NULL,
      number BIGINT NOT NULL,
      head TEXT NOT NULL,
      base TEXT NOT NULL,
      base_ref TEXT NOT NULL,
      subject TEXT NOT NULL,
      verdict TEXT NOT NULL,
      models TEXT NOT NULL,
      record TEXT NOT NULL,
      decided_at BIGINT NOT NULL,
      shown_at BIGINT,
      PRIMARY KEY (repository_id, digest, number)
    );
    CREATE INDEX decision_shown_at ON decision (repository_id, number, shown_at);
    CREATE INDEX decision_decided_at ON decision (repository_id, decided_at);
    CREATE INDEX decision_number ON decision (repository_id, number, decided_at);
    CREATE TABLE decision_model (
      repository_id BIGINT NOT NULL,
      model TEXT NOT NULL,
      digest TEXT NOT NULL,
      content TEXT,
      PRIMARY KEY (repository_id, model, digest)
    );
    CREATE INDEX decision_model_content ON decision_model (repository_id, model, content);
    CREATE TABLE developer (
      repository_id BIGINT NOT NULL,
      model TEXT NOT NULL,
      user_id BIGINT NOT NULL,
      number BIGINT NOT NULL,
      merged_at BIGINT NOT NULL,
      PRIMARY KEY (repository_id, model, user_id, number)
    );
    CREATE TABLE pull (
      repository_id BIGINT NOT NULL,
      number BIGINT NOT NULL,
      installation_id BIGINT NOT NULL,
      repository TEXT NOT NULL,
      title TEXT NOT NULL,
      author TEXT NOT NULL,
      state TEXT NOT NULL,
      head TEXT NOT NULL,
      base TEXT NOT NULL,
      base_ref TEXT NOT NULL,
      decision TEXT,
      verdict TEXT,
      governed BIGINT NOT NULL,
      waits_for TEXT NOT NULL,
      check_run_id BIGINT,
      comment_id BIGINT,
      updated_at BIGINT NOT NULL,
      PRIMARY KEY (repository_id, number)
    );
    CREATE INDEX pull_head ON pull (repository_id, head);
    CREATE TABLE vote (
      repository_id BIGINT NOT NULL,
      number BIGINT NOT NULL,
      source TEXT NOT NULL,
      source_id BIGINT NOT NULL,
      kind TEXT NOT NULL,
      user_id BIGINT NOT NULL,
      login TEXT NOT NULL,
      head TEXT NOT NULL,
      model TEXT NOT NULL,
      subject TEXT,
      at BIGINT NOT NULL,
      PRIMARY KEY (repository_id, number, source, source_id, kind, model)
    );
    CREATE TABLE note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
    CREATE TABLE cached (
      key TEXT PRIMARY KEY,
      bytes ${bytes} NOT NULL,
      size BIGINT NOT NULL,
      kept_at BIGINT NOT NULL
    );
    CREATE INDEX cached_kept_at ON cached (kept_at);
    CREATE TABLE session (
      id TEXT PRIMARY KEY,
      user_id BIGINT NOT NULL,
      login TEXT NOT NULL,
      token TEXT NOT NULL,
      expires BIGINT NOT NULL
    );
    CREATE INDEX session_user_id ON session (user_id);
  `;
}

/** Only what is asked for stands in the statement: an index serves no condition that may as well be none. */
function toCondition(filter: DecisionFilter): { readonly text: string; readonly values: readonly Value[] } {
  const { repositoryId, number, model, content, baseRef, verdict, head } = filter;
  const { decidedFrom, decidedBefore } = filter;
  const asked = [
    ["repository_id = ?", repositoryId],
    ["number = ?", number],
    ["verdict = ?", verdict],
    ["head = ?", head],
    ["base_ref = ?", baseRef],
    ["decided_at >= ?", decidedFrom],
    ["decided_at < ?", decidedBefore],
    [`digest IN (${ABOUT} AND model = ?)`, content === undefined ? model : undefined],
    [`digest IN (${ABOUT} AND model = ? AND content = ?)`, model, content],
  ] as const;
  const given = asked.filter(([, ...values]) => values.every((value) => value !== undefined));
  let count = 0;
  const texts = given.map(([text]) => text.replaceAll("?", () => `$${++count}`));
  return { text: texts.join(" AND "), values: given.flatMap(([, ...values]) => values as Value[]) };
}

const ABOUT = "SELECT digest FROM decision_model WHERE repository_id = $1";

/** The archive, in words that both databases understand. */
export class SqlArchive implements Archive {
  readonly #database: Database;
  readonly #now: () => number;
  readonly #cacheBytesMax: number;
  #uncheckedBytes = Number.POSITIVE_INFINITY;

  constructor(database: Database, now: () => number, cacheBytesMax = CACHE_BYTES_MAX) {
    this.#database = database;
    this.#now = now;
    this.#cacheBytesMax = cacheBytesMax;
  }

  keepDecision(row: DecisionRow, contents?: ReadonlyMap<string, string>): Promise<void> {
    return this.#database.transaction(async (sql) => {
      await sql.query(
        `INSERT INTO decision
           (repository_id, digest, number, head, base, base_ref, subject, verdict, models, record, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING`,
        [
          ...[row.repositoryId, row.digest, row.number, row.head, row.base, row.baseRef, row.subject],
          ...[row.verdict, JSON.stringify(row.models), row.record, row.decidedAt],
        ],
      );
      for (const model of new Set(row.models)) {
        await sql.query(
          `INSERT INTO decision_model (repository_id, model, digest, content) VALUES ($1, $2, $3, $4)
           ON CONFLICT DO NOTHING`,
          [row.repositoryId, model, row.digest, contents?.get(model) ?? null],
        );
      }
    });
  }

  async markShown(
    { repositoryId, number, digest }: Parameters<Archive["markShown"]>[0],
    at: number,
  ): Promise<void> {
    await this.#database.query(
      `UPDATE decision SET shown_at = $4
       WHERE repository_id = $1 AND number = $2 AND digest = $3 AND shown_at IS NULL`,
      [repositoryId, number, digest, at],
    );
  }

  async lastShown({ repositoryId, number, head, before }: ShownFilter): Promise<DecisionRow | undefined> {
    const [row] = await this.#database.query(
      `SELECT * FROM decision WHERE repository_id = $1 AND number = $2 AND shown_at < $3
       ${head === undefined ? "" : "AND head = $4"} ORDER BY shown_at DESC, digest LIMIT 1`,
      [repositoryId, number, before, ...(head === undefined ? [] : [head])],
    );
    return row === undefined ? undefined : toDecision(row);
  }

  async findDecision(repositoryId: number, digest: string): Promise<DecisionRow | undefined> {
    const [row] = await this.#database.query(
      "SELECT * FROM decision WHERE repository_id = $1 AND digest = $2 ORDER BY number LIMIT 1",
      [repositoryId, digest],
    );
    return row === undefined ? undefined : toDecision(row);
  }

  async decisions(filter: DecisionFilter): Promise<readonly DecisionRow[]> {
    const { text, values } = toCondition(filter);
    const rows = await this.#database.query(
      `SELECT * FROM decision WHERE ${text} ORDER BY decided_at DESC, digest LIMIT $${values.length + 1}`,
      [...values, filter.countMax],
    );
    return rows.map(toDecision);
  }

  async subjects(repositoryId: number, number: number, head: string): Promise<readonly string[]> {
    const rows = await this.#database.query(
      `SELECT DISTINCT subject FROM decision
       WHERE repository_id = $1 AND number = $2 AND head = $3 ORDER BY subject`,
      [repositoryId, number, head],
    );
    return rows.map((row) => textOf(row, "subject"));
  }

  keepDevelopers({ repositoryId, number, models, userIds, at }: MergedHands): Promise<void> {
    return this.#database.transaction(async (sql) => {
      for (const model of new Set(models)) {
        for (const userId of new Set(userIds)) {
          await sql.query(
            `INSERT INTO developer (repository_id, model, user_id, number, merged_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
            [repositoryId, model, userId, number, at],
          );
        }
      }
    });
  }

  async developers({
    repositoryId,
    model,
    exceptNumber,
    since,
  }: DeveloperFilter): Promise<readonly number[]> {
    const rows = await this.#database.query(
      `SELECT DISTINCT user_id FROM developer
       WHERE repository_id = $1 AND model = $2 AND number <> $3 AND merged_at >= $4 ORDER BY user_id`,
      [repositoryId, model, exceptNumber, since],
    );
    return rows.map((row) => integerOf(row, "user_id"));
  }

  async keepPull(row: PullRow): Promise<void> {
    await this.#database.query(
      `INSERT INTO pull
         (repository_id, number, installation_id, repository, title, author, state, head, base, base_ref,
          decision, verdict, governed, waits_for, check_run_id, comment_id, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
       ON CONFLICT (repository_id, number) DO UPDATE SET
         installation_id = excluded.installation_id, repository = excluded.repository,
         title = excluded.title, author = excluded.author, state = excluded.state, head = excluded.head,
         base = excluded.base, base_ref = excluded.base_ref, decision = excluded.decision,
         verdict = excluded.verdict, governed = excluded.governed, waits_for = excluded.waits_for,
         check_run_id = excluded.check_run_id, comment_id = excluded.comment_id,
         updated_at = excluded.updated_at`,
      [
        ...[row.repositoryId, row.number, row.installationId, row.repository, row.title, row.author],
        ...[row.state, row.head, row.base, row.baseRef, row.decision ?? null, row.verdict ?? null],
        ...[row.governed ? 1 : 0, JSON.stringify(row.waitsFor), row.checkRunId ?? null],
        ...[row.commentId ?? null, row.updatedAt],
      ],
    );
  }

  async findPull(repositoryId: number, number: number): Promise<PullRow | undefined> {
    const [row] = await this.#database.query("SELECT * FROM pull WHERE repository_id = $1 AND number = $2", [
      repositoryId,
      number,
    ]);
    return row === undefined ? undefined : toPull(row);
  }

  openPulls(repositoryIds: readonly number[]): Promise<readonly PullRow[]> {
    return this.#database.transaction(async (sql) => {
      const pulls: PullRow[] = [];
      for (const repositoryId of new Set(repositoryIds)) {
        const rows = await sql.query(
          "SELECT * FROM pull WHERE repository_id = $1 AND state = 'open' ORDER BY number",
          [repositoryId],
        );
        pulls.push(...rows.map(toPull));
      }
      return pulls;
    });
  }

  async places(installationId: number): Promise<readonly Place[]> {
    const rows = await this.#database.query(
      // The name that was seen last: a repository may have been renamed.
      `SELECT repository_id, MAX(repository) AS repository FROM pull
       WHERE installation_id = $1 AND updated_at =
         (SELECT MAX(updated_at) FROM pull AS other WHERE other.repository_id = pull.repository_id)
       GROUP BY repository_id ORDER BY repository_id`,
      [installationId],
    );
    return rows.map((row) => {
      const [owner = "", repo = ""] = textOf(row, "repository").split("/");
      return { installationId, repositoryId: integerOf(row, "repository_id"), owner, repo };
    });
  }

  async movePulls({ installationId, repositoryId, owner, repo }: Place): Promise<void> {
    await this.#database.query(
      `UPDATE pull SET installation_id = $2, repository = $3
       WHERE repository_id = $1 AND (installation_id <> $2 OR repository <> $3)`,
      [repositoryId, installationId, `${owner}/${repo}`],
    );
  }

  async pullsWithHead(repositoryId: number, head: string): Promise<readonly PullRow[]> {
    const rows = await this.#database.query(
      "SELECT * FROM pull WHERE repository_id = $1 AND head = $2 AND state = 'open' ORDER BY number",
      [repositoryId, head],
    );
    return rows.map(toPull);
  }

  async keepVote(vote: KeptVote): Promise<void> {
    await this.#database.query(
      `INSERT INTO vote
         (repository_id, number, source, source_id, kind, user_id, login, head, model, subject, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
       ON CONFLICT (repository_id, number, source, source_id, kind, model) DO UPDATE SET subject = excluded.subject
       WHERE vote.subject IS NULL AND vote.head = excluded.head`,
      [
        ...[vote.repositoryId, vote.number, vote.source, vote.sourceId, vote.kind, vote.userId],
        ...[vote.login, vote.head, vote.model ?? WHOLE, vote.subject ?? null, vote.at],
      ],
    );
  }

  async votes(repositoryId: number, number: number): Promise<readonly KeptVote[]> {
    const rows = await this.#database.query(
      `SELECT * FROM vote WHERE repository_id = $1 AND number = $2 ORDER BY at, source, source_id, kind, model`,
      [repositoryId, number],
    );
    return rows.map(toVote);
  }

  async get(name: string): Promise<string | undefined> {
    const [row] = await this.#database.query("SELECT value FROM note WHERE name = $1", [name]);
    return row === undefined ? undefined : textOf(row, "value");
  }

  async set(name: string, value: string): Promise<void> {
    await this.#database.query(
      `INSERT INTO note (name, value) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      [name, value],
    );
  }

  async under(prefix: string): Promise<readonly string[]> {
    const rows = await this.#database.query(
      "SELECT value FROM note WHERE substr(name, 1, length($1)) = $1 ORDER BY name",
      [prefix],
    );
    return rows.map((row) => textOf(row, "value"));
  }

  async setOnce(name: string, value: string): Promise<string> {
    const [row] = await this.#database.query(
      // What stands is written once more, for only then is it given back.
      `INSERT INTO note (name, value) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET value = note.value RETURNING value`,
      [name, value],
    );
    return textOf(row!, "value");
  }

  async swap(name: string, from: string, to: string): Promise<boolean> {
    const rows = await this.#database.query(
      "UPDATE note SET value = $3 WHERE name = $1 AND value = $2 RETURNING name",
      [name, from, to],
    );
    return rows.length > 0;
  }

  async remove(name: string): Promise<void> {
    await this.#database.query("DELETE FROM note WHERE name = $1", [name]);
  }

  async add(name: string, count: number): Promise<number> {
    const [row] = await this.#database.query(
      `INSERT INTO note (name, value) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE
         SET value = CAST(CAST(note.value AS BIGINT) + CAST(excluded.value AS BIGINT) AS TEXT) RETURNING value`,
      [name, String(count)],
    );
    return Number(textOf(row!, "value"));
  }

  async cached(key: string): Promise<Uint8Array | undefined> {
    const [row] = await this.#database.query("SELECT bytes FROM cached WHERE key = $1", [key]);
    return row === undefined ? undefined : bytesOf(row, "bytes");
  }

  keepCached(key: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > CACHED_BYTES_MAX) return Promise.resolve();
    this.#uncheckedBytes += bytes.length;
    const mustCheck = this.#uncheckedBytes > this.#cacheBytesMax * CACHE_CHECK_PART;
    if (mustCheck) this.#uncheckedBytes = 0;
    return this.#database.transaction(async (sql) => {
      await sql.query(
        "INSERT INTO cached (key, bytes, size, kept_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        [key, bytes, bytes.length, this.#now()],
      );
      if (!mustCheck) return;
      // The newest stay, as many as fit.
      await sql.query(
        `DELETE FROM cached WHERE key IN (
           SELECT key FROM (
             SELECT key, sum(size) OVER (ORDER BY kept_at DESC, key) AS until_here FROM cached
           ) AS aged WHERE until_here > $1
         )`,
        [this.#cacheBytesMax],
      );
    });
  }

  keepSession(session: SessionRow): Promise<void> {
    return this.#database.transaction(async (sql) => {
      await sql.query("DELETE FROM session WHERE expires <= $1", [this.#now()]);
      await sql.query(
        `INSERT INTO session (id, user_id, login, token, expires) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, login = excluded.login,
           token = excluded.token, expires = excluded.expires`,
        [session.id, session.userId, session.login, session.token, session.expires],
      );
    });
  }

  async findSession(id: string, now: number): Promise<SessionRow | undefined> {
    const [row] = await this.#database.query("SELECT * FROM session WHERE id = $1 AND expires > $2", [
      id,
      now,
    ]);
    return row === undefined ? undefined : toSession(row);
  }

  async removeSession(id: string): Promise<void> {
    await this.#database.query("DELETE FROM session WHERE id = $1", [id]);
  }

  async removeSessionsOf(userId: number): Promise<void> {
    await this.#database.query("DELETE FROM session WHERE user_id = $1", [userId]);
  }
}
