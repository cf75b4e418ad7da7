import { PosternError } from "../error.ts";
import { oneLine, printable } from "./terminal.ts";

/** What a command's exit code says; each help text lists those that it can give. */
export const exits = {
  0: "done",
  1: "failed or refused; the reason is on standard error",
  2: "the command line makes no sense",
  3: "no gateway answers",
  4: "not signed in: a token is missing, expired or refused",
} as const;
export type Exit = keyof typeof exits;

const special: Readonly<Record<string, Exit>> = {
  "cli.usage": 2,
  "control.unreachable": 3,
  "cli.no-token": 4,
  "request.no-token": 4,
  "identity.refused": 4,
  "login.expired": 4,
};

export function exitOf(error: unknown): Exit {
  return error instanceof PosternError ? (special[error.code] ?? 1) : 1;
}

/**
 * What happened and why, then what to do next; one JSON object where a machine reads. A gateway or an identity
 * provider may have said it, and what callers wrote may stand in it.
 */
export function errorText(error: unknown, json: boolean): string {
  const reason =
    error instanceof PosternError
      ? error.reason
      : { code: "internal", message: error instanceof Error ? error.message : String(error) };
  if (json) return `${JSON.stringify({ error: reason })}\n`;
  const lines = [`postern: ${reason.message}`];
  if ("rule" in reason && reason.rule !== undefined) lines.push(`  rule: ${reason.rule}`);
  if ("hint" in reason && reason.hint !== undefined) lines.push(`  ${reason.hint}`);
  return `${printable(lines.join("\n"))} [${oneLine(reason.code)}]\n`;
}
