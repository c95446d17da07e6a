import { playExample } from "./play.ts";
import { EXAMPLE_NOW } from "./recidivism.ts";

/** Three pull requests to a repository that Weighbridge governs, and the comment that each gets. */

const LINE = "─".repeat(100);

console.log(`Weighing three pull requests that change a model, as of ${EXAMPLE_NOW} …`);
for (const { pull, step, comment } of await playExample()) {
  console.log(
    `\n${LINE}\n${pull.name}: "${pull.title}" — the step ended with status ${step.status}\n${LINE}\n`,
  );
  console.log(comment === "" ? step.log : comment);
}
