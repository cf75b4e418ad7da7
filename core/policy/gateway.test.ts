import { expect, test } from "bun:test";
import { defaultLimits } from "../policy.ts";
import { anyone, group } from "../who.ts";
import { PolicyFlaws } from "./error.ts";
import { guardrail, provider, resource } from "./fixture.ts";
import { gateway, isPolicy } from "./gateway.ts";
import { remove, write } from "./right.ts";

const rows = resource("rows", "operation", "rows", "wire");
const lines = resource("lines", "operation", "text");
const loopback = { port: 0, insecure: true } as const;
const sound = {
  listen: { rows: loopback },
  identity: [provider],
  resources: { orders: rows, logs: lines },
  rules: [],
} as const;

/** What an untyped policy file may hand over. */
const load = (changes: object) => gateway({ ...sound, ...changes } as never);

function flawsOf(changes: object): string[] {
  try {
    load(changes);
  } catch (error) {
    if (error instanceof PolicyFlaws) return error.message.split("\n");
    throw error;
  }
  return [];
}

const pair = { cert: "server.crt", key: "server.key" };

test("signals need an address that others can tell them at", () => {
  const signals = [{ name: "scim", open: async () => ({ web: { path: "scim", handle: async () => {} } }) }];
  expect(flawsOf({ signals })).toEqual([expect.stringContaining("signals: are told over HTTP")]);
  expect(flawsOf({ signals, web: { port: 0, insecure: true } })).toEqual([]);
});

test("fills in every default", () => {
  const policy = gateway({
    ...sound,
    rules: [
      { who: group("support"), on: "*", may: ["read", write("public.releases", "tmp.*"), remove("a")] },
    ],
    limits: { idle: "5m", owed: 10, frame: "1MB" },
    health: 9090,
  });
  expect(isPolicy(policy)).toBe(true);
  expect(policy.listen).toEqual([{ protocol: "rows", host: "127.0.0.1", port: 0, insecure: true }]);
  expect(policy.health).toBe("127.0.0.1:9090");
  expect(policy.limits).toEqual({ ...defaultLimits, idle: 300_000, owed: 10, frame: 1_048_576 });
  expect(policy).toMatchObject({ trail: "default", workers: 1, always: [], version: "unloaded" });
  expect(policy.rules[0]).toMatchObject({
    name: "rules[0]",
    on: ["orders", "logs"],
    may: [
      { effect: "read", label: "read" },
      { effect: "write", label: "write(public.releases, tmp.*)", on: ["public.releases", "tmp.*"] },
      { effect: "delete", label: "delete(a)", on: ["a"] },
    ],
    under: [],
  });
});

test("several listeners of one protocol, each spelled its own way", () => {
  const policy = gateway({
    ...sound,
    listen: { rows: [loopback, { host: "::1", port: 7000, insecure: true, resource: "orders" }] },
  });
  expect(policy.listen).toEqual([
    { protocol: "rows", host: "127.0.0.1", port: 0, insecure: true },
    { protocol: "rows", host: "::1", port: 7000, insecure: true, resource: "orders" },
  ]);
});

test("a listener with certificates may be anywhere, and asks for client certificates where it names an authority", () => {
  const listen = {
    rows: [
      { host: "0.0.0.0", port: 7001, tls: pair },
      { port: 7002, insecure: true, tls: { ...pair, clientCa: "ca.crt" } },
    ],
  } as const;
  expect(gateway({ ...sound, listen }).listen).toEqual([
    {
      protocol: "rows",
      host: "0.0.0.0",
      port: 7001,
      insecure: false,
      tls: { ...pair, names: {}, clientCertificates: "none" },
    },
    {
      protocol: "rows",
      host: "127.0.0.1",
      port: 7002,
      insecure: true,
      tls: { ...pair, names: {}, clientCa: "ca.crt", clientCertificates: "require" },
    },
  ]);
});

test("a protocol that encrypts by itself listens anywhere without a certificate, and takes none", () => {
  const resources = { orders: { ...rows, protocol: { ...rows.protocol, encrypts: true } } };
  expect(load({ resources, listen: { rows: "0.0.0.0:2222" } }).listen).toEqual([
    { protocol: "rows", host: "0.0.0.0", port: 2222, insecure: false },
  ]);
  for (const listen of [{ rows: { port: 2222, tls: pair } }, { rows: loopback }, { rows: "nowhere" }]) {
    expect(flawsOf({ resources, listen })).toHaveLength(1);
  }
});

