import { expect, test } from "bun:test";
import { wishOf } from "./name.ts";

const host = { host: "10.0.0.5", user: "ops", users: ["root"], hostKey: "ssh-ed25519 AAAA" };
const resources = { bastion: host, "a+b": host };

test.each([
  ["bastion", undefined, { resource: "bastion", login: undefined }],
  ["root+bastion", undefined, { resource: "bastion", login: "root" }],
  // Whether the resource lists it is seen when its host is dialled.
  ["eve+bastion", undefined, { resource: "bastion", login: "eve" }],
  ["a+b", undefined, { resource: "a+b", login: undefined }],
  ["root+a+b", undefined, { resource: "b", login: "root+a" }],
  ["+bastion", undefined, { resource: "bastion", login: undefined }],
  ["nowhere", undefined, { resource: "nowhere", login: undefined }],
  ["__proto__", undefined, { resource: "__proto__", login: undefined }],
  ["alice", "bastion", { resource: "bastion", login: undefined }],
  ["root", "bastion", { resource: "bastion", login: "root" }],
  ["root+bastion", "bastion", { resource: "bastion", login: "root" }],
] as const)("%s for %p", (user, target, wish) => {
  expect(wishOf(user, target, resources)).toEqual(wish);
});

test("a connection that is for one resource is not taken to another", () => {
  expect(() => wishOf("root+other", "bastion", resources)).toThrow(
    "This connection is for bastion, not for other.",
  );
});
