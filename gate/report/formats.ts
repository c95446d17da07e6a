import type { DecisionRecord } from "../model/decision.ts";
import { toHtml } from "./html.ts";
import { toJson } from "./json.ts";
import { toJunit } from "./junit.ts";
import { toMarkdown } from "./markdown.ts";
import { toReport } from "./report.ts";
import { toSarif } from "./sarif.ts";
import type { TextOptions } from "./terminal-layout.ts";
import { toText } from "./text.ts";

export type Format = "text" | "json" | "markdown" | "sarif" | "junit" | "html";

/** A whole document that ends with a line break. The options are for `text` alone. */
export type Renderer = (record: DecisionRecord, options?: TextOptions) => string;

/** Every format that a report can be asked for. A new one is a file beside these and a line here. */
export const FORMATS: Readonly<Record<Format, Renderer>> = {
  text: (record, options) => toText(toReport(record), options),
  json: (record) => toJson(record),
  markdown: (record) => toMarkdown(toReport(record)).source,
  sarif: (record) => toSarif(toReport(record)),
  junit: (record) => toJunit(toReport(record)),
  html: (record) => toHtml(toReport(record)),
};
