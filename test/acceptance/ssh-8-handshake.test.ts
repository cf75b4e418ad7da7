import { afterAll, afterEach, beforeAll, describe, expect } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

const lacks = [needs.openssh];

/** What goes on instead of what the client has sent so far; undefined: more is needed to tell. */
type Rewrite = (sent: Buffer) => readonly Buffer[] | undefined;

describe("ssh: who meddles with the handshake", () => {
  let door: SshDoor;
  let between: Server | undefined;
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({ rules: `{ who: group("support"), on: "bastion", may: "all" }` });
  }, 60_000);
  afterEach(() => void between?.close());
  afterAll(async () => await door?.close());

  /** OpenSSH's client with somebody between it and the gateway. */
  async function ran(rewrite: Rewrite): Promise<string> {
    const server = createServer((near) => {
      const far = connect({ host: "127.0.0.1", port: door.port, noDelay: true });
      far.on("error", () => near.destroy()).on("close", () => near.destroy());
      near.on("error", () => far.destroy()).on("close", () => far.destroy());
      far.pipe(near);
      let sent = Buffer.alloc(0);
      near.on("data", async function first(bytes: Buffer) {
        sent = Buffer.concat([sent, bytes]);
        const parts = rewrite(sent);
        if (!parts) return;
        near.off("data", first).pause();
        for (const part of parts) {
          far.write(part);
          // Each in a segment of its own.
          await Bun.sleep(1);
        }
        near.on("data", (more: Buffer) => far.write(more)).resume();
      });
    });
    between = server;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    // The first port that it is given counts.
    const command = ["ssh", "-p", String(port), ...door.options(), "bastion@127.0.0.1", "echo through"];
    const child = Bun.spawn(command, {
      ...{ env: { PATH: process.env.PATH ?? "" }, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    });
    const { stdout } = await door.ended(child);
    between.close();
    return stdout.toString();
  }

  const identEnd = (sent: Buffer) => sent.indexOf("\n") + 1;
  /** Behind the first packet (RFC 4253, 6), which is the client's offer of algorithms. */
  const offerEnd = (sent: Buffer) => {
    const at = identEnd(sent);
    if (at === 0 || sent.length < at + 4) return 0;
    const end = at + 4 + sent.readUInt32BE(at);
    return end > sent.length ? 0 : end;
  };
  const insertAt =
    (place: (sent: Buffer) => number, packet: Buffer): Rewrite =>
    (sent) => {
      const at = place(sent);
      return at === 0 ? undefined : [Buffer.concat([sent.subarray(0, at), packet, sent.subarray(at)])];
    };
  /** A packet in clear text, of 16 bytes. */
  const packet = (type: number) => {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32BE(12);
    bytes[4] = 6;
    bytes[5] = type;
    return bytes;
  };

  testWith(...lacks)("with nobody between, and with one that changes nothing", async () => {
    expect(await ran((sent) => [sent])).toBe("through\n");
  });

  testWith(...lacks)("a client whose first line comes letter by letter is one as any other", async () => {
    const dribbled: Rewrite = (sent) => {
      const at = identEnd(sent);
      return at === 0
        ? undefined
        : [...[...sent.subarray(0, at)].map((byte) => Buffer.of(byte)), sent.subarray(at)];
    };
    expect(await ran(dribbled)).toBe("through\n");
  });

  for (const [name, type] of [
    ["IGNORE", 2],
    ["UNIMPLEMENTED", 3],
    ["DEBUG", 4],
    ["EXT_INFO", 7],
    ["PING", 192],
    ["an unknown message", 250],
  ] as const) {
    testWith(...lacks)(`${name} before the keys are there ends it (Terrapin, CVE-2023-48795)`, async () => {
      const before = door.entries("open").length;
      for (const place of [identEnd, offerEnd]) expect(await ran(insertAt(place, packet(type)))).toBe("");
      expect(door.entries("open")).toHaveLength(before);
    });
  }

  testWith(...lacks)("a first line of 64 KB, and one without an end, are cut off", async () => {
    for (const line of [
      `SSH-2.0-${"x".repeat(65_536)}\r\n`,
      "x".repeat(2_000_000),
      "\r".repeat(2_000_000),
      "a\n".repeat(9),
    ]) {
      const socket = connect({ host: "127.0.0.1", port: door.port });
      socket.on("error", () => {}).resume();
      await once(socket, "connect");
      const closed = new Promise<void>((resolve) => void socket.once("close", () => resolve()));
      socket.write(line);
      await closed;
    }
    expect((await door.ssh(["echo still here"])).stdout.toString()).toBe("still here\n");
  });
});
