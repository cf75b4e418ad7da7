import { describe, expect, test } from "bun:test";
import type { Answer, GuardedSession, TextSource } from "../../core/plugin.ts";
import { type MaskOptions, mask } from "./index.ts";

const session = {} as GuardedSession;

function answer(options: MaskOptions): Answer | undefined {
  const operation = { text: "select 1", actions: [], inTransaction: false, policyVersion: "1" };
  return mask(options).open(session).answer?.(operation);
}

describe("messages", () => {
  const said = (text: string, code: string | undefined, source?: TextSource) =>
    answer({ columns: ["email"] })?.text?.("error", text, code, source);
  const withheld = (code: string) => `message withheld by mask, SQLSTATE ${code}`;

  test("pass where the server says them of the statement, before it looks at a value", () => {
    expect(said('relation "custmers" does not exist', "42P01", "statement")).toBe(
      'relation "custmers" does not exist',
    );
  });
  test("pass where they are the server's own, word for word", () => {
    const passing = [
      ["current transaction is aborted, commands ignored until end of transaction block", "25P02"],
      ["canceling statement due to statement timeout", "57014"],
      ["division by zero", "22012"],
      ["permission denied for table customers", "42501"],
      ['duplicate key value violates unique constraint "customers_email_key"', "23505"],
      ['null value in column "email" of relation "customers" violates not-null constraint', "23502"],
    ] as const;
    for (const [text, code] of passing) expect(said(text, code, "server")).toBe(text);
    expect(said("division by zero", "22012")).toBe("division by zero");
  });
  test("are withheld where they may quote a value", () => {
    const leaking = [
      ['invalid input syntax for type integer: "alice@example.com"', "22P02"],
      ['relation "alice" does not exist', "42P01"],
      ['schema "alice@example" does not exist', "3F000"],
      ['unrecognized configuration parameter "alice@example.com"', "42704"],
      ['syntax error in tsquery: "alice example"', "42601"],
      ["Failing row contains (1, alice@example.com, 4111111111111111).", "23502"],
      ["Key (email)=(alice@example.com) already exists.", "23505"],
      ["division by zero, alice", "22012"],
      ['duplicate key value violates unique constraint "a" alice "b"', "23505"],
      ['cursor "alice" does not exist', "34000"],
    ] as const;
    for (const [text, code] of leaking) expect(said(text, code, "server")).toBe(withheld(code));
    for (const source of ["server", undefined] as const) {
      expect(said("anything", undefined, source)).toBe("message withheld by mask");
      expect(said("anything", "ENOENT", source)).toBe(withheld("ENOENT"));
    }
  });
  test("with names in them are the server's only where it is sure to speak", () => {
    const text = 'duplicate key value violates unique constraint "alice"';
    expect(said(text, "23505")).toBe(withheld("23505"));
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
