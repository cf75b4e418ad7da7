import { backend } from "../../plugins/postgres/wire/message.ts";
import { bind, describe, execute, parse, query, sync } from "../../plugins/postgres/wire/query.ts";
import { dataRow, rowDescriptionMessage } from "../../plugins/postgres/wire/rows.ts";
import { commandComplete, readyForQuery } from "../../plugins/postgres/wire/session.ts";
import { message } from "../../plugins/postgres/wire/write.ts";
import type { Mode } from "./pgbench.ts";

/** What `pgbench -S` says and hears, message by message. */
const select = "SELECT abalance FROM pgbench_accounts WHERE aid = ";
const name = "P0_1";
const idle = 0x49;

const parsed = message(backend.parseComplete);
const bound = message(backend.bindComplete);
const rows = Buffer.concat([
  rowDescriptionMessage([
    { name: "abalance", tableOid: 16_384, column: 3, typeOid: 23, typeSize: 4, typmod: -1, format: "text" },
  ]),
  dataRow(["0"]),
  commandComplete("SELECT 1"),
  readyForQuery(idle),
]);

/** What is said before the first select, and by whom. */
export function preparation(mode: Mode): readonly (readonly ["caller" | "server", Buffer])[] {
  if (mode !== "prepared") return [];
  return [
    ["caller", Buffer.concat([parse(name, `${select}$1;`), sync])],
    ["server", Buffer.concat([parsed, readyForQuery(idle)])],
  ];
}

/** So many selects, each of another account. */
export function requests(mode: Mode, count: number, first: number): Buffer[] {
  return Array.from({ length: count }, (_, at) => {
    const account = String(100_000 + (((first + at) * 7919) % 700_000));
    if (mode === "simple") return query(`${select}${account};`);
    const statement = mode === "prepared" ? name : "";
    const run = [bind("", statement, [account]), describe({ kind: "portal", name: "" }), execute(""), sync];
    return Buffer.concat(mode === "prepared" ? run : [parse("", `${select}$1;`), ...run]);
  });
}

export function answer(mode: Mode): Buffer {
  if (mode === "simple") return rows;
  return Buffer.concat(mode === "prepared" ? [bound, rows] : [parsed, bound, rows]);
}
