import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EndingWish } from "../ending.ts";
import { Endings } from "../endings.ts";
import { PosternError } from "../error.ts";
import type { Identity } from "../identity.ts";
import { createLog } from "../log.ts";
import { openStore, type Store } from "../store/store.ts";
import type { Entry } from "../trail/entry.ts";
import { EndingKeeper } from "./ending-keeper.ts";

const log = createLog({ level: "silent" });
const alice: Identity = { issuer: "https://a", subject: "alice", kind: "person", groups: [], issuedAt: 1 };
const wish: EndingWish = {
  ...{ of: { kind: "identity", subject: "alice" }, by: "scim", blocks: true },
  reason: { code: "access.deactivated", message: "Over." },
};

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function store(): Promise<Store> {
  const dataDir = mkdtempSync(join(tmpdir(), "postern-keeper-"));
  const open = await openStore({ dataDir, log });
  closers.push(async () => {
    await open.close();
    rmSync(dataDir, { recursive: true });
  });
  return open;
}

/** One gateway of those that share a store. `steps`: what it did, in order. */
function gateway(shared: Pick<Store, "call">, trailFails = false) {
  const endings = new Endings();
  const steps: string[] = [];
  const changed: (() => void)[] = [];
  const keeper = new EndingKeeper({
    ...{ store: shared, endings, log },
    trail: {
      append(entry: Entry) {
        if (trailFails) throw new Error("the trail is dead");
        return steps.push(entry.kind);
      },
      durable: async () => void steps.push("durable"),
    },
    async tell(call, { of }) {
      steps.push(`${call} ${of.kind}`);
      for (const resolve of changed.splice(0)) resolve();
    },
  });
  closers.push(() => keeper.close());
  const change = () => new Promise<void>((resolve) => changed.push(resolve));
  return { keeper, endings, steps, change };
}

test("an ending is durable in the trail before anybody is told; without a trail there is none", async () => {
  const shared = await store();
  const { keeper, steps, endings } = gateway(shared);
  const ending = await keeper.end(wish);
  expect(steps).toEqual(["access-ended", "durable", "endAccess identity"]);
  expect(endings.against(alice)).toEqual(ending);
  expect(await shared.call("endingsSince", 0)).toMatchObject([ending]);
  const dead = gateway(shared, true);
  await expect(dead.keeper.end(wish)).rejects.toThrow("dead");
  expect(dead.steps).toEqual([]);
});

test("where the store fails it is in force here all the same, and whoever asked is told", async () => {
  const failing = { call: () => Promise.reject(new Error("the store is gone")) };
  const { keeper, endings, steps } = gateway(failing as unknown as Pick<Store, "call">);
  await expect(keeper.end(wish)).rejects.toThrow("the store is gone");
  expect(endings.against(alice)).toBeDefined();
  expect(steps).toContain("endAccess identity");
  const away = { call: () => Promise.reject(new PosternError("store.unreachable", "No connection.")) };
  const alone = gateway(away as unknown as Pick<Store, "call">);
  await expect(alone.keeper.end(wish)).rejects.toMatchObject({
    code: "store.unreachable",
    message: "It has ended at this gateway, and here alone: No connection.",
  });
});

test("what was ended while the store was away reaches the others once it is back", async () => {
  const shared = await store();
  let away = true;
  const call: typeof shared.call = (name, ...args) =>
    away
      ? Promise.reject(new PosternError("store.unreachable", "No connection."))
      : shared.call(name, ...args);
  const { keeper } = gateway({ call });
  const other = gateway(shared);
  await keeper.end(wish).catch(() => {});
  keeper.follow();
  other.keeper.follow();
  const heard = other.change();
  away = false;
  await heard;
  expect(other.endings.against(alice)?.reason).toEqual(wish.reason);
});

test("a later start takes in what holds, and not what was lifted", async () => {
  const shared = await store();
  const first = gateway(shared).keeper;
  const other = { kind: "identity", subject: "bob" } as const;
  await first.end(wish);
  await first.end({ ...wish, of: other });
  await first.lift(other, "scim", "own");
  await first.end({ ...wish, of: { kind: "session", id: "ses_1" }, blocks: false });
  const later = gateway(shared);
  await later.keeper.load();
  expect(later.endings.all().map(({ of }) => of)).toEqual([wish.of]);
});

test("a gateway hears what others end and lift, once, and tells its trail and its workers", async () => {
  const shared = await store();
  const [one, other] = [gateway(shared), gateway(shared)];
  other.keeper.follow();
  const heard = other.change();
  const ending = await one.keeper.end(wish);
  await heard;
  while (other.steps.length < 2) await Bun.sleep(1);
  expect(other.endings.against(alice)).toEqual(ending);
  expect(other.steps).toEqual(["endAccess identity", "access-ended"]);
  const lifted = other.change();
  await one.keeper.lift(wish.of, "scim", "own");
  await lifted;
  expect(other.endings.against(alice)).toBeUndefined();
  expect(other.steps).toHaveLength(3);
});

test("a source lifts what it put up itself; the operator lifts all", async () => {
  const { keeper, endings } = gateway(await store());
  await keeper.end({ ...wish, by: "operator" });
  expect(await keeper.lift(wish.of, "scim", "own")).toEqual([]);
  expect(endings.against(alice)).toBeDefined();
  expect(await keeper.lift(wish.of, "somebody", "all")).toHaveLength(1);
  expect(endings.against(alice)).toBeUndefined();
});
