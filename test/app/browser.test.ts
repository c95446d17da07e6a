import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { gitHubLogin } from "../../app/pages/github-login.ts";
import { type ScratchRepository, scratchRepository } from "../git.ts";
import { type StandIn, startServer } from "../github/server.ts";
import { openBrowser } from "./browser.ts";
import { type Dashboard, MODELS, openDashboard, seed } from "./pages/world.ts";

/** The dashboard in a real browser: the person signs in over OAuth of the stand-in, and nothing of ours is replaced. */

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let browser: Browser;
let stand: StandIn;
let source: ScratchRepository;
let dashboard: Dashboard;
let digest: string;

before(async () => {
  source = await scratchRepository({ bare: true });
  stand = await startServer();
  const { github, play } = stand;
  const repository = github.addRepository(MODELS.name, source.directory, { id: MODELS.id, private: true });
  const app = github.addApp("weighbridge");
  play.install(app, { by: github.owner });
  const maria = github.addAccount("maria");
  github.people.grant(repository, maria, "read");
  github.logins.signedIn = maria;
  const { clientId, clientSecret } = app;
  const [webUrl, apiUrl] = [stand.origin, stand.origin];
  dashboard = await openDashboard({
    login: (publicUrl) => gitHubLogin({ clientId, clientSecret, webUrl, apiUrl, publicUrl }),
  });
  app.callbackUrls = [`${dashboard.origin}/login/callback`];
  digest = (await seed(dashboard)).waiting.digest;
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await dashboard?.close();
  await stand?.close();
  source?.remove();
});

/** A new browser profile that complains of anything that the pages try and may not. */
async function openProfile(options: BrowserContextOptions): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ javaScriptEnabled: true, ...options });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  return { page, complaints };
}

test("a person signs in, sees who is waited for, and follows it to the decision and its proof", async () => {
  const { page, complaints } = await openProfile({ javaScriptEnabled: false });
  await page.goto(`${dashboard.origin}/r/acme/models/pulls/17`);
  await page.getByRole("link", { name: "Sign in with GitHub" }).click();
  // Back where the person wanted to go; then the long way.
  assert.equal(new URL(page.url()).pathname, "/r/acme/models/pulls/17");
  await page.getByRole("link", { name: "Overview" }).click();
  const waiting = page.getByRole("listitem").filter({ hasText: "Retrain the scorecard" }).first();
  assert.match(await waiting.innerText(), /Waits for approval[\s\S]*Waits for\s*validator\s*owner/);
  await waiting.getByRole("link", { name: "Retrain the scorecard on the third quarter" }).click();
  await page.getByRole("link", { name: "The decision that stands" }).click();
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "Only approvals are missing");
  await page.getByRole("link", { name: "Trail proof of this decision" }).click();
  assert.match(await page.getByRole("main").innerText(), /The trail holds this decision as entry 6/);
  const [proof] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "its proof" }).click(),
  ]);
  assert.match(readFileSync((await proof.path()) ?? "", "utf8"), /^c2sp\.org\/tlog-proof@v1\nindex 6\n/);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("link", { name: "Sign in with GitHub" }).waitFor();
  assert.deepEqual(complaints, []);
  await page.context().close();
});

/** Of each kind one. */
const targets = (): readonly string[] => [
  "/",
  "/r/acme/models",
  "/r/acme/models/trail",
  "/r/acme/models/pulls/17",
  "/r/acme/models/models/credit-pd",
  `/r/acme/models/decisions/${digest}`,
  `/r/acme/models/decisions/${digest}/proof`,
  "/r/acme/models/pulls/99",
];

for (const [colorScheme, width] of [
  ["light", 1_100],
  ["dark", 320],
] as const) {
  test(`no page has a fault of accessibility, ${colorScheme} and ${width} pixels wide`, async () => {
    // Only the checker needs to pass our policy of scripts; no page has any.
    const { page } = await openProfile({ colorScheme, viewport: { width, height: 800 }, bypassCSP: true });
    await page.goto(dashboard.origin);
    const faults = [...(await faultsOf(page, "signed out"))];
    await page.getByRole("link", { name: "Sign in with GitHub" }).click();
    for (const target of targets()) {
      await page.goto(dashboard.origin + target);
      await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
      faults.push(...(await faultsOf(page, target)));
    }
    assert.deepEqual(faults, []);
    await page.context().close();
  });
}

/** What axe-core finds, and a page that is wider than its window. */
async function faultsOf(page: Page, name: string): Promise<readonly string[]> {
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<AxeResults>("axe.run()");
  const excess = await page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
  return [
    ...violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${name}: ${id} in ${html}`)),
    ...(excess > 0 ? [`${name}: ${excess} pixels wider than the window`] : []),
  ];
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string }[];
  }[];
}
