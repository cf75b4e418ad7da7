import type { Context } from "hono";

/** What a listener tells an app beside the request. */
export interface Visit {
  /** Address and port of who asks. */
  readonly remote: string;
}

/**
 * How the trail names whoever uses the socket without a token: its mode lets in the gateway's own user
 * and root, and Bun does not tell which of them.
 */
export const operator = "control socket";

/** Address and port of who asks; the control socket has none. */
export function remoteOf(context: Context): string {
  return (context.env as Partial<Visit> | undefined)?.remote ?? operator;
}

/** Whether it came over `web`, from anywhere. */
export function isVisit(context: Context): boolean {
  return remoteOf(context) !== operator;
}
