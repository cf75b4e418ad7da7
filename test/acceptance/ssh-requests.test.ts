import { afterAll, beforeAll, describe, expect } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientChannel } from "ssh2";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

/** What of ssh2's connection is needed to send requests in an order that it has no call for. */
interface Sender {
  readonly _protocol: {
    exec(channel: number, command: string, wantReply: boolean): void;
    pty(
      channel: number,
      rows: number,
      columns: number,
      height: number,
      width: number,
      term: string,
      modes: null,
      wantReply: boolean,
    ): void;
    env(channel: number, name: string, value: string, wantReply: boolean): void;
  };
}

const lacks = [needs.openssh];

describe("ssh: requests on a channel in another order", () => {
  let door: SshDoor;
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      rules: `{ who: group("support"), on: "bastion", may: [execute("tty", "printenv")] }`,
    });
  }, 60_000);
  afterAll(async () => await door?.close());

  /** Output of a command, with more requests sent right behind it. */
  async function run(command: string, behind: (protocol: Sender["_protocol"], channel: number) => void) {
    const client = new Client();
    const { _protocol: protocol } = await new Promise<Sender>((resolve, reject) => {
      client.once("ready", () => resolve(client as unknown as Sender)).once("error", reject);
      const privateKey = readFileSync(join(door.folder, "alice"));
      client.connect({ host: "127.0.0.1", port: door.port, username: "bastion", privateKey });
    });
    const exec = protocol.exec.bind(protocol);
    protocol.exec = (channel, text, wantReply) => {
      exec(channel, text, wantReply);
      behind(protocol, channel);
    };
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      client.exec(command, (error, opened) => (error ? reject(error) : resolve(opened)));
    });
    let output = "";
    channel.on("data", (bytes: Buffer) => {
      output += bytes.toString();
    });
    await new Promise<void>((resolve) => channel.once("close", () => resolve()));
    client.end();
    return output;
  }

  testWith(...lacks)(
    "a terminal asked for behind a command that was judged without one is none",
    async () => {
      const output = await run("tty", (protocol, channel) => {
        protocol.pty(channel, 24, 80, 0, 0, "xterm", null, false);
      });
      expect(output).toBe("not a tty\n");
    },
  );

  testWith(...lacks)("a variable set behind a command does not reach it", async () => {
    const output = await run("printenv LC_LATE", (protocol, channel) => {
      protocol.env(channel, "LC_LATE", "late", false);
    });
    expect(output).toBe("");
  });
});
