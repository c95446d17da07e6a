import { type Node, nodeAt, toValue } from "../parse/node.ts";
import { placeOf } from "./document.ts";
import type { Problem } from "./problem.ts";

/** What is wrong with the days of delegates: nobody would ever stand in, and nobody would be told. */
export function delegateProblems(node: Node, path: string): readonly Problem[] {
  const roles = nodeAt(node, ["roles"]);
  const names = roles?.kind === "map" ? [...roles.entries.keys()] : [];
  return names.flatMap((role) => {
    const list = nodeAt(node, ["roles", role, "delegates"]);
    return (list?.kind === "list" ? list.items : []).flatMap((item, index) => {
      const [from, until] = ["from", "until"].map((key) => String(toValue(nodeAt(item, [key])!)));
      const steps = ["roles", role, "delegates", index];
      return daysProblem(from ?? "", until ?? "").map((message) => ({
        code: "DELEGATE_DAYS",
        message: `roles.${role}.delegates[${index}] ${message}`,
        place: placeOf({ node, path }, [...steps, "until"]),
      }));
    });
  });
}

function daysProblem(from: string, until: string): readonly string[] {
  const odd = [from, until].find((day) => !isDay(day));
  if (odd !== undefined) return [`names ${odd}, which is no day of the calendar`];
  return from <= until ? [] : [`ends on ${until}, expected ${from} or a later day`];
}

/** Whether the text is the day that it stands for: `2026-02-30` is not. */
function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}
