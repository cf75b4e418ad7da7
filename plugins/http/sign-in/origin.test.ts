import { describe, expect, test } from "bun:test";
import type { Exchange } from "../exchange.ts";
import { isOwnCookie } from "./cookies.ts";
import { isForged, isNavigation, signInOrigin } from "./origin.ts";

const exchange = (authority: string, { encrypted = true, fields = [] as string[] } = {}) =>
  ({
    caller: { encrypted },
    upgrade: undefined,
    request: { method: "GET", target: "/", version: "1.1", authority, fields },
  }) as unknown as Exchange;

describe("where people may sign in", () => {
  const listener = { protocol: "http", host: "0.0.0.0", port: 8443, insecure: false };
  const route = { resource: "app", target: "/", byHost: true, prefix: "" };
  const hosts = ["app.example.com", "ported.example.com:9443", "*.wild.example.com"];
  const resources = { app: { url: "https://app.internal", hosts } };
  const at = (authority: string) => signInOrigin(exchange(authority), route, { listener, resources });

  test.each([
    ["app.example.com", "https://app.example.com"],
    ["app.example.com:8443", "https://app.example.com:8443"],
    ["ported.example.com:9443", "https://ported.example.com:9443"],
  ] as const)("%s", (authority, origin) => {
    expect(at(authority)).toBe(origin);
  });

  test.each([
    "app.example.com:9443",
    "app.example.com:80",
    "app.example.com:443",
    "app.example.com.",
    "ported.example.com",
    "ported.example.com:8443",
    "a.wild.example.com",
    "evil.example.com",
    "127.0.0.1:8443",
    "[::1]:8443",
  ])("not %s", (authority) => {
    expect(at(authority)).toBeUndefined();
  });

  test("not below a path, and in clear on the loopback interface alone", () => {
    const byPath = { ...route, byHost: false, prefix: "/app" };
    expect(signInOrigin(exchange("app.example.com"), byPath, { listener, resources })).toBeUndefined();
    const inClear = (host: string, insecure: boolean) =>
      signInOrigin(exchange("app.example.com:8443", { encrypted: false }), route, {
        listener: { ...listener, host, insecure },
        resources,
      });
    expect(inClear("127.0.0.1", true)).toBe("http://app.example.com:8443");
    expect([inClear("0.0.0.0", true), inClear("127.0.0.1", false)]).toEqual([undefined, undefined]);
  });

  test("nowhere that the policy does not name: the one resource of a listener has whatever host is sent", () => {
    const unnamed = { app: { url: "https://app.internal" } };
    expect(
      signInOrigin(exchange("app.example.com"), route, { listener, resources: unnamed }),
    ).toBeUndefined();
  });
});

test("a person waits for a page: not a script, a frame, a picture or a WebSocket", () => {
  const html = ["Accept", "text/html,application/xhtml+xml"];
  const of = (...fields: string[]) => isNavigation(exchange("a", { fields }));
  expect(of(...html)).toBe(true);
  expect(of(...html, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document")).toBe(true);
  expect(of("Accept", "*/*")).toBe(false);
  expect(of()).toBe(false);
  for (const dest of ["iframe", "object", "image", "empty"]) {
    expect(of(...html, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", dest)).toBe(false);
  }
  expect(of(...html, "Sec-Fetch-Mode", "cors")).toBe(false);
  expect(isNavigation({ ...exchange("a", { fields: html }), upgrade: "websocket" })).toBe(false);
});

test("what browsers add by themselves is not for other sites to use; what a script shows is", () => {
  const of = (shown: string, site: string | undefined, peer = false) => {
    const fields = site === undefined ? [] : ["Sec-Fetch-Site", site, "Sec-Fetch-Mode", "cors"];
    const sent = exchange("a", { fields });
    const tls = peer ? { peer: {} } : {};
    return isForged(
      { ...sent, caller: { ...sent.caller, tls }, request: { ...sent.request, method: "POST" } } as Exchange,
      shown,
    );
  };
  for (const site of ["cross-site", "same-site"]) {
    expect([of("", site, true), of("Basic YTpi", site), of("\0pc_1.x", site)]).toEqual([true, true, true]);
    expect([of("Bearer x", site), of("", site)]).toEqual([false, false]);
  }
  expect([of("", "same-origin", true), of("Basic YTpi", "none")]).toEqual([false, false]);
  // A program; a cookie is a browser's, so it must say.
  expect([of("", undefined, true), of("Basic YTpi", undefined), of("\0x", undefined)]).toEqual([
    false,
    false,
    true,
  ]);
});

test("cookies of ours, in all the ways that a server may read them", () => {
  for (const own of [
    "__Host-postern=x",
    " __Host-postern=x",
    "__Host-postern-login-abc=x",
    "__HOST-POSTERN=x",
    "=__Host-postern=x",
    " = __Host-postern=x",
    "__Host-postern",
    "postern-local=x",
    "postern-local-login-a=x",
  ])
    expect([own, isOwnCookie(own)]).toEqual([own, true]);
  for (const other of ["__Host-session=x", "theme=__Host-postern", "postern=x", "x__Host-postern=x"])
    expect([other, isOwnCookie(other)]).toEqual([other, false]);
});
