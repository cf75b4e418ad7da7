import { PosternError, type Reason } from "../../../core/plugin.ts";

/** What a caller is told of an error on one of its channels. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof PosternError) return error.reason;
  return { code: "gateway.failed", message: "The gateway failed to serve this channel." };
}
