import { execute, gateway, group, machine, read, write } from "postern";
import { approve, env, http, mask, oauthClient, oidc, record } from "postern/plugins";

// Web services and APIs: what a request does is its method's word, unless a route or GraphQL says it better.
const pii = mask({ answers: ["document", "stream"], detect: ["email", "card", "iban"] });
const signOff = approve({ by: group("leads"), within: "15m" });

export default gateway({
  listen: { http: { port: Number(process.env.POSTERN_PORT ?? 8080), insecure: true } },
  identity: [oidc({ issuer: "https://login.example.com", audience: "postern" })],
  always: [record()],
  resources: {
    shop: http({
      url: "https://shop.internal",
      login: { header: "X-Api-Key" },
      credential: env("SHOP_KEY"),
      routes: [
        // A search that is too long for a query: it changes nothing.
        { method: "POST", path: "/api/search", effect: "read", as: "search" },
        // A GET that starts a job.
        { method: "GET", path: "/api/export{/:format}?", effect: "execute", as: "export" },
      ],
    }),
    accounts: http({
      url: "https://accounts.internal",
      credential: oauthClient({
        tokenUrl: "https://login.example.com/oauth2/token",
        clientId: "postern",
        clientSecret: env("ACCOUNTS_SECRET"),
        scope: "accounts",
      }),
      graphql: { path: "/graphql", fields: { "Mutation.deleteAccount": "delete" } },
    }),
  },
  rules: [
    { name: "support", who: group("support"), on: ["shop", "accounts"], may: ["read"], under: [pii] },
    { name: "support notes", who: group("support"), on: "accounts", may: [write("Mutation.addNote")] },
    {
      name: "owners",
      who: group("owners"),
      on: "*",
      may: ["read", "write", "delete"],
      under: [signOff.for("delete")],
    },
    { name: "reports", who: machine("reports"), on: "shop", may: [read("search"), execute("export")] },
  ],
});
