import { execute, int16, int32, message, query, RawClient, startup, sync, text } from "../raw.ts";
import type { Door } from "./door.ts";

/** What a caller and a server can be in the middle of. */
export interface State {
  readonly name: string;
  /** A client that is in it now. */
  reach(): Promise<RawClient>;
  /** How the server's own last word (FATAL) reaches the caller; absent: there is none, or no room for it. */
  readonly hears?: true;
}

export interface Tokens {
  readonly bench: string;
  readonly support: string;
  /** A short-lived credential's user name. */
  readonly issued: string;
}

const flush = message("H");
const parse = (sql: string) => message("P", text(""), text(sql), int16(0));
const bind = message("B", text(""), text(""), int16(0), int16(0), int16(0));
const run = (rows = 0) => message("E", text(""), int32(rows));
const held = query("update customers set city = 'held' where id = 2");
/** More than all buffers between server and caller hold. */
const large = "select repeat('x', 100000) from generate_series(1, 2000)";

/** Its first row is long, so that its beginning shows that the server is at it. */
const slowRows =
  "select repeat('x', 20000), case when n > 1 then pg_sleep(600) end from generate_series(1, 2) n";

/** All of them, for a door with the resources `silent` and `halfway`. */
export function protocolStates(door: Door, tokens: Tokens): State[] {
  const bench = () => RawClient.login(door.port, "ben", "shop", tokens.bench);
  const support = () => RawClient.login(door.port, "sam", "shop", tokens.support);
  const greeted = async (user: string, database = "shop") => {
    const client = await RawClient.connect(door.port);
    client.send(startup({ user, database }));
    await client.until("R");
    return client;
  };
  /** Sends it, and waits for these messages. */
  const state = (
    name: string,
    who: () => Promise<RawClient>,
    steps: readonly (readonly [Buffer, string?])[],
    hears: { hears?: true } = { hears: true },
  ): State => ({
    name,
    ...hears,
    async reach() {
      const client = await who();
      for (const [bytes, awaited] of steps) {
        client.send(bytes);
        if (awaited) await client.until(awaited);
      }
      return client;
    },
  });
  const deaf = (name: string, bytes: Buffer): State => ({
    name,
    async reach() {
      const client = await bench();
      client.send(bytes);
      await client.until("D");
      client.pause();
      return client;
    },
  });
  const started = query("select repeat('x', 20000); select pg_sleep(600)");
  return [
    state("idle", bench, []),
    state("in a simple query", bench, [[started, "T"]]),
    deaf("in the middle of a DataRow", query(large)),
    state("in a transaction", bench, [[query("begin; select 1"), "Z"]]),
    state("in a failed transaction", bench, [
      [query("begin"), "Z"],
      [query("select 1/0"), "Z"],
    ]),
    state("in an extended group", bench, [[Buffer.concat([execute("select 1"), flush]), "C"]]),
    state("after Parse", bench, [[Buffer.concat([parse("select 1"), flush]), "1"]]),
    state("after Bind", bench, [[Buffer.concat([parse("select 1"), bind, flush]), "2"]]),
    state("in an extended statement that runs", bench, [[Buffer.concat([execute(slowRows), sync]), "2"]]),
    state("at a suspended portal", bench, [
      [Buffer.concat([parse("select generate_series(1, 9)"), bind, run(2), flush]), "s"],
    ]),
    state("in COPY FROM", bench, [
      [query("copy orders from stdin"), "G"],
      [message("d", Buffer.from("1\tone\n"))],
    ]),
    state("in the middle of CopyData", bench, [
      [query("copy orders from stdin"), "G"],
      [message("d", Buffer.from("2\ttwo\n")).subarray(0, 7)],
    ]),
    { ...deaf("in COPY TO", Buffer.alloc(0)), reach: () => copyingOut(bench) },
    state("held", support, [[held, "N"]]),
    state("held, with much behind it", support, [[held, "N"], [query(`select '${"x".repeat(700_000)}'`)]]),
    state("held in a transaction", support, [
      [query("begin"), "Z"],
      [held, "N"],
    ]),
    state("draining before a hold", support, [[Buffer.concat([started, held]), "T"]]),
    state("denied and skipping", support, [[parse("drop table customers"), "E"]]),
    state("listening", bench, [[query("listen news"), "Z"]]),
    state("holding a lock", bench, [[query("begin; update orders set note = 'locked' where id = 77"), "Z"]]),
    state("behind a lock", bench, [
      [query("select repeat('x', 20000); update orders set note = 'behind' where id = 77"), "T"],
    ]),
    state("in the middle of a message", bench, [[query("select 1").subarray(0, 8)]]),
    state("half-way through a cancel request", () => RawClient.connect(door.port), [[halfCancel]], {}),
    state("during authentication", () => greeted("ben"), [], {}),
    state("during SCRAM", () => greeted(tokens.issued), [[scramFirst, "R"]], {}),
    state(
      "during start-up",
      () => RawClient.connect(door.port),
      [[startup({ user: "ben" }).subarray(0, 9)]],
      {},
    ),
    state(
      "while the gateway connects",
      () => greeted("ben", "silent"),
      [[message("p", text(tokens.bench))]],
      {},
    ),
    state(
      "while the gateway logs in",
      () => greeted("ben", "halfway"),
      [[message("p", text(tokens.bench))]],
      {},
    ),
  ];
}

const halfCancel = Buffer.concat([int32(16), int32(80_877_102), int32(1)]);

/** SASLInitialResponse (RFC 5802): the mechanism, then the client's first message. */
const scramFirst = (() => {
  const first = Buffer.from("n,,n=,r=fyko+d2lbbFgONRv9qkxdawL");
  return message("p", text("SCRAM-SHA-256"), int32(first.length), first);
})();

async function copyingOut(bench: () => Promise<RawClient>): Promise<RawClient> {
  const client = await bench();
  client.send(query(`copy (${large}) to stdout`));
  await client.until("H");
  client.pause();
  return client;
}
