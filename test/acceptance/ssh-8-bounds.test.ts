import { afterAll, beforeAll, describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { Client, type ClientChannel } from "ssh2";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

/** What of ssh2's client is needed to break the rules that it keeps by itself. */
interface Rogue extends Client {
  readonly _sock: Duplex;
  readonly _protocol: {
    session(channel: number, window: number, packet: number): void;
    tcpipForward(address: string, port: number, wantReply: boolean): void;
    channelWindowAdjust(channel: number, amount: number): void;
    channelData(channel: number, data: Buffer): void;
    ping(): void;
  };
}

const lacks = [needs.openssh];

describe("ssh: whoever breaks SSH's bounds is cut off, and costs nobody else anything", () => {
  let door: SshDoor;
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      rules: `{ name: "all", who: group("support"), on: "bastion", may: "all" }`,
    });
  }, 60_000);
  afterAll(async () => await door?.close());

  async function rogue(user = "bastion"): Promise<{ client: Rogue; gone: Promise<void> }> {
    const client = new Client() as Rogue;
    const gone = new Promise<void>((resolve) => void client.once("close", () => resolve()));
    await new Promise<void>((resolve, reject) => {
      client.once("ready", () => resolve()).on("error", reject);
      const privateKey = readFileSync(join(door.folder, "alice"));
      client.connect({ host: "127.0.0.1", port: door.port, username: user, privateKey });
    });
    return { client, gone };
  }

  const exec = (client: Client, command: string) =>
    new Promise<ClientChannel>((resolve, reject) => {
      client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened)));
    });

  /** The gateway's one worker serves others, and its trail says why that one ended. */
  async function cutOffWith(how: string, gone: Promise<void>) {
    await gone;
    expect((await door.ssh(["echo still here"])).stdout.toString()).toBe("still here\n");
    const closes = door.entries("close").filter(({ reason }) => reason.code === "ssh.protocol");
    expect(closes.at(-1)?.reason.message).toContain(how);
  }

  testWith(...lacks)("a channel for packets of no bytes is no endless loop", async () => {
    const { client, gone } = await rogue();
    const running = await exec(client, "cat");
    expect(running.writable).toBe(true);
    const open = client._protocol.session.bind(client._protocol);
    client._protocol.session = (channel, window) => open(channel, window, 0);
    client.exec("echo x", () => {});
    await cutOffWith("packets of 0 bytes", gone);
  });

  testWith(...lacks)("who sends more than its window is not kept in memory", async () => {
    const { client, gone } = await rogue();
    const channel = await exec(client, "sleep 1000");
    const { id } = channel.outgoing as unknown as { id: number };
    const chunk = Buffer.alloc(32 * 1024);
    for (let sent = 0; sent < 256 && client._sock.writable; sent++) {
      client._protocol.channelData(id, chunk);
      if (sent % 16 === 0) await Bun.sleep(0);
    }
    await cutOffWith("more on a channel than its window", gone);
  });

  testWith(...lacks)("a window wider than can be", async () => {
    const { client, gone } = await rogue();
    const channel = await exec(client, "sleep 1000");
    const { id } = channel.outgoing as unknown as { id: number };
    for (let more = 0; more < 2; more++) client._protocol.channelWindowAdjust(id, 0xffffffff);
    await cutOffWith("wider than can be", gone);
  });

  testWith(...lacks)("questions without end that wait for no answer", async () => {
    const { client, gone } = await rogue();
    await exec(client, "sleep 1000");
    // Each forward's answer waits for the host, and those of the questions wait behind it: a host that is quicker
    // than the questions arrive leaves none of them open, and is asked again.
    while (client._sock.writable) {
      client._protocol.tcpipForward("127.0.0.1", 0, true);
      for (let sent = 0; sent < 400; sent++) client._protocol.ping();
      await Bun.sleep(0);
    }
    await cutOffWith("waits for no answer", gone);
  });
});
