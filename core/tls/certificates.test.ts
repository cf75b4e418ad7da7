import { expect, test } from "bun:test";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import type { Log } from "../log.ts";
import type { TlsConfig } from "../policy.ts";
import { listenWires } from "../socket.ts";
import { Certificates } from "./certificates.ts";
import { TestCertificates } from "./testing/certificates.ts";

test("changed files count for new connections, broken ones do not, and the log says both", async () => {
  using made = await TestCertificates.make();
  const pair = await made.server("first.example");
  const next = await made.server("second.example");
  const said: string[] = [];
  let heard = () => {};
  const note = (_: object, message: string) => {
    said.push(message);
    heard();
  };
  const log = { info: note, error: note } as unknown as Log;
  const config: TlsConfig = { ...pair, names: {}, clientCertificates: "none" };
  const certificates = new Certificates(config, log);
  const wires = listenWires({ host: "127.0.0.1", port: 0, tls: () => certificates.current }, (wire) => {
    wire.secure({ alpn: "lines" }).then(
      () => wire.end(),
      () => wire.end(),
    );
  });
  const subject = () =>
    new Promise<string>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port: wires.port, rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
    });
  /** Resolves when the log says the next thing. */
  const told = (act: () => void) =>
    new Promise<void>((resolve) => {
      heard = resolve;
      act();
    });
  try {
    expect(await subject()).toBe("first.example");
    await told(() => writeFileSync(pair.cert, "-----BEGIN CERTIFICATE-----\nbroken"));
    expect(said).toEqual(["changed certificates were refused, the old ones stay"]);
    expect(await subject()).toBe("first.example");
    // A certificate whose key has not come yet.
    await told(() => copyFileSync(next.cert, pair.cert));
    expect(said.length).toBe(2);
    expect(await subject()).toBe("first.example");
    await told(() => writeFileSync(pair.key, readFileSync(next.key)));
    expect(said.at(-1)).toBe("certificates were reloaded");
    expect(await subject()).toBe("second.example");
  } finally {
    certificates.close();
    wires.stop();
  }
});
