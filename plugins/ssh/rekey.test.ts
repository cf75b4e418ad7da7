import { afterAll, beforeAll, expect } from "bun:test";
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { connectWire } from "../../core/plugin.ts";
import { listenWires } from "../../core/socket.ts";
import { needs, testWith } from "../../test/needs.ts";
import { type OpenSshServer, startOpenSsh } from "../../test/servers/openssh.ts";
import { toCallers, toHosts } from "./algorithms.ts";
import { opensshKey } from "./keys/openssh-key.ts";
import { renewKeys } from "./rekey.ts";
import { SshStream } from "./ssh-stream.ts";

const limits = { bytes: 1024 * 1024, age: 60_000, patience: 10_000 };
const sent = randomBytes(8 * 1024 * 1024);
const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const folder = mkdtempSync(join(tmpdir(), "postern-rekey-"));
const lacks = needs.openssh;
let server: OpenSshServer;

beforeAll(async () => {
  if (lacks === undefined) server = await startOpenSsh();
}, 30_000);
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

testWith(lacks)(
  "towards OpenSSH's server: new keys again and again, and all that passes is whole",
  async () => {
    const stream = new SshStream(await connectWire({ host: "127.0.0.1", port: server.port, timeout: 5_000 }));
    const client = new ssh2.Client();
    let exchanges = 0;
    client.on("handshake", () => exchanges++);
    client.connect({ sock: stream, username: server.user.name, privateKey: server.key, algorithms: toHosts });
    await once(client, "ready");
    renewKeys(client, stream, limits);
    const channel = await new Promise<ssh2.ClientChannel>((resolve, reject) =>
      client.exec("cat", (error, opened) => (error ? reject(error) : resolve(opened))),
    );
    channel.end(sent);
    const received: Buffer[] = [];
    for await (const bytes of channel) received.push(bytes as Buffer);
    client.end();
    expect(digest(Buffer.concat(received))).toBe(digest(sent));
    // What is on its way while keys are exchanged comes on top of each megabyte.
    expect(exchanges).toBeGreaterThanOrEqual(3);
  },
  30_000,
);

testWith(lacks)(
  "towards OpenSSH's client: it sees the exchanges, and all that passes is whole",
  async () => {
    const key = opensshKey(generateKeyPairSync("ed25519").privateKey);
    const listener = listenWires({ host: "127.0.0.1", port: 0 }, (wire) => {
      const stream = new SshStream(wire);
      const gateway = new ssh2.Server({ hostKeys: [key], algorithms: toCallers }, (connection) => {
        connection.on("error", () => {});
        connection.on("authentication", (context) => context.accept());
        connection.once("ready", () => renewKeys(connection, stream, limits));
        connection.on("session", (accept) => {
          accept().once("exec", (run) => {
            const channel = run();
            channel.pipe(channel);
            channel.once("end", () => channel.exit(0));
          });
        });
      });
      gateway.injectSocket(stream as unknown as Socket);
    });
    try {
      const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", `Port=${listener.port}`];
      const child = Bun.spawn(
        ["ssh", "-vv", "-F", "none", ...options.flatMap((each) => ["-o", each]), "x@127.0.0.1", "echo"],
        {
          env: { PATH: process.env.PATH ?? "", HOME: folder, USER: userInfo().username },
          stdin: sent,
          stdout: "pipe",
          stderr: "pipe",
        },
      );
      const [stdout, said] = await Promise.all([
        new Response(child.stdout).bytes(),
        new Response(child.stderr).text(),
      ]);
      expect(digest(stdout)).toBe(digest(sent));
      expect(said.match(/SSH2_MSG_KEXINIT received/g)?.length).toBeGreaterThanOrEqual(3);
    } finally {
      listener.stop();
    }
  },
  30_000,
);

testWith(lacks)("by its age: keys that nothing passes under are renewed too", async () => {
  const stream = new SshStream(await connectWire({ host: "127.0.0.1", port: server.port, timeout: 5_000 }));
  const client = new ssh2.Client();
  client.connect({ sock: stream, username: server.user.name, privateKey: server.key, algorithms: toHosts });
  await once(client, "ready");
  renewKeys(client, stream, { ...limits, age: 20 });
  await once(client, "handshake");
  await once(client, "handshake");
  client.end();
  await once(client, "close");
});
