import { afterAll, beforeAll, describe, expect } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import * as tls from "node:tls";
import { run } from "../clients/client.ts";
import { measured, needs, testWith } from "../needs.ts";
import { postern } from "../postern.ts";
import { int32, RawClient, startup } from "../raw.ts";
import { openSecureDoor, type SecureDoor } from "./secure-door.ts";

const halves = process.env.POSTERN_LONG ? 3_000 : 300;
const sslRequest = Buffer.concat([int32(8), int32(80_877_103)]);
const hello = startup({ user: "sam", database: "shop" });
/** A handshake record of 16 KiB that says of its ClientHello that it has 16 MiB. */
const hugeHello = Buffer.concat([Buffer.from("160301400001ffffff0303", "hex"), Buffer.alloc(0x4000 - 6, 7)]);

describe("postgres, must hold 1: attacks on TLS", () => {
  let door: SecureDoor;
  let token: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openSecureDoor({ version: 18, further: 'limits: { authenticate: "1s" },' });
    token = await door.token("sam", "support");
  });
  afterAll(async () => await door?.close());

  /** Sends each part once the one before it was answered, and returns all that came back until the end. */
  async function answers(...parts: Buffer[]): Promise<Buffer> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const got: Buffer[] = [];
    const waiting = [...parts];
    await Bun.connect({
      hostname: "127.0.0.1",
      port: door.port,
      socket: {
        open: (socket) => void socket.write(waiting.shift() ?? Buffer.alloc(0)),
        data(socket, bytes) {
          got.push(Buffer.from(bytes));
          const next = waiting.shift();
          if (next) socket.write(next);
        },
        close: () => resolve(),
      },
    });
    await promise;
    return Buffer.concat(got);
  }

  /** The same to a listener that has taken the connection into TLS. */
  async function inside(options: tls.ConnectionOptions, ...parts: Buffer[]): Promise<Buffer> {
    const got: Buffer[] = [];
    await new Promise<void>((resolve) => {
      const socket = tls.connect({
        ...{
          host: "127.0.0.1",
          port: door.port,
          servername: "localhost",
          ca: readFileSync(door.file("ca.crt")),
        },
        ...options,
      });
      socket.on("secureConnect", () => socket.write(Buffer.concat(parts)));
      socket.on("data", (bytes: Buffer) => got.push(bytes));
      socket.on("error", () => {});
      socket.on("close", () => resolve());
    });
    return Buffer.concat(got);
  }

  const psql = (connection: string, password = token) =>
    run(
      [
        "psql",
        "-XAtc",
        "select 6 * 7",
        `host=localhost port=${door.port} dbname=shop user=sam ${connection}`,
      ],
      {
        PGPASSWORD: password,
      },
    );
  const verified = () => `sslmode=verify-full sslrootcert=${door.file("ca.crt")}`;

  testWith(needs.postgres18)("in clear no secret is asked for: one FATAL, and the end", async () => {
    const answer = await answers(hello);
    expect(answer.subarray(0, 1).toString()).toBe("E");
    expect(answer.readInt32BE(1) + 1).toBe(answer.length);
    expect(answer.toString()).toContain("C28000");
    expect(answer.toString()).toContain("sslmode=verify-full");
  });

  testWith(needs.postgres18)(
    "what is pipelined in clear behind an SSLRequest is refused unread",
    async () => {
      const answer = await answers(Buffer.concat([sslRequest, hello]));
      expect(answer.subarray(0, 1).toString()).toBe("E");
      expect(answer.toString()).toContain("C08P01");
    },
  );

  for (const [what, behind] of [
    ["a start-up in clear", hello],
    ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
    ["a ClientHello without end", hugeHello],
  ] as const) {
    testWith(needs.postgres18)(`${what} behind the S gets a TLS alert at most`, async () => {
      const answer = await answers(sslRequest, behind);
      expect(answer.subarray(0, 1).toString()).toBe("S");
      const rest = answer.subarray(1);
      expect(rest.length === 0 || (rest[0] === 0x15 && rest.length <= 7)).toBe(true);
    });
  }

  testWith(needs.postgres18)("direct TLS must name the protocol, and then it is as good", async () => {
    const unnamed = await inside({}, hello);
    expect(unnamed.toString()).toContain("ALPN");
    expect(unnamed.subarray(0, 1).toString()).toBe("E");
    expect((await inside({ ALPNProtocols: ["http/1.1"] }, hello)).length).toBe(0);
    const twice = await inside({ ALPNProtocols: ["postgresql"] }, sslRequest);
    expect(twice.toString()).toContain("C08P01");
  });

  testWith(needs.postgres18)("nobody renegotiates", async () => {
    // Only Node's OpenSSL asks for it.
    const script = `
      const socket = require("node:tls").connect({ host: "127.0.0.1", port: ${door.port}, rejectUnauthorized: false,
        minVersion: "TLSv1.2", maxVersion: "TLSv1.2", ALPNProtocols: ["postgresql"] }, () => {
        socket.on("error", (error) => { console.log(error.code); process.exit(); });
        socket.on("close", () => { console.log("closed"); process.exit(); });
        socket.renegotiate({}, (error) => { console.log(error ? error.code : "renegotiated"); process.exit(); });
      });`;
    const node = await run(["node", "-e", script]);
    expect(node.stdout.trim()).not.toBe("");
    expect(node.stdout).not.toContain("renegotiated");
  });

  testWith(needs.postgres18, needs.proc)(
    "half handshakes end at their limit and leave nothing behind",
    async () => {
      const level = door.gateway.descriptors();
      const record = Buffer.from("160301020001000001fc0303", "hex");
      const one = async (turn: number) => {
        const client = await RawClient.connect(door.port);
        if (turn % 3 > 0) {
          client.send(sslRequest);
          await Bun.sleep(0);
        }
        if (turn % 3 > 1) client.send(record);
        await client.until("never");
        client.close();
      };
      const begun = performance.now();
      await Promise.all(Array.from({ length: halves }, (_, turn) => one(turn)));
      measured(
        `${halves} half handshakes were over after ${Math.round(performance.now() - begun)} ms (limit 1 s)`,
      );
      const deadline = Date.now() + 10_000;
      while (door.gateway.descriptors() > level && Date.now() < deadline) await Bun.sleep(20);
      expect(door.gateway.descriptors()).toBeLessThanOrEqual(level);
      expect((await psql(verified())).stdout.trim()).toBe("42");
      expect(door.gateway.restarts()).toBe(0);
    },
  );

  testWith(needs.postgres18, needs.psql)(
    "a new certificate counts at once, a broken one never, sessions go on",
    async () => {
      const shown = () =>
        new Promise<string>((resolve) => {
          const socket = tls.connect(
            { host: "127.0.0.1", port: door.port, rejectUnauthorized: false, ALPNProtocols: ["postgresql"] },
            () => {
              resolve(new X509Certificate(socket.getPeerCertificate().raw).fingerprint256);
              socket.destroy();
            },
          );
        });
      const fingerprint = () => new X509Certificate(readFileSync(door.file("server.crt"))).fingerprint256;
      const said = async (text: string, times: number) => {
        const deadline = Date.now() + 10_000;
        const count = () => door.gateway.logged().split(text).length - 1;
        while (count() < times && Date.now() < deadline) await Bun.sleep(10);
        expect(count()).toBeGreaterThanOrEqual(times);
      };
      const session = Bun.spawn(
        ["psql", "-XAtq", `host=localhost port=${door.port} dbname=shop user=sam ${verified()}`],
        { env: { ...process.env, PGPASSWORD: token }, stdin: "pipe", stdout: "pipe" },
      );
      const lines = session.stdout.getReader();
      const ask = async (query: string) => {
        session.stdin.write(`${query};\n`);
        session.stdin.flush();
        return new TextDecoder().decode((await lines.read()).value).trim();
      };
      expect(await ask("select 1")).toBe("1");
      const before = await shown();
      expect(before).toBe(fingerprint());

      const renewed = await postern(["certs", "--renew", "--name", "localhost", "--out", door.folder]);
      expect(renewed.code).toBe(0);
      await said("certificates were reloaded", 1);
      const after = await shown();
      expect(after).not.toBe(before);
      expect(after).toBe(fingerprint());

      writeFileSync(door.file("server.crt"), "broken");
      await said("changed certificates were refused", 1);
      expect(await shown()).toBe(after);
      expect(await ask("select 2")).toBe("2");
      session.stdin.end();
      await session.exited;
    },
  );
});

