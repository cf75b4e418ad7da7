import { expect, test } from "bun:test";
import fc from "fast-check";
import { PosternError } from "../../../core/plugin.ts";
import { sampled } from "../../../test/fuzz.ts";
import { callerSettings } from "./settings.ts";

function read(parameters: Record<string, string>) {
  const { settings, asked } = callerSettings(
    new Map(Object.entries({ user: "u", database: "d", ...parameters })),
  );
  return { settings: Object.fromEntries(settings), asked: Object.fromEntries(asked) };
}

const free = (settings: Record<string, string>) => ({ settings, asked: {} });
const asked = (settings: Record<string, string>) => ({ settings: {}, asked: settings });

test("what only changes how answers look goes on; options are read as the server reads them", () => {
  expect(read({ DateStyle: "ISO, MDY", extra_float_digits: "2", TimeZone: "UTC" })).toEqual(
    free({ datestyle: "ISO, MDY", extra_float_digits: "2", timezone: "UTC" }),
  );
  expect(
    read({ options: "-c statement_timeout=5s  --client-min-messages=warning -cdatestyle=ISO,\\ DMY" }),
  ).toEqual(free({ statement_timeout: "5s", client_min_messages: "warning", datestyle: "ISO, DMY" }));
  expect(read({ options: "-c timezone=UTC", timezone: "CET", "_pq_.x": "1" })).toEqual(
    free({ timezone: "CET" }),
  );
});

test("UTF8 in every spelling, and no conversion at all, are the gateway's own encoding", () => {
  for (const name of ["UTF8", "utf-8", "'utf-8'", "UNICODE", "SQL_ASCII"]) {
    expect(read({ client_encoding: name })).toEqual(free({}));
  }
  for (const name of ["LATIN1", "SJIS", "BIG5", "GBK", "utf8; x", ""]) {
    expect(read({ client_encoding: name })).toEqual(asked({ client_encoding: name }));
  }
});

test("all else is for policy to decide, however it is written", () => {
  for (const name of [
    "role",
    "session_authorization",
    "search_path",
    "default_transaction_read_only",
    "transaction_read_only",
    "standard_conforming_strings",
    "backslash_quote",
    "row_security",
    "session_replication_role",
    "log_statement",
    "my.own",
  ]) {
    const only = asked({ [name]: "x" });
    expect(read({ [name]: "x" })).toEqual(only);
    expect(read({ [name.toUpperCase()]: "x" })).toEqual(only);
    for (const options of [
      `-c ${name}=x`,
      `-c${name}=x`,
      `-c\t${name.toUpperCase()}=x`,
      `--${name}=x`,
      `--${name.replaceAll("_", "-")}=x`,
      `-c ${name.slice(0, 1)}\\${name.slice(1)}=\\x`,
      `-c ${name}=y -c ${name.toUpperCase()}=x`,
    ]) {
      expect([options, read({ options })]).toEqual([options, only]);
    }
    expect(read({ options: `-c ${name}=y`, [name.toUpperCase()]: "x" })).toEqual(only);
  }
  expect(read({ client_min_messages: "debug5" })).toEqual(asked({ client_min_messages: "debug5" }));
});

test("the last word for a setting is where it stands: session_authorization after role is another thing than before", () => {
  const order = (options: string) => [...callerSettings(new Map([["options", options]])).asked.keys()];
  expect(order("-c role=a -c session_authorization=b")).toEqual(["role", "session_authorization"]);
  expect(order("-c role=a -c session_authorization=b -c ROLE=c")).toEqual(["session_authorization", "role"]);
});

test("what names no setting is refused: it would be a word of the start-up packet itself", () => {
  for (const name of [
    "USER",
    "Database",
    "REPLICATION",
    "OPTIONS",
    "_PQ_.x",
    "a-b",
    "a b",
    "a=b",
    "1a",
    "a.",
    ".a",
    "a..b",
    "rol\u212a",
    "r\u00f6le",
    "x".repeat(64),
  ]) {
    expect(() => read({ [name]: "x" })).toThrow("is no setting");
  }
  for (const name of ["user", "database", "replication", "options", "_pq_.x"]) {
    expect(() => read({ options: `-c ${name}=x` })).toThrow("is no setting");
  }
  for (const options of [
    "-e",
    "-S 1",
    "-O",
    "-P",
    "-c",
    "--role",
    "-c =x",
    "role=x",
    "-",
    "--",
    "-ec role=x",
  ]) {
    expect(() => read({ options })).toThrow("is not understood");
  }
});

test("what no SET could do is not done at start-up either", () => {
  for (const name of [
    "local_preload_libraries",
    "session_preload_libraries",
    "ignore_system_indexes",
    "log_disconnections",
    "post_auth_delay",
  ]) {
    for (const parameters of [
      { [name]: "x" },
      { [name.toUpperCase()]: "x" },
      { options: `--${name.replaceAll("_", "-")}=x` },
    ]) {
      expect(() => read(parameters)).toThrow("from start-up or not at all");
    }
  }
});

test("a start-up packet has no endless list of them", () => {
  const many = (count: number) =>
    Array.from({ length: count }, (_, index) => `-c my.setting${index}=x`).join(" ");
  expect(Object.keys(read({ options: many(32) }).asked)).toHaveLength(32);
  expect(() => read({ options: many(33) })).toThrow("More than 32 settings");
});

test("no options lead to a setting that nobody is asked about but those that need no right", () => {
  const word = fc.constantFrom("-c", "--", "role=x", "timezone=UTC", "\\", " ", "search-path", "=", "x");
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 })), { maxLength: 6 }), (words) => {
      try {
        const { settings, asked } = read({ options: words.join("") });
        expect(Object.keys(settings).every((name) => name === "timezone")).toBe(true);
        for (const name of Object.keys(asked)) expect(name).toMatch(/^[a-z_][a-z0-9_$.]*$/);
      } catch (error) {
        if (!(error instanceof PosternError)) throw error;
      }
    }),
    sampled(2_000),
  );
});
