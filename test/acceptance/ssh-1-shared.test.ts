import { afterAll, beforeAll, describe, expect } from "bun:test";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ssh2, { type Client, type ClientChannel } from "ssh2";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

const lacks = [needs.openssh];
const rounds = process.env.POSTERN_LONG ? 300 : 30;
/** Nothing more comes from it, and it goes on until this file is there. */
const goesOn = "exec >&- 2>&-; while ! test -e go; do sleep 0.01; done; rm go; exit 6";

describe("ssh, must hold 1: a channel that is closed early still says how its command ended", () => {
  let door: SshDoor;
  let client: Client;
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      rules: '{ name: "all", who: group("support"), on: "bastion", may: "all" }',
    });
    client = new ssh2.Client();
    const privateKey = readFileSync(join(door.folder, "alice"));
    client.connect({ host: "127.0.0.1", port: door.port, username: "bastion", privateKey });
    await once(client, "ready");
    // The gateway is killed at the end, whatever is still on its way.
    client.on("error", () => {});
  }, 60_000);
  afterAll(async () => {
    client?.end();
    await door?.close();
  });

  const exec = (command: string) =>
    new Promise<ClientChannel>((resolve, reject) => {
      client.exec(command, (error, channel) => (error ? reject(error) : resolve(channel)));
    });

  /** A command that goes on at the host, when its caller has closed the channel and the gateway knows it. */
  async function closedEarly(inputToo: boolean): Promise<ClientChannel> {
    const channel = await exec(goesOn);
    channel.resume();
    if (inputToo) channel.eof();
    await once(channel, "end");
    channel.close();
    // In order: what comes back was asked for behind the close.
    const next = await exec("true");
    next.resume();
    await once(next, "close");
    return channel;
  }

  for (const inputToo of [true, false]) {
    testWith(...lacks)(
      `closed ${inputToo ? "behind both ends of file" : "with its input open"}`,
      async () => {
        const channel = await closedEarly(inputToo);
        const ended = Promise.all([once(channel, "exit"), once(channel, "close")]);
        (await exec("touch go")).resume();
        expect((await ended)[0][0]).toBe(6);
        const { op } = door.entries("outcome").findLast(({ outcome }) => outcome.code === "6") ?? {};
        const asked = door.entries("operation").find(({ seq }) => seq === op);
        expect(JSON.stringify(asked)).toContain("while ! test -e go");
      },
    );
  }

  testWith(...lacks)("and one whose caller goes altogether leaves a mark", async () => {
    await closedEarly(true);
    client.end();
    const operations = () => door.entries("operation").length;
    await door.until("each operation has an outcome", () => door.entries("outcome").length === operations());
  });

  testWith(...lacks)(
    `${rounds} commands one after another over OpenSSH's shared connection`,
    async () => {
      const options = ["-o", `ControlPath=${join(door.folder, "shared")}`];
      const master = door.start(["-N", "-o", "ControlMaster=yes", ...options, "bastion@127.0.0.1"]);
      const check = () => door.ended(door.start(["-O", "check", ...options, "bastion@127.0.0.1"]));
      await door.until("the master listens", async () => (await check()).code === 0);
      const seen: string[] = [];
      for (let round = 0; round < rounds; round++) {
        const { code, stdout } = await door.ssh([`echo ${round}; exit ${round % 100}`], { options });
        seen.push(`${stdout}${code}`);
      }
      const { code } = await door.ssh(["exec >&- 2>&-; sleep 0.2; exit 6"], { options });
      expect(code).toBe(6);
      expect(seen).toEqual(seen.map((_, round) => `${round}\n${round % 100}`));
      master.kill();
      await master.exited;
    },
    60_000,
  );
});
