import { afterAll, beforeAll, describe, expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { needs, testWith } from "../needs.ts";
import { type Door, openDoor } from "./door.ts";

describe("must hold 7: a full disk", () => {
  const disk = mkdtempSync(join(tmpdir(), "postern-disk-"));
  const filler = join(disk, "filler");
  const lacks = [needs.postgres18, needs.tmpfs];
  let door: Door;
  beforeAll(async () => {
    if (lacks.some(Boolean)) return;
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=128m", "none", disk]);
    door = await openDoor({ version: 18, data: join(disk, "data") });
  });
  afterAll(async () => {
    await door?.close();
    spawnSync("umount", [disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  testWith(...lacks)(
    "refuses with the reason, answers nothing unrecorded, goes on when there is room",
    async () => {
      const password = await door.token("sam", "support");
      const client = new pg.Client({
        host: "127.0.0.1",
        port: door.port,
        user: "sam",
        password,
        database: "shop",
      });
      client.on("error", () => {});
      await client.connect();
      fill(filler);

      const answered: number[] = [];
      const refused: { id: number; message: string }[] = [];
      // Each entry takes 8 KB of what the trail has left.
      for (let id = 1; refused.length < 5 && id < 20_000; id++) {
        const statement = `insert into orders values (${id}, '${"x".repeat(8000)}')`;
        await client.query(statement).then(
          () => answered.push(id),
          (error: Error) => refused.push({ id, message: error.message }),
        );
      }
      expect(answered.length).toBeGreaterThan(10);
      expect(refused).toHaveLength(5);
      for (const { message } of refused) expect(message).toMatch(/trail|disk|full|space/i);

      rmSync(filler);
      await door.until("it goes on", () =>
        client.query("insert into orders values (-1, 'room again')").then(
          () => true,
          () => false,
        ),
      );
      await client.end();
      await door.sessionsClosed();
      const recorded = door.entries("operation").map(({ text }) => /values \((-?\d+)/.exec(text)?.[1]);
      const stored = (await door.server.sql("select id from orders order by id")).map(([id]) => Number(id));
      expect(stored).toEqual([-1, ...answered]);
      expect(answered.filter((id) => !recorded.includes(String(id)))).toEqual([]);
      expect(await door.postern("audit", "verify")).toMatchObject({ code: 0 });
    },
    180_000,
  );
});

/** Takes all the room there is. */
function fill(path: string): void {
  const step = Buffer.alloc(64 << 10);
  try {
    for (;;) appendFileSync(path, step);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}
