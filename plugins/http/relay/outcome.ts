import type { Outcome } from "../../../core/plugin.ts";

/** What became of a request, as the trail has it. `why`: in place of the answer's status. */
export function outcomeOf(
  result: Outcome["result"],
  why: string | undefined,
  { status, bytes }: { readonly status: number; readonly bytes: number },
  received: Outcome["received"],
): Outcome {
  const code = why ?? (status === 0 ? undefined : String(status));
  if (code === undefined) return received ? { result, bytes, received } : { result, bytes };
  return received ? { result, code, bytes, received } : { result, code, bytes };
}
