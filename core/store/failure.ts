import { PosternError } from "../error.ts";

/** What went wrong, without the statement and its values: drizzle puts both into its message. */
export function storeFailure(error: unknown): PosternError {
  if (error instanceof PosternError) return error;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message : "unknown";
  return new PosternError("store.failed", `The store failed: ${why}.`, {
    hint: "Look at the disk that holds the data folder.",
  });
}
