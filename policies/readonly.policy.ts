import { gateway, group, person } from "postern";
import { env, limit, mask, oidc, postgres, record } from "postern/plugins";

// People look at production and change nothing. Whoever is on call sees it unmasked.
const pii = mask({ columns: ["email", "phone", /card/i], detect: ["email", "card", "iban"] });
const gentle = limit({ rows: 10_000, sessions: 10 });

export default gateway({
  listen: { postgres: { port: Number(process.env.POSTERN_PORT ?? 5432), insecure: true } },
  identity: [oidc({ issuer: "https://login.example.com", audience: "postern" })],
  always: [record()],
  resources: {
    orders: postgres({ host: "orders.internal", database: "orders", credential: env("ORDERS_URL") }),
    billing: postgres({ host: "billing.internal", database: "billing", credential: env("BILLING_URL") }),
  },
  rules: [
    { name: "on call", who: group("on-call"), on: "*", may: ["read"], under: [gentle], lifetime: "8h" },
    { name: "readers", who: person(), on: ["orders", "billing"], may: ["read"], under: [pii, gentle] },
  ],
});
