import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../test/fuzz.ts";
import { locate } from "./locate.ts";

const source = `import { gateway } from "postern";
export default gateway(
  // the whole of it ({[
  {
    listen: { "rows": [1, { port: 2 }] }, /* , } */
    always: [mask({ columns: [/ssn[,}]/i, "a]" ] }), \`\${{ a: "}" }.a},\`, last],
    rules: [
      { who: group("a", "b"), on: "orders" },
      ...more,
      { on: "beyond" },
    ],
    limits,
    workers: 1 / 2, health: 1,
  },
);
`;

test.each([
  [["listen"], "listen"],
  [["listen", "rows", 1, "port"], "port: 2"],
  [["always", 1], "`${{"],
  [["always", 2], "last]"],
  [["rules", 0, "on"], 'on: "orders"'],
  [["rules", 0, "who"], "who:"],
  [["health"], "health"],
  // Beyond a spread, a variable and a call it stays where it was.
  [["rules", 2, "on"], "rules: ["],
  [["limits", "idle"], "limits,"],
  [["always", 0, "columns"], "mask({"],
  [["nothing"], "gateway(\n"],
  [[], "gateway(\n"],
])("%j", (path, text) => {
  const at = locate({ file: "a.ts", line: 2, column: 16, source }, path);
  expect(
    source
      .split("\n")
      .slice(at.line - 1)
      .join("\n")
      .slice(at.column - 1),
  ).toStartWith(text);
});

test("whatever was written there, it answers with a place in it", () => {
  const text = fc.string({ unit: fc.constantFrom(..."({[]})\"'`\\/*, a:1\n$."), maxLength: 60 });
  fc.assert(
    fc.property(text, fc.array(fc.oneof(fc.constant("a"), fc.nat(3)), { maxLength: 3 }), (written, path) => {
      const at = locate({ file: "a.ts", line: 1, column: 1, source: `gateway(${written}` }, path);
      expect(at.line).toBeLessThanOrEqual(written.split("\n").length);
    }),
    sampled(3_000),
  );
});
