import { expect, test } from "bun:test";
import { routeOf } from "./route.ts";

const resources = {
  shop: {},
  first: { hosts: ["shop.example.com", "*.apps.example.com"] },
  second: { hosts: ["shop.example.com:8443", "one.apps.example.com"] },
  third: { hosts: ["shop.example.com:8443", "*.apps.example.com"] },
};

function named(authority: string, target = "/a"): string | undefined {
  const found = routeOf(
    { method: "GET", authority, target, version: "1.1", fields: [] },
    resources,
    undefined,
  );
  return found && `${found.resource} ${found.target} ${found.prefix}`;
}

test("a host names a resource at any port; of two resources that it could name, the first one", () => {
  expect(named("shop.example.com")).toBe("first /a ");
  expect(named("shop.example.com:1")).toBe("first /a ");
  // The one with the port is exact as well, and stands behind.
  expect(named("shop.example.com:8443")).toBe("first /a ");
});

test("an exact name counts before a wildcard, which stands for one label", () => {
  expect(named("one.apps.example.com")).toBe("second /a ");
  expect(named("two.apps.example.com:443")).toBe("first /a ");
  expect(named("a.two.apps.example.com")).toBeUndefined();
  expect(named("apps.example.com")).toBeUndefined();
});

test("a path's first part names one without hosts, and no other", () => {
  expect(named("gateway", "/shop/a?b=/c")).toBe("shop /a?b=/c /shop");
  expect(named("gateway", "/shop?b=1")).toBe("shop /?b=1 /shop");
  expect(named("gateway", "/shop")).toBe("shop / /shop");
  for (const target of ["/first/a", "//shop", "/shopping", "/", "*", "/hasOwnProperty", "/constructor"])
    expect(named("gateway", target)).toBeUndefined();
});
