import type { GateResult } from "../model/decision.ts";
import { join, type Xml, xm } from "./escape.ts";
import { toWorded } from "./message.ts";
import type { Report, ResultGroup } from "./report.ts";
import { explanationsOf, outcomeWords, placeText, remedyOf } from "./results.ts";

type Ending = "passed" | "failure" | "error" | "skipped";

/**
 * JUnit XML, as Jenkins and GitLab read it: a suite for each model, a case for each gate. What fails or cannot be
 * told is a failure, what is missing or broken an error, what is waived or does not apply is skipped and says why.
 */
export function toJunit(report: Report): string {
  const suites = report.groups.map((group) => toSuite(group, report));
  const all = report.groups.flatMap(({ results }) => results);
  const document = xm`<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="weighbridge" ${totals(all)}>
${join(suites, xm``)}</testsuites>
`;
  return document.source;
}

function endingOf({ outcome, waiver }: GateResult): Ending {
  switch (outcome) {
    case "pass":
      return "passed";
    case "not_applicable":
      return "skipped";
    case "fail":
    case "inconclusive":
      return waiver === undefined ? "failure" : "skipped";
    case "error":
    case "missing_evidence":
      return waiver === undefined ? "error" : "skipped";
  }
}

function totals(results: readonly GateResult[]): Xml {
  const count = (ending: Ending) => results.filter((result) => endingOf(result) === ending).length;
  return xm`tests="${results.length}" failures="${count("failure")}" errors="${count("error")}" skipped="${count("skipped")}" time="0"`;
}

function toSuite(group: ResultGroup, report: Report): Xml {
  const { model, results } = group;
  const name = model ?? "the whole change";
  // The schema of JUnit's own reports has no time zone; ours is UTC.
  const timestamp = report.record.input.now.replace(/Z$/, "");
  const cases = results.map((result) => toCase(name, result));
  return xm`  <testsuite name="${name}" ${totals(results)} timestamp="${timestamp}">
${join(cases, xm``)}${group === report.groups[0] ? warningsOf(report) : xm``}  </testsuite>
`;
}

/** What no case can say: JUnit has no word for what a run brings and no model takes. */
function warningsOf({ unused }: Report): Xml {
  if (unused.length === 0) return xm``;
  const lines = unused.map(({ message, fix = "" }) => xm`${message}. Fix: ${fix}`);
  return xm`    <system-err>${join(lines, xm`\n`)}</system-err>\n`;
}

function toCase(suite: string, result: GateResult): Xml {
  const open = xm`    <testcase classname="${suite}" name="${result.gate}: ${result.title}" time="0"`;
  const ending = endingOf(result);
  if (ending === "passed") return xm`${open}/>\n`;
  return xm`${open}>\n      ${toEnding(ending, result)}\n    </testcase>\n`;
}

function toEnding(ending: Exclude<Ending, "passed">, result: GateResult): Xml {
  const message = messageOf(result);
  if (ending === "skipped") return xm`<skipped message="${message}"/>`;
  const lines = [
    ...explanationsOf(result).map(({ text, place }) =>
      place === undefined ? xm`${text}` : xm`${text} (${placeText(place)})`,
    ),
    xm`Why: ${result.why}`,
    xm`Fix: ${remedyOf(result)}`,
  ];
  const body = join(lines, xm`\n`);
  const type = xm`type="${result.outcome}"`;
  return ending === "failure"
    ? xm`<failure message="${message}" ${type}>${body}</failure>`
    : xm`<error message="${message}" ${type}>${body}</error>`;
}

/** `fail, open by waiver WVR-7: 0.7712, asked ≥ 0.78` */
function messageOf(result: GateResult): string {
  const { observed, expected, findings } = result;
  const [finding] = findings;
  const seen = observed ?? (finding && toWorded(finding.message).text);
  const asked = expected === undefined ? "" : `, asked ${expected}`;
  return `${outcomeWords(result)}${seen === undefined ? "" : `: ${seen}${asked}`}`;
}
