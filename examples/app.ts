import { type AppScene, playApp } from "./app-play.ts";

/** One pull request and the App: what everybody sees after each thing that somebody does, and the trail at the end. */

const LINE = "─".repeat(100);
const started = performance.now();
let number = 0;
let before = "";

function print({ done, check, comment, seen }: AppScene): void {
  console.log(`\n${LINE}\n${++number}. ${done}\n${LINE}\n`);
  console.log(`The check says ${check.conclusion ?? check.status} — ${check.title}`);
  if (seen !== undefined) console.log(seen);
  const shown = unfolded(comment);
  console.log(shown === before ? "\nThe comment stands as it was." : `\n${shown.replaceAll(/^/gm, "  │ ")}`);
  before = shown;
}

/** What everybody sees of the comment; folded in it stand all gates, reasons and digests. */
function unfolded(comment: string): string {
  return comment
    .replaceAll(/^<!--.*-->$/gm, "")
    .replaceAll(/<details>[\s\S]*?<\/details>/g, "")
    .replaceAll("<br>", "\n   ")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

console.log("Starting the App: its own server, a SQLite inbox, a trail key, and a stand-in for GitHub …");
const { trail } = await playApp(print);
console.log(`\n${LINE}\nThe audit trail, as anybody with a clone reads it\n${LINE}`);
for (const { typed, output } of trail) console.log(`\n$ ${typed}\n${output}`);
console.log(`\n${((performance.now() - started) / 1000).toFixed(1)} seconds, all of it by signed webhooks.`);
