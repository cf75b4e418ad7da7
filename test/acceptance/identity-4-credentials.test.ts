import { afterAll, beforeAll, describe, expect } from "bun:test";
import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { Canaries } from "../canary.ts";
import { measured, needs, testWith } from "../needs.ts";
import { fields, int32, message, RawClient, startup, text } from "../raw.ts";
import { openSharedDoors, type SharedDoors } from "./shared-doors.ts";

const refusedBare = /^The credential was not accepted \(ref_\w+\)/;
const patience = 60_000;
const rounds = process.env.POSTERN_LONG ? 50 : 3;

describe("must hold 4: issued credentials", () => {
  let doors: SharedDoors;
  beforeAll(async () => {
    if (!needs.libsql && !needs.postgres18) doors = await openSharedDoors();
  }, patience);
  afterAll(() => doors?.close());
  const test = testWith(needs.libsql, needs.postgres18);

  async function expectRefusedEverywhere(user: string, password: string): Promise<void> {
    for (const gateway of doors.gateways) {
      expect(await doors.refusal(gateway, user, password)).toMatch(refusedBare);
    }
  }

  test(
    "what one gateway issued is good at both, and after its expiry at neither",
    async () => {
      const { user, password, expires } = await doors.issue("--ttl", "6s");
      for (const gateway of doors.gateways) {
        expect(await doors.refusal(gateway, user, password)).toBeUndefined();
      }
      await Bun.sleep(Math.max(0, expires - Date.now()));
      await expectRefusedEverywhere(user, password);
    },
    patience,
  );

  test(
    "revoked at one: sessions end at both, with the reason, and no login follows",
    async () => {
      const { user, password } = await doors.issue();
      const clients = await Promise.all(doors.gateways.map((each) => doors.login(each, user, password)));
      const ends = clients.map((client) => once(client, "error"));
      const [first, second] = doors.gateways;
      expect((await first.postern(["credentials", "revoke", user], await doors.token("eve"))).code).toBe(1);
      expect((await first.postern(["credentials", "revoke", user])).code).toBe(0);
      for (const [error] of await Promise.all(ends)) expect(String(error)).toContain("was revoked");
      await expectRefusedEverywhere(user, password);
      const listed = await second.postern(["credentials", "list", "--all", "--json"]);
      expect(JSON.parse(listed.stdout)).toContainEqual(
        expect.objectContaining({ id: user, state: "revoked" }),
      );
    },
    patience,
  );

  test(
    "--once: of all who race for it on both, one comes in; a wrong proof uses nothing up",
    async () => {
      for (let round = 0; round < rounds; round++) {
        const { user, password } = await doors.issue("--once");
        for (const gateway of doors.gateways) {
          expect(await doors.refusal(gateway, user, `${password}x`)).toMatch(refusedBare);
        }
        const racers = Array.from({ length: 8 }, (_, at) =>
          doors.refusal(doors.gateways[at % 2]!, user, password),
        );
        expect((await Promise.all(racers)).filter((refused) => refused === undefined)).toHaveLength(1);
        await expectRefusedEverywhere(user, password);
      }
    },
    patience,
  );

  test(
    "--from: elsewhere the right proof neither comes in nor uses anything up",
    async () => {
      const { user, password } = await doors.issue("--once", "--from", "127.0.0.2/31");
      await expectRefusedEverywhere(user, password);
      const key = clientKey(password);
      const [first, second] = doors.gateways;
      expect(await scram(first.port, user, key, "127.0.0.4")).toBe("refused");
      expect(await scram(second.port, user, key, "127.0.0.3")).toBe("in");
      expect(await scram(first.port, user, key, "127.0.0.2")).toBe("refused");
      const bad = await first.postern(
        ["credentials", "issue", "--from", "10.0.0.0/99"],
        await doors.token("ada"),
      );
      expect(bad.stderr).toContain("credential.from");
    },
    patience,
  );

  test(
    "the store holds nothing from which one can log in",
    async () => {
      const { user, password } = await doors.issue();
      await (await doors.login(doors.gateways[1], user, password)).end();
      const canaries = new Canaries(password);
      expect([...canaries.inFiles(doors.store.folder), ...canaries.inFiles(doors.folder)]).toEqual([]);

      const stored = await everythingIn(doors);
      const [row] = await doors.store.sql(
        `select stored_key, server_key from credentials where id = '${user}'`,
      );
      const storedKey = Buffer.from(row?.stored_key as ArrayBuffer);
      expect(storedKey.length).toBe(32);
      // The attack works where it has what the store has not.
      const [gateway] = doors.gateways;
      const forged = (key: (salted: Salted) => Buffer) => scram(gateway.port, user, key, "127.0.0.1");
      expect(await forged(clientKey(password))).toBe("in");
      const blobs = stored.filter((value) => Buffer.isBuffer(value));
      expect(blobs.length).toBeGreaterThanOrEqual(3);
      const keys = blobs.flatMap((blob) => [
        blob,
        sha256(blob),
        hmac(blob, "Client Key"),
        hmac(storedKey, blob),
      ]);
      for (const key of keys) expect(await forged(() => key)).toBe("refused");
      for (const guess of new Set(stored.flatMap(formsOf))) {
        expect([guess, await doors.refusal(gateway, user, guess)]).toEqual([guess, expect.any(String)]);
        expect([guess, await doors.refusal(gateway, "ada", guess)]).toEqual([guess, expect.any(String)]);
        expect([guess, await whoami(gateway.data, guess)]).toEqual([guess, 401]);
      }
      await (await doors.login(gateway, user, password)).end();
    },
    patience,
  );

  test(
    "an id that is not good is shown nothing else than one that is, at either gateway",
    async () => {
      const { user, password } = await doors.issue();
      const [first, second] = doors.gateways;
      const wrong = () => randomBytes(32);
      const good = await medianMs(() => scram(first.port, user, wrong, "127.0.0.1"));
      const none = await medianMs(() => scram(first.port, "pc_unknown", wrong, "127.0.0.1"));
      measured(`a wrong proof is refused in ${good} ms for a good id, in ${none} ms for an unknown one`);
      const before = [await challenge(first.port, user), await challenge(second.port, user)];
      await first.postern(["credentials", "revoke", user]);
      const after = [await challenge(first.port, user), await challenge(second.port, user)];
      expect(new Set([...before, ...after]).size).toBe(1);
      const unknown = [await challenge(first.port, "pc_unknown"), await challenge(second.port, "pc_unknown")];
      expect(new Set(unknown).size).toBe(1);
      expect(unknown[0]).toMatch(/^[A-Za-z0-9+/]{22}==,i=4096$/);
      const refused = (id: string) => doors.refusal(first, id, password);
      const masked = (said: string | undefined) => said?.replace(/ref_\w+/, "ref");
      expect(masked(await refused("pc_unknown"))).toBe(masked(await refused(user)));
    },
    patience,
  );

  test(
    "without the store nobody new comes in, who is in stays, and it comes back by itself",
    async () => {
      const { user, password } = await doors.issue();
      const [gateway] = doors.gateways;
      const token = await doors.token("ada");
      const client = await doors.login(gateway, user, password);
      await doors.store.kill();
      expect(await doors.refusal(gateway, user, password)).toMatch(refusedBare);
      await until(async () => (await doors.refusal(gateway, "ada", token)) !== undefined);
      expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
      const issue = await gateway.postern(["credentials", "issue"], token);
      expect(issue.stderr).toContain("store.unreachable");
      expect(await readiness(gateway.data)).toContain("store server cannot be reached");
      await doors.store.start();
      await until(async () => (await readiness(gateway.data)) === "ready\n");
      expect(await doors.refusal(gateway, user, password)).toBeUndefined();
      expect(await doors.refusal(gateway, "ada", token)).toBeUndefined();
      await client.end();
      expect(new Canaries(doors.store.token).inFiles(doors.folder)).toEqual([]);
    },
    patience,
  );
});

