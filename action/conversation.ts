import { commentMarker, type MarkdownOptions } from "../gate/report/markdown.ts";
import { type Publication, publishComment } from "./comment.ts";
import { connect, type GitHubClient } from "./github.ts";
import { GitHubFailure } from "./github-failure.ts";
import type { RunRequest } from "./inputs.ts";
import { logNotices } from "./log.ts";
import { setOutputs } from "./step.ts";
import { startWaiting, type Waiting } from "./waiting.ts";

/** The way to the pull request's conversation; what goes wrong on it never changes a verdict. */
export interface Conversation {
  /** GitHub's clock at its first answer, if it was asked. */
  readonly serverTime?: Date;
  publish(toBody: ToBody): Promise<Publication>;
}

/** Gives the comment for the pull request and the place of the full report that it is told; our marker comes first. */
type ToBody = (options: Required<Pick<MarkdownOptions, "pull" | "fullReport">>) => string;

/** Asks GitHub who we are, if there is a comment to write about the commit. */
export async function openConversation(request: RunRequest, head: string): Promise<Conversation> {
  const { pull, token, comment } = request;
  if (comment === "never" || pull === undefined) return closed();
  if (token === undefined) return closed("there is no token");
  const waiting = startWaiting();
  try {
    const client = await connect({ ...request, token }, waiting);
    return through(client, { request, pull, head, waiting });
  } catch (error) {
    if (error instanceof GitHubFailure) return closed(error.message);
    throw error;
  }
}

/** Writes the comment, and says where it is or why there is none. */
export async function publishIn(conversation: Conversation, toBody: ToBody): Promise<void> {
  const publication = await conversation.publish(toBody);
  if (publication.kind === "published") {
    await setOutputs({ "comment-url": publication.url });
  } else if (publication.reason !== undefined) {
    logNotices([
      `No comment on the pull request: ${publication.reason}. The summary of this run says it all.`,
    ]);
  }
}

/** Without a reason, nobody asked for a comment. */
function closed(reason?: string): Conversation {
  return { publish: async () => ({ kind: "skipped", ...(reason !== undefined && { reason }) }) };
}

interface Way {
  readonly request: RunRequest;
  readonly pull: number;
  readonly head: string;
  readonly waiting: Waiting;
}

function through(client: GitHubClient, { request, pull, head, waiting }: Way): Conversation {
  const fullReport = { text: "the summary of this run", url: request.runUrl };
  return {
    ...(client.serverTime !== undefined && { serverTime: client.serverTime }),
    publish: (toBody) => {
      const body = toBody({ pull, fullReport });
      return publishComment(client, { pull, head, marker: commentMarker(pull), body }, waiting);
    },
  };
}
