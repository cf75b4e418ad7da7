import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import * as tls from "node:tls";
import type { TlsConfig } from "../policy.ts";
import { listenWires, type WireListener } from "../socket.ts";
import type { Wire } from "../wire.ts";
import type { TlsLink } from "./link.ts";
import { TlsServer } from "./server.ts";
import { expired, TestCertificates } from "./testing/certificates.ts";

let certificates: TestCertificates;
let config: TlsConfig;
let listener: WireListener | undefined;
const sockets = new Set<Socket>();

beforeAll(async () => {
  certificates = await TestCertificates.make();
  config = {
    ...(await certificates.server("localhost", "127.0.0.1")),
    names: {
      "db.example.com": await certificates.server("db.example.com"),
      "*.eu.example.com": await certificates.server("*.eu.example.com"),
    },
    clientCertificates: "none",
  };
});
afterEach(() => {
  listener?.stop();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});
afterAll(() => certificates[Symbol.dispose]());

/** Listens; what becomes of the first wire that turns to TLS. */
function secured(settings: Partial<TlsConfig> = {}, act?: (wire: Wire) => void): Promise<TlsLink> {
  const server = new TlsServer({ ...config, ...settings });
  const { promise, resolve, reject } = Promise.withResolvers<TlsLink>();
  promise.catch(() => {});
  listener = listenWires({ host: "127.0.0.1", port: 0, tls: () => server }, (wire) => {
    wire.deadline(2_000);
    wire.secure({ alpn: "lines" }).then((link) => {
      resolve(link);
      act?.(wire);
    }, reject);
  });
  return promise;
}

/** The code of what it rejects with. Not `expect().rejects`: that turns the loop inside of a socket's callback. */
function refusal(link: Promise<unknown>): Promise<string> {
  return link.then(
    () => "nothing",
    (error: { code?: string }) => error.code ?? String(error),
  );
}

function plain(): Promise<Socket> {
  const socket = connect(listener?.port ?? 0, "127.0.0.1");
  sockets.add(socket);
  socket.on("error", () => {});
  return new Promise((resolve) => socket.once("connect", () => resolve(socket)));
}

/** The certificate's subject that a client gets to see, or the code of its error. */
async function seen(options: tls.ConnectionOptions): Promise<string> {
  const socket = await plain();
  return await new Promise((resolve) => {
    const secure = tls.connect(
      { socket, ca: readFileSync(certificates.ca), checkServerIdentity: () => undefined, ...options },
      () => resolve(String(secure.getPeerCertificate().subject.CN)),
    );
    secure.on("error", (error: Error & { code?: string }) => resolve(error.code ?? error.message));
  });
}

describe("which certificate", () => {
  for (const [asked, shown] of [
    ["db.example.com", "db.example.com"],
    ["DB.Example.COM", "db.example.com"],
    ["ber.eu.example.com", "*.eu.example.com"],
    ["a.ber.eu.example.com", "localhost"],
    ["eu.example.com", "localhost"],
    ["unknown.example.com", "localhost"],
    ["", "localhost"],
  ] as const) {
    test(`${asked || "no name"}: ${shown}`, async () => {
      const link = secured();
      expect(await seen({ servername: asked })).toBe(shown);
      expect((await link).serverName).toBe(asked === "" ? undefined : asked);
      expect((await link).server?.subject).toContain(shown);
    });
  }
});

describe("what is agreed on", () => {
  test("the one protocol, where the client offers some", async () => {
    const link = secured();
    await seen({ ALPNProtocols: ["h2", "lines"] });
    expect((await link).alpn).toBe("lines");
  });

  test("none, where it offers none", async () => {
    const link = secured();
    await seen({});
    expect((await link).alpn).toBeUndefined();
  });

  test("nothing, where it offers others only", async () => {
    const link = secured();
    expect(await seen({ ALPNProtocols: ["h2"] })).toContain("NO_APPLICATION_PROTOCOL");
    expect(await refusal(link)).toBe("tls.handshake");
  });

  test("not TLS 1.1", async () => {
    const link = secured();
    expect(await seen({ minVersion: "TLSv1", maxVersion: "TLSv1.1" })).toContain("PROTOCOL_VERSION");
    expect(await refusal(link)).toBe("tls.handshake");
  });

  test("no session to resume", async () => {
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      let session: Buffer | undefined;
      for (const turn of [1, 2]) {
        const link = secured({}, (wire) => wire.write(Buffer.from("hello")));
        const socket = await plain();
        const secure = tls.connect({
          ...{ socket, ca: readFileSync(certificates.ca), servername: "localhost" },
          ...{ minVersion: version, maxVersion: version },
          ...(session ? { session } : {}),
        });
        secure.on("session", (given: Buffer) => {
          session = given;
        });
        await new Promise((resolve) => secure.once("data", resolve));
        await link;
        expect([version, turn, secure.isSessionReused()]).toEqual([version, turn, false]);
        listener?.stop();
      }
    }
  });
});

