import { describe, expect, test } from "bun:test";
import type { Answer, Column, GuardedSession, Operation, RowFilter, Secret } from "../../core/plugin.ts";
import { hash, type MaskOptions, mask } from "./index.ts";

const session = {} as GuardedSession;
const bytes = (text: string) => Buffer.from(text);

function operation(text = "select 1"): Operation {
  return {
    text,
    actions: [{ effect: "read", on: "public.customers" }],
    inTransaction: false,
    policyVersion: "1",
  };
}

function answer(options: MaskOptions, text?: string): Answer {
  const found = mask(options).open(session).answer?.(operation(text));
  if (found === undefined) throw new Error("no answer");
  return found;
}

function column(name: string, more: Partial<Column> = {}): Column {
  return {
    name,
    type: "text",
    holdsText: true,
    format: "text",
    origins: [{ table: "public.customers", column: name }],
    plain: true,
    ...more,
  };
}

/** Each cell stands among others. */
function shownBy(filter: RowFilter, column: number, value: string | Uint8Array) {
  const cell = Buffer.from(value as string);
  const around = Buffer.from("4111");
  const view = Buffer.concat([around, cell, around]);
  return filter.show(column, view, around.length, around.length + cell.length);
}

/** One row through the mask: text, or null; undefined: the column is not even cut out. */
function row(options: MaskOptions, cells: readonly (readonly [Column, string | Uint8Array])[]) {
  const filter = answer(options).rows?.(cells.map(([each]) => each));
  return cells.map(([, value], index) => {
    if (typeof filter !== "object" || !filter.columns.includes(index)) return undefined;
    const shown = shownBy(filter, index, value);
    return shown && Buffer.from(shown).toString("utf8");
  });
}

describe("columns", () => {
  const masked = (options: MaskOptions["columns"] & object, each: Column, value = "alice@example.com") =>
    row({ columns: options }, [[each, value]])[0];

  test("nothing is decoded where nothing is concerned", () => {
    expect(answer({ columns: ["email"] }).rows?.([column("id"), column("city")])).toBe("clear");
    const filter = answer({ columns: ["email"] }).rows?.([column("id"), column("email")]);
    expect(filter).toMatchObject({ columns: [1] });
  });
  test("by name, by table and by schema", () => {
    const orders = column("card", { origins: [{ table: "public.orders", column: "card" }] });
    const customers = column("card", { origins: [{ table: "public.customers", column: "card" }] });
    expect(masked(["card"], orders)).toBe("****");
    expect(masked(["customers.card"], customers)).toBe("****");
    expect(masked(["customers.card"], orders)).toBeUndefined();
    expect(masked(["public.customers.card"], customers)).toBe("****");
    expect(masked(["sales.customers.card"], customers)).toBeUndefined();
    expect(masked([/^public\.customers\.c/], customers)).toBe("****");
    expect(masked([/CARD/i], orders)).toBe("****");
  });
  test("a regular expression with a state of its own finds every time", () => {
    const columns = Array.from({ length: 3 }, () => [column("ssn"), "x"] as const);
    expect(row({ columns: [/ssn/g] }, columns)).toEqual(["****", "****", "****"]);
  });
  test("an alias does not hide where a value comes from", () => {
    expect(
      masked(["email"], column("x", { origins: [{ table: "public.customers", column: "email" }] })),
    ).toBe("****");
  });
  test("a masked name is masked whatever it stands for", () => {
    expect(masked(["email"], column("EMAIL", { origins: [] }))).toBe("****");
  });
  test("one masked column among an expression's origins is enough", () => {
    const both = column("concat", { origins: [{ column: "city" }, { column: "email" }] });
    expect(masked(["public.customers.email"], both)).toBe("****");
  });
  test("what cannot be told is withheld, but only where columns are masked", () => {
    const unknown = column("row_to_json", { origins: "unknown" });
    expect(masked(["email"], unknown)).toBe("[withheld]");
    expect(masked(["email"], { ...unknown, type: "json", holdsText: false })).toBeNull();
    expect(row({ detect: ["card"] }, [[unknown, "x"]])[0]).toBeUndefined();
  });
  test("a constant or a count stays", () => {
    expect(masked(["email"], column("count", { origins: [] }), "3")).toBeUndefined();
  });
  test("what can hold no text becomes NULL, in either format", () => {
    expect(masked(["email"], column("email", { holdsText: false, type: "int4" }), "42")).toBeNull();
    expect(masked(["email"], column("email", { format: "binary" }))).toBe("****");
  });
});

