import { expect, test } from "bun:test";
import type { OpenIdentityProvider } from "../identity.ts";
import { provider } from "../policy/fixture.ts";
import { gateway } from "../policy/gateway.ts";
import type { OpenSignalSource, WebFace } from "../web.ts";
import { facesOf, openSignals } from "./faces.ts";

const face = (path: string): WebFace => ({ path, handle: async () => new Response(path) });
const vouches = (path?: string): OpenIdentityProvider => ({
  identify: async () => undefined,
  ...(path === undefined ? {} : { web: face(path) }),
});
const hears = (path: string): OpenSignalSource => ({ web: face(path) });

test("providers and signal sources have a room each, and what has no face is left out", () => {
  const { identity, signals } = facesOf([vouches("corp"), vouches()], [hears("corp")]);
  expect([...identity.keys()]).toEqual(["corp"]);
  expect(identity.get("corp")).not.toBe(signals.get("corp"));
});

test("two of a kind on one path, and what is no part of a path, are refused", () => {
  const refused = (...paths: string[]) => {
    try {
      facesOf(paths.map(vouches), []);
      return "taken";
    } catch (error) {
      return (error as { code?: string }).code;
    }
  };
  expect(refused("corp", "corp")).toBe("web.path");
  for (const path of ["", ".", "..", "a/b", "a?b", "a b", "%2e", "ä"]) expect(refused(path)).toBe("web.path");
  expect(refused("login.example.com", "corp_2-b")).toBe("taken");
});

test("where one source refuses, those before it are closed again", async () => {
  const closed: string[] = [];
  const source = (name: string, open: () => Promise<OpenSignalSource>) => ({ name, open });
  const policy = gateway({
    ...{ listen: {}, identity: [provider], resources: {}, rules: [], web: { port: 0, insecure: true } },
    signals: [
      source("first", async () => ({ ...hears("first"), close: () => void closed.push("first") })),
      source("second", () => Promise.reject(new Error("not today"))),
    ],
  });
  await expect(openSignals(policy)).rejects.toThrow("not today");
  expect(closed).toEqual(["first"]);
});
