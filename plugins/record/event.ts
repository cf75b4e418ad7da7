import type { Action, Operation, Parameters } from "../../core/plugin.ts";

/** UTF-16 units of a statement, and of one parameter, that a recording keeps. */
const longestText = 65_536;
const longestValue = 4_096;
/** Parameters, and operations of a batch, that a recording keeps. */
const most = 1_000;

/** One operation in a recording, as JSON. Binary parameters are `\x` and hex digits. */
export interface OperationEvent {
  readonly text: string;
  readonly actions: readonly Action[];
  readonly parameters?: readonly (string | null)[];
  readonly inTransaction?: true;
  readonly batch?: readonly OperationEvent[];
  /** The text or a list was longer than what is kept. */
  readonly cut?: true;
}

/** `bodies`: whole bodies are kept too; else their size and hash: `(41 bytes, sha256 9f86…)`. */
export function eventOf(
  operation: Operation,
  redact?: (text: string) => string,
  bodies = false,
): OperationEvent {
  const { text, actions, parameters, batch, inTransaction } = operation;
  const shown = redact ? redact(text) : text;
  const cut = shown.length > longestText || (parameters?.length ?? 0) > most || (batch?.length ?? 0) > most;
  if (!cut && !inTransaction && !batch) {
    // Most are no more than this, and each is written out.
    if (!parameters || redact) return { text: shown, actions };
    return { text: shown, actions, parameters: valuesOf(parameters, bodies) };
  }
  return {
    text: shown.slice(0, longestText),
    actions,
    ...(parameters && !redact ? { parameters: valuesOf(parameters, bodies) } : {}),
    ...(inTransaction ? { inTransaction } : {}),
    ...(batch ? { batch: batch.slice(0, most).map((one) => eventOf(one, redact, bodies)) } : {}),
    ...(cut ? { cut } : {}),
  };
}

function valuesOf(parameters: Parameters, bodies: boolean): (string | null)[] {
  const values: (string | null)[] = [];
  const count = Math.min(parameters.length, most);
  for (let index = 0; index < count; index++) values.push(shownValue(parameters, index, bodies));
  return values;
}

function shownValue(parameters: Parameters, index: number, bodies: boolean): string | null {
  const value = parameters.at(index);
  if (value === null) return null;
  if (!bodies && index < (parameters.bodies ?? 0)) return told(value);
  if (value instanceof Uint8Array)
    return `\\x${Buffer.from(value.subarray(0, longestValue / 2)).toString("hex")}`;
  return value.length <= longestValue ? value : value.slice(0, longestValue);
}

function told(body: string | Uint8Array): string {
  const bytes = typeof body === "string" ? Buffer.byteLength(body) : body.length;
  return `(${bytes} bytes, sha256 ${new Bun.CryptoHasher("sha256").update(body).digest("hex")})`;
}