test.each([
  [
    { listen: { rows: 5432 } },
    "listen.rows: callers would show their credentials in clear on 127.0.0.1:5432",
  ],
  [{ listen: { rows: "127.0.0.1:5432" } }, '{ host: "127.0.0.1", port: 5432, insecure: true }'],
  [
    { listen: { rows: [loopback, "0.0.0.0:5432"] } },
    "listen.rows[1]: 0.0.0.0:5432 can be reached from other machines",
  ],
  [
    { listen: { rows: { host: "10.0.0.1", port: 1, insecure: true } } },
    "insecure: true is for the loopback interface only",
  ],
  [
    { listen: { rows: { host: "10.0.0.1", port: 1, insecure: true, tls: pair } } },
    "insecure: true is for the loopback interface only",
  ],
  [
    { listen: { rows: { port: 1, tls: { ...pair, clientCertificates: "ask" } } } },
    "listen.rows.tls: clientCertificates needs clientCa",
  ],
  [
    { listen: { rows: { port: 1, tls: { ...pair, names: { "db.*": pair } } } } },
    "listen.rows.tls.names.db.*: is no host name",
  ],
  [{ listen: { rows: { host: "127.example.com", port: 1, insecure: true } } }, "can be reached"],
  [{ listen: { rows: "nonsense" } }, 'listen.rows: "nonsense" is no address'],
  [{ listen: { rows: 70_000 } }, "listen.rows: is no port"],
  [{ listen: { ssh: loopback } }, 'listen.ssh: no resource speaks "ssh"; they speak rows, lines'],
  [{ listen: { rows: { ...loopback, resource: "logs" } } }, '"logs" is no resource that speaks rows'],
  [
    { rules: [{ who: anyone, on: "ordres", may: ["read"] }] },
    'rules[0].on: "ordres" is no resource; there are orders, logs',
  ],
  [{ rules: [{ who: anyone, on: "orders", may: ["look"] }] }, "rules[0].may"],
  [{ rules: [{ who: anyone, on: [], may: "all" }] }, "rules[0].on: must name a resource"],
  [{ rules: [{ who: "alice", on: "orders", may: "all" }] }, "rules[0].who: is nobody"],
  [
    { rules: [{ who: anyone, on: "orders", may: "all", lifetime: "soon" }] },
    'rules[0].lifetime: "soon" is no duration',
  ],
  [{ rules: [{ who: anyone, on: "orders", may: "all", grants: {} }] }, "rules[0].grants: is no key"],
  [{ rules: [{ who: anyone, on: "orders", may: "all", under: [{}] }] }, "rules[0].under[0]: is no guardrail"],
  [
    { rules: [{ who: anyone, on: "*", may: "all", under: [guardrail("mask", ["rows"])] }] },
    'rules[0].under[0]: mask needs rows, which lines (resource "logs") cannot show; it shows ',
  ],
  [{ always: [guardrail("mask", ["rows", "operation"])] }, "always[0]: mask needs rows, which lines"],
  [
    {
      rules: [
        { name: "a", who: anyone, on: "*", may: "all" },
        { name: "a", who: anyone, on: "*", may: "all" },
      ],
    },
    'rules[1].name: "a" is rule 0 already',
  ],
  [{ identity: [] }, "identity: must name an identity provider"],
  [{ resources: { "a b": rows } }, "resources.a b"],
  [{ resources: { orders: "postgres://" } }, "resources.orders: is no resource"],
  [{ limits: { idle: "-1s" } }, 'limits.idle: "-1s" is no duration'],
  [
    { rules: [{ who: anyone, on: "orders", may: "all", hours: "Mon-Fri 09:00-17:00 Europe/Berln" }] },
    'rules[0].hours: "Mon-Fri 09:00-17:00 Europe/Berln" says no hours: "Europe/Berln" is no IANA time zone.',
  ],
  [{ limits: { frame: "1MiB" } }, 'limits.frame: "1MiB" is no size'],
  [{ limits: { owed: 0 } }, "limits.owed: must be at least 1"],
  [{ health: "nowhere" }, 'health: "nowhere" is no address'],
  [{ workers: 0 }, "workers"],
  [{ trail: "lax" }, "trail"],
  [{ rulez: [] }, "rulez: is no key"],
  [{ rules: undefined }, "rules"],
])("refuses %j", (changes, message) => {
  expect(flawsOf(changes).join("\n")).toContain(message);
});

test("names every flaw, not only the first", () => {
  const flaws = flawsOf({
    rules: [
      { who: anyone, on: "a", may: "all" },
      { who: anyone, on: "b", may: "all" },
    ],
  });
  expect(flaws).toHaveLength(2);
});

test("what only looks like a policy is none", () => {
  expect(isPolicy({ ...gateway(sound) })).toBe(false);
});
