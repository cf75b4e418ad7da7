import { PosternError } from "../../../error.ts";
import type { RowFilter, Verdict } from "../../../guardrail.ts";
import type { Denied } from "../../../operation.ts";
import {
  cells,
  columns,
  documents,
  type OperationSample,
  operationOf,
  outcome,
  streamed,
  words,
} from "./samples.ts";
import type { Watched } from "./session.ts";

/** All that a guardrail says to one operation and its answer, in words that can be compared. */
export async function said({ session, watch }: Watched, sample: OperationSample): Promise<string[]> {
  const operation = operationOf(sample);
  const told: string[] = [];
  const note = (what: string, value: unknown) => told.push(`${what}: ${JSON.stringify(value) ?? "nothing"}`);
  const refused = (error: unknown) => {
    // A refusal is an answer; anything else is a fault of the guardrail.
    if (!(error instanceof PosternError)) throw error;
    return { deny: error.code };
  };
  const act = <T>(what: string, act: () => T) => {
    try {
      note(what, act());
    } catch (error) {
      note(what, refused(error));
    }
  };
  act("prepare", () => watch.prepare?.(operation));
  note("operation", await Promise.resolve(watch.operation?.(operation) ?? "allow").catch(refused));
  act("refused", () => watch.refused?.(operation, { code: "policy.denied", message: "No." }));
  const answer = watch.answer?.(operation);
  const filter = answer?.rows?.(columns);
  if (typeof filter === "object") {
    for (const cell of cells) {
      act("row", () => filter.row?.());
      for (const at of filter.columns) act(`cell ${at}`, () => shownCell(filter, at, Buffer.from(cell)));
    }
  } else note("rows", filter);
  for (const document of documents) {
    act("document", () => answer?.document?.("application/json", structuredClone(document)));
  }
  act("text", () => answer?.text?.("error", words, "22P02"));
  if (answer?.stream) act("stream", () => streamed(answer, [Buffer.from(words)]));
  act("end", () => answer?.end?.(outcome));
  await watch.wire?.(Buffer.from("as it left"));
  note("recorded", session.recorded.length);
  note("ended", session.ended?.code);
  return told;
}

function shownCell(filter: RowFilter, column: number, cell: Buffer): string | null {
  const shown = filter.show(column, cell, 0, cell.length);
  return shown === null ? null : Buffer.from(shown ?? cell).toString("base64");
}

export type Prepared = "allow" | Denied | "willHold";

/** Why this is no verdict; undefined when it is one. */
export function flawOf(verdict: Verdict | Prepared | undefined): string | undefined {
  if (verdict === undefined || verdict === "allow" || verdict === "willHold") return undefined;
  if ("deny" in verdict) {
    const { code, message } = verdict.deny;
    if (!/^[a-z]+(\.[a-z-]+)+$/.test(code)) return `"${code}" is no code: lower-case words and dots`;
    return message === "" ? "it denies without a message" : undefined;
  }
  const { by, within, inTransaction } = verdict.hold;
  if (by.label === "" || typeof by.matches !== "function") return "it names nobody who may approve";
  if (!(within > 0)) return "it leaves nobody the time to approve";
  if (inTransaction === "deny" || inTransaction > 0) return undefined;
  return "inside a transaction it neither denies nor waits";
}
