import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateFolder } from "../../core/cli/certs/folder.ts";
import { scramVerifier } from "../../core/credential/scram.ts";
import { PosternError, TlsLink } from "../../core/plugin.ts";
import { type PostgresServer, startPostgres } from "../../test/servers/postgres.ts";
import { accept } from "./accept.ts";
import { login } from "./auth/login.ts";
import { ScramClient } from "./auth/scram-client.ts";
import { ScramServer } from "./auth/scram-server.ts";
import type { PostgresConfig } from "./config.ts";
import { connect } from "./connect.ts";
import { dial } from "./dial.ts";
import { postgres } from "./index.ts";
import { alice, testDoor } from "./testing/door.ts";
import { testArrival, testPermit } from "./testing/permit.ts";
import { TestWire } from "./testing/wire.ts";
import { tlsClient } from "./tls.ts";
import {
  authenticationOk,
  authenticationSasl,
  passwordMessage,
  saslInitialResponse,
} from "./wire/authentication.ts";
import { protocolVersion, sslRequest, startupMessage } from "./wire/startup.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-pg-tls-"));
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  const certificates = new CertificateFolder(folder, 30);
  await certificates.server(["localhost", "127.0.0.1"], false);
  await certificates.client("gateway");
  await new CertificateFolder(file("other"), 30).server(["localhost", "127.0.0.1"], false);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "ok",
    (error: unknown) => (error instanceof PosternError ? error.code : String(error)),
  );
}

