import { expect } from "bun:test";
import { measured, needs, testWith } from "../needs.ts";
import { fields, type RawClient } from "../raw.ts";
import { openDoor } from "./door.ts";
import { protocolStates } from "./states.ts";
import { openStuck } from "./stuck.ts";

testWith(needs.postgres18)(
  "when it ends: postern revoke reaches a caller in every state of the protocol, with the reason",
  async () => {
    const [silent, halfway] = [openStuck(), openStuck()];
    const door = await openDoor({
      ...{ version: 18, workers: 2 },
      further: { silent: silent.port, halfway: halfway.port },
    });
    try {
      const [bench, support] = [await door.token("ben", "bench"), await door.token("sam", "support")];
      const issued = await door.gateway.postern(["credentials", "issue", "--json"], bench);
      const { user } = JSON.parse(issued.stdout) as { user: string };
      const reached: [string, boolean, RawClient][] = [];
      for (const state of protocolStates(door, { bench, support, issued: user })) {
        reached.push([state.name, state.hears === true, await state.reach()]);
      }
      const began = performance.now();
      await Promise.all(["ben", "sam"].map((name) => door.postern("revoke", name, "--because", "an audit")));
      for (const [state, hears, client] of reached) {
        if (!hears) continue;
        client.resume();
        const said = (await client.until("never")).findLast(({ type }) => type === "E");
        expect({ state, ...(said && fields(said)) }).toMatchObject({
          ...{ state, S: "FATAL", C: "57P01" },
          M: expect.stringContaining("an audit"),
        });
      }
      measured(`${reached.length} states are left ${Math.round(performance.now() - began)} ms after`);
      await door.sessionsClosed();
      await door.serverIdle();
      for (const [, , client] of reached) client.close();
    } finally {
      silent.close();
      halfway.close();
      await door.close();
    }
  },
  60_000,
);
