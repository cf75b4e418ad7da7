import { expect, test } from "bun:test";
import { blockOf, comesFrom } from "./block.ts";

test.each([
  ["10.2.0.0/16", "10.2.0.0/16"],
  [" 10.2.3.4 ", "10.2.3.4/32"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["2001:db8::/32", "2001:db8::/32"],
  ["::1", "::1/128"],
])("%s is a block", (text, block) => {
  expect(blockOf(text)).toBe(block);
});

test.each([
  ...["", "/8", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/ 8", "010.0.0.1"],
  ...[
    "::/129",
    "fe80::1%eth0",
    "::ffff:10.0.0.0/104",
    "example.com",
    "10.0.0.0/8,11.0.0.0/8",
    "10.0.0.0/1e1",
  ],
])("%p is none", (text) => {
  expect(() => blockOf(text)).toThrow(expect.objectContaining({ code: "credential.from" }));
});

test.each([
  ["10.2.0.0/16", "10.2.255.255:5000", true],
  ["10.2.0.0/16", "10.3.0.0:5000", false],
  ["10.2.0.0/16", "::ffff:10.2.3.4:5000", true],
  ["10.2.0.0/16", "[::ffff:10.2.3.4]:5000", true],
  ["10.2.0.0/16", "[::ffff:10.3.3.4]:5000", false],
  ["10.2.99.1/15", "10.3.0.1:1", true],
  ["0.0.0.0/0", "192.0.2.1:1", true],
  ["0.0.0.0/0", "2001:db8::1:1", false],
  ["::/0", "192.0.2.1:1", false],
  ["::/0", "[2001:db8::1]:1", true],
  ["2001:db8::/33", "2001:db8:7fff::1:443", true],
  ["2001:db8::/33", "2001:db8:8000::1:443", false],
  ["::1/128", "::1:5432", true],
  ["::1/128", "[::2]:5432", false],
  ["0.0.0.0/0", "unix", false],
  ["::/0", "unknown", false],
  ["0.0.0.0/0", "control socket", false],
])("%s, from %s: %p", (block, remote, within) => {
  expect(comesFrom(block, remote)).toBe(within);
});
