import type { GateResult } from "../model/decision.ts";
import type { Finding } from "../model/finding.ts";
import type { Severity } from "../model/gate.ts";
import type { Place } from "../model/place.ts";
import { digestOf } from "../parse/canonical.ts";
import { pathUri, sarif, visible } from "./escape.ts";
import { toWorded } from "./message.ts";
import { homeOf, type Report } from "./report.ts";
import { findingsOf, isUnmet, remedyOf } from "./results.ts";

const LEVELS: Readonly<Record<Severity, "error" | "warning" | "note">> = {
  block: "error",
  warn: "warning",
  info: "note",
};

/** SARIF 2.1.0: one result for each finding that is not met; a waiver is a suppression. */
export function toSarif(report: Report): string {
  const results = report.groups.flatMap((group) => group.results);
  const rules = [...new Map(results.map((result) => [result.gate, result])).values()];
  const log = {
    version: "2.1.0",
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    runs: [
      {
        tool: { driver: { name: "Weighbridge", version: report.record.engine, rules: rules.map(toRule) } },
        automationDetails: { id: "weighbridge/" },
        invocations: [toInvocation(report)],
        columnKind: "utf16CodeUnits",
        results: toResults(results, rules, report),
      },
    ],
  };
  // An Actions runner takes a `##[command]` from any line that is printed; JSON can spell it otherwise.
  return `${JSON.stringify(log, undefined, 2).replaceAll("##[", "#\\u0023[")}\n`;
}

function toRule(result: GateResult) {
  return {
    id: visible(result.gate),
    shortDescription: { text: sarif(result.title) },
    fullDescription: { text: sarif(result.why) },
    help: { text: sarif(result.fix) },
    defaultConfiguration: { level: LEVELS[result.severity] },
    ...(result.mapsTo.length === 0 ? {} : { properties: { tags: [...new Set(result.mapsTo.map(visible))] } }),
  };
}

function toInvocation({ verdict, record, unreadable }: Report) {
  const notifications = unreadable.map(({ model, code, message, place }) => ({
    level: model === undefined ? "warning" : "error",
    message: { text: sarif(toWorded(message).text) },
    descriptor: { id: visible(code) },
    locations: [toLocation(place)],
  }));
  return {
    executionSuccessful: verdict !== "error",
    endTimeUtc: visible(record.input.now),
    ...(notifications.length === 0 ? {} : { toolExecutionNotifications: notifications }),
  };
}

function toResults(results: readonly GateResult[], rules: readonly GateResult[], report: Report) {
  const indices = new Map(rules.map(({ gate }, index) => [gate, index]));
  const times = new Map<string, number>();
  return results.filter(isUnmet).flatMap((result) =>
    findingsOf(result).map((finding) => {
      const place = finding.place ?? homeOf(result, report);
      const key = keyOf(result, finding, place);
      // The same finding twice in a file: a fingerprint that is repeated hides the second.
      const time = (times.get(key) ?? 0) + 1;
      times.set(key, time);
      return {
        ruleId: visible(result.gate),
        ruleIndex: indices.get(result.gate) ?? -1,
        level: LEVELS[result.severity],
        message: { text: messageOf(result, finding) },
        ...(place === undefined ? {} : { locations: [toLocation(place)] }),
        partialFingerprints: { "weighbridge/v1": `${key}:${time}` },
        ...(result.waiver === undefined ? {} : { suppressions: [toSuppression(result, report)] }),
      };
    }),
  );
}

/** What stays the same while a finding lasts: not its line, and no number that it speaks of. */
function keyOf({ gate, model = "" }: GateResult, { code, metric }: Finding, place?: Place): string {
  const { name = "", dataset = "" } = metric ?? {};
  return digestOf([gate, model, code, place?.path ?? "", name, dataset]).slice("sha256:".length);
}

function messageOf(result: GateResult, finding: Finding): string {
  const about = result.model === undefined ? "" : `${result.model}: `;
  return sarif(`${about}${toWorded(finding.message).text}. Fix: ${finding.fix ?? remedyOf(result)}`);
}

/** Code scanning asks for a line in every location. */
function toLocation({ path, line, column }: Place) {
  const region = { startLine: line ?? 1, ...(column === undefined ? {} : { startColumn: column }) };
  return { physicalLocation: { artifactLocation: { uri: pathUri(path) }, region } };
}

function toSuppression(result: GateResult, { waived }: Report) {
  const waiver = waived.find((item) => item.result === result)?.waiver;
  const until = waiver === undefined ? "" : ` until ${waiver.expires}: ${waiver.reason}`;
  return { kind: "external", status: "accepted", justification: visible(`${result.waiver}${until}`) };
}
