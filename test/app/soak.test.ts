import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import type { Outcome } from "./soak/outcome.ts";
import { soak } from "./soak/run.ts";

/** Pull requests; the number that is asked of a release is 500. */
const COUNT = Number(process.env.WEIGHBRIDGE_SOAK ?? 8);
const WEATHER = {
  seed: Number(process.env.WEIGHBRIDGE_SEED ?? 7),
  ...(COUNT > 50 ? { killMs: 20_000, killsMax: COUNT } : { killMs: 1_500, killsMax: 2 }),
};

describe("many pull requests in foul weather", { concurrency: COUNT <= 100 }, () => {
  let server: PostgresServer;
  let calm: Promise<Outcome>;
  before(async () => {
    server = await startPostgres({ databases: 1 });
    calm = soak({ count: COUNT, store: "sqlite" }).then(({ outcome }) => outcome);
  });
  after(async () => server.stop());
  for (const name of ["SQLite", "PostgreSQL"] as const) {
    test(`come to what calm weather gives, on ${name}`, async (test) => {
      const store = name === "SQLite" ? "sqlite" : { DATABASE_URL: server.url(0) };
      const { outcome, figures } = await soak({ count: COUNT, store, weather: WEATHER });
      test.diagnostic(JSON.stringify(figures));
      const expected = await calm;
      assert.deepEqual(outcome.findings, []);
      assert.deepEqual(outcome.dead, []);
      for (const [index, pull] of outcome.pulls.entries()) {
        assert.ok(pull.comments.length <= 1, `comments on pull request ${index + 1}`);
        for (const [what, shown] of Object.entries(pull)) {
          const wanted = expected.pulls[index]?.[what as keyof typeof pull];
          assert.deepEqual(shown, wanted, `${what} of pull request ${index + 1}`);
        }
      }
      assert.deepEqual(outcome, expected);
    });
  }
});
