import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../../test/fuzz.ts";
import { readJson } from "./json.ts";
import { rewritten } from "./rewrite.ts";

/** Each other text, name and number is another one. */
function changed(value: unknown): unknown {
  if (typeof value === "string") return value.length % 2 === 0 ? value : "****";
  if (typeof value === "number") return Number.isInteger(value) ? value : null;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(changed);
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [name.length % 3 === 1 ? `${name}!` : name, changed(field)]),
  );
}

const spaced = (text: string, space: string) => JSON.stringify(JSON.parse(text), null, space);

test("any JSON reads as JSON.parse reads it, and is written as it was", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom("", " ", "\t", "  "), (json, space) => {
      const text = spaced(json, space);
      const source = readJson(text);
      expect(rewritten(source, source.value)).toBe(text);
      expect(rewritten(source, structuredClone(source.value))).toBe(text);
    }),
    sampled(300),
  );
});

test("any change of any JSON is the change that was made, and all else keeps its text", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom("", " ", "\t"), (json, space) => {
      const source = readJson(spaced(json, space));
      const after = changed(source.value);
      const written = rewritten(source, after);
      expect(readJson(written).value).toEqual(after);
      expect(readJson(written).repeating.size).toBe(0);
    }),
    sampled(300),
  );
});

test("any text is JSON here and for JSON.parse, or for neither", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "a",
    "1",
    "-",
    ".",
    "e",
    "0",
    "true",
    "null",
    " ",
    "\n",
    "\\u00",
    "\u0001",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
      const text = parts.join("");
      expect([text, reads(readJson, text)]).toEqual([text, reads(JSON.parse, text)]);
    }),
    sampled(5000),
  );
});

test("of a name that comes again the last one stays, with its text", () => {
  const fields = fc.array(
    fc.tuple(
      fc.constantFrom("a", "b", "0", "__proto__"),
      fc.constantFrom("1.0", "[]", '{"a":1,"a":2.0}', '"x"'),
    ),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(fields, (members) => {
      const source = readJson(`{${members.map(([name, value]) => `"${name}": ${value}`).join(" , ")}}`);
      const written = rewritten(source, source.value);
      expect(readJson(written).repeating.size).toBe(0);
      expect(JSON.parse(written)).toEqual(JSON.parse(source.text));
    }),
    sampled(500),
  );
});

function reads(read: (text: string) => unknown, text: string): boolean {
  try {
    read(text);
    return true;
  } catch {
    return false;
  }
}
