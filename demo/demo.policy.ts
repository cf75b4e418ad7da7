import { gateway, group, read, write } from "postern";
import { approve, env, local, mask, postgres, record } from "postern/plugins";

// What callers never see: two columns by name, and what looks like one of them anywhere else.
const pii = mask({
  columns: ["email", { column: "card", as: "partial" }],
  detect: ["email", "card"],
});

// Who changes a customer waits, on the open connection, until someone else says yes.
const signOff = approve({ by: group("leads"), within: "15m" });

export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: Number(process.env.DEMO_PORT ?? 6432), insecure: true } },
  identity: [local()],
  always: [record()],
  resources: {
    shop: postgres({
      host: "127.0.0.1",
      port: Number(process.env.DEMO_DATABASE_PORT ?? 5432),
      database: "shop",
      user: "postern",
      credential: env("DEMO_DATABASE_PASSWORD"),
    }),
  },
  rules: [
    {
      name: "support reads",
      who: group("support"),
      on: "shop",
      // The tables, what the server keeps of itself (psql's \d reads it), its settings.
      may: [read("public.*", "pg_catalog.*", "setting *")],
      under: [pii],
    },
    {
      name: "support changes customers",
      who: group("support"),
      on: "shop",
      may: [write("public.customers")],
      under: [pii, signOff],
    },
  ],
  // Nothing else is allowed to anybody: no rule, no access.
});
