import { SECOND_PERSON_MINUTES } from "../../gate/approval/break-glass.ts";
import type { DecisionRecord } from "../../gate/model/decision.ts";
import { join, type Markdown, md } from "../../gate/report/escape.ts";
import type { Glass, Witness } from "./break-glass.ts";
import type { Incident } from "./incident-record.ts";

/** Begins every line that tells of it, so that nobody takes it for a passing gate. */
export const BREAK_GLASS = "BREAK-GLASS";

const GROUND_WORDS = {
  rollback: "a rollback",
  security: "a security fix",
  harm: "live harm",
} as const;

/** The review has nowhere to be written down, and is due all the same. */
const UNISSUED = md` **GitHub takes no issue for the incident**: switch issues on for this repository, and let the App write them. It is tried again once a day, and they review it there.`;

/** What the comment and the check say of it, above everything else. */
export function glassNotice(glass: Glass): Markdown {
  switch (glass.kind) {
    case "allowed":
      return md`> [!CAUTION]\n> **${BREAK_GLASS}** for ${GROUND_WORDS[glass.ground]}, by ${people(glass)}. The gates named below are closed and were not met: this change may enter all the same. A validator and risk have to review it by ${glass.reviewBy}.${glass.isUnissued === true ? UNISSUED : md``}\n`;
    case "waiting":
      return md`> [!WARNING]\n> **${BREAK_GLASS} asked for** by ${people(glass)}. Until ${glass.until} ${glass.missing === 1 ? "one more person" : `${glass.missing} more people`} in the role risk, owner or sre, who had no hand in the change, may agree with a break-glass command of their own; nothing is open until then.\n`;
    case "refused":
      return md`> [!WARNING]\n> **${BREAK_GLASS} refused**: ${glass.reasons.join("; ")}. It takes an owner or somebody on call (sre), and a second person within ${SECOND_PERSON_MINUTES} minutes.\n`;
  }
}

/** The body of the incident that every use is. */
export function incidentBody(
  number: number,
  { models, results }: DecisionRecord,
  glass: Extract<Glass, { kind: "allowed" }>,
): Markdown {
  const closed = [...new Set(results.filter(({ closes }) => closes).map(({ gate }) => gate))];
  return md`**${BREAK_GLASS}**: pull request #${number} may enter although gates are closed.

- Models: ${listOf(models.map(({ id }) => id))}
- Ground: ${GROUND_WORDS[glass.ground]}
- By: ${people(glass)}
- Closed gates: ${listOf(closed)}
- Review by a validator and risk, due by ${glass.reviewBy}

Their words are in the audit trail as \`breakglass.used\`. Whoever has reviewed it writes \`/weighbridge approve\` here: a validator and risk, two people who had no hand in it. Until then, past that time, no deployment of these models goes on, and a pull request opens that takes this one back.\n`;
}

/** By which people know it: the number of its issue, or where it has none its id in the trail. */
export function incidentLabel({ issue, occurrence }: Incident): string {
  return issue === undefined ? occurrence.id : String(issue);
}

/** The same where GitHub makes a link of it. */
export function incidentLink({ issue, occurrence }: Incident): Markdown {
  return issue === undefined ? md`${occurrence.id}` : md`#${issue}`;
}

function people({ witnesses }: { readonly witnesses: readonly Witness[] }): Markdown {
  return join(
    witnesses.map(({ login, role }) => md`${login} (${role})`),
    md` and `,
  );
}

function listOf(names: readonly string[]): Markdown {
  return join(
    names.map((name) => md`${name}`),
    md`, `,
  );
}
