import { describe, expect, test } from "bun:test";
import type { Answer, GuardedSession } from "../../core/plugin.ts";
import { type MaskOptions, mask } from "./index.ts";

const session = {} as GuardedSession;

function answer(options: MaskOptions, text = "select 1"): Answer | undefined {
  const operation = { text, actions: [], inTransaction: false, policyVersion: "1" };
  return mask(options).open(session).answer?.(operation);
}

describe("messages", () => {
  const said = (text: string, code: string | undefined, asked?: string) =>
    answer({ columns: ["email"] }, asked)?.text?.("error", text, code);
  const withheld = (code: string) => `message withheld by mask, SQLSTATE ${code}`;

  test("pass where they are the server's words and the caller's own", () => {
    const passing = [
      ['relation "custmers" does not exist', "42P01", "select * from custmers"],
      ['column "emial" does not exist', "42703", "select emial from customers"],
      ['syntax error at or near "selec"', "42601", "selec 1"],
      [
        "current transaction is aborted, commands ignored until end of transaction block",
        "25P02",
        "select 1",
      ],
      ["canceling statement due to statement timeout", "57014", "select 1"],
      ["division by zero", "22012", "select 1/0"],
      ["permission denied for table customers", "42501", "select * from customers"],
    ] as const;
    for (const [text, code, asked] of passing) expect(said(text, code, asked)).toBe(text);
  });
  test("are withheld where they may quote a value", () => {
    const leaking = [
      [
        'invalid input syntax for type integer: "alice@example.com"',
        "22P02",
        "select email::int from customers",
      ],
      ['relation "alice@example.com" does not exist', "42P01", "select email::regclass from customers"],
      [
        'relation "4111" does not exist',
        "42P01",
        "/* 4110 4111 4112 */ select substr(card,1,4)::regclass from c",
      ],
      ['schema "alice@example" does not exist', "3F000", "select email::regclass from customers"],
      [
        'unrecognized configuration parameter "alice@example.com"',
        "42704",
        "select current_setting(email) from c",
      ],
      ['syntax error in tsquery: "alice example"', "42601", "select email::tsquery from customers"],
      [
        "Failing row contains (1, alice@example.com, 4111111111111111).",
        "23502",
        "update customers set card = null",
      ],
      [
        "Key (email)=(alice@example.com) already exists.",
        "23505",
        "insert into customers select * from other",
      ],
      ["alice@example.com", "P0001", "do $$ begin raise '%', (select email from customers); end $$"],
      ["alice@example.com", "42601", "select leak()"],
    ] as const;
    for (const [text, code, asked] of leaking) expect(said(text, code, asked)).toBe(withheld(code));
    expect(said("anything", undefined)).toBe("message withheld by mask");
    expect(said("anything", "ENOENT")).toBe(withheld("ENOENT"));
  });
  test("that nobody asked for are withheld as well", () => {
    const unasked = mask({ columns: ["email"] })
      .open(session)
      .unasked?.();
    expect(unasked?.text?.("notice", "alice@example.com", "00000")).toBe(withheld("00000"));
    expect(unasked?.text?.("notification", '{"email":"alice@example.com"}')).toBe("message withheld by mask");
  });
  test("only lose what is found where no column is masked", () => {
    const shown = answer({ detect: ["email"] })?.text?.(
      "error",
      'invalid input: "alice@example.com"',
      "22P02",
    );
    expect(shown).toBe('invalid input: "****"');
  });
});