describe("what a policy may say", () => {
  const flaw = (more: object) => {
    try {
      postgres({ host: "db.example.com", ...more });
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };
  for (const [more, why] of [
    [{}, ""],
    [{ tls: "verify-ca", ca: "ca.crt" }, ""],
    [{ host: "/run/postgresql" }, ""],
    [{ host: "/run/postgresql", tls: "require" }, "a unix socket has no TLS"],
    [{ cert: "a.crt" }, "cert and key go together"],
    [{ tls: "require", ca: "ca.crt" }, "verifies nothing"],
    [{ tls: "disable", ca: "ca.crt" }, "ca needs TLS"],
    [{ host: "127.0.0.1", ca: "ca.crt" }, "ca needs TLS"],
    [{ host: "127.0.0.1", channelBinding: "require" }, "needs TLS"],
    [{ tls: "verify" }, "tls is one of"],
  ] as const) {
    test(`${JSON.stringify(more)}: ${why || "good"}`, () => {
      if (why === "") expect(flaw(more)).toBe("");
      else expect(flaw(more)).toContain(why);
    });
  }

  test("without a word the certificate is verified, but for what stays on this machine", () => {
    expect(tlsClient({ host: "db.example.com" })?.verification).toBe("verify-full");
    expect(tlsClient({ host: "10.0.0.7", serverName: "db" })?.serverName).toBe("db");
    for (const host of ["127.0.0.1", "::1", "localhost", "/run/postgresql"])
      expect(tlsClient({ host })).toBeUndefined();
  });
});

describe("a server that does not", () => {
  for (const [answer, expected] of [
    ["N", "resource.no-tls"],
    ["E", "resource.no-tls"],
    ["S", "resource.tls"],
    // Somebody in between put in what he wants to be taken for the server's words.
    [`S${Buffer.from(authenticationOk).toString("latin1")}`, "resource.tls"],
  ] as const) {
    test(`answers ${JSON.stringify(answer.slice(0, 1))}${answer.length > 1 ? " and more" : ""}: ${expected}`, async () => {
      let got = "";
      const server = Bun.listen({
        hostname: "127.0.0.1",
        port: 0,
        socket: {
          data(socket, bytes) {
            got += bytes.toString("latin1");
            if (bytes.equals(sslRequest)) socket.write(Buffer.from(answer, "latin1"));
            else socket.end();
          },
        },
      });
      const config: PostgresConfig = { host: "127.0.0.1", port: server.port, tls: "require", user: "u" };
      expect(await code(dial(testPermit(config, "the secret"), testArrival()))).toBe(expected);
      expect(got).not.toContain("user");
      expect(got).not.toContain("the secret");
      server.stop(true);
    });
  }
});

for (const version of [15, 18] as const) {
  describe(`PostgreSQL ${version} with TLS`, () => {
    let server: PostgresServer;
    beforeAll(async () => {
      const tls = { cert: file("server.crt"), key: file("server.key"), ca: file("ca.crt") };
      server = await startPostgres({ version, tls });
    });
    afterAll(async () => await server?.close());
    const certificate = () => ({ ca: file("ca.crt"), cert: file("gateway.crt"), key: file("gateway.key") });
    const at = (more: object): PostgresConfig => ({
      host: "127.0.0.1",
      port: server.port,
      user: "postgres",
      ...more,
    });
    const tried = async (more: object) => {
      const dialed = await dial(testPermit(at(more), server.password), testArrival());
      dialed.wire.destroy();
    };

    test("verify-full with a client certificate and a bound login", async () => {
      expect(await code(tried({ tls: "verify-full", ...certificate(), channelBinding: "require" }))).toBe(
        "ok",
      );
    });
    test("a certificate of another authority, for another name, or none of ours", async () => {
      expect(await code(tried({ tls: "verify-full", ...certificate(), ca: file("other/ca.crt") }))).toBe(
        "resource.tls",
      );
      expect(await code(tried({ tls: "verify-full", ...certificate(), serverName: "db" }))).toBe(
        "resource.tls",
      );
      expect(await code(tried({ tls: "verify-ca", ...certificate(), serverName: "db" }))).toBe("ok");
      expect(await code(tried({ tls: "verify-full", ca: file("ca.crt") }))).toBe("resource.login");
      expect(await code(tried({ tls: "disable" }))).toBe("resource.login");
    });
    test("a cancel request comes over TLS too", async () => {
      const config = at({ tls: "verify-full", ...certificate() });
      const wire = await connect({ host: "127.0.0.1", port: server.port, config }, 2_000);
      expect(wire.encrypted).toBe(true);
      wire.destroy();
    });
  });
}

describe("channel binding", () => {
  const link = () => {
    const certificate = new X509Certificate(readFileSync(file("server.crt")));
    return new TlsLink("localhost", undefined, certificate, certificate);
  };
  const account = { host: "db", port: 5432, user: "u", database: "d", password: "pencil" };

  test("where the policy requires it, nothing else is answered", async () => {
    const cleartext = Buffer.from("520000000800000003", "hex");
    for (const request of [authenticationOk, cleartext, authenticationSasl(["SCRAM-SHA-256"])]) {
      const wire = new TestWire(false, true, link());
      wire.feed(request);
      expect(await code(login(wire, account, "require"))).toBe("resource.login");
      expect(wire.sent.length).toBe(0);
    }
  });

  test("it is preferred where it is offered", async () => {
    const wire = new TestWire(false, true, link());
    wire.feed(authenticationSasl(["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]));
    wire.finish();
    await code(login(wire, account));
    expect(wire.sent.toString("latin1")).toContain("SCRAM-SHA-256-PLUS");
    expect(wire.sent.toString("latin1")).toContain("p=tls-server-end-point,,");
  });

  test("a proof for another connection is worth nothing, and a client that was misled is told", async () => {
    const verifier = await scramVerifier("pencil");
    const endPoint = link().endPoint;
    if (!endPoint) throw new Error("no end point");
    const proven = async (seen: Uint8Array) => {
      const client = new ScramClient("pencil", { kind: "bound", endPoint: seen });
      const server = new ScramServer(client.first, verifier, { mechanism: "SCRAM-SHA-256-PLUS", endPoint });
      return server.finish(await client.respond(server.serverFirst));
    };
    expect(await proven(endPoint)).toStartWith("v=");
    expect(await code(proven(Buffer.alloc(32)))).toBe("postgres.protocol");
    const misled = new ScramClient("pencil", { kind: "unoffered" });
    expect(() => new ScramServer(misled.first, verifier, { endPoint })).toThrow("hid");
    expect(() => new ScramServer(misled.first, verifier)).not.toThrow();
    for (const [first, mechanism] of [
      ["n,,n=,r=abc", "SCRAM-SHA-256-PLUS"],
      ["p=tls-server-end-point,,n=,r=abc", "SCRAM-SHA-256"],
      ["p=tls-unique,,n=,r=abc", "SCRAM-SHA-256-PLUS"],
    ] as const) {
      expect(() => new ScramServer(first, verifier, { mechanism, endPoint })).toThrow("channel binding");
    }
  });

  test("it is offered to callers over TLS, and only there", async () => {
    const hello = startupMessage(protocolVersion.v3_0, [
      ["user", "pc_known"],
      ["database", "orders"],
    ]);
    for (const [wire, offered] of [
      [new TestWire(false, true, link()), ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"]],
      [new TestWire(true), ["SCRAM-SHA-256"]],
    ] as const) {
      wire.feed(hello, saslInitialResponse("SCRAM-SHA-256-NONE", "n,,n=,r=abc"));
      expect(await code(accept(wire, testDoor()))).toBe("postgres.protocol");
      expect(wire.sent).toEqual(authenticationSasl(offered));
    }
  });
});

describe("a caller", () => {
  const tls = { cert: "", key: "", names: {}, clientCertificates: "none" } as const;
  const hello = startupMessage(protocolVersion.v3_0, [["user", "alice"]]);
  const link = (alpn?: string) => new TlsLink("localhost", alpn, undefined, undefined);

  test("gets S where the listener has a certificate, and goes on inside of TLS", async () => {
    const caller = new TestWire(false, false, link());
    const accepted = accept(caller, testDoor({ tls, insecure: false }));
    caller.feed(sslRequest);
    expect((await caller.wrote(1)).toString()).toBe("S");
    caller.feed(hello, passwordMessage("good"));
    expect((await accepted)?.identity).toEqual(alice);
  });

  test("may begin with TLS at once, and must name the protocol then", async () => {
    for (const [alpn, expected] of [
      ["postgresql", "ok"],
      [undefined, "postgres.protocol"],
    ] as const) {
      const caller = new TestWire(false, false, link(alpn));
      // This wire encrypts nothing and eats nothing: what stands for the handshake is taken out again.
      caller.secure = () => {
        caller.encrypted = true;
        return caller.read(1).then(() => link(alpn));
      };
      caller.feed(Buffer.from([0x16]), hello, passwordMessage("good"));
      expect(await code(accept(caller, testDoor({ tls, insecure: false })))).toBe(expected);
    }
  });

  test("in clear is refused before any secret is asked for", async () => {
    for (const user of ["alice", "pc_known"]) {
      const caller = new TestWire(false);
      caller.feed(startupMessage(protocolVersion.v3_0, [["user", user]]));
      expect(await code(accept(caller, testDoor({ tls, insecure: false })))).toBe("postgres.insecure");
      expect(caller.sent.length).toBe(0);
    }
  });

  test("that pipelines in clear behind its request, or asks again inside of TLS, is refused", async () => {
    const hasty = new TestWire(false, false, link());
    hasty.feed(sslRequest, hello);
    expect(await code(accept(hasty, testDoor({ tls })))).toBe("postgres.protocol");
    expect(hasty.sent.length).toBe(0);
    const twice = new TestWire(false, false, link());
    const refused = code(accept(twice, testDoor({ tls })));
    twice.feed(sslRequest);
    await twice.wrote(1);
    twice.feed(sslRequest);
    expect(await refused).toBe("postgres.protocol");
    expect(twice.sent.toString()).toBe("S");
  });
});
