import { htm } from "../../gate/report/escape.ts";
import type { Answer } from "./answer.ts";
import { link, pageAnswer } from "./page.ts";
import { loginPath } from "./route.ts";

/** Pages that say why there is no other. */

export function signInPage(target: string): Answer {
  const blocks = [
    htm`<div class="welcome">
<img src="/weighbridge.svg" alt="" width="72" height="72">
<h1>Every model change, weighed before it enters the road</h1>
<p class="lead">What was decided about your models, on whose word, and the proof. You see the repositories that GitHub lets you see.</p>
<p><a class="button first" href="${loginPath(target)}">Sign in with GitHub</a></p>
</div>`,
  ];
  return pageAnswer({ title: "Sign in", blocks });
}

/** The same for what is not there and for what the person may not see. */
export function nothingPage(login: string): Answer {
  const blocks = [
    htm`<div class="card"><h1>Nothing to see here</h1>
<p>There is no such page, or it belongs to a repository that your GitHub account cannot see, or that Weighbridge is not installed on.</p>
<p class="actions">${link("To the overview", "/")}</p></div>`,
  ];
  return pageAnswer({ title: "Nothing here", login, blocks }, 404);
}

/** Signing in did not end as it should. */
export function notSignedInPage(reason: string, cookies: readonly string[]): Answer {
  const blocks = [
    htm`<div class="card"><h1>You are not signed in</h1>
<p>${reason}</p>
<p class="actions"><a class="button" href="/login">Start again</a></p></div>`,
  ];
  return { ...pageAnswer({ title: "Not signed in", blocks }, 400), cookies };
}

/** Code of a fault of our own. */
export const UNEXPECTED = "INTERNAL";

/** The page cannot be made now; the code says why to whoever runs the App. */
export function failedPage(code: string, login?: string): Answer {
  const blocks = [
    htm`<div class="card"><h1>This page cannot be made now</h1>
<p>Nothing is wrong with what was decided. Try again in a minute; if it stays so, tell whoever runs Weighbridge for you.</p>
<p class="quiet">Code: <code>${code}</code></p></div>`,
  ];
  return pageAnswer(
    { title: "Not now", ...(login === undefined ? {} : { login }), blocks },
    code === UNEXPECTED ? 500 : 503,
  );
}

export function plain(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, type: "text/plain; charset=utf-8", body: `${text}\n`, headers };
}
