import { describe, expect, test } from "bun:test";
import {
  type Action,
  type Column,
  type GuardedSession,
  type Operation,
  PosternError,
  type Watch,
} from "../../core/plugin.ts";
import { hash, type MaskOptions, mask } from "./index.ts";

const session = {} as GuardedSession;
const key = { label: "key", read: async () => "an invented key of the tests" };

function operation(
  text: string,
  effect: Action["effect"],
  parameters?: readonly (string | Uint8Array | null)[],
): Operation {
  return {
    text,
    actions: [{ effect, on: "customers" }],
    inTransaction: false,
    policyVersion: "1",
    ...(parameters
      ? { parameters: { length: parameters.length, at: (index: number) => parameters[index] ?? null } }
      : {}),
  };
}

const read = operation("select 1", "read");

async function opened(options: MaskOptions): Promise<Watch> {
  const watch = mask(options).open(session);
  await watch.operation?.(read);
  return watch;
}

async function said(watch: Watch, asked: Operation): Promise<string> {
  const verdict = await watch.operation?.(asked);
  return typeof verdict === "object" && "deny" in verdict ? verdict.deny.code : String(verdict);
}

/** Shows one row to the session; returns what stands in place of the value. */
function row(watch: Watch, name: string, value: string): string {
  const column: Column = {
    ...{ name, type: "text", holdsText: true, format: "text", origins: [{ column: name }] },
    plain: true,
  };
  const filter = watch.answer?.(read)?.rows?.([column]);
  return typeof filter === "object"
    ? Buffer.from(filter.show(0, Buffer.from(value), 0, Buffer.byteLength(value)) ?? "").toString()
    : value;
}

const put = (body: string | Uint8Array) => operation("PUT /customers/1", "write", [body]);
const refused = "mask.written-back";

describe("a masked value written back to a database", () => {
  test.each([["partial"], [hash(key)]] as const)(
    "as parameter or literal is refused (%p)",
    async (strategy) => {
      const watch = await opened({ columns: ["email"], strategy });
      const shown = row(watch, "email", "alice@example.com");
      expect(shown).not.toBe("alice@example.com");
      expect(await said(watch, operation("update customers set email = $1", "write", [shown]))).toBe(refused);
      expect(
        await said(watch, operation("update customers set email = $1", "write", [Buffer.from(shown)])),
      ).toBe(refused);
      expect(await said(watch, operation(`update customers set email = '${shown}'`, "write"))).toBe(refused);
      expect(
        await said(watch, {
          ...operation("insert", "write"),
          batch: [operation("i", "write", ["x"]), operation("i", "write", [shown])],
        }),
      ).toBe(refused);
    },
  );
  test("however the literal is written", async () => {
    const watch = await opened({ columns: ["email"], strategy: "partial" });
    const shown = row(watch, "email", "alice@example.com");
    const hex = (text: string, mark: string) =>
      [...text].map((each) => `${mark}${each.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
    const written = [
      `E'${shown}'`,
      `e'${hex(shown, "\\u")}'`,
      `E'${[...shown].map((each) => `\\x${each.charCodeAt(0).toString(16)}`).join("")}'`,
      `E'${[...shown].map((each) => `\\${each.charCodeAt(0).toString(8)}`).join("")}'`,
      `U&'${hex(shown, "\\")}'`,
      `U&'${hex(shown, "!")}' UESCAPE '!'`,
      `$$${shown}$$`,
      `$body$${shown}$body$`,
      `'${shown.slice(0, 3)}'\n  '${shown.slice(3)}'`,
      `'{"a": {"b": ["${shown}"]}}'::jsonb`,
      `$${"$"}{"a": "${shown}"}$$`,
      `'{${shown},x}'::text[]`,
      `'(1,${shown})'::contact`,
      `'it''s', '${shown}'`,
      `E'it\\'s', '${shown}'`,
      `1 /* it's */, '${shown}'`,
      `1, -- it's\n '${shown}'`,
      `"it's", '${shown}'`,
      `--email '${shown}'`,
    ];
    for (const each of written) {
      expect(await said(watch, operation(`update c set email = ${each}`, "write")), each).toBe(refused);
    }
    const binary = Buffer.concat([Buffer.of(1), Buffer.from(`{"mail": "${shown}"}`)]);
    expect(await said(watch, operation("update c set doc = $1", "write", [binary]))).toBe(refused);
    const array = Buffer.concat([Buffer.of(0, 0, 0, 1, 0, 0, 0, 14), Buffer.from(shown)]);
    expect(await said(watch, operation("update c set mails = $1", "write", [array]))).toBe(refused);
    for (const other of [`'${shown}x'`, "$$$$", "E'\\\\'", "'{\"a\": 1}'", "'(1,2)'", "U&'\\0061'"]) {
      expect(await said(watch, operation(`update c set email = ${other}`, "write")), other).toBe("allow");
    }
  });
  test("a search for it is allowed, as is another value", async () => {
    const watch = await opened({ columns: ["email"], strategy: "partial" });
    const shown = row(watch, "email", "alice@example.com");
    expect(await said(watch, operation("select 1 where email = $1", "read", [shown]))).toBe("allow");
    expect(await said(watch, operation("update c set email = $1", "write", ["b***@e***.com"]))).toBe("allow");
    expect(await said(watch, operation("update c set email = $1", "write", [null, "new@example.com"]))).toBe(
      "allow",
    );
  });
  test("the plain stars only after they were shown", async () => {
    const watch = await opened({ columns: ["email"] });
    const write = operation("update c set email = $1", "write", ["****"]);
    expect(await said(watch, write)).toBe("allow");
    row(watch, "email", "alice@example.com");
    expect(await said(watch, write)).toBe(refused);
    expect(await said(watch, operation("update c set note = $1", "write", ["*** and **** in a note"]))).toBe(
      "allow",
    );
    expect(await said(watch, operation("update c set note = $1", "write", ["***"]))).toBe("allow");
  });
  test("what one session saw is nothing to another", async () => {
    const guard = mask({ columns: ["email"], strategy: "partial" });
    const [one, other] = [guard.open(session), guard.open(session)];
    const shown = row(one, "email", "alice@example.com");
    expect(await said(other, operation("update c set email = $1", "write", [shown]))).toBe("allow");
  });
  test("is allowed where the policy says so", async () => {
    const watch = await opened({ columns: ["email"], writtenBack: "allow" });
    row(watch, "email", "alice@example.com");
    expect(watch.operation).toBeUndefined();
  });
});

