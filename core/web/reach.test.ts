import { expect, test } from "bun:test";
import { provider, resource } from "../policy/fixture.ts";
import { gateway } from "../policy/gateway.ts";
import { reachOf } from "./reach.ts";

const lines = resource("lines", "operation");
const tls = { cert: "a.crt", key: "a.key" };
const policyOf = (listen: readonly object[], more: object = {}) =>
  gateway({
    ...{ identity: [provider], resources: { box: lines, other: lines }, rules: [] },
    ...more,
    listen: { lines: listen },
  } as never);
const at = (...ports: number[]) => ports.map((port) => ({ protocol: "lines", host: "127.0.0.1", port }));

test("a port that was chosen is found in the workers' own order", () => {
  const policy = policyOf([
    { port: 0, insecure: true, resource: "other" },
    { port: 0, insecure: true },
  ]);
  expect(reachOf(policy, "box", at(1001, 1002), "")).toEqual({ host: "127.0.0.1", port: 1002, tls: false });
  expect(reachOf(policy, "other", at(1001, 1002), "")).toMatchObject({ port: 1001 });
});

test("TLS comes before a listener of its own, and both before the rest", () => {
  const policy = policyOf([
    { port: 1, insecure: true },
    { port: 2, insecure: true, resource: "box" },
    { port: 3, tls },
  ]);
  expect(reachOf(policy, "box", [], "")).toMatchObject({ port: 3, tls: true });
});

test("what listens everywhere is reached by the name of `web`", () => {
  const everywhere = policyOf([{ host: "0.0.0.0", port: 1, tls }]);
  expect(reachOf(everywhere, "box", [], "https://door.example.com:8443")?.host).toBe("door.example.com");
  const web = { host: "10.0.0.5", port: 8443, tls, url: "https://door.example.com" };
  const beside = policyOf([{ host: "10.0.0.5", port: 1, tls }], { web });
  expect(reachOf(beside, "box", [], "https://door.example.com")?.host).toBe("door.example.com");
  const apart = policyOf([{ host: "10.0.0.6", port: 1, tls }], { web });
  expect(reachOf(apart, "box", [], "https://door.example.com")?.host).toBe("10.0.0.6");
});

test("nothing where nothing listens", () => {
  expect(reachOf(policyOf([{ port: 1, insecure: true, resource: "other" }]), "box", [], "")).toBeUndefined();
  expect(reachOf(policyOf([{ port: 1, insecure: true }]), "none", [], "")).toBeUndefined();
});
