import { PosternError } from "../error.ts";

/** What went wrong, without the statement and its values: drizzle puts both into its message. */
export function storeFailure(error: unknown): PosternError {
  const own = causeOf(error);
  if (own) return own;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const why = cause instanceof Error ? cause.message : "unknown";
  return new PosternError("store.failed", `The store failed: ${why}.`, {
    hint: "Look at the disk that holds the data folder, or at the store server's.",
  });
}

/** What is ours among the causes: a client wraps what its connection throws. */
export function causeOf(error: unknown): PosternError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof PosternError) return cause;
  }
  return undefined;
}
