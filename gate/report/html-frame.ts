import { createHash } from "node:crypto";
import { type Html, htm, join } from "./escape.ts";

export interface Document {
  readonly title: string;
  /** The whole style sheet, constants of ours alone. */
  readonly style: Html;
  /** Stand in a `main`. */
  readonly blocks: readonly Html[];
}

/**
 * One page that needs nothing else: no script, no image, no font from elsewhere. Its content security policy
 * admits this one style sheet, so that even a fault in escaping could neither run nor load anything.
 */
export function toDocument({ title, style, blocks }: Document): string {
  const page = htm`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy(style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
${join(blocks, htm`\n`)}
</main>
</body>
</html>
`;
  return page.source;
}

function contentSecurityPolicy(style: Html): string {
  const hash = createHash("sha256").update(style.source).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}