describe("postgres, must hold 1: client certificates", () => {
  let door: SecureDoor;
  let token: string;
  beforeAll(async () => {
    if (needs.postgres18) return;
    door = await openSecureDoor({
      version: 18,
      listener: "clientCa: certs.ca",
      resource: 'tls: "verify-full", ...certs, channelBinding: "require"',
      serverAsks: true,
    });
    token = await door.token("sam", "support");
  });
  afterAll(async () => await door?.close());

  testWith(needs.postgres18, needs.psql)("required: a good one and a good token, or nothing", async () => {
    const tried = async (more: string) => {
      const connection = `host=localhost port=${door.port} dbname=shop user=sam sslmode=verify-full sslrootcert=${door.file("ca.crt")}`;
      return await run(["psql", "-XAtc", "select 6 * 7", `${connection} ${more}`], { PGPASSWORD: token });
    };
    const with_ = (name: string) => `sslcert=${door.file(`${name}.crt`)} sslkey=${door.file(`${name}.key`)}`;
    expect((await tried(with_("alice"))).stdout.trim()).toBe("42");
    const none = await tried("");
    expect([none.code, none.stdout]).toEqual([2, ""]);
    expect(none.stderr).toContain("asks for a client certificate");
    const foreign = await tried(with_("other/mallory"));
    expect([foreign.code, foreign.stdout]).toEqual([2, ""]);
    expect(foreign.stderr).toContain("credential was not accepted (ref_");
  });
});
