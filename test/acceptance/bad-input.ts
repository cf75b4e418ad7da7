import { int16, int32, message, query, sync } from "../raw.ts";
import { bind, close, describe, execute, flush, invalid, parse, raw, utf8 } from "./bad-messages.ts";

/** What callers send that do not keep to the protocol, after a good login, by what it is. */
type Inputs = Readonly<Record<string, readonly Buffer[]>>;

const long = "n".repeat(9_000);
const times = (bytes: Buffer, count: number) => Array.from({ length: count }, () => bytes);
const number = "select $1::int + 1";

const violation = ["E FATAL 08P01"];
const lost = ["E FATAL 08001"];
const tooLong = ["E FATAL 54000"];
const copyIn = "G \0\0\x02\0\0\0\0";

const names: Inputs = {
  "close an unknown portal": [close("P", "none"), sync],
  "close an unknown statement": [close("S", "none"), sync],
  "close the unnamed ones, twice": [close("S", ""), close("P", ""), close("S", ""), sync],
  "describe an unknown portal": [describe("P", "none"), sync],
  "describe an unknown statement": [describe("S", "none"), sync],
  "describe the unnamed ones, when there are none": [describe("S", ""), sync, describe("P", ""), sync],
  "execute an unknown portal": [execute("none"), sync],
  "execute the unnamed portal, when there is none": [execute(), sync],
  "bind an unknown statement": [bind({ statement: "none" }), execute(), sync],
  "bind the unnamed statement, when there is none": [bind(), execute(), sync],
  "a statement's name twice": [
    parse("s", "select 1"),
    parse("s", "select 2"),
    sync,
    parse("s", "select 3"),
    sync,
  ],
  "a portal's name twice": [
    parse("", "select 1"),
    bind({ portal: "p" }),
    bind({ portal: "p" }),
    execute("p"),
    sync,
  ],
  "a portal after its transaction": [parse("", "select 1"), bind({ portal: "p" }), sync, execute("p"), sync],
  "a portal after its statement was closed": [
    ...[parse("s", "select 1"), bind({ portal: "p", statement: "s" }), close("S", "s"), execute("p"), sync],
  ],
  "a portal that is at its end": [parse("", "select 1"), bind(), execute(), execute(), execute(), sync],
  "an unnamed portal after a query": [parse("", "select 1"), bind(), query("select 2"), execute(), sync],
  "a name of 9 kB": [
    parse(long, "select 1"),
    ...[bind({ portal: long, statement: long }), describe("P", long), execute(long), close("S", long), sync],
  ],
  "names that are equal in what counts": [
    ...[parse("n".repeat(63), "select 1"), parse(`${"n".repeat(63)}x`, "select 2"), sync],
  ],
  "a name that is no UTF-8": [
    raw("P", invalid, "\0select 1\0", int16(0)),
    ...[raw("B", "\0", invalid, "\0", int16(0), int16(0), int16(0)), execute(), sync],
  ],
  "an unknown portal of such a name": [
    raw("E", invalid, "\0", int32(0)),
    sync,
    raw("C", "P", invalid, "\0"),
    sync,
  ],
};

const values: Inputs = {
  "too few parameters": [parse("", number), bind(), execute(), sync],
  "too many parameters": [parse("", "select 1"), bind({ values: [utf8("1")] }), execute(), sync],
  "more formats than parameters": [
    parse("", number),
    bind({ formats: [0, 0], values: [utf8("1")] }),
    execute(),
    sync,
  ],
  "more result formats than columns": [
    ...[parse("", number), bind({ values: [utf8("1")], results: [0, 1, 0] }), execute(), sync],
  ],
  "a parameter's format that there is none of": [
    ...[parse("", number), bind({ formats: [2], values: [utf8("1")] }), execute(), sync],
  ],
  "a result's format that there is none of": [
    ...[parse("", "select 1"), bind({ results: [7] }), describe("P", ""), execute(), sync],
  ],
  "a negative format": [parse("", number), bind({ formats: [0xffff], values: [utf8("1")] }), execute(), sync],
  "a text that is no number": [parse("", number), bind({ values: [utf8("x")] }), execute(), sync],
  "a number of three bytes": [
    parse("", number),
    bind({ formats: [1], values: [Buffer.alloc(3)] }),
    execute(),
    sync,
  ],
  "a parameter of an unknown type": [
    parse("", "select $1", [999_999]),
    bind({ values: [null] }),
    execute(),
    sync,
  ],
  "a parameter that is never used": [
    ...[parse("", "select $2::int"), bind({ values: [null, utf8("4")] }), execute(), sync],
  ],
  "parameter 0": [parse("", "select $0"), sync],
  "parameter 65,536": [parse("", "select $65536::int"), sync],
  "a parameter's number beyond all": [parse("", "select $99999999999"), sync],
  "a parameter in a query": [query("select $1")],
  "invalid UTF-8 in a text": [
    raw("P", "\0select '", invalid, "'\0", int16(0)),
    ...[sync, raw("Q", "select '", invalid, "'\0")],
  ],
  "invalid UTF-8 in a parameter": [
    parse("", "select $1::text"),
    bind({ values: [invalid] }),
    execute(),
    sync,
  ],
  "a zero byte in a parameter": [
    parse("", "select $1::text"),
    bind({ values: [utf8("a\0b")] }),
    execute(),
    sync,
  ],
  "a zero byte in a bytea": [
    ...[parse("", "select $1::bytea"), bind({ formats: [1], values: [utf8("a\0b")] }), execute(), sync],
  ],
};

