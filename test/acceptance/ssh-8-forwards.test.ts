import { afterAll, beforeAll, describe, expect } from "bun:test";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client, type ClientChannel } from "ssh2";
import { send, string, uint32 } from "../../plugins/ssh/message.ts";
import { Canaries } from "../canary.ts";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

const lacks = [needs.openssh];

describe("ssh: what is refused whatever the rules say", () => {
  let door: SshDoor;
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({ rules: `{ name: "all", who: group("support"), on: "bastion", may: "all" }` });
  }, 60_000);
  afterAll(async () => await door?.close());

  const refused = () => door.entries("denied").map(({ text, reason }) => `${text}: ${reason.code}`);

  async function client(): Promise<Client> {
    const client = new Client();
    await new Promise<void>((resolve, reject) => {
      client.once("ready", () => resolve()).on("error", reject);
      const privateKey = readFileSync(join(door.folder, "alice"));
      client.connect({ host: "127.0.0.1", port: door.port, username: "bastion", privateKey });
    });
    return client;
  }

  testWith(...lacks)("X11, in OpenSSH's words, and in the trail", async () => {
    const own = await client();
    const failed = await new Promise<string>((resolve) => {
      own.exec("true", { x11: true }, (error) => resolve(error?.message ?? "opened"));
    });
    expect(failed).toContain("X11");
    own.end();
    expect(refused()).toContain("connect x11: ssh.unsupported");
  });

  testWith(...lacks)(
    "a listener on a socket of the host's, in OpenSSH's words, and in the trail",
    async () => {
      const socket = join(door.server.user.home, "listener");
      const options = ["-o", "ExitOnForwardFailure=yes"];
      const { code, stderr } = await door.ssh(["-R", `${socket}:127.0.0.1:1`, "true"], { options });
      expect(code).toBe(255);
      expect(stderr).toContain("remote port forwarding failed");
      expect(refused()).toContain(`connect listen unix ${socket}: ssh.unsupported`);
    },
  );

  for (const type of ["tun@openssh.com", "x11", "auth-agent@openssh.com", "forwarded-tcpip", "session\0"]) {
    testWith(...lacks)(
      `a channel of the kind ${JSON.stringify(type)} is none, and the connection goes on`,
      async () => {
        const own = await client();
        interface Answers {
          readonly _protocol: {
            readonly _handlers: {
              CHANNEL_OPEN_FAILURE(protocol: unknown, channel: number, reason: number): void;
            };
          };
        }
        const answer = new Promise<number>((resolve) => {
          (own as unknown as Answers)._protocol._handlers.CHANNEL_OPEN_FAILURE = (
            _protocol,
            _channel,
            reason,
          ) => resolve(reason);
        });
        const origin = Buffer.concat([string("127.0.0.1"), uint32(1)]);
        const rest: Readonly<Record<string, Buffer>> = {
          x11: origin,
          "forwarded-tcpip": Buffer.concat([origin, origin]),
          "tun@openssh.com": Buffer.concat([uint32(1), uint32(0)]),
        };
        send(
          own as never,
          Buffer.concat([
            Buffer.from([90]),
            string(type),
            uint32(77),
            uint32(1 << 20),
            uint32(32_768),
            rest[type] ?? Buffer.alloc(0),
          ]),
        );
        // SSH_OPEN_ADMINISTRATIVELY_PROHIBITED or SSH_OPEN_UNKNOWN_CHANNEL_TYPE.
        expect([1, 3]).toContain(await answer);
        const channel = await new Promise<ClientChannel>((resolve, reject) =>
          own.exec("true", (error, opened) => (error ? reject(error) : resolve(opened))),
        );
        channel.resume();
        await new Promise<void>((resolve) => void channel.once("close", () => resolve()));
        own.end();
      },
    );
  }

  testWith(...lacks)("of more variables than can be the first ones are set", async () => {
    const names = Array.from({ length: 500 }, (_, at) => `LC_${at}=${at}`).join(" ");
    const options = ["-o", `SetEnv=${names}`];
    const { code, stdout } = await door.ssh(["env | grep -c '^LC_'"], { options });
    expect(code).toBe(0);
    expect(stdout.toString()).toBe("64\n");
  });
});

