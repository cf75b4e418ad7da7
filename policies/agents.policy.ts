import { anyone, define, gateway, group, machine, read, write } from "postern";
import { approve, exec, limit, mask, oidc, postgres, record } from "postern/plugins";

// Machines work for people: they have what both have, and what is more than reading waits for a person.
const pii = mask({ columns: ["email", "phone"], detect: ["email", "card", "jwt"] });
const signOff = approve({ by: group("leads"), within: "15m", inTransaction: "deny" });
const paced = limit({ rows: 1_000, statementTime: "30s", rate: "600/1m" });

export default gateway({
  listen: { postgres: { port: Number(process.env.POSTERN_PORT ?? 5432), insecure: true } },
  identity: [oidc({ issuer: "https://login.example.com", audience: "postern" })],
  always: [record()],
  trail: "strict",
  resources: {
    orders: postgres({
      host: "orders.internal",
      database: "orders",
      credential: exec("vault", "kv", "get", "-field=url", "secret/orders"),
    }),
  },
  rules: [
    // What an agent may at most, whoever it works for.
    {
      name: "agents read and write",
      who: machine(),
      on: "orders",
      may: [read("public.*"), write("public.orders", "public.notes")],
      under: [paced, signOff.for("write")],
    },
    // What people may, themselves or through an agent.
    {
      name: "staff",
      who: group("staff"),
      on: "orders",
      may: [read("public.*"), write("public.notes")],
      under: [pii],
    },
    {
      name: "owners",
      who: group("orders-owners"),
      on: "orders",
      may: ["read", write("public.*"), define("staging.*")],
      under: [pii],
    },
    // What drivers ask for when they connect, and what touches nothing (select 1).
    { name: "everybody", who: anyone, on: "orders", may: [read("pg_catalog.*", "setting *", "(none)")] },
  ],
});
