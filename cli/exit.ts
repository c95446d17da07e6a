import type { DecisionRecord } from "../gate/model/decision.ts";

/** Exit status of every command. */
export const EXIT = { pass: 0, blocked: 1, failed: 2, waiting: 3 } as const;

/** The status that a decision ends with; a change that could not be judged is not one that was refused. */
export function exitOf({ verdict }: DecisionRecord): number {
  switch (verdict) {
    case "pass":
      return EXIT.pass;
    case "fail":
      return EXIT.blocked;
    case "wait":
      return EXIT.waiting;
    case "error":
      return EXIT.failed;
  }
}