describe("a masked value written back over HTTP", () => {
  const shown = async (options: MaskOptions, value: unknown) => {
    const watch = await opened({ answers: "document", ...options });
    const seen = watch.answer?.(read)?.document?.("application/json", value);
    return { watch, seen };
  };
  const customer = { id: 1, email: "alice@example.com", note: "write to bob@example.org", tags: ["a"] };

  test("the whole document, changed elsewhere", async () => {
    for (const strategy of ["redact", "partial", hash(key)] as const) {
      const { watch, seen } = await shown({ columns: ["email"], strategy }, customer);
      expect(await said(watch, put(JSON.stringify({ ...(seen as object), id: 2 })))).toBe(refused);
      expect(
        await said(watch, put(Buffer.from(JSON.stringify([{ EMAIL: (seen as typeof customer).email }])))),
      ).toBe(refused);
      expect(await said(watch, put(JSON.stringify({ ...customer, email: "new@example.com" })))).toBe("allow");
    }
  });
  test("a text in which something was found", async () => {
    const { watch, seen } = await shown({ detect: ["email"] }, customer);
    const { note } = seen as typeof customer;
    expect(note).toBe("write to ****");
    expect(await said(watch, put(JSON.stringify({ note })))).toBe(refused);
    expect(await said(watch, put(JSON.stringify({ note: "write to **** at once" })))).toBe("allow");
    expect(await said(watch, put(JSON.stringify({ rating: "****" })))).toBe("allow");
    expect(await said(watch, put(JSON.stringify({ email: "****" })))).toBe(refused);
  });
  test("forms, patches and YAML", async () => {
    const { watch } = await shown({ columns: ["email"], strategy: "redact" }, customer);
    expect(await said(watch, put("id=1&email=****"))).toBe(refused);
    expect(await said(watch, put("id=1&rating=****"))).toBe("allow");
    expect(await said(watch, put('[{"op":"replace","path":"/email","value":"****"}]'))).toBe(refused);
    expect(await said(watch, put('[{"op":"replace","path":"/rating","value":"****"}]'))).toBe("allow");
    expect(await said(watch, put('id: 1\nemail: "****"\n'))).toBe(refused);
    expect(await said(watch, put("id: 1\nrating: ****\n"))).toBe("allow");
    expect(await said(watch, put("a poem\n****\nabout stars"))).toBe("allow");
    const partial = await shown({ columns: ["email"], strategy: "partial" }, customer);
    expect(await said(partial.watch, put("to: a***@e***.com\n"))).toBe(refused);
    expect(await said(partial.watch, put("email=a***%40e***.com&b=1"))).toBe(refused);
  });
  test("what is remembered has a bound, and the last of it is known", async () => {
    const watch = await opened({ answers: "document", columns: ["id"], strategy: hash(key) });
    const seen = watch.answer?.(read)?.document?.(
      "",
      Array.from({ length: 50_000 }, (_, id) => ({ id })),
    ) as { id: string }[];
    expect(await said(watch, put(JSON.stringify(seen.at(-1))))).toBe(refused);
  });
  test("broken bodies are none of it", async () => {
    const { watch } = await shown({ columns: ["email"] }, customer);
    for (const body of ["{", '{"a":', "[".repeat(100_000), "%%%=%", "\0", "", Buffer.from([0xff, 0xfe])]) {
      expect(await said(watch, put(body))).toBe("allow");
    }
  });
});

