import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { decisionPath, modelPath } from "../../app/pages/route.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { canonical, digestOf } from "../../gate/parse/canonical.ts";
import { commitFor } from "../report/records.ts";
import { START } from "../trail/rig.ts";
import { openBrowser } from "./browser.ts";
import { type Dashboard, decisionOf, MODELS, openDashboard, pullRow, rowOf } from "./pages/world.ts";

/** Whatever a pull request, its author or its policy can name, shown by every page and run by none. */

const HOSTILE = [
  `"><script>attack("script")</script>`,
  `'><img src=x onerror=attack("image")>`,
  `</title></style></textarea></pre></code><svg onload=attack("svg")>`,
  `javascript:attack("link")//`,
  `<!--<base href="//evil.example/">--><iframe srcdoc="<script>parent.attack()</script>">`,
  `&lt;script&gt;attack()&lt;/script&gt;\u202e\u0000\u2028`,
  `\${attack()} {{attack()}} <%= attack() %> ]]><x:script xmlns:x="http://www.w3.org/1999/xhtml">attack()</x:script>`,
];

let browser: Browser;
let dashboard: Dashboard;
const targets: string[] = ["/", "/r/acme/models", "/r/acme/models/trail"];

/** Each text of the record is a hostile one, but for those that decide how it is read. */
function poison(value: unknown, text: string, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => poison(item, text, key));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poison(item, text, name)]));
  }
  return typeof value === "string" && !KEPT.has(key) ? text : value;
}

const KEPT = new Set(
  "schema digest verdict outcome severity changeClass tier kind side role trust mode status direction now change policy evidence subject".split(
    " ",
  ),
);

function hostileDecision(number: number, text: string): DecisionRecord {
  const honest = decisionOf({
    number,
    auc: 0.7 + number / 1_000,
    verdict: "fail",
    now: "2026-11-02T09:12:44Z",
  });
  const { digest: _, ...rest } = poison(honest, text) as DecisionRecord;
  return { ...rest, digest: digestOf(rest) };
}

before(async () => {
  dashboard = await openDashboard();
  for (const [at, text] of HOSTILE.entries()) {
    const number = at + 1;
    // Twice, so that there is a chart.
    for (const time of [1, 2]) {
      const decision = hostileDecision(number + time / 10, text);
      const row = rowOf(decision, {
        number,
        models: [text],
        head: text,
        base: text,
        decidedAt: START + time,
      });
      await dashboard.archive.keepDecision({ ...row, record: canonical(decision) });
      const pull = {
        number,
        title: text,
        author: text,
        baseRef: text,
        head: text,
        base: text,
        waitsFor: [text],
      };
      await dashboard.archive.keepPull(pullRow({ ...pull, decision: row.digest, verdict: "wait" }));
      if (time === 2) targets.push(decisionPath(MODELS, row.digest));
    }
    await dashboard.archive.keepVote({
      ...{ repositoryId: MODELS.id, number, source: "comment", sourceId: number, userId: 1, login: text },
      ...{ kind: "approve", head: commitFor("head"), subject: text, at: START },
    });
    targets.push(`/r/acme/models/pulls/${number}`, modelPath(MODELS, text));
  }
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await dashboard?.close();
});

/** Elements and attributes that our own pages are made of. */
const OURS = {
  elements:
    "html head meta title link body a header div img form button main nav ol ul li h1 h2 h3 h4 p span strong br time code dl dt dd section figure picture source table thead tbody tr th td details summary pre footer",
  attributes:
    "lang charset name content rel href type class id aria-label aria-hidden aria-current method action src alt width height datetime open role tabindex scope media srcset rel",
};

interface Seen {
  readonly foreign: readonly string[];
  readonly links: readonly string[];
  readonly text: string;
}

const LOOK = `(() => {
  const elements = new Set(${JSON.stringify(OURS.elements.split(" "))});
  const attributes = new Set(${JSON.stringify(OURS.attributes.split(" "))});
  const all = [...document.querySelectorAll("*")];
  return {
    foreign: all.flatMap((element) => [
      ...(elements.has(element.localName) ? [] : ["<" + element.localName + ">"]),
      ...element.getAttributeNames().filter((name) => !attributes.has(name)),
    ]),
    links: all.flatMap((element) => [element.href, element.src, element.action].filter((url) => typeof url === "string")),
    text: document.body.innerText,
  };
})()`;

test("hostile text is shown and does nothing, even in a browser that ignores our policy of scripts", async () => {
  const page = await (await browser.newContext({ bypassCSP: true })).newPage();
  const attacks = await watch(page);
  await page.goto(`${dashboard.origin}/login`);
  for (const target of targets) {
    const answer = await page.goto(dashboard.origin + target);
    assert.equal(answer?.status(), 200, target);
    const { foreign, links, text } = await page.evaluate<Seen>(LOOK);
    assert.deepEqual(foreign, [], target);
    const elsewhere = links.filter(
      (url) =>
        !url.startsWith(`${dashboard.origin}/`) &&
        !/^https:\/\/github\.com\/acme\/models\/pull\/\d+$/.test(url),
    );
    assert.deepEqual(elsewhere, [], target);
    assert.match(text, target.includes("trail") ? /no trail/ : /attack/, target);
  }
  assert.deepEqual(attacks, []);
  await page.context().close();
});

/** Whatever tries to run, asks for something that is not there, or opens a dialog. */
async function watch(page: Page): Promise<readonly string[]> {
  const attacks: string[] = [];
  await page.exposeFunction("attack", (what: string) => attacks.push(`ran: ${what}`));
  page.on("dialog", (dialog) => {
    attacks.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(dashboard.origin)) attacks.push(`asked ${request.url()}`);
  });
  page.on("console", (message) => attacks.push(`said ${message.text()}`));
  return attacks;
}
