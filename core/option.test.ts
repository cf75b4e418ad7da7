import { expect, test } from "bun:test";
import { PosternError } from "./error.ts";
import { oneOf, onlyKnown } from "./option.ts";

interface Options {
  readonly rows?: number;
  readonly name?: string;
}

test("a misspelled option is refused and the known ones are named", () => {
  const misspelled: object = { row: 3 };
  let refused: unknown;
  try {
    onlyKnown<Options>("limit", misspelled, { rows: true, name: true });
  } catch (error) {
    refused = error;
  }
  expect(refused).toBeInstanceOf(PosternError);
  expect(refused).toMatchObject({
    code: "policy.option",
    message: 'limit() has no option "row".',
    more: { hint: "It takes rows, name." },
  });
});

test("a name that every object inherits is no option either", () => {
  const odd: object = { constructor: 1 };
  expect(() => onlyKnown<Options>("limit", odd, { rows: true, name: true })).toThrow('"constructor"');
});

test("known options pass", () => {
  onlyKnown<Options>("limit", { rows: 3 }, { rows: true, name: true });
});

test("a word is one of the choices or refused", () => {
  expect(oneOf("colour", "red", ["red", "blue"])).toBe("red");
  expect(() => oneOf<string>("colour", "redd", ["red", "blue"])).toThrow('"redd" is no colour.');
});
