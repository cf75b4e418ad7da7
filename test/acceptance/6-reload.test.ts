import { afterAll, beforeAll, describe, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { measured, needs, testWith } from "../needs.ts";
import { type Door, openDoor } from "./door.ts";

const reloads = process.env.POSTERN_LONG ? 1000 : 40;

describe("must hold 6: a reload", () => {
  let door: Door;
  let client: pg.Client;
  let shared: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({ version: 18, sharedRules: rules("read") });
    shared = join(door.folder, "shared.ts");
    const password = await door.token("rhea", "reload");
    client = new pg.Client({ host: "127.0.0.1", port: door.port, user: "rhea", password, database: "shop" });
    client.on("error", () => {});
    await client.connect();
  });
  afterAll(async () => {
    await client?.end();
    await door?.close();
  });

  const mayWrite = () =>
    client.query("insert into orders values (1, '') on conflict do nothing").then(
      () => true,
      () => false,
    );

  /** Milliseconds from the edit to the first operation that follows it. */
  async function follow(content: string, wanted: boolean): Promise<number> {
    writeFileSync(shared, content);
    const since = performance.now();
    await door.until("operations follow the edit", async () => (await mayWrite()) === wanted);
    return performance.now() - since;
  }

  testWith(needs.postgres18)("operations follow an edit of an imported file within a second", async () => {
    expect(await mayWrite()).toBe(false);
    const times: number[] = [];
    for (let round = 0; round < 3; round++) {
      times.push(await follow(rules("read", "write"), true), await follow(rules("read"), false));
    }
    const median = times.toSorted((a, b) => a - b)[3] ?? 0;
    measured(`reload to first operation: median ${median.toFixed(0)} ms`);
    expect(median).toBeLessThan(1000);
  });

  testWith(needs.postgres18)("a broken file keeps the old policy and says file:line", async () => {
    await follow(rules("read", "write"), true);
    const before = door.logged().length;
    writeFileSync(shared, `${rules("read")}\nconst broken = ;\n`);
    await door.until("the reason is told", async () => /shared\.ts:\d+/.test(door.logged().slice(before)));
    expect(await mayWrite()).toBe(true);
    const refusals = door.entries("policy-refused");
    expect(refusals.at(-1)?.message).toMatch(/shared\.ts:\d+/);
    writeFileSync(shared, rules("raed"));
    await door.until("a policy that fails its checks is told of", async () => {
      return door.entries("policy-refused").length > refusals.length;
    });
    expect(await mayWrite()).toBe(true);
    await follow(rules("read"), false);
  });

  testWith(needs.postgres18, needs.proc)(
    `${reloads} reloads leave the process its size`,
    async () => {
      const before = door.memory();
      for (let round = 0; round < reloads; round++) {
        await follow(rules("read", ...(round % 2 === 0 ? ["write"] : [])), round % 2 === 0);
      }
      const grown = (door.memory() - before) / 1_000_000;
      measured(`${reloads} reloads grew the gateway by ${grown.toFixed(0)} MB`);
      expect(grown).toBeLessThan(200);
      expect(await door.alive()).toBe(true);
    },
    900_000,
  );
});

function rules(...may: string[]): string {
  return `
import { group } from "postern";
export const shared = { name: "shared", who: group("reload"), on: "shop", may: ${JSON.stringify(may)} } as const;
`;
}
