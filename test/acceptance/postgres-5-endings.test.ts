import { afterAll, beforeAll, describe, expect } from "bun:test";
import { measured, needs, testWith } from "../needs.ts";
import { fields, message, query, RawClient } from "../raw.ts";
import { type Door, openDoor } from "./door.ts";
import { protocolStates, type State, type Tokens } from "./states.ts";
import { openStuck } from "./stuck.ts";

/** Gateway sessions at the server; a connection of the gateway's own is not one. */
const sessionsAtServer = "from pg_stat_activity where application_name like '%postern:ses_%'";

describe("must hold 5: endings in every state", () => {
  let door: Door;
  let tokens: Tokens;
  const silent = openStuck();
  const halfway = openStuck(message("R", Buffer.from("\0\0\0\x0aSCRAM-SHA-256\0\0")));
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openDoor({
      version: 18,
      workers: 2,
      further: { silent: silent.port, halfway: halfway.port },
    });
    const bench = await door.token("ben", "bench");
    const issued = await door.gateway.postern(["credentials", "issue", "--json"], bench);
    tokens = {
      bench,
      support: await door.token("sam", "support"),
      issued: (JSON.parse(issued.stdout) as { user: string }).user,
    };
  });
  afterAll(async () => {
    silent.close();
    halfway.close();
    await door?.close();
  });

  /** A session that works, so that what is opened once and kept is open. */
  async function works(): Promise<void> {
    for (const [user, token] of [
      ["sam", tokens.support],
      ["ben", tokens.bench],
    ] as const) {
      for (let round = 0; round < 4; round += 1) {
        const client = await RawClient.login(door.port, user, "shop", token);
        client.send(query("select email from customers"));
        expect((await client.until("Z")).map(({ type }) => type).join("")).toBe("TDDDCZ");
        client.send(message("X"));
        await client.until("never");
      }
    }
    await door.sessionsClosed();
  }

  async function allIn(): Promise<[State, RawClient][]> {
    const reached: [State, RawClient][] = [];
    for (const state of protocolStates(door, tokens)) reached.push([state, await state.reach()]);
    await door.until("the last of them is dialing", async () => silent.open() === 1 && halfway.open() === 1);
    return reached;
  }

  async function nothingLeft(descriptors: number): Promise<void> {
    const began = performance.now();
    await door.until("no server connection is left", async () => {
      const [[count] = []] = await door.server.sql(`select count(*) ${sessionsAtServer}`);
      return count === "0";
    });
    await door.sessionsClosed();
    await door.until("no descriptor is left", async () => door.descriptors() <= descriptors);
    measured(`all is released ${Math.round(performance.now() - began)} ms after`);
    expect(await door.json<unknown[]>("approvals", "list")).toEqual([]);
    expect([silent.open(), halfway.open()]).toEqual([0, 0]);
    expect(door.restarts()).toBe(0);
    await works();
  }

  const told = async (client: RawClient) => {
    client.resume();
    const error = (await client.until("never")).findLast(({ type }) => type === "E");
    return error && fields(error);
  };

  testWith(needs.postgres18, needs.proc)(
    "FATAL reaches the caller, and both sides are released",
    async () => {
      await works();
      const descriptors = door.descriptors();
      const reached = await allIn();
      expect(reached.length).toBeGreaterThanOrEqual(20);
      await door.server.sql(`select pg_terminate_backend(pid) ${sessionsAtServer}`);
      silent.drop();
      halfway.drop();
      for (const [state, client] of reached) {
        if (state.hears) {
          expect({ state: state.name, ...(await told(client)) }).toMatchObject({
            ...{ state: state.name, S: "FATAL", C: "57P01" },
            M: "terminating connection due to administrator command",
          });
        }
        client.close();
      }
      await nothingLeft(descriptors);
    },
    120_000,
  );

  testWith(needs.postgres18, needs.proc)(
    "the server is killed and comes back",
    async () => {
      await works();
      const descriptors = door.descriptors();
      const reached = await allIn();
      await door.server.kill();
      silent.drop();
      halfway.drop();
      for (const [state, client] of reached) {
        if (state.hears) {
          const error = await told(client);
          expect({ state: state.name, severity: error?.S }).toEqual({ state: state.name, severity: "FATAL" });
          expect(["08001", "57P01"]).toContain(error?.C ?? "");
        }
        client.close();
      }
      await door.server.start();
      await nothingLeft(descriptors);
    },
    120_000,
  );

  for (const [how, leave] of [
    ["cut off", (client: RawClient) => client.close()],
    ["at the end of what it sends", (client: RawClient) => client.finish()],
  ] as const) {
    testWith(needs.postgres18, needs.proc)(
      `the caller is ${how}`,
      async () => {
        await works();
        const descriptors = door.descriptors();
        const reached = await allIn();
        for (const [, client] of reached) leave(client);
        await nothingLeft(descriptors);
        for (const [, client] of reached) client.close();
      },
      120_000,
    );
  }
});