describe("client certificates", () => {
  const shown = async (file: string, days: number, other = false): Promise<tls.ConnectionOptions> => {
    const authority = other ? certificates.other : certificates.authority;
    const pair = await certificates.issue(file, { names: [file], use: "client", days }, authority);
    return { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
  };

  for (const mode of ["ask", "require"] as const) {
    const asking = () => secured({ clientCa: certificates.ca, clientCertificates: mode });

    test(`${mode}: a good one is taken`, async () => {
      const link = asking();
      await seen(await shown("alice", 30));
      expect((await link).peer?.subject).toBe("CN=alice");
    });

    test(`${mode}: none`, async () => {
      const link = asking();
      await seen({});
      if (mode === "ask") expect((await link).peer).toBeUndefined();
      else expect(await refusal(link)).toBe("tls.client-certificate");
    });

    test(`${mode}: one of another authority, one that has expired, one for servers`, async () => {
      const server = await certificates.server("some.server");
      for (const options of [
        await shown("mallory", 30, true),
        await shown("old", expired),
        { cert: readFileSync(server.cert), key: readFileSync(server.key) },
      ]) {
        const link = asking();
        await seen(options);
        expect(await refusal(link)).toBe("tls.client-certificate");
        listener?.stop();
      }
    });
  }

  test("not asked for: none is seen", async () => {
    const link = secured();
    await seen(await shown("alice", 30));
    expect((await link).peer).toBeUndefined();
  });
});

describe("handshakes that do not end", () => {
  test("garbage is refused, and the connection closed", async () => {
    for (const garbage of [
      "GET / HTTP/1.1\r\n\r\n",
      "\x16\x03\x01\xff\xff",
      "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
    ]) {
      const link = secured();
      const socket = await plain();
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.resume();
      socket.end(Buffer.from(garbage, "latin1"));
      expect(await refusal(link)).not.toBe("nothing");
      await closed;
      listener?.stop();
    }
  });

  test("silence ends at the deadline", async () => {
    const server = new TlsServer(config);
    const refused = Promise.withResolvers<unknown>();
    listener = listenWires({ host: "127.0.0.1", port: 0, tls: () => server }, (wire) => {
      wire.deadline(50);
      wire.secure({ alpn: "lines" }).catch((error: unknown) => {
        refused.resolve(error);
        wire.end();
      });
    });
    const socket = await plain();
    socket.write(Buffer.from("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "latin1"));
    const closed = new Promise((resolve) => socket.once("close", resolve));
    expect(await refused.promise).toMatchObject({ code: "wire.timeout" });
    socket.resume();
    await closed;
  });

  test("a listener without certificates speaks no TLS", async () => {
    const refused = Promise.withResolvers<unknown>();
    listener = listenWires({ host: "127.0.0.1", port: 0 }, (wire) => {
      wire.secure({ alpn: "lines" }).catch(refused.resolve);
    });
    await plain();
    expect(await refused.promise).toMatchObject({ code: "tls.none" });
  });
});

test("what was read may be put back, and the handshake may come in pieces of any size", async () => {
  const server = new TlsServer(config);
  for (const size of [1, 2, 5, 7, 100]) {
    const agreed = Promise.withResolvers<TlsLink>();
    listener = listenWires({ host: "127.0.0.1", port: 0, tls: () => server }, async (wire) => {
      wire.putBack(await wire.read(1));
      wire.secure({ alpn: "lines" }).then(agreed.resolve, agreed.reject);
    });
    const socket = await plain();
    socket.setNoDelay(true);
    const relay = tls.connect({
      socket: pieces(socket, size),
      ca: readFileSync(certificates.ca),
      servername: "localhost",
    });
    relay.on("error", () => {});
    expect((await agreed.promise).serverName).toBe("localhost");
    listener.stop();
  }
});

/** A stream over this socket that sends so many bytes at a time. */
function pieces(socket: Socket, size: number): Duplex {
  const stream = new Duplex({
    read() {},
    async write(chunk: Buffer, _encoding, done) {
      for (let at = 0; at < chunk.length; at += size) {
        await new Promise((resolve) => socket.write(chunk.subarray(at, at + size), resolve));
      }
      done();
    },
  });
  socket.on("data", (chunk) => stream.push(chunk));
  return stream;
}

test("bulk passes whole in both directions, and what is written before the end arrives", async () => {
  const size = 8 * 1024 * 1024;
  const link = secured({}, (wire) => {
    let got = 0;
    wire.stream({
      data(view) {
        got += view.length;
        if (!wire.write(view)) wire.pause();
        if (got === size) wire.end();
      },
      drain: () => wire.resume(),
      close() {},
    });
  });
  const socket = await plain();
  const secure = tls.connect({ socket, ca: readFileSync(certificates.ca), servername: "localhost" });
  const sent = Buffer.alloc(size, "0123456789abcdef");
  const back: Buffer[] = [];
  secure.on("data", (chunk: Buffer) => back.push(chunk));
  const closed = new Promise((resolve) => secure.once("close", resolve));
  secure.write(sent);
  await link;
  await closed;
  expect(Bun.SHA256.hash(Buffer.concat(back), "hex")).toBe(Bun.SHA256.hash(sent, "hex"));
});
