import { expect, test } from "bun:test";
import { maskOf, namesOf } from "./masks.ts";
import { replaced } from "./places.ts";
import { quieted } from "./status.ts";

const named = { environment: namesOf(["*password*"]), configMap: namesOf([]) };
const shown = (value: unknown, ofSecrets = false) =>
  replaced(value, named, (_value, encoding) => maskOf(encoding), ofSecrets);

test.each([
  [
    "a pod that is printed whole",
    'Pod "web" is invalid: spec: Forbidden: may not change\n  core.PodSpec{\n Env: {Name: "DB_PASSWORD", Value: "hunter2"},\n  }\n',
    false,
  ],
  ["a variable's value", 'spec.containers[0].env[0].value: Invalid value: "hunter2": too long', false],
  ["a Secret's value", 'Secret "db" is invalid: data[x]: Invalid value: "hunter2": is no certificate', true],
  ["one that is not quoted", "data[x]: Invalid value: hunter2: is no certificate", true],
  ["one with a quote in it", 'data[x]: Invalid value: "a\\"hunter2": wrong', true],
  ["one that is cut off", 'data[x]: Invalid value: "hunter2', true],
  ["backquotes", "data[x]: got `hunter2`", true],
])("an error does not quote: %s", (_name, message, ofSecrets) => {
  const text = quieted(message, ofSecrets, "get /api/v1/namespaces/default/secrets/db");
  expect(text).not.toContain("hunter2");
  expect(text).toContain("****");
});

test("the names that the request said stay in its errors", () => {
  const message = 'secrets "db" not found';
  expect(quieted(message, true, "get /api/v1/namespaces/default/secrets/db")).toBe(message);
});

test("a Secret is known wherever it stands", () => {
  const secret = { kind: "Secret", data: { a: "eA==" }, stringData: { b: "x" } };
  const masked = { kind: "Secret", data: { a: "KioqKg==" }, stringData: { b: "****" } };
  expect(shown({ kind: "List", items: [secret] })).toEqual({ kind: "List", items: [masked] });
  expect(shown({ type: "ADDED", object: secret })).toEqual({ type: "ADDED", object: masked });
  expect(shown({ spec: { template: secret } })).toEqual({ spec: { template: masked } });
  expect(shown({ items: [{ data: { a: "eA==" } }] }, true)).toEqual({ items: [{ data: { a: "KioqKg==" } }] });
  expect(shown({ kind: "SecretList", items: [{ data: { a: "eA==" } }] })).toMatchObject({
    items: [{ data: { a: "KioqKg==" } }],
  });
  const note = JSON.stringify({ data: {}, kind: "Secret", stringData: { b: "x" } });
  expect(JSON.stringify(shown({ metadata: { annotations: { note } } }))).not.toContain('\\"x\\"');
  const twice = '{"kind":"Secret","data":{"a":"eA=="},"data":{}}';
  const text = JSON.stringify(shown({ kind: "Secret", metadata: { annotations: { [lastApplied]: twice } } }));
  expect(text).not.toContain("eA==");
});

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

test("what holds no secret is the same object", () => {
  const pod = { kind: "Pod", spec: { containers: [{ name: "c", env: [{ name: "TIER", value: "back" }] }] } };
  expect(shown(pod)).toBe(pod);
  const config = { kind: "ConfigMap", data: { a: "b" } };
  expect(shown(config)).toBe(config);
});

test("too deep is not shown", () => {
  let deep: unknown = { kind: "Secret", data: { a: "eA==" } };
  for (let depth = 0; depth < 300; depth++) deep = [deep];
  expect(JSON.stringify(shown(deep))).not.toContain("eA==");
});
