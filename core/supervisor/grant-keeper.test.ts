import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Grant } from "../grant.ts";
import { createLog } from "../log.ts";
import { provider, resource, somebody } from "../policy/fixture.ts";
import { gateway } from "../policy/gateway.ts";
import { addRequest, answerRequest, endGrant, findRequest, standing } from "../store/grants.ts";
import { type Database, type Opened, openStoreFile } from "../store/open.ts";
import type { Store } from "../store/store.ts";
import type { StoreCalls } from "../store/thread.ts";
import { MemoryTrail } from "../testing/rig.ts";
import { group } from "../who.ts";
import { GrantKeeper } from "./grant-keeper.ts";

const log = createLog({ level: "silent", process: "test" });
const shop = resource("rows", "operation");
const policyOf = (upTo: "1h" | "2h") =>
  gateway({
    listen: {},
    identity: [provider],
    resources: { shop },
    rules: [
      { name: "fix", who: group("support"), on: "shop", may: "all", grant: { by: group("leads"), upTo } },
    ],
  });
const [sam, lea] = [somebody("sam", "support"), somebody("lea", "leads")];
const wish = { resource: "shop", for: 60_000, breakGlass: false };

/** How often one has asked what stands. */
let looks = 0;

/** The store's own queries, without its thread. */
function storeOf(database: Database): Pick<Store, "call"> {
  const calls: Partial<StoreCalls> = {
    addRequest: (request, grant) => addRequest(database, request, grant),
    answerRequest: (answer) => answerRequest(database, answer, Date.now()),
    standing() {
      looks++;
      return standing(database, Date.now());
    },
    request: (id) => findRequest(database, id),
    endGrant: (id) => endGrant(database, id, Date.now()),
  };
  const call = (name: keyof StoreCalls, ...args: never[]) =>
    (calls[name] as (...args: never[]) => unknown)(...args);
  return { call: call as Store["call"] };
}

describe("the keeper of grants", () => {
  let folder: string;
  let opened: Opened<Database>;
  let store: Pick<Store, "call">;
  let trail: MemoryTrail;
  let policy = policyOf("1h");
  let told: (readonly Grant[])[];
  const keeper = (shared = true) =>
    new GrantKeeper({
      ...{ trail, store, log, shared },
      policy: () => policy,
      tell: async (grants) => void told.push(grants),
    });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "postern-grants-"));
    opened = await openStoreFile(join(folder, "store.db"));
    store = storeOf(opened.database);
    trail = new MemoryTrail();
    told = [];
    policy = policyOf("1h");
  });
  afterEach(() => {
    opened.close();
    rmSync(folder, { recursive: true });
  });

  test("nothing counts before the trail has it for good", async () => {
    const grants = keeper();
    const { request } = await grants.ask(sam, wish);
    trail.stall = Promise.reject(new Error("the disk is gone"));
    trail.stall.catch(() => {});
    const answered = grants.answer(request.id, { approve: true, by: lea });
    await expect(answered).rejects.toThrow("the disk is gone");
    trail.stall = undefined;
    expect([told, grants.open, (await grants.request(request.id)).approved]).toEqual([[], [], []]);
    await grants.answer(request.id, { approve: true, by: lea });
    expect(told).toEqual([grants.open]);
    expect(trail.entries.map(({ kind }) => kind).slice(-2)).toEqual(["grant-answered", "grant-opened"]);
  });

  test("what one opens another that shares the store follows, and each ends it for both", async () => {
    const [here, there] = [keeper(), keeper()];
    const { request } = await here.ask(sam, wish);
    await there.answer(request.id, { approve: true, by: lea });
    const seen = Promise.withResolvers<void>();
    here.board.watch(({ event }) => event === "answered" && seen.resolve());
    await here.start();
    await seen.promise;
    expect(here.open).toEqual(there.open);
    await here.end(here.open[0]?.id ?? "", "sam");
    await expect(there.end(there.open[0]?.id ?? "", "sam")).rejects.toThrow("No grant");
    expect(trail.of("grant-ended")).toMatchObject([{ how: "revoked", by: "sam" }]);
    here.close();
  });

  test("a policy that means something else ends it where it was loaded, and elsewhere it only does not count", async () => {
    const grants = keeper();
    const { request } = await grants.ask(sam, wish);
    await grants.answer(request.id, { approve: true, by: lea });
    policy = policyOf("2h");
    const other = keeper();
    await other.start();
    expect([other.open, trail.of("grant-ended")]).toEqual([[], []]);
    await grants.start();
    expect(grants.open).toEqual([]);
    expect(trail.of("grant-ended")).toMatchObject([{ how: "policy" }]);
    for (const one of [grants, other]) one.close();
  });

  test("a store of its own is looked at when something is over, and when told of another policy", async () => {
    const grants = keeper(false);
    await grants.start();
    const { request } = await grants.ask(sam, { ...wish, for: 1_000 });
    await grants.answer(request.id, { approve: true, by: lea });
    expect(grants.open).toHaveLength(1);
    const before = looks;
    await Bun.sleep(600);
    expect(looks).toBe(before);
    while (grants.open.length > 0) await Bun.sleep(10);
    expect(trail.of("grant-ended")).toMatchObject([{ how: "expired" }]);
    expect(Date.now() - (trail.of("grant-opened")[0]?.until ?? 0)).toBeLessThan(250);
    policy = policyOf("2h");
    grants.policyChanged();
    expect(looks).toBe(before + 1);
    while (looks === before + 1) await Bun.sleep(1);
    grants.close();
  });

  test("what the store has and nobody was told of for a failure is made up for, in a store of its own too", async () => {
    const grants = keeper(false);
    await grants.start();
    const { request } = await grants.ask(sam, wish);
    await grants.answer(request.id, { approve: true, by: lea });
    trail.stall = Promise.reject(new Error("the disk is slow"));
    trail.stall.catch(() => {});
    await expect(grants.end(grants.open[0]?.id ?? "", "sam")).rejects.toThrow("the disk is slow");
    trail.stall = undefined;
    while (grants.open.length > 0) await Bun.sleep(10);
    expect(told.at(-1)).toEqual([]);
    grants.close();
  });

  test("an ending of its holder ends it; so many may wait and no more", async () => {
    const grants = keeper();
    const { request } = await grants.ask(sam, wish);
    await grants.answer(request.id, { approve: true, by: lea });
    const reason = { code: "access.revoked", message: "gone" };
    const of = { kind: "identity", subject: "sam" } as const;
    await grants.heard({ id: "end_1", at: Date.now(), of, blocks: true, reason, by: "operator" });
    expect(grants.open).toEqual([]);
    for (let at = 0; at < 20; at++) await grants.ask(sam, wish);
    await expect(grants.ask(sam, wish)).rejects.toThrow("wait already");
    expect(grants.answerable(lea)).toHaveLength(20);
    expect(grants.answerable(sam)).toHaveLength(0);
  });
});
