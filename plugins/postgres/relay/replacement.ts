import { randomBytes } from "node:crypto";
import { frontend } from "../wire/message.ts";
import { bind, close, describe, parse, query } from "../wire/query.ts";
import { cstring, int16, int32, message } from "../wire/write.ts";

/**
 * What stands in for a denied message: one of its own type that fails on the server, with nothing of
 * the caller's text in it. The server then rolls back, skips and reports its status itself.
 */
const failingText = "denied by postern";
/** Nobody can prepare a statement of this name: it is not known outside this process. */
const unknownName = `postern-${randomBytes(16).toString("hex")}`;

export const failingQuery: Buffer = query(failingText);
export const failingBind: Buffer = bind("", unknownName);
export const failingDescribe: Buffer = describe({ kind: "statement", name: unknownName });
export const failingFunctionCall: Buffer = message(
  frontend.functionCall,
  int32(0),
  int16(0),
  int16(0),
  int16(0),
);

/** A Bind in its place would leave alive what the name meant before. */
export function failingParse(name: string): Buffer {
  return parse(name, failingText);
}

/** Describe (portal), by the name's bytes. */
export function describePortal(name: string): Buffer {
  return message(frontend.describe, Buffer.of(0x50), Buffer.from(`${name}\0`, "latin1"));
}

export const describeUnnamedPortal: Buffer = message(frontend.describe, Buffer.of(0x50), cstring(""));

const inspected = { kind: "statement", name: `postern-${randomBytes(16).toString("hex")}` } as const;
const closeInspected = close(inspected);

/** Close, Parse, Describe, Close: which columns this text has, in the transaction of what follows. */
export function inspection(text: string): Buffer {
  // An earlier one that failed between Parse and Close may have left the name behind.
  return Buffer.concat([closeInspected, parse(inspected.name, text), describe(inspected), closeInspected]);
}
