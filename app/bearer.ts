import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Whether a request shows this token. Digests are compared, so that time tells nothing of where two texts part. */
export function showsToken({ headers: { authorization = "" } }: IncomingMessage, token: string): boolean {
  return timingSafeEqual(
    hash("sha256", authorization, "buffer"),
    hash("sha256", `Bearer ${token}`, "buffer"),
  );
}
