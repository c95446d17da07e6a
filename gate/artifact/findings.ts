import type { ScanFinding } from "../model/evidence.ts";
import { FINDINGS_PER_CODE_MAX, QUOTED_CHARACTERS_MAX } from "./limits.ts";

/** Controls, marks that do not show or that turn the direction of text, lone surrogates, line separators. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const UNSEEN_ALL = new RegExp(UNSEEN.source, "gu");

/** A name out of a file as a message may show it: in quotes, cut, with what does not show as `\u202e`. */
export function quoted(name: string): string {
  const characters = [...name.slice(0, QUOTED_CHARACTERS_MAX * 2)];
  const cut = characters.slice(0, QUOTED_CHARACTERS_MAX).join("");
  const shown = cut.replace(/["\\]/g, "\\$&").replace(UNSEEN_ALL, escapeCharacter);
  return `"${shown}${cut.length < name.length ? "…" : ""}"`;
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0)!.toString(16);
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, "0")}`;
}

/** Collects what is wrong with one file. Beyond a limit findings of one code are counted, not kept. */
export class Findings {
  readonly #found: ScanFinding[] = [];
  readonly #counts = new Map<string, number>();

  fail(code: string, where: string, message: string): void {
    this.add({ code, severity: "fail", where, message });
  }

  /** A failure of a tensor or a member, by the name that the file gave it. */
  failNamed(code: string, name: string, message: string): void {
    // Quoting is dear, and a hostile file fails a hundred thousand times.
    const isKept = (this.#counts.get(code) ?? 0) < FINDINGS_PER_CODE_MAX;
    this.fail(code, isKept ? quoted(name) : "", message);
  }

  add(finding: ScanFinding): void {
    const count = (this.#counts.get(finding.code) ?? 0) + 1;
    this.#counts.set(finding.code, count);
    if (count <= FINDINGS_PER_CODE_MAX) this.#found.push(finding);
  }

  get empty(): boolean {
    return this.#found.length === 0;
  }

  /** What was found, in order, and one line for each code of which there was more than is kept. */
  list(): readonly ScanFinding[] {
    const more = [...this.#counts].flatMap(([code, count]): ScanFinding[] => {
      if (count <= FINDINGS_PER_CODE_MAX) return [];
      const { severity } = this.#found.find((finding) => finding.code === code)!;
      return [{ code, severity, where: "", message: `${count - FINDINGS_PER_CODE_MAX} more of the same` }];
    });
    return [...this.#found, ...more];
  }
}
