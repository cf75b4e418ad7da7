import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Grant, GrantRequest } from "../grant.ts";
import type { Identity } from "../identity.ts";
import {
  addRequest,
  answerRequest,
  endGrant,
  findRequest,
  pastGrants,
  pastRequests,
  standing,
} from "./grants.ts";
import { type Database, type Opened, openStoreFile } from "./open.ts";

const [sam, lea, kim] = ["sam", "lea", "kim"].map(
  (subject): Identity => ({ issuer: "test", subject, kind: "person", groups: ["a"] }),
) as [Identity, Identity, Identity];
const now = 1_000_000;
const asked: GrantRequest = {
  id: "req_1",
  identity: { ...sam, actingFor: lea },
  resource: "shop",
  rules: ["fix", "look"],
  for: 60_000,
  because: "CHG-1",
  openedAt: now,
  expires: now + 10_000,
  by: "group leads",
  approvers: 2,
  approved: [],
  digest: "d",
};
const { identity, resource, rules, because } = asked;
const grant: Grant = {
  id: "grant_1",
  request: "req_1",
  ...{ identity, resource, rules, because: because ?? "" },
  from: now,
  until: now + 60_000,
  by: [lea, kim],
  breakGlass: false,
};

describe("requests and grants in the store", () => {
  let folder: string;
  let opened: Opened<Database>;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "postern-store-"));
    opened = await openStoreFile(join(folder, "store.db"));
  });
  afterEach(() => {
    opened.close();
    rmSync(folder, { recursive: true });
  });

  test("a request waits until it is answered, and its grant is what was approved", async () => {
    const { database } = opened;
    await addRequest(database, asked, undefined);
    expect(await standing(database, now)).toEqual({ requests: [asked], grants: [] });
    const first = { id: "req_1", seen: 0, approved: [lea] };
    expect(await answerRequest(database, first, now)).toBe(true);
    const second = { id: "req_1", seen: 1, approved: [lea, kim], how: "approved" as const, grant };
    expect(await answerRequest(database, second, now + 1)).toBe(true);
    const request = { ...asked, approved: [lea, kim], how: "approved" as const, endedAt: now + 1 };
    expect(await standing(database, now + 1)).toEqual({ requests: [], grants: [{ grant, request }] });
    expect(await findRequest(database, "req_1")).toEqual(request);
  });

  test("an approval counts once, whoever races", async () => {
    const { database } = opened;
    await addRequest(database, asked, undefined);
    const both = [lea, kim].map((by) =>
      answerRequest(database, { id: "req_1", seen: 0, approved: [by], how: "approved", grant }, now),
    );
    expect((await Promise.all(both)).sort()).toEqual([false, true]);
    expect((await pastGrants(database, 10)).length).toBe(1);
  });

  test("what was denied, or has run out, opens nothing", async () => {
    const { database } = opened;
    const yes = { seen: 0, approved: [lea], how: "approved" as const };
    await addRequest(database, asked, undefined);
    await addRequest(database, { ...asked, id: "req_2" }, undefined);
    const no = { id: "req_1", seen: 0, approved: [], how: "denied" as const };
    expect(await answerRequest(database, no, now)).toBe(true);
    expect(await answerRequest(database, { ...yes, id: "req_1", grant }, now)).toBe(false);
    const late = { ...yes, id: "req_2", grant: { ...grant, id: "grant_2", request: "req_2" } };
    expect(await answerRequest(database, late, asked.expires)).toBe(false);
    expect(await pastGrants(database, 10)).toEqual([]);
    expect((await pastRequests(database, 10)).map(({ id, how }) => [id, how]).sort()).toEqual([
      ["req_1", "denied"],
      ["req_2", undefined],
    ]);
  });

  test("with the glass broken it is open at once; it ends once", async () => {
    const { database } = opened;
    await addRequest(database, asked, { ...grant, by: [], breakGlass: true });
    const open = (await standing(database, now)).grants;
    expect(open.map(({ grant }) => [grant.id, grant.breakGlass])).toEqual([["grant_1", true]]);
    expect(await endGrant(database, "grant_1", now + 5)).toBe(true);
    expect(await endGrant(database, "grant_1", now + 6)).toBe(false);
    expect((await standing(database, now)).grants).toEqual([]);
    expect(await pastGrants(database, 10)).toMatchObject([{ id: "grant_1", endedAt: now + 5 }]);
  });
});
