import { expect, test } from "bun:test";
import { sourceOf } from "./source.ts";

test.each([
  ["127.0.0.1:54321", "127.0.0.1"],
  ["::ffff:10.1.2.3:54321", "10.1.2.3"],
  ["2001:db8:0:1::5:54321", "2001:db8:0:1::/64"],
  ["2001:0db8:0000:0001:aaaa:bbbb:cccc:dddd:1", "2001:db8:0:1::/64"],
  ["[2001:db8:0:1:ffff::1]:443", "2001:db8:0:1::/64"],
  ["2001:db8::1:443", "2001:db8:0:0::/64"],
  ["fe80::1%eth0:443", "fe80:0:0:0::/64"],
  ["::1:443", "0:0:0:0::/64"],
  ["unix", "local"],
  ["unknown", "local"],
  ["control socket", "local"],
])("%s comes from %s", (remote, source) => {
  expect(sourceOf(remote)).toBe(source);
});