describe("ssh: the recording holds what the caller saw, byte for byte", () => {
  let door: SshDoor;
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      rules: `{ name: "all", who: group("support"), on: "bastion", may: "all",
        under: [mask({ answers: "stream", detect: ["email"] })] }`,
      before: 'import { mask } from "postern/plugins";',
    });
  }, 60_000);
  afterAll(async () => await door?.close());

  const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

  /** What a session's terminals and commands printed, as an asciicast or a replay has it. */
  async function replayed(session: string): Promise<string> {
    await door.until("it is closed", () => door.entries("close").some((entry) => entry.session === session));
    return (await door.postern("sessions", "replay", session, "--instant")).stdout;
  }

  testWith(...lacks)(
    "several commands at once over one connection, large and masked",
    async () => {
      const socket = join(door.folder, "master");
      const shared = ["-o", `ControlPath=${socket}`];
      const master = door.start(["-N", "-o", "ControlMaster=yes", ...shared, "bastion@127.0.0.1"]);
      await door.until("the master listens", () => Bun.spawnSync(["test", "-S", socket]).exitCode === 0);
      await door.until("its session stands in the trail", () => door.entries("open").length > 0);
      const session = door.entries("open").at(-1)?.session ?? "";
      const ran = await Promise.all(
        ["a", "b", "c", "d"].map((word) =>
          door.ssh([`for i in $(seq 1 4000); do echo "${word} $i ${word}@example.com"; done`], {
            options: shared,
          }),
        ),
      );
      master.kill();
      await master.exited;
      const lines = (await replayed(session)).split("\n");
      const seen = new Set<string>();
      for (const [at, { stdout }] of ran.entries()) {
        expect(stdout.toString()).not.toContain("@example.com");
        expect(stdout.toString().split("\n")).toHaveLength(4001);
        const first = stdout.toString().split(" ")[0];
        const own = lines
          .flatMap((line) => /^\[\d+\] \| (.*)$/.exec(line)?.[1] ?? [])
          .filter((line) => line.startsWith(`${first} `));
        expect(digest(Buffer.from(`${own.join("\n")}\n`))).toBe(digest(stdout));
        seen.add(first ?? String(at));
      }
      expect(seen.size).toBe(4);
    },
    60_000,
  );

  testWith(...lacks)(
    "fast output that is killed: what was seen is a beginning of what is kept",
    async () => {
      const child = door.start(["bastion@127.0.0.1", "i=0; while :; do i=$((i+1)); echo line $i; done"]);
      let seen = "";
      const reader = (async () => {
        for await (const chunk of child.stdout as ReadableStream<Uint8Array>)
          seen += Buffer.from(chunk).toString();
      })();
      await door.until("it pours", () => seen.length > 500_000);
      const session = door.entries("open").at(-1)?.session ?? "";
      await door.postern("sessions", "kill", session);
      await child.exited;
      await reader;
      const kept = (await replayed(session))
        .split("\n")
        .flatMap((line) => /^\[0\] \| (.*)$/.exec(line)?.[1] ?? []);
      const lines = seen.split("\n").slice(0, -1);
      expect(kept.length).toBeGreaterThanOrEqual(lines.length);
      expect(kept.slice(0, lines.length)).toEqual(lines);
    },
    60_000,
  );

  testWith(...lacks)(
    "neither the gateway's host keys nor the resource's key is in what it wrote or said",
    async () => {
      /** Behind what is public in it. */
      const secret = (key: string) => {
        const lines = key
          .trim()
          .split("\n")
          .slice(key.includes("OPENSSH") ? 3 : 1, -1);
        return lines.filter((line) => line.length > 20);
      };
      const hosts = ["host.key", "next.key"].map((name) =>
        readFileSync(join(door.data, "ssh", name), "utf8"),
      );
      const canaries = new Canaries(...[door.server.key, ...hosts].flatMap(secret));
      const { stdout, stderr } = await door.ssh(["-vvv", "env"]);
      const inFiles = canaries.inFiles(door.data).filter((found) => !/\/ssh\/(host|next)\.key: /.test(found));
      expect([
        ...inFiles,
        ...canaries.inBytes("wire", Buffer.concat([stdout, Buffer.from(stderr)])),
        ...canaries.inBytes("log", Buffer.from(door.gateway.logged())),
      ]).toEqual([]);
      // They would be found.
      expect(canaries.inBytes("key", Buffer.from(hosts.join("")))).not.toEqual([]);
    },
  );
});