interface Salted {
  readonly salt: Buffer;
  readonly iterations: number;
}

function clientKey(password: string) {
  return ({ salt, iterations }: Salted) =>
    hmac(pbkdf2Sync(password, salt, iterations, 32, "sha256"), "Client Key");
}

/** SCRAM-SHA-256 (RFC 5802) by hand, with a key as ClientKey that need not come from a password. */
async function scram(port: number, user: string, key: (salted: Salted) => Buffer, from: string) {
  const client = await RawClient.connect(port, from);
  try {
    const bare = `n=,r=${randomBytes(18).toString("base64")}`;
    const first = await serverFirst(client, user, bare);
    const [, nonce = "", salt = "", iterations] = /^r=(.+),s=(.+),i=(\d+)$/.exec(first) ?? [];
    const without = `c=biws,r=${nonce}`;
    const guess = key({ salt: Buffer.from(salt, "base64"), iterations: Number(iterations) });
    const mask = hmac(sha256(guess), `${bare},${first},${without}`);
    const proof = Buffer.from(mask.map((byte, at) => byte ^ (guess[at] ?? 0)));
    client.send(message("p", Buffer.from(`${without},p=${proof.toString("base64")}`)));
    const last = (await client.until("Z")).at(-1);
    return last?.type === "Z" ? "in" : "refused";
  } finally {
    client.close();
  }
}

