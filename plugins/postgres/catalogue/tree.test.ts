import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../../test/fuzz.ts";
import { plainTargets } from "./tree.ts";

const entry = (number: number, relation: number, column: number, expression = "{VAR :varno 1}") =>
  `{TARGETENTRY :expr ${expression} :resno ${number} :resname a\\ \\{\\(b :ressortgroupref 0 ` +
  `:resorigtbl ${relation} :resorigcol ${column} :resjunk false}`;
const nested = `{SUBLINK :subselect {QUERY :targetList (${entry(1, 999, 9)})}}`;

test("reads the outermost target list and nothing inside of it or beside it", () => {
  const tree =
    `({QUERY :commandType 1 :cteList ({COMMONTABLEEXPR :ctequery {QUERY :targetList (${entry(1, 998, 8)})}}) ` +
    `:targetList (${entry(1, 16384, 2)} ${entry(2, 0, 0, nested)} ${entry(3, 16385, 0)}) ` +
    `:returningList (${entry(4, 997, 7)}) :stmt_len 0})`;
  expect(plainTargets(tree)).toEqual([
    { number: 1, relation: 16384, column: 2 },
    { number: 3, relation: 16385, column: 0 },
  ]);
});

test("anything else is no target, and no error", () => {
  const token = fc.constantFrom("(", ")", "{", "}", "\\", " ", ":targetList", "TARGETENTRY", ":resno", "7");
  fc.assert(
    fc.property(fc.array(fc.oneof(token, fc.string({ maxLength: 3 }))), (tokens) => {
      plainTargets(tokens.join(""));
    }),
    sampled(500),
  );
  expect(plainTargets("")).toEqual([]);
});
