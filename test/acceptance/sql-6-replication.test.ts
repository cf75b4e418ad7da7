import { afterAll, beforeAll, describe, expect } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { needs, testWith } from "../needs.ts";
import { type Message, message, query, RawClient, startup, sync, text } from "../raw.ts";
import { type PostgresServer, startPostgres } from "../servers/postgres.ts";
import { openReplicationDoor, type ReplicationDoor } from "./replication-door.ts";

const logical = "replication=database";
const physical = "replication=true";

const patience = 60_000;

for (const version of [15, 18] as const) {
  describe(`replication, PostgreSQL ${version}`, () => {
    const lack = version === 15 ? needs.postgres15 : needs.postgres18;
    const lacks = [lack, needs.postgres15, needs.psql] as const;
    let door: ReplicationDoor;
    beforeAll(async () => {
      if (lacks.some(Boolean)) return;
      door = await openReplicationDoor(version);
    }, patience);
    afterAll(async () => door?.close(), patience);

    /** All commands that the server's walsenders were given. */
    const commands = () => door.server.logged().match(/received replication command: .*/g) ?? [];
    const senders = async () =>
      Number((await door.server.sql("select count(*) from pg_stat_replication"))[0]?.[0]);

    testWith(...lacks)(
      "without the right it is refused at start-up, with the right's name",
      async () => {
        const token = await door.token("rhea", "readers");
        const before = door.server.logged().length;
        for (const connection of [
          door.connection("rhea", "shop", logical),
          door.connection("rhea", "shop", physical),
          door.connection("shop", "replication", physical),
        ]) {
          const { code, stderr } = await door.psql(token, connection, "IDENTIFY_SYSTEM");
          expect(code).toBe(2);
          expect(stderr).toContain("FATAL:  Replication connections to shop need the right `replicate`");
          expect(stderr).toContain('may: ["replicate"]');
          expect(stderr).toContain("Code: postgres.replication.");
        }
        expect(door.server.logged().slice(before)).not.toContain("replication command");
        await door.until("each stands in the trail", async () => {
          const closed = door.entries("close").filter(({ reason }) => reason.code === "postgres.replication");
          return closed.length === 3;
        });
        // As anybody else they come in.
        expect((await door.psql(token, door.connection("rhea"), "select 1")).stdout).toBe("1\n");
      },
      patience,
    );

    testWith(...lacks)(
      "roles of sessions cannot, and say so",
      async () => {
        const token = await door.token("stan", "standbys");
        const { stderr } = await door.psql(
          token,
          door.connection("roles", "roles", physical),
          "IDENTIFY_SYSTEM",
        );
        expect(stderr).toContain("FATAL:  Replication connections to this resource cannot be");
        await door.until("the role is gone", async () => {
          return (
            (await door.server.sql("select 1 from pg_roles where rolname ~ '^postern_[0-9a-f]{30}$'"))
              .length === 0
          );
        });
      },
      patience,
    );

    testWith(...lacks)(
      "each command is decided by itself; other texts are SQL, or unknown",
      async () => {
        const token = await door.token("nora", "narrow");
        const narrow = door.connection("nora", "shop", logical);
        const as = async (connection: string, ...texts: string[]) => {
          const { stdout, stderr } = await door.psql(token, connection, ...texts);
          return stdout + stderr;
        };
        expect(await as(narrow, "IDENTIFY_SYSTEM", "SHOW wal_level", "select count(*) from orders")).toMatch(
          /^\d+\|1\|.*postgres\nlogical\n1\n$/s,
        );
        for (const [text, on] of [
          ["CREATE_REPLICATION_SLOT other TEMPORARY LOGICAL pgoutput", "slot other"],
          ["CREATE_REPLICATION_SLOT orders_sub TEMPORARY LOGICAL test_decoding", "plugin test_decoding"],
          ["CREATE_REPLICATION_SLOT orders_sub TEMPORARY PHYSICAL", "wal"],
          ['DROP_REPLICATION_SLOT "other"', "slot other"],
          ["START_REPLICATION 0/0", "wal"],
          ["START_REPLICATION SLOT orders_sub 0/0", "wal"],
          [
            "START_REPLICATION SLOT orders_sub LOGICAL 0/0 (proto_version '1', publication_names '\"orders_pub\", everything')",
            "publication everything",
          ],
          ["BASE_BACKUP", "base backup"],
          [" \n BASE_BACKUP (LABEL 'x')", "base backup"],
        ] as const) {
          expect(await as(narrow, text)).toContain(
            `42501: replicate on ${on} is not allowed on shop for nora`,
          );
        }
        for (const text of [
          "insert into orders values (9, 'x')",
          "base_backup",
          "-- \nBASE_BACKUP",
          "; BASE_BACKUP",
        ]) {
          expect(await as(narrow, text)).toContain("42501: ");
        }
        const stan = await door.token("stan", "standbys");
        const { stderr } = await door.psql(
          stan,
          door.connection("shop", "replication", physical),
          "select 1",
        );
        expect(stderr).toContain("42501: unknown on * is not allowed");
        expect(
          (await door.psql(stan, door.connection("shop", "replication", physical), "IDENTIFY_SYSTEM")).code,
        ).toBe(0);
        expect(await door.server.sql("select count(*) from orders where id = 9")).toEqual([["0"]]);
        expect(commands().join("\n")).not.toMatch(/BASE_BACKUP|SLOT|START/);
      },
      patience,
    );

    testWith(...lacks)(
      "either side ends a stream at its message, and the connection goes on",
      async () => {
        const refused = new pg.Client({
          ...{ host: "127.0.0.1", port: door.port, user: "rhea", database: "shop", replication: "database" },
          password: await door.token("rhea", "readers"),
        } as pg.ClientConfig);
        expect(await refused.connect().catch((error: unknown) => error)).toMatchObject({ code: "28000" });

        const token = await door.token("ann", "admins");
        const open = async () => {
          const client = await RawClient.connect(door.port);
          client.send(startup({ user: "ann", database: "shop", replication: "database" }, 0x30000));
          await client.until("R");
          client.send(message("p", text(token)));
          await client.until("Z");
          return client;
        };
        const client = await open();
        const ask = async (words: string) => {
          client.send(query(words));
          return types(await client.until("Z"));
        };
        expect(await ask("CREATE_REPLICATION_SLOT raw LOGICAL test_decoding")).toBe("TDCZ");
        const start = query("START_REPLICATION SLOT raw LOGICAL 0/0");
        client.send(start);
        expect(types(await client.until("W", "E"))).toBe("W");
        // What comes behind CopyDone waits for the stream's end.
        client.send(message("d", Buffer.concat([Buffer.from("r"), Buffer.alloc(33)])));
        client.send(message("c"), query("select 'behind'"));
        expect(types(await client.until("Z"))).toMatch(/^d*cd*C+Z$/);
        expect(types(await client.until("Z"))).toBe("TDCZ");
        expect(await ask("START_REPLICATION SLOT none LOGICAL 0/0")).toBe("EZ");
        client.send(message("P", text(""), text("select 1"), Buffer.alloc(2)), sync);
        expect(types(await client.until("Z"))).toBe("EZ");
        expect(await ask("select 1")).toBe("TDCZ");
        client.close();

        const other = await open();
        other.send(start);
        await other.until("W", "E");
        other.send(query("select 1"));
        expect(String((await other.until("E")).at(-1)?.body)).toContain("has no place among replicated data");
        other.close();
        await door.until("the slot is free", async () => (await senders()) === 0);
        await door.server.sql("select pg_drop_replication_slot('raw')");
        const started = door
          .entries("operation")
          .filter((entry) => entry.text.includes("SLOT raw LOGICAL 0/0"));
        const [ended] = door
          .entries("outcome")
          .filter(({ op, session }) => op === started[0]?.seq && session === started[0]?.session);
        expect(ended?.outcome).toMatchObject({ result: "ok", received: { bytes: 34 } });
      },
      patience,
    );

    testWith(...lacks)(
      "what a guardrail must see is not replicated",
      async () => {
        const token = await door.token("mia", "masked");
        const masked = door.connection("mia", "shop", logical);
        for (const text of [
          "BASE_BACKUP",
          "CREATE_REPLICATION_SLOT m TEMPORARY LOGICAL test_decoding",
          "copy customers to stdout",
        ]) {
          const { stderr } = await door.psql(token, masked, text);
          expect(stderr).toContain("Code: mask.replication.");
        }
        const { stdout } = await door.psql(token, masked, "select email from customers");
        expect(stdout).not.toContain("canary");
      },
      patience,
    );

    testWith(...lacks)(
      "pg_recvlogical follows a slot, its end is orderly, and the trail has the size",
      async () => {
        const token = await door.token("ann", "admins");
        const connection = door.connection("ann");
        const recv = (...more: string[]) =>
          door.run(token, "pg_recvlogical", "-d", connection, "--slot", "decoded", ...more);
        expect(await recv("--create-slot", "-P", "test_decoding").ended).toMatchObject({
          code: 0,
          stderr: "",
        });
        const running = recv("--start", "-f", "-", "--status-interval", "1", "--fsync-interval", "0");
        await door.until("it streams", async () => (await senders()) === 1);
        for (let id = 100; id < 103; id++) {
          await door.server.sql(`insert into orders values (${id}, 'followed')`);
          await door.until("it arrives", async () => running.out().includes(`id[integer]:${id}`));
        }
        // A large one, in pieces.
        await door.server.sql("insert into orders values (103, repeat('long', 500000))");
        await door.until("it arrives", async () => running.out().includes("id[integer]:103"));
        // What it confirms reaches the server.
        const end = (await door.server.sql("select pg_current_wal_lsn()"))[0]?.[0];
        await door.until("it is confirmed", async () => {
          const [[passed] = []] = await door.server.sql(
            `select confirmed_flush_lsn >= '${end}' from pg_replication_slots where slot_name = 'decoded'`,
          );
          return passed === "t";
        });
        running.interrupt();
        expect(await running.ended).toMatchObject({ code: 0 });
        expect(await recv("--drop-slot").ended).toMatchObject({ code: 0, stderr: "" });
        const [started] = door
          .entries("operation")
          .filter((entry) => /^START_REPLICATION SLOT "?decoded/.test(entry.text));
        expect(started?.actions).toEqual([{ effect: "replicate", on: "slot decoded" }]);
        const [outcome] = door
          .entries("outcome")
          .filter(({ op, session }) => op === started?.seq && session === started?.session);
        expect(outcome?.outcome.bytes).toBeGreaterThan(2_000_000);
        expect(outcome?.outcome.received?.bytes).toBeGreaterThan(30);
      },
      patience,
    );

    testWith(...lacks)(
      "what is allowed no more ends in the middle, and so does a session that is killed",
      async () => {
        const token = await door.token("rob", "reload");
        const recv = (...more: string[]) =>
          door.run(
            token,
            "pg_recvlogical",
            "-d",
            door.connection("rob"),
            "--no-loop",
            "--slot",
            "ends",
            ...more,
          );
        const follow = async () => {
          const running = recv("--start", "-f", "-", "--status-interval", "1");
          // A row stands there before the command has come: who is ended then is told nothing of a stream.
          await door.until("it streams", async () => {
            const [[streaming] = []] = await door.server.sql(
              "select count(*) from pg_stat_replication where state = 'streaming'",
            );
            return streaming === "1";
          });
          return running;
        };
        door.setMay('["replicate"]');
        await door.until(
          "it may",
          async () =>
            (await recv("--create-slot", "--if-not-exists", "-P", "test_decoding").ended).code === 0,
        );
        const running = await follow();
        door.setMay("[]");
        const { code, stderr } = await running.ended;
        expect(code).toBe(1);
        expect(stderr).toContain(
          "The policy changed and no longer allows this: replicate on slot ends is not allowed",
        );
        await door.until("it ends at the server", async () => (await senders()) === 0);
        door.setMay('["replicate"]');
        await door.until(
          "it may again",
          async () =>
            (await recv("--create-slot", "--if-not-exists", "-P", "test_decoding").ended).code === 0,
        );
        const killed = await follow();
        const [session] = await door.json<{ id: string }[]>("sessions", "list");
        expect((await door.postern("sessions", "kill", session?.id ?? "")).code).toBe(0);
        expect((await killed.ended).code).toBe(1);
        await door.until("it ends at the server", async () => (await senders()) === 0);
        // The other side: a server that ends it.
        const cut = await follow();
        await door.server.sql("select pg_terminate_backend(pid) from pg_stat_replication");
        expect((await cut.ended).stderr).toContain("terminating connection due to administrator command");
        expect((await recv("--drop-slot").ended).code).toBe(0);
      },
      patience,
    );

    testWith(...lacks)(
      "a subscription of another server, whose password is a token, copies and follows",
      async () => {
        const token = await door.token("nora", "narrow");
        const other = await startPostgres({ version, settings: { wal_level: "logical" } });
        try {
          await other.sql("create table orders (id int primary key, note text)");
          const connection = `${door.connection("nora")} password=${token}`;
          await other.sql(
            `create subscription orders_sub connection '${connection}' publication orders_pub with (streaming = ${version === 18 ? "parallel" : "on"})`,
          );
          const has = async (server: PostgresServer) =>
            JSON.stringify(await server.sql("select id, md5(note) from orders order by 1"));
          await door.until(
            "it has what was there",
            async () => (await has(other)) === (await has(door.server)),
          );
          await door.server.sql(
            "update orders set note = 'changed' where id = 1; insert into orders values (200, 'new')",
          );
          await door.until("it follows", async () => (await has(other)) === (await has(door.server)));
          await other.sql("drop subscription orders_sub");
          expect(await door.server.sql("select slot_name from pg_replication_slots")).toEqual([]);
        } finally {
          await other.close();
        }
      },
      patience,
    );

    // These programs take no server that is newer than they are.
    if (version !== 15) return;
    testWith(...lacks)(
      "pg_basebackup and pg_receivewal: a standby's files, verified",
      async () => {
        const token = await door.token("stan", "standbys");
        const at = ["-h", "127.0.0.1", "-p", String(door.port), "-U", "shop", "-w"];
        const copy = join(door.folder, "copy");
        const base = await door.run(token, "pg_basebackup", ...at, "-D", copy, "-X", "stream", "-c", "fast")
          .ended;
        expect(base).toMatchObject({ code: 0, stderr: "" });
        expect(await door.run("", "pg_verifybackup", copy).ended).toMatchObject({ code: 0 });
        expect(existsSync(join(copy, "PG_VERSION"))).toBe(true);

        const archive = join(door.folder, "wal");
        const receive = (...more: string[]) =>
          door.run(token, "pg_receivewal", ...at, "-D", archive, ...more);
        expect((await receive("--slot", "archive", "--create-slot").ended).code).toBe(0);
        await Bun.$`mkdir ${archive}`;
        const running = receive("--slot", "archive", "--no-loop", "--status-interval", "1");
        await door.until("it streams", async () => (await senders()) === 1);
        await door.server.sql("insert into orders values (300, 'archived')");
        const [[segment] = []] = await door.server.sql("select pg_walfile_name(pg_switch_wal())");
        await door.until("a whole segment is there", async () =>
          readdirSync(archive).includes(segment ?? ""),
        );
        running.interrupt();
        expect(await running.ended).toMatchObject({ code: 0 });
        const there = readFileSync(join(door.server.folder, "data/pg_wal", segment ?? ""));
        expect(readFileSync(join(archive, segment ?? "")).equals(there)).toBe(true);
        expect((await receive("--slot", "archive", "--drop-slot").ended).code).toBe(0);
      },
      patience,
    );
  });
}

/** Without what may come at any time. */
function types(messages: readonly Message[]): string {
  return messages
    .map(({ type }) => type)
    .filter((type) => type !== "S" && type !== "N")
    .join("");
}
