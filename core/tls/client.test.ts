import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import * as tls from "node:tls";
import { connectWire } from "../socket.ts";
import { TlsClient, type TlsVerification } from "./client.ts";
import { type ContextFiles, type KeyPair, readContext } from "./files.ts";
import type { TlsLink } from "./link.ts";
import { expired, TestCertificates } from "./testing/certificates.ts";

let certificates: TestCertificates;
let good: KeyPair;
let old: KeyPair;
let own: KeyPair;

beforeAll(async () => {
  certificates = await TestCertificates.make();
  good = await certificates.server("db.example.com", "127.0.0.1");
  old = await certificates.issue("old", { names: ["db.example.com"], use: "server", days: expired });
  own = await certificates.issue("gateway", { names: ["gateway"], use: "client", days: 30 });
});
afterAll(() => certificates[Symbol.dispose]());

interface Shown {
  readonly link: TlsLink;
  /** The subject that the server saw of us. */
  readonly client: string | undefined;
}

/** Connects to a server with this certificate. */
async function shown(
  server: KeyPair,
  verification: TlsVerification,
  serverName: string,
  files: ContextFiles = { ca: certificates.ca },
): Promise<Shown> {
  const met = Promise.withResolvers<string | undefined>();
  const listening = tls.createServer(
    {
      ...{
        cert: readFileSync(server.cert),
        key: readFileSync(server.key),
        ca: readFileSync(certificates.ca),
      },
      ...{ requestCert: true, rejectUnauthorized: false, ALPNProtocols: ["lines"] },
    },
    (socket) => {
      socket.on("error", () => {});
      met.resolve((socket.getPeerCertificate().subject as { CN?: string } | undefined)?.CN);
    },
  );
  listening.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => listening.listen(0, "127.0.0.1", resolve));
  const { port } = listening.address() as AddressInfo;
  const wire = await connectWire({ host: "127.0.0.1", port, timeout: 2_000 });
  try {
    wire.deadline(2_000);
    const link = await wire.secure(new TlsClient(readContext(files), verification, serverName, "lines"));
    expect(wire.encrypted).toBe(true);
    return { link, client: await met.promise };
  } finally {
    wire.destroy();
    listening.close();
  }
}

function code(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "accepted",
    (error: { code: string }) => error.code,
  );
}

const refused = "tls.server-certificate";

describe("a server proves as much as is asked", () => {
  for (const [verification, named, wrongName, wrongChain, ended] of [
    ["verify-full", "accepted", refused, refused, refused],
    ["verify-ca", "accepted", "accepted", refused, refused],
    ["require", "accepted", "accepted", "accepted", "accepted"],
  ] as const) {
    test(verification, async () => {
      const other = { ca: certificates.otherCa };
      expect(await code(shown(good, verification, "db.example.com"))).toBe(named);
      expect(await code(shown(good, verification, "127.0.0.1"))).toBe(named);
      expect(await code(shown(good, verification, "db.example.org"))).toBe(wrongName);
      expect(await code(shown(good, verification, "127.0.0.2"))).toBe(wrongName);
      expect(await code(shown(good, verification, "db.example.com", other))).toBe(wrongChain);
      // Without `ca` the public authorities count, and they did not issue it.
      expect(await code(shown(good, verification, "db.example.com", {}))).toBe(wrongChain);
      expect(await code(shown(old, verification, "db.example.com"))).toBe(ended);
    });
  }
});

test("the gateway shows its own certificate, and knows the server's", async () => {
  const { link, client } = await shown(good, "verify-full", "db.example.com", {
    ca: certificates.ca,
    ...own,
  });
  expect(client).toBe("gateway");
  expect(link.alpn).toBe("lines");
  expect(link.server?.subject).toBe("CN=db.example.com");
  const sha256 = Bun.SHA256.hash(new Uint8Array(link.server?.raw ?? []), "hex");
  expect(link.endPoint?.toString("hex")).toBe(sha256);
});

test("bytes in clear before the handshake are refused", async () => {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { open: (socket) => void socket.write("hello"), data() {} },
  });
  const wire = await connectWire({ host: "127.0.0.1", port: listener.port, timeout: 2_000 });
  await wire.read(1);
  const client = new TlsClient(readContext({ ca: certificates.ca }), "require", "localhost");
  expect(await code(wire.secure(client))).toBe("tls.early");
  wire.destroy();
  listener.stop(true);
});

test("files that cannot be used are named, and what is in them is not", () => {
  const message = (files: ContextFiles) => {
    try {
      readContext(files);
      return "nothing";
    } catch (error) {
      return error instanceof Error ? error.message : "";
    }
  };
  expect(message({ cert: "/nowhere/a.crt", key: good.key })).toContain("/nowhere/a.crt");
  expect(message({ cert: good.cert, key: own.key })).toContain(`is not the key of ${good.cert}`);
  expect(message({ cert: good.key, key: good.key })).toContain("holds no certificate");
  expect(message({ cert: good.cert, key: good.cert })).toContain("holds no private key");
  expect(message({ ca: good.key })).toContain("holds no certificate");
});
