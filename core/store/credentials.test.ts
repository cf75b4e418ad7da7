import { afterEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PosternError } from "../error.ts";
import type { Identity } from "../identity.ts";
import { addCredential, findCredential, revokeCredential } from "./credentials.ts";
import { storeFailure } from "./failure.ts";
import { type Database, openStoreFile } from "./open.ts";

const alice: Identity = { issuer: "local", subject: "alice", kind: "person", groups: ["support"] };
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function fresh(): Promise<Database> {
  const folder = mkdtempSync(join(tmpdir(), "postern-credentials-"));
  const { database, close } = await openStoreFile(join(folder, "store.db"));
  closers.push(() => {
    close();
    rmSync(folder, { recursive: true });
  });
  return database;
}

test("a credential is found until it expires or is revoked", async () => {
  const shared = await fresh();
  const bytes = (fill: number) => new Uint8Array(4).fill(fill);
  const verifier = { iterations: 4096, salt: bytes(1), storedKey: bytes(2), serverKey: bytes(3) };
  await addCredential(shared, { id: "pc_1", identity: alice, verifier, expires: 1_000 }, 10);
  const found = await findCredential(shared, "pc_1", 999);
  expect(found).toMatchObject({ id: "pc_1", identity: alice, expires: 1_000 });
  expect(new Uint8Array(found?.verifier.storedKey ?? [])).toEqual(bytes(2));
  expect(await findCredential(shared, "pc_1", 1_000)).toBeUndefined();
  expect(await findCredential(shared, "pc_2", 10)).toBeUndefined();
  expect(await revokeCredential(shared, "pc_1", 20)).toBe(true);
  expect(await revokeCredential(shared, "pc_1", 21)).toBe(false);
  expect(await findCredential(shared, "pc_1", 22)).toBeUndefined();
});

test("a failure tells neither the statement nor its values", async () => {
  const shared = await fresh();
  const verifier = {
    iterations: 1,
    salt: Buffer.from("canary"),
    storedKey: Buffer.alloc(1),
    serverKey: Buffer.alloc(1),
  };
  const issued = { id: "pc_canary", identity: alice, verifier, expires: 1e15 };
  await addCredential(shared, issued, 10);
  const failure = await addCredential(shared, issued, 10).catch(storeFailure);
  expect(failure).toMatchObject({
    code: "store.failed",
    message: expect.stringContaining("UNIQUE constraint"),
  });
  expect(JSON.stringify((failure as PosternError).reason)).not.toMatch(/canary|insert/);
});
