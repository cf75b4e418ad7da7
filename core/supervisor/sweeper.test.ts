import { expect, test } from "bun:test";
import type { CredentialSource, Lease } from "../credential/source.ts";
import { createLog } from "../log.ts";
import { provider, resource } from "../policy/fixture.ts";
import { gateway } from "../policy/gateway.ts";
import type { Policy } from "../policy.ts";
import type { Store } from "../store/store.ts";
import type { SessionInfo } from "../supervision.ts";
import type { Entry } from "../trail/entry.ts";
import { Sweeper } from "./sweeper.ts";

const hour = 3_600_000;

function lease(id: string, more: Partial<Lease> = {}): Lease {
  const now = Date.now();
  return {
    ...{ id, resource: "orders", session: `ses_${id}`, gateway: "gw_own", worker: 0, what: `role_${id}` },
    ...{ madeAt: now - hour, until: now + hour },
    ...more,
  };
}

/** A sweeper over these leases; `open`: sessions on the board; `stuck`: leases whose sweep fails. */
function over(leases: Lease[], open: readonly string[] = [], stuck: readonly string[] = []) {
  const swept: string[] = [];
  const entries: Entry[] = [];
  const source: CredentialSource<undefined> = {
    label: "made up",
    issue: () => Promise.reject(new Error("not in this test")),
    async sweep(asked) {
      swept.push(...asked.map(({ id }) => id));
      return asked.map(({ id }) => id).filter((id) => !stuck.includes(id));
    },
  };
  const plain = resource("lines");
  const policy: Policy = gateway({
    listen: {},
    identity: [provider],
    resources: { orders: { ...plain, credential: source }, other: plain },
    rules: [],
  });
  const calls: Record<string, (...args: unknown[]) => unknown> = {
    leasesToCheck: () => leases,
    leasesOfWorker: (_gateway, worker) => leases.filter((each) => each.worker === worker),
    removeLease: (id) =>
      void leases.splice(
        leases.findIndex((each) => each.id === id),
        1,
      ),
  };
  const store = { call: async (name: string, ...args: unknown[]) => calls[name]?.(...args) };
  const sweeper = new Sweeper({
    gateway: "gw_own",
    store: store as Pick<Store, "call">,
    board: { session: (id) => (open.includes(id) ? ({ id } as SessionInfo) : undefined) },
    trail: { append: (entry) => entries.push(entry) },
    log: createLog({ level: "silent" }),
    policy: () => policy,
  });
  return { sweeper, swept, entries, leases };
}

test("at the start: what an earlier gateway of this data folder left", async () => {
  const { sweeper, swept, entries, leases } = over([lease("a"), lease("b", { gateway: "gw_other" })]);
  await sweeper.sweep();
  expect(swept).toEqual(["a"]);
  expect(leases.map(({ id }) => id)).toEqual(["b"]);
  expect(entries).toEqual([
    { kind: "lease-released", lease: "a", resource: "orders", what: "role_a", how: "swept" },
  ]);
});

test("never what an open session holds", async () => {
  const { sweeper, swept } = over([lease("a")], ["ses_a"]);
  await sweeper.sweep();
  await sweeper.sweep();
  await sweeper.workerDied(0);
  expect(swept).toEqual([]);
});

test("of sessions that ended since the start only what stays from one sweep to the next", async () => {
  const fresh = lease("a", { madeAt: Date.now() + 1_000 });
  const { sweeper, swept } = over([fresh]);
  await sweeper.sweep();
  expect(swept).toEqual([]);
  await sweeper.sweep();
  expect(swept).toEqual(["a"]);
});

test("of any gateway what stands for nothing any more", async () => {
  const until = Date.now() - 10 * 60_000;
  const { sweeper, swept } = over([
    lease("a", { gateway: "gw_other", until }),
    lease("b", { gateway: "gw_other", until: Date.now() - 1_000 }),
  ]);
  await sweeper.sweep();
  expect(swept).toEqual(["a"]);
});

test("of a dead worker at once, and not of its successor", async () => {
  const { sweeper, swept } = over([
    lease("a", { worker: 1 }),
    lease("b", { worker: 0 }),
    lease("c", { worker: 1, madeAt: Date.now() + 60_000 }),
  ]);
  await sweeper.workerDied(1);
  expect(swept).toEqual(["a"]);
});

test("what could not be removed stays, and so does what the policy cannot log in to", async () => {
  const { sweeper, swept, leases, entries } = over(
    [lease("a"), lease("b", { resource: "other" }), lease("c", { resource: "gone" })],
    [],
    ["a"],
  );
  await sweeper.sweep();
  expect(swept).toEqual(["a"]);
  expect(leases.map(({ id }) => id)).toEqual(["a", "b", "c"]);
  expect(entries).toEqual([]);
});
