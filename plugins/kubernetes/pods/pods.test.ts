import { expect, test } from "bun:test";
import fc from "fast-check";
import { sampled } from "../../../test/fuzz.ts";
import { fold, isObject, podFindings, readJson } from "./index.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function found(object: unknown) {
  const body = fold(object);
  return isObject(body) ? podFindings(body) : undefined;
}

test("what the restricted level asks for is told, and makes nothing privileged", () => {
  const spec = {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      { name: "c", securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } } },
    ],
    volumes: [{ name: "v", emptyDir: {} }],
  };
  expect(found({ spec })).toEqual([]);
  expect(
    found({ spec: { containers: [{ name: "c" }], serviceAccountName: "admin", nodeName: "n1" } }),
  ).toEqual([
    ...["allowPrivilegeEscalation", "root", "seccomp", "capabilities"].map((trait) => ({
      trait,
      level: "restricted" as const,
      at: "spec.containers[0]",
    })),
    ...["serviceAccountToken", "serviceAccount:admin", "nodeName:n1"].map((trait) => ({
      trait,
      level: "told" as const,
      at: "spec",
    })),
  ]);
});

test("an approver reads where it stands", () => {
  const template = {
    spec: { containers: [{ name: "a" }, { name: "b", securityContext: { privileged: true } }] },
  };
  const body = { spec: { jobTemplate: { spec: { template } } } };
  expect(found(body)?.filter(({ level }) => level === "baseline")).toEqual([
    { trait: "privileged", level: "baseline", at: "spec.jobtemplate.spec.template.spec.containers[1]" },
  ]);
});

test("what only looks like a pod is none", () => {
  const schema = { properties: { hostNetwork: { type: "boolean" }, privileged: { type: "boolean" } } };
  expect(found({ spec: { securityContext: { runAsUser: 1000 } } })).toEqual([]);
  expect(found({ data: { hostPID: "x".repeat(10) } })).not.toEqual([]);
  expect(found({ data: { containers: "a text" } })).toEqual([]);
  expect(found({ metadata: { managedFields: [{ fieldsV1: { "f:spec": { "f:hostPID": {} } } }] } })).toEqual(
    [],
  );
  expect(found({ spec: schema })?.map(({ trait }) => trait)).toEqual(["hostNetwork"]);
});

test("a value of the caller's is cut down to what can be shown anywhere", () => {
  const [finding] = found({ volumes: [], hostPath: { path: `/a\n\u001b[2J"${"x".repeat(200)}` } }) ?? [];
  expect(finding?.trait).toMatch(/^hostPath:\/a\?\?\?2J\?x+$/);
  expect(finding?.trait.length).toBeLessThan(100);
});

test("a body is looked through in a time that goes with its size", () => {
  expect(found({ items: Array.from({ length: 300_000 }, () => ({})) })).toBeUndefined();
  expect(fold(JSON.parse(`${'{"a":'.repeat(150)}1${"}".repeat(150)}`))).toBeUndefined();
});

test("keys that a text repeats are seen, wherever they stand and however they are written", () => {
  const key = fc.constantFrom("a", "b", '"', "\\", "é", "{", ":", "\u0000");
  const tree = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      fc.constantFrom('"x"', '"{\\"a\\":1,"', "1", "null", '":"'),
      fc.array(tie("value")).map((items) => `[${items.join(" , ")}]`),
      fc
        .array(fc.tuple(key, tie("value"), fc.boolean()), { maxLength: 4 })
        .map(
          (pairs) => `{${pairs.map(([name, value, odd]) => `${written(name, odd)} : ${value}`).join(",")}}`,
        ),
    ),
  })).value as fc.Arbitrary<string>;
  let repeated = 0;
  fc.assert(
    fc.property(tree, (text) => {
      const doubt = "doubt" in readJson(bytes(text));
      if (doubt) repeated++;
      expect(doubt).toBe(keysOf(text) !== keysIn(JSON.parse(text)));
    }),
    sampled(500),
  );
  expect(repeated).toBeGreaterThan(0);
});

function written(name: string, escaped: boolean): string {
  if (!escaped) return JSON.stringify(name);
  return `"${[...name].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"`;
}

/** How many keys the text has: strings that a colon follows, found with JSON.parse's own idea of a string. */
function keysOf(text: string): number {
  let keys = 0;
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    if (inside && text[at] === "\\") at++;
    else if (text[at] === '"') {
      inside = !inside;
      if (!inside && /^\s*:/.test(text.slice(at + 1))) keys++;
    }
  }
  return keys;
}

/** How many are left when the last one wins. */
function keysIn(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  const own = Array.isArray(value) ? 0 : Object.keys(value).length;
  return Object.values(value).reduce((sum: number, inner) => sum + keysIn(inner), own);
}
