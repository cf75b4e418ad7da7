import type { TableFacts } from "../../plugins/postgres/catalogue.ts";
import { backend } from "../../plugins/postgres/wire/message.ts";
import { dataRow, rowDescriptionMessage } from "../../plugins/postgres/wire/rows.ts";
import { commandComplete, readyForQuery } from "../../plugins/postgres/wire/session.ts";
import { message } from "../../plugins/postgres/wire/write.ts";

const columns = 8;
/** The table that the rows come from. */
const oid = 16_384;
const idle = 0x49;
/** What a server sends at a time. */
const chunk = 64 * 1024;

const names = Array.from({ length: columns }, (_, index) => `c${index + 1}`);

/** What the catalogue knows of it: without, no mask could tell one column from another. */
export function tableOf(asked: number): TableFacts | undefined {
  return asked === oid ? bulk : undefined;
}

const bulk: TableFacts = {
  ...{ oid, schema: "public", name: "bulk", kind: "r" },
  columns: new Map(
    names.map((name, index) => [
      index + 1,
      { name, generated: false, origins: [{ schema: "public", table: "bulk", column: name }] },
    ]),
  ),
};

/** A server's answers. */
export interface Answered {
  /** To Parse and Sync. */
  readonly parsed: Buffer;
  /** To Bind, Describe, Execute and Sync, in chunks. */
  readonly plain: readonly Buffer[];
  /** The same where the gateway asks for the columns itself besides. */
  readonly described: readonly Buffer[];
}

/** So many rows of eight columns of text, `width` bytes together. */
export function resultOf(rows: number, width: number): Answered {
  const description = rowDescriptionMessage(
    names.map((name, index) => ({
      ...{ name, tableOid: oid, column: index + 1, typeOid: 25, typeSize: -1, typmod: -1, format: "text" },
    })),
  );
  const row = dataRow(names.map((name) => name.padEnd(Math.max(2, Math.floor(width / columns)), "-")));
  const end = [commandComplete(`SELECT ${rows}`), readyForQuery(idle)];
  const all = Array.from({ length: rows }, () => row);
  const bound = message(backend.bindComplete);
  return {
    parsed: Buffer.concat([message(backend.parseComplete), readyForQuery(idle)]),
    plain: chunks([bound, description, ...all, ...end]),
    described: chunks([bound, description, description, ...all, ...end]),
  };
}

function chunks(messages: readonly Buffer[]): Buffer[] {
  const all = Buffer.concat(messages);
  const count = Math.ceil(all.length / chunk);
  return Array.from({ length: count }, (_, index) => all.subarray(index * chunk, (index + 1) * chunk));
}
