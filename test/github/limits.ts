import { invalid, problem, type Reply } from "./exchange.ts";

/**
 * What GitHub refuses although its description does not say so. Each entry gives the answer to refuse with, or
 * undefined. Lengths are in code points where GitHub says "characters".
 */
type Limit = (body: Readonly<Record<string, unknown>>) => Reply | undefined;

export const COMMENT_CHARACTERS_MAX = 65_536;
/** Measured once on an issue's body: the column holds 256 KiB of UTF-8. */
export const COMMENT_BYTES_MAX = 262_144;
export const STATUS_DESCRIPTION_CHARACTERS_MAX = 140;
export const ANNOTATIONS_MAX = 50;
export const CHECK_TEXT_CHARACTERS_MAX = 65_535;
export const ANNOTATION_TITLE_CHARACTERS_MAX = 255;
export const ANNOTATION_MESSAGE_BYTES_MAX = 64 * 1024;

/** By operation id. */
export const LIMITS: Readonly<Record<string, Limit>> = {
  "issues/create-comment": ({ body }) => textLimit("IssueComment", body),
  "issues/update-comment": ({ body }) => textLimit("IssueComment", body),
  "issues/create": ({ body }) => textLimit("Issue", body),
  "issues/update": ({ body }) => textLimit("Issue", body),
  "pulls/create": ({ body }) =>
    characters(body) > COMMENT_CHARACTERS_MAX
      ? invalid("PullRequest", "body", `body is too long (maximum is ${COMMENT_CHARACTERS_MAX} characters)`)
      : undefined,
  "checks/create": checkLimit,
  "checks/update": checkLimit,
  "repos/create-commit-status": ({ description }) =>
    characters(description) > STATUS_DESCRIPTION_CHARACTERS_MAX
      ? invalid("Status", "description", "description is too long (maximum is 140 characters)")
      : undefined,
};

function textLimit(resource: string, body: unknown): Reply | undefined {
  if (characters(body) > COMMENT_CHARACTERS_MAX || bytes(body) > COMMENT_BYTES_MAX) {
    return invalid(resource, "data", `Body is too long (maximum is ${COMMENT_CHARACTERS_MAX} characters)`);
  }
  if (typeof body === "string" && body.trim() === "")
    return invalid(resource, "data", "Body cannot be blank");
  return undefined;
}

function checkLimit({ status, conclusion, output }: Readonly<Record<string, unknown>>): Reply | undefined {
  if (status === "completed" && conclusion === undefined) {
    return problem(422, 'Invalid request. For "completed", "conclusion" wasn\'t supplied.');
  }
  if (typeof output !== "object" || output === null) return undefined;
  const { summary, text, annotations } = output as Record<string, unknown>;
  if (Math.max(characters(summary), characters(text)) > CHECK_TEXT_CHARACTERS_MAX) {
    return invalid("CheckRun", "summary", "Only 65535 characters are allowed");
  }
  return Array.isArray(annotations) ? annotationLimit(annotations) : undefined;
}

function annotationLimit(annotations: readonly unknown[]): Reply | undefined {
  if (annotations.length > ANNOTATIONS_MAX) {
    return invalid("CheckRun", "annotations", `No more than ${ANNOTATIONS_MAX} annotations are allowed`);
  }
  const tooLong = annotations.some((annotation) => {
    const { title, message, raw_details } = annotation as Record<string, unknown>;
    const longest = Math.max(bytes(message), bytes(raw_details));
    return characters(title) > ANNOTATION_TITLE_CHARACTERS_MAX || longest > ANNOTATION_MESSAGE_BYTES_MAX;
  });
  return tooLong ? invalid("CheckRun", "annotations", "An annotation is too long") : undefined;
}

function characters(text: unknown): number {
  return typeof text === "string" ? [...text].length : 0;
}

function bytes(text: unknown): number {
  return typeof text === "string" ? Buffer.byteLength(text) : 0;
}
