import { expect, test } from "bun:test";
import type { ListenerInfo, Wire } from "../../core/plugin.ts";
import { outgoing, outgoingTrailers } from "./outgoing.ts";

const destination = { host: "a", port: 80, secure: false, authority: "a", base: "" };
const facts = {
  caller: { remote: "192.0.2.1:5", encrypted: true } as unknown as Wire,
  listener: {} as ListenerInfo,
  prefix: "",
};

/** Which of these names reach the resource. */
function reaching(names: readonly string[]): string[] {
  const fields = names.flatMap((name) => [name, "caller"]);
  const head = { method: "GET", target: "/", authority: "g", version: "1.1", fields } as const;
  const sent = outgoing(head, "/", destination, ["Authorization", "Bearer gateway"], facts).fields;
  const own = sent.flatMap((value, at) => (value === "caller" ? [sent[at - 1] as string] : []));
  expect(outgoingTrailers(fields, [])).toEqual(own.flatMap((name) => [name, "caller"]));
  return own;
}

test("a caller does not tell a resource who has logged in, nor which proxy to use", () => {
  const said = `Remote-User Remote-Groups Remote_Email X-Remote-User X-Remote-Extra-Scopes X-WebAuth-User X.WebAuth.Role
    X-Auth-Request-Email X-MS-CLIENT-PRINCIPAL X-MS-CLIENT-PRINCIPAL-NAME X-Amzn-Oidc-Data X-Goog-Authenticated-User-Email
    X-Goog-IAP-JWT-Assertion SSL-Client-S-DN X-SSL-Client-Verify X-Client-Cert Cf-Access-Jwt-Assertion Tailscale-User-Login
    X-Authenticated-User X-Middleware-Subrequest X-Envoy-Original-Path X-Original-Method Proxy Client-IP X-Host`;
  expect(reaching(said.split(/\s+/))).toEqual([]);
});

test("what names nobody goes on", () => {
  const said =
    "X-Auth-Token X-Client-Version X-Request-Id Remote X-Remote-Address-Book Proxy-Mode X-Goog-Api-Client";
  expect(reaching(said.split(" "))).toEqual(said.split(" "));
});
