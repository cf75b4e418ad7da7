import { afterAll, beforeAll, describe, expect } from "bun:test";
import pg from "pg";
import { measured, needs, testWith } from "../needs.ts";
import { message, query, type RawClient } from "../raw.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { type Claims, EndingsDoor, issuer, tokenOf } from "./endings-door.ts";
import { schema } from "./people.ts";
import { openStuck } from "./stuck.ts";

interface Issued {
  readonly user: string;
  readonly password: string;
}

const alice: Claims = { subject: "alice" };
const bob: Claims = { subject: "bob" };
const agent: Claims = {
  ...{ subject: "agent-7", kind: "machine" },
  actingFor: { issuer, subject: "alice", kind: "person", groups: ["staff"], issuedAt: 1 },
};
const copied = (row: number) => message("d", Buffer.from(`${row}\tleft\n`));
/** Made after what was ended so far, by the clock of whoever made it. */
const fresh = (claims: Claims): Claims => ({ ...claims, issuedAt: Date.now() + 1 });

describe("when it ends", () => {
  let server: PostgresServer;
  let door: EndingsDoor;
  const silent = openStuck();
  beforeAll(async () => {
    if (needs.postgres18) return;
    server = await startPostgres({ version: 18 });
    await server.sql(schema);
    door = new EndingsDoor({ server, workers: 2, silent: silent.port });
    await door.gateway.start();
  }, 60_000);
  afterAll(async () => {
    await door?.close();
    await server?.close();
    silent.close();
  });

  const held = query("update customers set city = 'held' where id = 2");
  const running = query("select repeat('x', 20000); select pg_sleep(60)");
  /** In the middle of something, each in a session of its own; several, so that both workers have some. */
  const busy = (row: number) =>
    [
      ["idle", query("select 1"), "Z"],
      ["in a transaction", query(`begin; insert into orders values (${row}, 'left')`), "Z"],
      ["in a running statement", running, "T"],
      ["held", held, "N"],
      ["in a COPY", Buffer.concat([query("copy orders from stdin"), copied(row + 1)]), "G"],
    ] as const;

  async function allBusy(who: Claims, row: number): Promise<[string, RawClient][]> {
    const all: [string, RawClient][] = [];
    for (const [state, bytes, awaited] of busy(row)) {
      const client = await door.login(who);
      client.send(bytes);
      await client.until(awaited);
      all.push([`${who.subject}, ${state}`, client]);
    }
    return all;
  }

  testWith(needs.postgres18)(
    "postern revoke ends what alice does and what acts for her, with the reason, and nothing of anybody else",
    async () => {
      const theirs = [...(await allBusy(alice, 71)), ...(await allBusy(agent, 81))];
      const others = await allBusy(bob, 91);
      const began = performance.now();
      const revoked = await door.json<{ ending: { id: string }; sessions: string[] }>(
        ...["revoke", "alice", "--because", "she left"],
      );
      expect(revoked.sessions).toHaveLength(theirs.length);
      for (const [state, client] of theirs) {
        expect({ state, ...(await door.lastWord(client)) }).toMatchObject({
          ...{ state, S: "FATAL", C: "57P01" },
          M: expect.stringContaining("she left"),
          D: expect.stringContaining("access.revoked"),
        });
      }
      measured(
        `ten sessions read why ${Math.round(performance.now() - began)} ms after \`postern revoke\` began`,
      );
      const [inTransaction, copying] = [others[1]?.[1], others[4]?.[1]];
      inTransaction?.send(query("commit"));
      expect((await inTransaction?.until("Z"))?.map(({ type }) => type).join("")).toBe("CZ");
      copying?.send(message("c"));
      expect((await copying?.until("Z"))?.map(({ type }) => type).join("")).toBe("CZ");
      expect(await door.json<unknown[]>("sessions", "list")).toHaveLength(others.length);
      for (const [, client] of others) client.close();
      // Theirs was rolled back, bob's committed.
      expect(await server.sql("select id from orders order by id")).toEqual([["91"], ["92"]]);
      const ended = door.entries("access-ended");
      expect(ended).toMatchObject([
        { ending: revoked.ending.id, of: { kind: "identity", subject: "alice" } },
      ]);
      await door.until(
        "all is closed",
        async () => (await door.json<unknown[]>("sessions", "list")).length === 0,
      );
      const closed = door.entries("close").filter(({ session }) => revoked.sessions.includes(session));
      expect(closed.map(({ reason }) => reason.code)).toEqual(theirs.map(() => "access.revoked"));
      const holds = door.entries("hold-ended").filter(({ session }) => revoked.sessions.includes(session));
      expect(holds).toHaveLength(2);
      for (const hold of holds)
        expect(hold).toMatchObject({ how: "abandoned", because: expect.stringContaining("she left") });
    },
    60_000,
  );

  testWith(needs.postgres18)(
    "so does a session whose resource has not answered yet",
    async () => {
      const client = await door.dialing({ subject: "erin" });
      await door.until("it dials", () => silent.open() === 1);
      expect(await door.json<object>("revoke", "erin")).toMatchObject({ sessions: [expect.any(String)] });
      expect(await door.lastWord(client)).toMatchObject({ S: "FATAL", C: "57P01" });
    },
    60_000,
  );

  testWith(needs.postgres18)(
    "what was ended stays so over a restart, and in a worker that takes another's place",
    async () => {
      await door.json("revoke", "finn", "--block");
      expect(await door.refusal(fresh({ subject: "finn" }))).toBe("28P01");
      await door.gateway.stop();
      await door.gateway.start();
      const refusedAll = async () => {
        for (let round = 0; round < 8; round += 1) {
          expect(await door.refusal(fresh({ subject: "finn" }))).toBe("28P01");
          expect(await door.refusal(alice)).toBe("28P01");
        }
      };
      await refusedAll();
      const killed = ((await door.status()).workers ?? []).map(({ pid }) => pid);
      for (const pid of killed) process.kill(pid, "SIGKILL");
      await door.until("both workers have successors", async () => {
        const { workers } = await door.status();
        return workers?.every(({ pid, ready }) => ready && !killed.includes(pid)) ?? false;
      });
      await refusedAll();
    },
    60_000,
  );

  testWith(needs.postgres18)(
    "a proof from before is refused, a new one is not; with --block nothing new is, until --lift",
    async () => {
      await door.json("revoke", "carol");
      const carol = { subject: "carol" };
      const after = fresh(carol);
      expect(await door.refusal(carol)).toBe("28P01");
      expect(await door.refusal(after)).toBeUndefined();
      await door.json("revoke", "carol", "--block", "--because", "suspended");
      expect(await door.refusal(fresh(carol))).toBe("28P01");
      expect(await door.refusal({ ...agent, actingFor: { ...agent.actingFor!, ...fresh(carol) } })).toBe(
        "28P01",
      );
      const list = await door.json<{ of: unknown; blocks: boolean }[]>("revoke", "--list");
      expect(list).toContainEqual(
        expect.objectContaining({ of: { kind: "identity", subject: "carol" }, blocks: true }),
      );
      await door.json("revoke", "carol", "--lift");
      expect(await door.refusal(fresh(carol))).toBeUndefined();
      expect(await door.refusal(carol)).toBe("28P01");
    },
    60_000,
  );

  testWith(needs.postgres18)(
    "an issued credential falls with its token, by its id, and with its identity",
    async () => {
      const dora: Claims = { subject: "dora", issuedAt: Date.now() };
      const open = async (credential: Issued) => {
        const where = { host: "127.0.0.1", port: door.port, database: "shop" };
        const client = new pg.Client({ ...where, ...credential });
        const ended = new Promise<string>((resolve) => client.on("error", ({ message }) => resolve(message)));
        await client.connect();
        return { ended };
      };
      for (const by of ["its token", "its id", "its identity"] as const) {
        const token = tokenOf({ ...dora, ...(by === "its token" ? { credentialId: "jti-1" } : {}) });
        const printed = await door.gateway.postern(["credentials", "issue", "--json"], token);
        const { user, password } = JSON.parse(printed.stdout) as Issued;
        const { ended } = await open({ user, password });
        const what = {
          "its token": ["jti-1", "--kind", "credential"],
          "its id": [user],
          "its identity": ["dora"],
        };
        await door.json("revoke", ...what[by], "--because", `lost ${by}`);
        expect(await ended).toContain(`lost ${by}`);
        await expect(open({ user, password })).rejects.toMatchObject({ code: "28P01" });
      }
    },
    60_000,
  );
});
