import type { Outcome } from "../../../core/plugin.ts";

/** How a command ended, by its error stream. */
export interface Exit {
  readonly result: Outcome["result"];
  /** The exit status, or the reason of a failure. */
  readonly code?: string;
  readonly status?: number;
}

/** `status`: it holds a Status object (version 4 on), else a text where something went wrong. */
export function exitOf(error: Buffer, status: boolean): Exit {
  if (!status) return error.length === 0 ? { result: "ok", code: "0", status: 0 } : { result: "error" };
  try {
    return exitIn(JSON.parse(error.toString()) as StatusObject);
  } catch {
    return { result: "unknown" };
  }
}

/** What this reads of a Status (k8s.io/apimachinery, meta/v1). */
interface StatusObject {
  readonly status?: unknown;
  readonly reason?: unknown;
  readonly details?: {
    readonly causes?: readonly { readonly reason?: unknown; readonly message?: unknown }[];
  };
}

function exitIn({ status, reason, details }: StatusObject): Exit {
  if (status === "Success") return { result: "ok", code: "0", status: 0 };
  const told = details?.causes?.find((cause) => cause.reason === "ExitCode")?.message;
  if (typeof told === "string" && /^\d{1,3}$/.test(told)) {
    return { result: "error", code: told, status: Number(told) };
  }
  return { result: "error", code: typeof reason === "string" ? reason.slice(0, 100) : "Failure" };
}