describe("strategies", () => {
  const key = (value: string): Secret => ({ label: "env MASK_KEY", read: async () => value });
  test("partial keeps the shape", () => {
    const shown = (value: string) => row({ columns: ["x"], strategy: "partial" }, [[column("x"), value]])[0];
    expect(shown("alice@example.com")).toBe("a***@e***.com");
    expect(shown("4111 1111 1111 1111")).toBe("**** **** **** 1111");
    expect(shown("Wonderland")).toBe("W***");
    expect(shown("abc")).toBe("****");
    expect(shown("")).toBe("****");
  });
  test("nothing is shown of what may be computed: a part of each part, or a guess's pseudonym, would be all of it", async () => {
    const computed = (options: MaskOptions, more: Partial<Column> = {}) =>
      row(options, [[column("email", { plain: false, ...more }), "alice@example.com"]])[0];
    expect(computed({ columns: ["email"], strategy: "partial" })).toBe("****");
    expect(computed({ columns: ["email"], strategy: "null" })).toBeNull();
    expect(computed({ columns: ["email"], strategy: hash(key("a key of enough length")) })).toBe("****");
    const secret = key("a key of enough length");
    const guarded = mask({ detect: [{ detect: "email", as: hash(secret) }] }).open(session);
    await guarded.operation?.(operation());
    const filter = guarded.answer?.(operation())?.rows?.([column("a", { plain: false }), column("b")]);
    if (typeof filter !== "object") throw new Error("not filtered");
    expect(`${shownBy(filter, 0, "alice@example.com")}`).toBe("****");
    expect(`${shownBy(filter, 1, "alice@example.com")}`).toMatch(/^[0-9a-f]{16}$/);
  });
  test("null, and one of its own for a column or a detector", () => {
    const options: MaskOptions = {
      columns: [{ column: "email", as: "null" }, "card"],
      detect: [{ detect: "phone", as: "partial" }],
      strategy: "redact",
    };
    const cells = [
      [column("email"), "a@b.com"],
      [column("card"), "1"],
      [column("note"), "call +49 170 1234567"],
    ] as const;
    expect(row(options, cells)).toEqual([null, "****", "call +** *** *****67"]);
  });
  test("a hash is the same for the same value and key, and no operation runs before the key is read", async () => {
    const watch = (secret: Secret) => mask({ columns: ["email"], strategy: hash(secret) }).open(session);
    const pseudonym = async (value: string, secret: Secret) => {
      const open = watch(secret);
      expect(await open.operation?.(operation())).toBe("allow");
      expect(open.operation?.(operation())).toBe("allow");
      const filter = open.answer?.(operation())?.rows?.([column("email")]);
      return typeof filter === "object" ? Buffer.from(shownBy(filter, 0, value) ?? "").toString() : "";
    };
    const one = await pseudonym("alice@example.com", key("a key of enough length"));
    expect(one).toMatch(/^[0-9a-f]{16}$/);
    expect(await pseudonym("alice@example.com", key("a key of enough length"))).toBe(one);
    expect(await pseudonym("bob@example.com", key("a key of enough length"))).not.toBe(one);
    expect(await pseudonym("alice@example.com", key("another key of that length"))).not.toBe(one);
    const short = watch(key("short")).operation?.(operation());
    expect(short).rejects.toMatchObject({ code: "mask.key" });
  });
  test("without its key a value is redacted, never shown", () => {
    const open = mask({ columns: ["x"], strategy: hash(key("k".repeat(20))) }).open(session);
    const filter = open.answer?.(operation())?.rows?.([column("x")]);
    expect(typeof filter === "object" && shownBy(filter, 0, "clear")?.toString()).toBe("****");
  });
});

