import { expect, test } from "bun:test";
import { duplicateName } from "./duplicates.ts";

test("names that one object has twice are found at any depth and in any spelling", () => {
  for (const json of [
    '{"sub":1,"sub":2}',
    '{"sub" : 1 , "sub"\n:2}',
    '{"a":{"sub":1,"x":[],"sub":2}}',
    '{"a":[{"sub":1},{"sub":1,"sub":1}]}',
    '{"sub":1,"s\\u0075b":2}',
    `{"sub":1,"sub"${" ".repeat(200)}:2}`,
  ]) {
    JSON.parse(json);
    expect(duplicateName(json)).toBe("sub");
  }
  expect(duplicateName('{"a\\"b":1,"a\\"b":2}')).toBe('a"b');
  expect(duplicateName('{"__proto__":1,"__proto__":2}')).toBe("__proto__");
});

test("the same name in other objects, or as a value, is none", () => {
  for (const json of [
    '{"sub":"sub","act":{"sub":"sub"}}',
    '["sub","sub"]',
    '[{"sub":1},{"sub":2}]',
    '{"a":"\\"sub\\":1,\\"sub\\":2"}',
    '{"a":{"sub":1},"sub":2}',
    '{"a":["b","b"],"b":1}',
  ]) {
    JSON.parse(json);
    expect(duplicateName(json)).toBeUndefined();
  }
});
