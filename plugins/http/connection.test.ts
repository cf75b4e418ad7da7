import { expect, test } from "bun:test";
import type { Identity, Reason, RequestDoor, Visit, Wire } from "../../core/plugin.ts";
import type { HttpTarget } from "./config.ts";
import { CallerConnection } from "./connection.ts";
import type { Dialect } from "./dialect.ts";

/** A session's signal that counts who listens to it. */
function session() {
  const controller = new AbortController();
  const { signal } = controller;
  let listening = 0;
  const visit = {
    gate: {
      signal: {
        get aborted() {
          return signal.aborted;
        },
        get reason() {
          return signal.reason as Reason;
        },
        addEventListener: (_: "abort", told: () => void) => {
          listening++;
          signal.addEventListener("abort", told);
        },
        removeEventListener: (_: "abort", told: () => void) => {
          listening--;
          signal.removeEventListener("abort", told);
        },
      },
    },
    current: true,
    enter: () => () => {},
  };
  return { visit, controller, listening: () => listening };
}

const alice = (): Identity => ({ issuer: "test", subject: "alice", kind: "person", groups: [] });

function connection(visit: unknown): CallerConnection {
  const door = { visit: async () => visit as Visit<HttpTarget> } as unknown as RequestDoor<HttpTarget>;
  return new CallerConnection({} as Dialect, door, {} as Wire);
}

test("20,000 connections one after the other leave nobody listening to their session", async () => {
  const { visit, listening } = session();
  for (let count = 0; count < 20_000; count++) {
    const one = connection(visit);
    await one.visit("api", alice(), undefined);
    one.close();
  }
  expect(listening()).toBe(0);
});

test("a proof that is shown again and again on one connection is watched once", async () => {
  const { visit, listening } = session();
  const one = connection(visit);
  for (let count = 0; count < 1_000; count++) {
    const identity = alice();
    await one.visit("api", identity, undefined);
    expect(one.known("api", identity)).toBe(visit as unknown as Visit<HttpTarget>);
  }
  expect(listening()).toBe(1);
});

test("a session that takes no more requests is not watched any more, once another one has come", async () => {
  const first = session();
  const second = session();
  let at = first;
  const door = { visit: async () => at.visit as unknown as Visit<HttpTarget> };
  const one = new CallerConnection({} as Dialect, door as unknown as RequestDoor<HttpTarget>, {} as Wire);
  await one.visit("api", alice(), undefined);
  first.visit.current = false;
  at = second;
  await one.visit("api", alice(), undefined);
  expect([first.listening(), second.listening()]).toEqual([0, 1]);
});