async function serverFirst(client: RawClient, user: string, bare: string): Promise<string> {
  client.send(startup({ user, database: "shop" }));
  await client.until("R");
  const initial = Buffer.from(`n,,${bare}`);
  client.send(message("p", text("SCRAM-SHA-256"), int32(initial.length), initial));
  const [answer] = await client.until("R");
  if (answer?.type !== "R") throw new Error(JSON.stringify(answer && fields(answer)));
  return answer.body.subarray(4).toString();
}

/** Salt and iterations, as the gateway gives them to whoever names this id. */
async function challenge(port: number, user: string): Promise<string> {
  const client = await RawClient.connect(port);
  try {
    return (await serverFirst(client, user, "n=,r=abc")).replace(/^r=.*,s=/, "");
  } finally {
    client.close();
  }
}

/** Every value of every table. */
async function everythingIn({ store }: SharedDoors): Promise<(Buffer | string)[]> {
  const tables = await store.sql("select name from sqlite_master where type = 'table'");
  const rows = await Promise.all(tables.map(({ name }) => store.sql(`select * from "${String(name)}"`)));
  const values = rows.flat().flatMap((row) => Object.values(row));
  return values.map((value) => (value instanceof ArrayBuffer ? Buffer.from(value) : String(value)));
}

function formsOf(value: Buffer | string): string[] {
  const bytes = Buffer.from(value as string);
  const encoded = (["hex", "base64", "base64url"] as const).map((form) => bytes.toString(form));
  const plain = typeof value === "string" ? [value] : [];
  return [...plain, ...encoded].filter((form) => form !== "" && !form.includes("\0")).slice(0, 4);
}

async function whoami(data: string, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token.replace(/[^\x21-\x7e]/g, "")}` };
  return (await fetch("http://postern/v1/whoami", { unix: join(data, "control.sock"), headers })).status;
}

async function medianMs(login: () => Promise<string>): Promise<string> {
  const times: number[] = [];
  for (let at = 0; at < 21; at++) {
    const began = performance.now();
    expect(await login()).toBe("refused");
    times.push(performance.now() - began);
  }
  return (times.sort((one, other) => one - other)[10] ?? 0).toFixed(1);
}

async function readiness(data: string): Promise<string> {
  return (await fetch("http://postern/readyz", { unix: join(data, "control.sock") })).text();
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(20);
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}

function hmac(key: Uint8Array, of: string | Uint8Array): Buffer {
  return createHmac("sha256", key).update(of).digest();
}
