import { playExample } from "./play.ts";
import { EXAMPLE_NOW } from "./recidivism.ts";
import { playTrail } from "./trail.ts";

/** Three pull requests to a repository that Weighbridge governs, the comment that each gets, and the audit trail. */

const LINE = "─".repeat(100);

console.log(`Weighing three pull requests that change a model, as of ${EXAMPLE_NOW} …`);
const weighed = await playExample();
for (const { pull, step, comment } of weighed) {
  console.log(
    `\n${LINE}\n${pull.name}: "${pull.title}" — the step ended with status ${step.status}\n${LINE}\n`,
  );
  console.log(comment === "" ? step.log : comment);
}

console.log(`\n${LINE}\nThe audit trail of these decisions\n${LINE}`);
for (const { typed, status, output } of playTrail(weighed)) {
  console.log(`\n$ ${typed}\n${output}${status === 0 ? "" : `\n(ended with status ${status})`}`);
}