const order: Inputs = {
  "a negative row limit": [parse("", "select generate_series(1, 3)"), bind(), execute("", -5 >>> 0), sync],
  "an empty text": [parse("", ""), bind(), describe("P", ""), execute(), sync, query(""), query(" ; ;")],
  "two statements in one Parse": [parse("", "select 1; select 2"), sync],
  "1,000 Flushes": [...times(flush, 1_000), parse("", "select 1"), ...times(flush, 1_000), sync],
  "1,000 Syncs": times(sync, 1_000),
  "a Query in the middle of a group": [
    parse("s", "select 1"),
    bind({ statement: "s" }),
    query("select 2"),
    sync,
  ],
  "a Query that fails in the middle of a group": [
    ...[parse("s", "select 1"), query("select 1/0"), bind({ statement: "s" }), execute(), sync],
  ],
  "a Query behind what failed": [bind({ statement: "none" }), query("select 2"), sync],
  "a function call behind what failed": [bind({ statement: "none" }), message("F", int32(0)), sync],
  "CopyData outside of COPY": [message("d", utf8("1\n")), message("c"), message("f", utf8("no\0")), sync],
  "CopyData in the middle of a group": [
    ...[parse("", "select 1"), message("d", utf8("1\n")), bind(), execute(), sync],
  ],
  "work in a transaction that failed": [
    ...[
      query("begin"),
      query("select 1/0"),
      parse("", "select 1"),
      bind(),
      execute(),
      sync,
      query("rollback"),
    ],
  ],
  "a function that there is none of": [message("F", int32(999_999), int16(0), int16(0), int16(0))],
  "a function with too few arguments": [message("F", int32(177), int16(0), int16(0), int16(0))],
  "a function with a format that there is none of": [
    message("F", int32(177), int16(1), int16(3), int16(2), ...times(int32(0), 2), int16(0)),
  ],
};

