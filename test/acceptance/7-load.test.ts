import { afterEach, beforeEach, describe, expect } from "bun:test";
import { measured, needs, testWith } from "../needs.ts";
import { seededRandom } from "../seed.ts";
import { openWiretap } from "../wiretap.ts";
import { type Door, openDoor } from "./door.ts";
import { count, initialise, isBench, modes, ranOnServer, runBench } from "./pgbench.ts";

const long = Boolean(process.env.POSTERN_LONG);
const kills = long ? 10 : 1;
const each = long ? "200" : "20";

for (const trail of ["default", "strict"] as const) {
  describe(`must hold 7: pgbench with 64 clients, ${trail} trail`, () => {
    let door: Door;
    let token: string;
    /** Where the server's log begins to tell of the load. */
    let prepared: number;
    beforeEach(async () => {
      if (needs.postgres15 || needs.pgbench) return;
      door = await openDoor({ version: 15, trail, settings: { max_connections: "300" } });
      initialise(door.server);
      prepared = door.server.logged().length;
      token = await door.token("bench", "bench");
    });
    afterEach(() => door?.close());

    const texts = (): string[] => door.entries("operation").map(({ text }) => text);

    for (const mode of modes) {
      testWith(needs.postgres15, needs.pgbench)(
        `${mode}: no error, every transaction has its entry, the chain verifies`,
        async () => {
          const started = performance.now();
          const { code, output, processed } = await runBench({
            port: door.port,
            token,
            mode,
            length: ["-t", each],
          }).exited;
          expect(output).not.toMatch(/error|fatal|aborted/i);
          expect(code).toBe(0);
          expect(processed).toBe(64 * Number(each));
          measured(
            `pgbench ${mode}, ${trail} trail: ${((processed / (performance.now() - started)) * 1000).toFixed(0)} transactions a second`,
          );
          await door.sessionsClosed();
          expect(await door.server.sql("select count(*) from pgbench_history")).toEqual([
            [String(processed)],
          ]);
          const inserts = texts().filter((text) => text.startsWith("INSERT INTO pgbench_history"));
          expect(inserts).toHaveLength(processed);
          const outcomes = door.entries("outcome").map(({ outcome }) => outcome.result);
          expect(count(outcomes).get("ok")).toBeGreaterThanOrEqual(7 * processed);
          const verified = await door.postern("audit", "verify");
          expect(verified).toMatchObject({ code: 0 });
        },
        300_000,
      );

      testWith(needs.postgres15, needs.pgbench)(
        `${mode}: SIGKILL in the middle, ${kills} times: nothing ran and no answer was seen without its entry`,
        async () => {
          const random = seededRandom(`${trail}-${mode}`);
          for (let round = 0; round < kills; round++) {
            const wire = await openWiretap(door.port);
            const bench = runBench({ port: wire.port, token, mode, length: ["-T", "60"] });
            await door.until("the load is on", async () => wire.received().length > 200_000);
            await Bun.sleep(random() * 500);
            await door.kill();
            await bench.exited;
            await door.serverIdle();
            await door.start();
            const entries = count(texts().filter(isBench));
            const ran = [...ranOnServer(door.server.logged().slice(prepared))];
            expect(ran.length).toBeGreaterThan(5);
            const unrecorded = ran.filter(([statement, times]) => times > (entries.get(statement) ?? 0));
            expect(unrecorded).toEqual([]);
            const answered = occurrences(wire.received(), "INSERT 0 1\0");
            expect(answered).toBeGreaterThan(0);
            const answeredBefore = texts().filter((text) => /^INSERT INTO pgbench_history/.test(text));
            expect(answered).toBeLessThanOrEqual(answeredBefore.length);
            expect(await door.postern("audit", "verify")).toMatchObject({ code: 0 });
            await wire.close();
          }
        },
        120_000 * kills,
      );
    }
  });
}

function occurrences(bytes: Buffer, text: string): number {
  return bytes.toString("latin1").split(text).length - 1;
}
