import { afterAll, beforeAll, describe, expect } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { needs, testWith } from "../needs.ts";
import { makeKey } from "../servers/openssh.ts";
import { SshDoor } from "./ssh-door.ts";

const runs = testWith(needs.openssh);
const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
let door: SshDoor;
let keys: string;

beforeAll(async () => {
  if (needs.openssh !== undefined) return;
  keys = mkdtempSync(join(tmpdir(), "postern-connection-"));
  const stranger = makeKey(join(keys, "stranger"));
  door = await SshDoor.open({
    rules: `{ who: group("support"), on: "*", may: "all" }`,
    resources: ({ port, user }) =>
      `impostor: ssh({ host: "127.0.0.1", port: ${port}, user: "${user.name}", hostKey: ${JSON.stringify(stranger)},
        credential: env("BASTION_KEY") }),`,
  });
});
afterAll(async () => {
  await door?.close();
  if (keys) rmSync(keys, { recursive: true });
});

/** Of the last session that has opened, once it is over. */
async function replayed(): Promise<string> {
  const id = door.entries("open").at(-1)?.session ?? "";
  await door.until("it is closed", () => door.entries("close").some(({ session }) => session === id));
  return (await door.postern("sessions", "replay", id, "--instant")).stdout;
}

/** `stty -a` at the host, as a terminal of these settings shows it. */
async function settings(client: readonly string[]): Promise<string> {
  let shown = "";
  const changed = "stty erase ^H intr ^Y eof ^E -ixon iutf8 -echoctl rows 33 columns 101";
  const child = Bun.spawn(["sh", "-c", `${changed}; exec "$@"`, "sh", ...client], {
    env: { PATH: process.env.PATH ?? "", HOME: join(door.folder, "home"), TERM: "xterm" },
    terminal: {
      cols: 80,
      rows: 24,
      data: (_terminal, bytes) => {
        shown += Buffer.from(bytes).toString();
      },
    },
  });
  expect(await child.exited).toBe(0);
  return shown.slice(shown.indexOf("speed"), shown.lastIndexOf("echoke") + 6);
}

describe("1: one connection", () => {
  runs("a terminal has the caller's own settings at the host, as without the gateway", async () => {
    const { server, folder } = door;
    const direct = [
      ...["ssh", "-F", "none", "-tt", "-i", server.keyFile, "-o", `Port=${server.port}`],
      ...[
        "-o",
        "StrictHostKeyChecking=accept-new",
        "-o",
        `UserKnownHostsFile=${join(folder, "known_direct")}`,
      ],
      ...["-q", `${server.user.name}@127.0.0.1`, "stty -a"],
    ];
    const through = await settings(["ssh", ...door.options(), "-q", "-tt", "bastion@127.0.0.1", "stty -a"]);
    expect(through).toContain("erase = ^H");
    expect(through).toContain("intr = ^Y");
    expect(through).toContain("rows 33; columns 101");
    expect(through).toContain("-ixon");
    expect(through).toBe(await settings(direct));
  });

  runs("the client is told which signatures a login may have: no SHA-1, and each name a name", async () => {
    const { stderr } = await door.ssh(["true"], { options: ["-vv"] });
    expect(/server-sig-algs=<(.*)>/.exec(stderr)?.[1]?.split(",")).toEqual([
      ...["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"],
      ...["rsa-sha2-512", "rsa-sha2-256"],
    ]);
  });

  runs("what a forward carries is in the recording by address, size and hash", async () => {
    const [asked, answer] = [randomBytes(300_000), randomBytes(500_000)];
    const service = Bun.listen<{ left: number }>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open(socket) {
          socket.data = { left: asked.length };
        },
        data(socket, bytes) {
          socket.data.left -= bytes.length;
          if (socket.data.left === 0) send(socket, answer);
        },
        drain: (socket) => send(socket, rest),
      },
    });
    let rest: Buffer = Buffer.alloc(0);
    function send(socket: Bun.Socket<{ left: number }>, bytes: Buffer): void {
      rest = bytes.subarray(socket.write(bytes));
      if (rest.length === 0) socket.end();
    }
    try {
      const { stdout } = await door.ssh(["-W", `127.0.0.1:${service.port}`], { stdin: asked });
      expect(digest(stdout)).toBe(digest(answer));
      const to = `to=tcp 127.0.0.1:${service.port}`;
      expect((await replayed()).split("\n").filter((line) => line.startsWith("[0]"))).toEqual([
        `[0] forward ${to}`,
        `[0] forwarded ${to} sent=${asked.length} sentSha256=${digest(asked)} ` +
          `received=${answer.length} receivedSha256=${digest(answer)}`,
      ]);
    } finally {
      service.stop(true);
    }
  });

  runs("so is what a forward has carried until an operator ends the session", async () => {
    const service = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: { data() {}, open: (socket) => void socket.write("hello") },
    });
    try {
      const forward = ["-W", `127.0.0.1:${service.port}`, "bastion@127.0.0.1"];
      const child = Bun.spawn(["ssh", ...door.options(), ...forward], { stdin: "pipe", stdout: "pipe" });
      const reader = child.stdout.getReader();
      expect(Buffer.from((await reader.read()).value ?? []).toString()).toBe("hello");
      const session = door.entries("open").at(-1)?.session ?? "";
      expect((await door.postern("sessions", "kill", session, "--because", "enough")).code).toBe(0);
      await child.exited;
      expect(await replayed()).toContain(
        `forwarded to=tcp 127.0.0.1:${service.port} sent=0 sentSha256=${digest(Buffer.alloc(0))} ` +
          `received=5 receivedSha256=${digest(Buffer.from("hello"))}`,
      );
    } finally {
      service.stop(true);
    }
  });

  runs("a terminal is replayed without a word of the list's", async () => {
    await door.ssh(["echo shown"], { options: ["-tt"] });
    const text = await replayed();
    expect(text).toContain("shown");
    expect(text).not.toContain("what=");
  });

  runs(
    "a host with another key is a warning that says what to do, and no word of it for the caller",
    async () => {
      const { code, stderr } = await door.ssh(["true"], { user: "impostor" });
      expect([code, stderr.includes("resource.host-key"), stderr.includes("ssh-keyscan")]).toEqual([
        255,
        true,
        false,
      ]);
      const line = door.gateway
        .logged()
        .split("\n")
        .find((each) => each.includes("resource.host-key"));
      expect(JSON.parse(line ?? "{}")).toMatchObject({ level: "warn", code: "resource.host-key" });
      expect(line).toContain(`ssh-keyscan -p ${door.server.port} 127.0.0.1`);
      expect(line).toContain("SHA256:");
    },
  );
});
