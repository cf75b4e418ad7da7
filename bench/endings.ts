import { EndingsDoor } from "../test/acceptance/endings-door.ts";
import { query } from "../test/raw.ts";
import { startPostgres } from "../test/servers/postgres.ts";

const sleeping = query("select repeat('x', 20000); select pg_sleep(600)");
const rounds = 20;
/** Sessions of one identity, all in the middle of a statement. */
const sessions = [1, 20];

/** Milliseconds from a signal to the last caller that has read why its running statement ended. */
export async function measureEndings(): Promise<string> {
  const server = await startPostgres({ version: 18, settings: { max_connections: "200" } });
  const environment = { SCIM_TOKEN: "bench" };
  const more = 'web: { port: 0, insecure: true }, signals: [scim({ token: env("SCIM_TOKEN") })],';
  const door = new EndingsDoor({ server, workers: 2, more, environment });
  try {
    await door.gateway.start();
    const lines = ["signal                 sessions  median ms  worst ms (goal: 1000)"];
    for (const [name, signal] of [
      ["control API (revoke)", revoke],
      ["SCIM deactivation", deactivate],
    ] as const) {
      for (const count of sessions) {
        const all: number[] = [];
        for (let round = 0; round < rounds; round++) {
          all.push(await once(door, `somebody-${name}-${count}-${round}`, count, signal));
        }
        all.sort((one, other) => one - other);
        const [median, worst] = [all[Math.floor(all.length / 2)], all.at(-1)].map((ms = 0) => ms.toFixed(1));
        lines.push(`${name.padEnd(22)} ${String(count).padEnd(9)} ${median?.padEnd(10)} ${worst}`);
      }
    }
    return lines.join("\n");
  } finally {
    await door.close();
    await server.close();
  }
}

type Signal = (door: EndingsDoor, subject: string) => Promise<unknown>;

async function once(door: EndingsDoor, subject: string, count: number, signal: Signal): Promise<number> {
  const clients = await Promise.all(
    Array.from({ length: count }, async () => {
      const client = await door.login({ subject });
      client.send(sleeping);
      await client.until("T");
      return client;
    }),
  );
  const words = Promise.all(clients.map((client) => door.lastWord(client)));
  const began = performance.now();
  await signal(door, subject);
  for (const { C } of await words) if (C !== "57P01") throw new Error(`A caller read ${C}.`);
  return performance.now() - began;
}

const revoke: Signal = ({ data }, subject) =>
  fetch("http://postern/v1/endings", {
    unix: `${data}/control.sock`,
    method: "POST",
    body: JSON.stringify({ of: { kind: "identity", subject } }),
  });

const deactivate: Signal = ({ web }, subject) =>
  fetch(`${web}/signals/scim/Users`, {
    method: "POST",
    headers: { authorization: "Bearer bench" },
    body: JSON.stringify({ userName: subject, active: false }),
  });