describe("detectors in cells", () => {
  const detect: MaskOptions = { detect: ["email", "card", "iban", "phone", "ssn", "ip", "jwt", "cloudkey"] };
  const found = (type: string, value: string | Uint8Array, more: Partial<Column> = {}) =>
    row(detect, [[column("note", { type, holdsText: type === "text", ...more }), value]])[0];

  test("replace what they find in text of either format and leave the rest", () => {
    expect(found("text", "mail alice@example.com or bob@example.org.")).toBe("mail **** or ****.");
    expect(found("text", "alice@example.com", { format: "binary" })).toBe("****");
    expect(found("text", "nothing here")).toBeUndefined();
  });
  test("leave valid JSON, or nothing", () => {
    expect(found("jsonb", '{"a": "alice@example.com", "n": 12345678901234567890}')).toBe(
      '{"a": "****", "n": 12345678901234567890}',
    );
    expect(found("json", '{"a":4111111111111111}')).toBe('{"a":null}');
    expect(found("json", '{"a":"alice\\u0040example.com"}')).toBe('{"a":"****"}');
    expect(found("json", '{"alice@example.com":1}')).toBe('{"****":1}');
    expect(found("json", '{"a":"alice@example.com"')).toBeNull();
    expect(
      found("jsonb", Buffer.concat([Buffer.from([1]), bytes('["a@example.com"]')]), { format: "binary" }),
    ).toBe('\u0001["****"]');
  });
  test("other types become NULL where something is found in them", () => {
    expect(found("_text", "{alice@example.com,x}")).toBe("{****,x}");
    expect(found("_text", bytes("\0\0\0\u0011alice@example.com"), { format: "binary" })).toBeNull();
    expect(found("int8", "4111111111111111")).toBeNull();
    expect(found("inet", "10.1.2.3")).toBeNull();
    expect(found("inet", Uint8Array.of(2, 32, 0, 4, 10, 1, 2, 3), { format: "binary" })).toBeNull();
    expect(found("bytea", `\\x${bytes("to alice@example.com").toString("hex")}`)).toBeNull();
    expect(found("mood", "alice@example.com")).toBeNull();
  });
  test("card numbers in binary numbers", () => {
    const int8 = Buffer.alloc(8);
    int8.writeBigInt64BE(4111111111111111n);
    expect(found("int8", int8, { format: "binary" })).toBeNull();
    int8.writeBigInt64BE(4111111111111112n);
    expect(found("int8", int8, { format: "binary" })).toBeUndefined();
    const numeric = Buffer.from("0004000300000000" + "100f045704570457", "hex");
    expect(found("numeric", numeric, { format: "binary" })).toBeNull();
  });
  test("are not asked about types that hold nothing of theirs", () => {
    expect(answer(detect).rows?.([column("a", { type: "timestamptz" }), column("b", { type: "uuid" })])).toBe(
      "clear",
    );
  });
});

describe("documents", () => {
  test("lose values under masked names and what is found anywhere", () => {
    const value = {
      items: [{ email: "x", card: 5, nested: { email: { a: 1 } } }, "mail bob@example.com"],
      "eve@example.com": true,
      safe: 1,
    };
    expect(
      answer({ columns: ["customers.email", "card"], detect: ["email"] }).document?.(
        "application/json",
        value,
      ),
    ).toEqual({
      items: [{ email: "****", card: "****", nested: { email: "****" } }, "mail ****"],
      "****": true,
      safe: 1,
    });
  });
  test("stay the same object where nothing is concerned", () => {
    const value = { a: [1, { b: "c" }] };
    expect(answer({ columns: ["email"], detect: ["card"] }).document?.("application/json", value)).toBe(
      value,
    );
  });
});

describe("options", () => {
  test("tell what they need of a protocol", () => {
    expect(mask({ columns: ["a"] }).needs).toEqual(["rows", "text"]);
    expect(mask({ detect: ["email"], answers: "stream" }).needs).toEqual(["stream"]);
    expect(mask({ columns: ["a"], answers: ["document", "text"] }).needs).toEqual(["document", "text"]);
  });
  test("that make no sense are refused", () => {
    const refused = (options: unknown) => {
      try {
        mask(options as MaskOptions);
      } catch (error) {
        return (error as { code: string }).code;
      }
      return "";
    };
    expect(refused({})).toBe("mask.empty");
    expect(refused({ detect: ["emails"] })).toBe("mask.detector");
    expect(refused({ columns: ["a.b.c.d"] })).toBe("mask.column");
    expect(refused({ columns: [""] })).toBe("mask.column");
    expect(refused({ columns: ["a"], answers: "stream" })).toBe("mask.answers");
  });
});
