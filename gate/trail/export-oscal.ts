import { GateError } from "../model/error.ts";
import { canonicalText } from "./canonical.ts";
import type { GitStore } from "./git-store.ts";
import type { Head } from "./head.ts";
import {
  type AssessmentResult,
  type AssessmentResults,
  code,
  OSCAL_VERSION,
  property,
  uuidOf,
} from "./oscal.ts";
import { type Terms, toDecisionResult } from "./oscal-decision.ts";
import { OtherEntries } from "./oscal-others.ts";
import { Budget, ResultParts } from "./oscal-result.ts";
import { type LogEntry, type LogFilter, openTrail, passes, readLog } from "./read.ts";

/** Entries as OSCAL assessment results: what assessors of other controls read with the tools that they have. */

/** Results, observations, findings and risks of one document, and references to subjects: some 120 MB of JSON. */
export const OSCAL_OBJECTS_MAX = 100_000;

const REMARKS =
  "Made from a signed, append-only trail. Results, and observations beside decisions, name their entry by seq and id; weighbridge trail prove shows that the entry is in the trail, and weighbridge trail verify that the trail is whole. Paths below evidence/ are those of the trail's branch. Entries of the kinds in left-out have no place in this document, and those in unknown are of kinds that this version does not know.";

/**
 * The entries that pass the filter as one document. Each decision is a result; all else that has a place is in one
 * more result at the end. Gates that an entry moved into its `overflow.json` are not listed, and the result says so.
 * Rejects `TRAIL_EXPORT_EMPTY`, as OSCAL has no document without a result, `TRAIL_EXPORT_TOO_LARGE`, and
 * `TRAIL_ID_TWICE` for a trail that is not whole.
 */
export async function readAssessmentResults(
  store: GitStore,
  filter: LogFilter = {},
  objectsMax = OSCAL_OBJECTS_MAX,
): Promise<AssessmentResults> {
  const head = await openTrail(store);
  const document = new ResultsDocument(objectsMax);
  let unknown = 0;
  // All entries: what a waiver says may stand in one that does not pass.
  for await (const entry of readLog(store, head, {}, () => unknown++)) {
    if (passes(entry, filter)) document.take(entry);
    document.remember(entry);
  }
  return document.end(head, filter, unknown);
}

class ResultsDocument {
  readonly #budget: Budget;
  readonly #results: AssessmentResult[] = [];
  readonly #ids = new Set<string>();
  readonly #terms = new Map<string, Terms>();
  readonly #leftOut = new Map<string, number>();
  #others: OtherEntries | undefined;
  #newest = "";

  constructor(objectsMax: number) {
    this.#budget = new Budget(objectsMax);
  }

  take(entry: LogEntry): void {
    const { id, kind, ts } = entry.predicate;
    if (this.#ids.has(id)) throw twice(entry.seq);
    this.#ids.add(id);
    if (ts > this.#newest) this.#newest = ts;
    if (entry.predicate.decision !== undefined) {
      const terms = (waiver: string) => this.#terms.get(waiver) ?? {};
      this.#results.push(toDecisionResult(entry, terms, new ResultParts(this.#budget)));
    } else if (OtherEntries.hasPlaceFor(kind)) {
      this.#others ??= new OtherEntries(new ResultParts(this.#budget));
      this.#others.take(entry);
    } else {
      this.#leftOut.set(kind, (this.#leftOut.get(kind) ?? 0) + 1);
    }
  }

  /** Only what was said before a decision, so that no later entry changes what the decision's result says. */
  remember({ predicate: { waiver } }: LogEntry): void {
    if (waiver === undefined) return;
    const { id, gates, model, expires } = waiver;
    const known = this.#terms.get(id);
    this.#terms.set(id, {
      gates: gates ?? known?.gates,
      model: model ?? known?.model,
      expires: expires ?? known?.expires,
    });
  }

  end({ checkpoint }: Head, filter: LogFilter, unknown: number): AssessmentResults {
    const others = this.#others?.end();
    const results = others === undefined ? this.#results : [...this.#results, others];
    if (results.length === 0) throw empty();
    const { origin, size } = checkpoint;
    const root = Buffer.from(checkpoint.root).toString("base64");
    const asked = canonicalText(filter);
    const identity = (role: string) => uuidOf(origin, size, root, asked, role);
    const plan = identity("plan");
    const leftOut = [...this.#leftOut].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      "assessment-results": {
        uuid: identity("document"),
        metadata: {
          title: `Trail ${code(origin)}`,
          "last-modified": this.#newest,
          version: String(size),
          "oscal-version": OSCAL_VERSION,
          props: [
            property("origin", origin),
            property("size", size),
            property("root", root),
            property("filter", asked),
            property("unknown", unknown),
            ...leftOut.map(([kind, count]) => property("left-out", count, kind)),
          ],
          remarks: REMARKS,
        },
        "import-ap": { href: `#${plan}` },
        results,
        "back-matter": {
          resources: [
            {
              uuid: plan,
              title: "Policies of the base commits",
              description:
                "What was assessed is what the policy at the base of each change demands. Each result names path, commit and digest of its own.",
              props: [property("origin", origin)],
            },
          ],
        },
      },
    };
  }
}

function twice(seq: number): GateError {
  return new GateError(
    "TRAIL_ID_TWICE",
    `Cannot export the trail as OSCAL: entry ${seq} is the event of an entry before it`,
    { fix: "Find out with weighbridge trail verify what happened to the trail" },
  );
}

function empty(): GateError {
  return new GateError(
    "TRAIL_EXPORT_EMPTY",
    "Cannot export the trail as OSCAL: no entry that passes the filter has a place in assessment results",
    { fix: "Widen the filter" },
  );
}
