import { expect, test } from "bun:test";
import fc from "fast-check";
import { PosternError } from "../../../core/plugin.ts";
import { sampled } from "../../../test/fuzz.ts";
import { callerSettings } from "./settings.ts";

const settings = (parameters: Record<string, string>) =>
  Object.fromEntries(callerSettings(new Map(Object.entries({ user: "u", database: "d", ...parameters }))));

test("what only changes how answers look goes on; options are read as the server reads them", () => {
  expect(settings({ DateStyle: "ISO, MDY", extra_float_digits: "2", TimeZone: "UTC" })).toEqual({
    datestyle: "ISO, MDY",
    extra_float_digits: "2",
    timezone: "UTC",
  });
  expect(
    settings({ options: "-c statement_timeout=5s  --client-min-messages=warning -cdatestyle=ISO,\\ DMY" }),
  ).toEqual({ statement_timeout: "5s", client_min_messages: "warning", datestyle: "ISO, DMY" });
  expect(settings({ options: "-c timezone=UTC", timezone: "CET", "_pq_.x": "1" })).toEqual({
    timezone: "CET",
  });
});

test("UTF8 in every spelling, and no conversion at all, are the gateway's own encoding", () => {
  for (const name of ["UTF8", "utf-8", "'utf-8'", "UNICODE", "SQL_ASCII"]) {
    expect(settings({ client_encoding: name })).toEqual({});
  }
  for (const name of ["LATIN1", "SJIS", "BIG5", "GBK", "utf8; x", ""]) {
    expect(() => settings({ client_encoding: name })).toThrow("UTF8 only");
    expect(() => settings({ options: `-c client_encoding=${name}` })).toThrow(PosternError);
  }
});

test("what would go around the policy is refused, however it is written", () => {
  for (const name of [
    "role",
    "ROLE",
    "session_authorization",
    "search_path",
    "default_transaction_read_only",
    "session_preload_libraries",
    "local_preload_libraries",
    "standard_conforming_strings",
    "backslash_quote",
    "row_security",
    "log_statement",
    "my.own",
  ]) {
    expect(() => settings({ [name]: "x" })).toThrow("cannot be set at start-up");
    for (const options of [
      `-c ${name}=x`,
      `-c${name}=x`,
      `--${name}=x`,
      `--${name.replaceAll("_", "-")}=x`,
    ]) {
      expect(() => settings({ options })).toThrow("cannot be set at start-up");
    }
    expect(() => settings({ options: `-c ${name.slice(0, 1)}\\${name.slice(1)}=x` })).toThrow(PosternError);
  }
  for (const options of ["-e", "-S 1", "-c", "--role", "-c =x", "role=x", "-"]) {
    expect(() => settings({ options })).toThrow(PosternError);
  }
  expect(() => settings({ client_min_messages: "debug5" })).toThrow("not one that may be set");
});

test("no options lead to a setting that is not listed", () => {
  const word = fc.constantFrom("-c", "--", "role=x", "timezone=UTC", "\\", " ", "search-path", "=", "x");
  fc.assert(
    fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 })), { maxLength: 6 }), (words) => {
      try {
        expect(Object.keys(settings({ options: words.join("") })).every((name) => name === "timezone")).toBe(
          true,
        );
      } catch (error) {
        if (!(error instanceof PosternError)) throw error;
      }
    }),
    sampled(2_000),
  );
});
