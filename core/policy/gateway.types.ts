/** Type tests: tsc checks this file; `types.test.ts` proves that each expected error is one. Nothing runs. */
import { anyone, group } from "../who.ts";
import { guardrail, provider, resource } from "./fixture.ts";
import { gateway } from "./gateway.ts";
import { define, read, write } from "./right.ts";

const orders = resource("rows", "operation", "rows", "wire");
const logs = resource("lines", "operation", "text");
const mask = guardrail("mask", ["rows"]);
const approve = guardrail("approve", ["operation"]);
const loopback = { port: 0, insecure: true } as const;
const resources = { orders, billing: orders, logs };
const base = { listen: { rows: loopback }, identity: [provider], resources, rules: [] } as const;

gateway({
  listen: { rows: [5432, "127.0.0.1:5433", { ...loopback, resource: "orders" }], lines: loopback },
  identity: [provider],
  resources,
  always: [approve],
  rules: [
    { who: group("a"), on: "orders", may: ["read", write("x.*")], under: [mask, approve], lifetime: "8h" },
    { who: anyone, on: ["orders", "billing"], may: [read("a", "b"), define("c")], under: [mask] },
    { name: "logs", who: anyone, on: ["orders", "logs"], may: "all", under: [approve] },
    { who: anyone, on: "*", may: ["unknown"], under: [approve] },
  ],
});

gateway({
  ...base,
  rules: [
    // @ts-expect-error a misspelled resource
    { who: anyone, on: "ordres", may: ["read"] },
  ],
});

gateway({
  ...base,
  rules: [
    // @ts-expect-error a misspelled resource among others
    { who: anyone, on: ["orders", "bilings"], may: ["read"] },
  ],
});

gateway({
  ...base,
  rules: [
    // @ts-expect-error a duration without a unit
    { who: anyone, on: "orders", may: ["read"], lifetime: "15" },
  ],
});

// @ts-expect-error a duration in minutes that no unit spells
gateway({ ...base, limits: { idle: "15min" } });

// @ts-expect-error a size that no unit spells
gateway({ ...base, limits: { frame: "1MiB" } });

gateway({
  ...base,
  rules: [
    // @ts-expect-error a guardrail that needs rows where only text is emitted
    { who: anyone, on: "logs", may: ["read"], under: [mask] },
  ],
});

gateway({
  ...base,
  rules: [
    // @ts-expect-error a guardrail that one of the two resources cannot serve
    { who: anyone, on: ["orders", "logs"], may: ["read"], under: [mask] },
  ],
});

gateway({
  ...base,
  rules: [
    // @ts-expect-error a guardrail that not every resource can serve
    { who: anyone, on: "*", may: ["read"], under: [mask] },
  ],
});

// @ts-expect-error a guardrail around everything that not every resource can serve
gateway({ ...base, always: [mask] });

// @ts-expect-error a listener for a protocol that no resource has
gateway({ ...base, listen: { ssh: 22 } });

// @ts-expect-error a listener bound to a resource of another protocol
gateway({ ...base, listen: { rows: { ...loopback, resource: "logs" } } });

// @ts-expect-error an address without a port
gateway({ ...base, listen: { rows: "127.0.0.1" } });

// @ts-expect-error an unknown key
gateway({ ...base, guards: [] });

gateway({
  ...base,
  rules: [
    // @ts-expect-error an unknown key of a rule
    { who: anyone, on: "orders", may: ["read"], unless: "sunday" },
  ],
});

gateway({
  ...base,
  rules: [
    // @ts-expect-error an unknown effect
    { who: anyone, on: "orders", may: ["look"] },
  ],
});

gateway({
  ...base,
  rules: [
    // @ts-expect-error a right that was not called
    { who: anyone, on: "orders", may: [read] },
  ],
});

gateway({
  ...base,
  rules: [
    // @ts-expect-error nobody
    { who: "alice", on: "orders", may: ["read"] },
  ],
});

gateway({
  ...base,
  rules: [
    { who: anyone, on: "orders", may: ["read"], hours: "Mon-Fri 09:00-17:00 Europe/Berlin" },
    // @ts-expect-error hours without a zone
    { who: anyone, on: "orders", may: ["read"], hours: "09:00-17:00" },
  ],
});

gateway({
  ...base,
  rules: [
    // @ts-expect-error a grant that lasts as long as it likes
    { who: anyone, on: "orders", may: ["read"], grant: { by: anyone } },
  ],
});

// @ts-expect-error no identity provider: nobody could come in
gateway({ ...base, identity: [] });

// @ts-expect-error a right without a target would be any target
write();