describe("a masked value written back by COPY FROM STDIN", () => {
  /** What becomes of data that comes in these pieces. */
  const copied = (watch: Watch, ...pieces: readonly (string | Uint8Array)[]) => {
    const answer = watch.answer?.(operation("copy customers from stdin", "write"));
    try {
      for (const piece of [...pieces, ""]) answer?.received?.(Buffer.from(piece));
      return "allow";
    } catch (error) {
      return error instanceof PosternError ? error.code : String(error);
    }
  };
  const binary = (text: string) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(Buffer.byteLength(text));
    return Buffer.concat([
      Buffer.from("PGCOPY\n\xff\r\n\0"),
      Buffer.from([0, 2, 0, 0, 0, 1, 49]),
      length,
      Buffer.from(text),
    ]);
  };

  test.each([["redact"], ["partial"], [hash(key)], [hash(key, { length: 40 })]] as const)(
    "is refused in each format, however it is cut (%p)",
    async (strategy) => {
      const watch = await opened({ columns: ["email"], strategy });
      const shown = row(watch, "email", "alice@example.com");
      for (const data of [
        `1\tx\n2\t${shown}\n3\ty\n`,
        `2\t${shown}`,
        `1,x\n2,${shown},z\n`,
        `1,"x"\n2,"${shown}"\n`,
        `1|${shown}|x\n`,
        `1\t{"${shown}"}\n`,
        binary(shown),
      ]) {
        expect([data, copied(watch, data)]).toEqual([data, refused]);
        const bytes = Buffer.from(data);
        expect(copied(watch, ...Array.from(bytes, (_, at) => bytes.subarray(at, at + 1)))).toBe(refused);
      }
    },
  );

  test.each([["partial"], [hash(key)]] as const)(
    "is refused between whatever parts the fields (%p)",
    async (strategy) => {
      const watch = await opened({ columns: ["email"], strategy });
      const shown = row(watch, "email", "alice@example.com");
      for (const delimiter of "!#$%&/:?\\^`~=; ") {
        const data = `1${delimiter}${shown}${delimiter}x\n`;
        expect([data, copied(watch, data)]).toEqual([data, refused]);
      }
    },
  );

  test("other values pass, also long ones, and what a session was not shown", async () => {
    const watch = await opened({ columns: ["email"], strategy: "partial" });
    const shown = row(watch, "email", "alice@example.com");
    expect(copied(watch, "1\talice@example.com\n2\t*\n", "3\tb", "ob\n", "x".repeat(100_000))).toBe("allow");
    expect(copied(await opened({ columns: ["email"], strategy: "partial" }), `1\t${shown}\n`)).toBe("allow");
    expect(copied(await opened({ columns: ["email"] }), "1\t****\n")).toBe("allow");
    const lax = await opened({ columns: ["email"], strategy: "partial", writtenBack: "allow" });
    expect(copied(lax, `1\t${row(lax, "email", "alice@example.com")}\n`)).toBe("allow");
  });
});
