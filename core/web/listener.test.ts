import { afterEach, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect as connectTcp, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { createLog } from "../log.ts";
import type { WebConfig } from "../policy.ts";
import { issueCertificate, makeAuthority } from "../tls/authority.ts";
import { type Answer, WebListener } from "./listener.ts";

const log = createLog({ level: "silent", process: "test" });
const folder = mkdtempSync(join(tmpdir(), "postern-web-"));
const clear: WebConfig = { host: "127.0.0.1", port: 0, insecure: true };
let listener: WebListener;
const open = (config: WebConfig, answer: Answer = (_, remote) => new Response(remote)) => {
  listener = new WebListener(answer, log);
  listener.prepare(config).use();
  return portOf();
};
const portOf = () => listener.addresses[0]?.port ?? 0;
const answers = (port: number) =>
  fetch(`http://127.0.0.1:${port}/`, { keepalive: false }).then(
    ({ status }) => status,
    () => "closed",
  );
afterEach(() => listener.stop());

/** A new certificate under the old name; resolves with its serial number. */
async function certify(): Promise<string> {
  const authority = await makeAuthority("test", 1);
  const { cert, key } = await issueCertificate(authority, { names: ["127.0.0.1"], use: "server", days: 1 });
  for (const [name, text] of Object.entries({ "web.crt": cert, "web.key": key })) {
    writeFileSync(join(folder, `${name}.new`), text);
    renameSync(join(folder, `${name}.new`), join(folder, name));
  }
  return new X509Certificate(cert).serialNumber;
}
const tls = { cert: join(folder, "web.crt"), key: join(folder, "web.key") };

function serial(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.serialNumber ?? "none");
      socket.destroy();
    });
    socket.on("error", reject);
  });
}

test("says where it is, and who asks", async () => {
  const port = open(clear);
  expect(listener.url).toBe(`http://127.0.0.1:${port}`);
  expect(await (await fetch(listener.url)).text()).toMatch(/^127\.0\.0\.1:\d+$/);
  listener.prepare({ ...clear, url: "https://door.example.com" }).use();
  expect([listener.url, portOf()]).toEqual(["https://door.example.com", port]);
});

test("what a policy opens is served when it is used, and gone when it is not wanted", async () => {
  const port = open(clear);
  listener.prepare({ ...clear, host: "127.0.0.2" }).discard();
  expect(await answers(port)).toBe(200);
  listener.prepare({ ...clear, host: "127.0.0.2" }).use();
  expect(await answers(port)).toBe("closed");
  expect(listener.addresses).toMatchObject([{ protocol: "web", host: "127.0.0.2" }]);
  listener.prepare(undefined).use();
  expect([listener.addresses, listener.url]).toEqual([[], ""]);
});

test("what cannot be opened changes nothing", async () => {
  const port = open(clear);
  expect(() => listener.prepare({ ...clear, host: "192.0.2.1" })).toThrow("Cannot serve `web`");
  expect(() =>
    listener.prepare({ host: "127.0.0.1", port: 0, insecure: false, tls: { cert: "none", key: "none" } }),
  ).toThrow("none cannot be used for TLS");
  expect(await answers(port)).toBe(200);
});

test("a renewed certificate is shown on the same port, and an answer that has begun goes on", async () => {
  const first = await certify();
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const port = open({ host: "127.0.0.1", port: 0, insecure: false, tls }, async () => {
    begun.resolve();
    await finish.promise;
    return new Response("whole");
  });
  expect(await serial(port)).toBe(first);
  const slow = fetch(`https://127.0.0.1:${port}/`, { tls: { rejectUnauthorized: false } });
  await begun.promise;
  const second = await certify();
  // A connection that is just being accepted while the port changes hands is reset.
  while ((await serial(port).catch(() => "reset")) !== second) await Bun.sleep(20);
  finish.resolve();
  expect(await (await slow).text()).toBe("whole");
});

test("a head without an end, and one too large, cost their own connection only", async () => {
  const port = open(clear);
  const say = (text: string): [Socket, Promise<string>] => {
    const socket = connectTcp(port, "127.0.0.1");
    const heard = new Promise<string>((resolve) => {
      let all = "";
      socket.on("data", (data) => {
        all += data;
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(all));
    });
    socket.write(text);
    return [socket, heard];
  };
  const [slow] = say("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  const [, large] = say(`GET / HTTP/1.1\r\nHost: a\r\nX: ${"a".repeat(100_000)}\r\n\r\n`);
  const [, body] = say(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${2 << 20}\r\n\r\n`);
  expect(await large).toStartWith("HTTP/1.1 431");
  expect(await body).toStartWith("HTTP/1.1 413");
  expect(await answers(port)).toBe(200);
  slow.destroy();
});

process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