/** Messages of a known type whose body is not in the form that the protocol gives it. */
const malformed: Inputs = {
  "an empty Parse": [raw("P"), sync],
  "a Parse without a zero byte": [raw("P", "abc"), sync],
  "a Parse of a name only": [raw("P", "s\0"), sync],
  "a Parse with fewer types than it says": [raw("P", "\0select 1\0", int16(3), int32(23)), sync],
  "a Parse with bytes behind its types": [raw("P", "\0select 1\0", int16(0), "x"), sync],
  "a Parse with a negative count": [raw("P", "\0select 1\0", int16(0xffff)), sync],
  "an empty Bind": [parse("", number), raw("B"), execute(), sync],
  "a Bind without a statement's name": [parse("", number), raw("B", "p\0s"), execute(), sync],
  "a Bind with fewer formats than it says": [parse("", number), raw("B", "\0\0", int16(9), int16(0)), sync],
  "a Bind with a value longer than itself": [
    parse("", number),
    ...[raw("B", "\0\0", int16(0), int16(1), int32(1_000_000), "1", int16(0)), execute(), sync],
  ],
  "a Bind with a length below -1": [
    parse("", number),
    ...[raw("B", "\0\0", int16(0), int16(1), int32(-2 >>> 0), int16(0)), execute(), sync],
  ],
  "a Bind without result formats": [
    parse("", number),
    raw("B", "\0\0", int16(0), int16(1), int32(1), "1"),
    sync,
  ],
  "a Bind with bytes behind it": [
    ...[parse("", "select 1"), raw("B", "\0\0", int16(0), int16(0), int16(0), "x"), execute(), sync],
  ],
  "a Bind that says it has 65,535 parameters": [
    ...[parse("", number), raw("B", "\0\0", int16(0), int16(0xffff)), execute(), sync],
  ],
  "an empty Describe": [raw("D"), sync],
  "a Describe of an unknown kind": [describe("X", ""), sync],
  "a Describe without a zero byte": [raw("D", "Sname"), sync],
  "a Describe with bytes behind it": [parse("", "select 1"), raw("D", "S\0x"), sync],
  "an empty Close": [raw("C"), sync],
  "a Close of an unknown kind": [close("X", ""), sync],
  "a Close with bytes behind it": [raw("C", "S\0x"), sync],
  "an empty Execute": [raw("E"), sync],
  "an Execute without a row limit": [parse("", "select 1"), bind(), raw("E", "\0"), sync],
  "an Execute with bytes behind it": [parse("", "select 1"), bind(), raw("E", "\0", int32(0), "x"), sync],
  "an empty Query": [raw("Q")],
  "a Query without a zero byte": [raw("Q", "select 1")],
  "a Query with a zero byte within": [raw("Q", "select 1;\0drop table orders\0")],
  "a Query with a zero byte too many": [raw("Q", "select 1\0\0")],
  "the same in a transaction": [
    query("begin"),
    raw("Q", "select 1\0\0"),
    query("select 1"),
    query("rollback"),
  ],
  "an empty FunctionCall": [raw("F")],
  "a FunctionCall that is cut off": [raw("F", int32(177), int16(1))],
  "a FunctionCall with a length below -1": [
    raw("F", int32(177), int16(0), int16(2), int32(-2 >>> 0), int32(0), int16(0)),
  ],
  "a Sync with a body": [raw("S", "x")],
  "a Flush with a body": [raw("H", "x"), sync],
  "a CopyFail with bytes behind it": [raw("f", "a\0b"), sync],
  "a malformed message behind what failed": [bind({ statement: "none" }), raw("P"), raw("E"), sync],
  "a malformed message in a transaction": [query("begin"), raw("E"), sync, query("rollback")],
};

export const badInput: Readonly<Record<string, Inputs>> = { names, values, order, malformed };

/** After these nothing can be read any more. `gateway`: what it says, where that is not what the server says. */
export const endings: Readonly<
  Record<string, { readonly bytes: readonly Buffer[]; readonly gateway?: readonly string[] }>
> = {
  "an unknown type": { bytes: [message("!", utf8("x")), sync] },
  "a type of zero": { bytes: [message("\0"), sync] },
  "a type beyond ASCII": { bytes: [Buffer.of(0xff, 0, 0, 0, 4), sync] },
  "a password after the login": { bytes: [message("p", utf8("x\0")), sync] },
  "a server's message": { bytes: [message("Z", utf8("I")), sync] },
  // The server hangs up without a word, and the gateway says why.
  "a length of 3": { bytes: [Buffer.from("Q\0\0\0\x03"), sync], gateway: violation },
  "a length of 0": { bytes: [Buffer.from("S\0\0\0\0"), sync], gateway: violation },
  "a negative length": { bytes: [Buffer.of(0x51, 0xff, 0xff, 0xff, 0xff), sync], gateway: violation },
  "a Sync of 20 kB": { bytes: [raw("S", "x".repeat(20_000)), sync], gateway: lost },
  "a name longer than the server takes": { bytes: [describe("S", "n".repeat(10_000)), sync], gateway: lost },
  "a Query of 1 GB": { bytes: [Buffer.of(0x51, 0x40, 0, 0, 0), utf8("select 1")], gateway: tooLong },
  // The server refuses it as well, and loses its place in the stream by that: an ERROR, then a FATAL one.
  "a Query in the middle of COPY": {
    bytes: [query("copy orders from stdin"), query("select 1"), sync],
    gateway: [copyIn, ...violation],
  },
  "an unknown type in the middle of COPY": {
    bytes: [query("copy orders from stdin"), message("!"), sync],
    gateway: [copyIn, ...violation],
  },
};

/** What is no whole message: the caller hangs up in the middle. */
export const cutOff: Inputs = {
  "a type alone": [Buffer.from("Q")],
  "half a length": [Buffer.from("P\0\0")],
  "half a Query": [query("select 1").subarray(0, 9)],
  "half a Bind behind a Parse": [parse("", "select 1"), bind().subarray(0, 8)],
  "a COPY without its end": [query("copy orders from stdin"), message("d", utf8("7\tx\n"))],
};
