import { afterAll, beforeAll, describe, expect } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { join } from "node:path";
import { needs, testWith } from "../needs.ts";
import { SshDoor, type SshPrinted, type SshRun } from "./ssh-door.ts";

const big = randomBytes(1024 * 1024);
const lacks = [needs.openssh];

/** Commands whose bytes and status must be the same through the gateway as to the host itself. */
const commands: readonly { readonly text: string; readonly stdin?: Uint8Array }[] = [
  { text: "true" },
  { text: "exit 7" },
  { text: "echo out; echo err >&2; exit 3" },
  { text: String.raw`printf '\377\000\001\r\n'` },
  { text: "kill -TERM $$" },
  { text: "kill -KILL $$" },
  { text: "no-such-program" },
  { text: "cat", stdin: big },
  { text: "cat >&2", stdin: big },
  { text: "tee /dev/stderr; exit 9", stdin: big },
  { text: "head -c 5; exit 4", stdin: big },
  { text: "exec >&- 2>&-; sleep 0.2; exit 6" },
  { text: "sha256sum; echo done", stdin: new Uint8Array(0) },
  { text: "echo $POSTERN_ONE-$POSTERN_TWO-$LC_THREE" },
  { text: "pwd; id -un; tty" },
  { text: "(sleep 0.3; echo late) & echo early" },
];

describe("ssh, must hold 1: OpenSSH's client, unmodified, against Debian's sshd", () => {
  let door: SshDoor;
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      rules: `{ name: "all", who: group("support"), on: "bastion", may: "all" },
        { name: "none", who: group("strangers"), on: "bastion", may: [execute("true")] }`,
    });
  }, 60_000);
  afterAll(async () => await door?.close());

  /** The same client to the host itself, with the key that only the gateway should have. */
  function direct(command: string, { stdin, options = [] }: SshRun): Promise<SshPrinted> {
    const { port, keyFile, user } = door.server;
    // Of an option that is there twice the first one counts.
    const ahead = ["-F", "none", "-o", `Port=${port}`, "-o", `IdentityFile=${keyFile}`, ...options];
    const behind = door.options().filter((option) => option !== "-F" && option !== "none");
    const child = Bun.spawn(["ssh", ...ahead, ...behind, `${user.name}@127.0.0.1`, command], {
      env: { PATH: process.env.PATH ?? "", HOME: join(door.folder, "home") },
      stdin: stdin === undefined ? "ignore" : Buffer.from(stdin),
      stdout: "pipe",
      stderr: "pipe",
    });
    return door.ended(child);
  }

  const quiet = ["-o", "LogLevel=ERROR", "-o", "SetEnv=POSTERN_ONE=1 LC_THREE=3"];

  for (const { text, stdin } of commands) {
    testWith(...lacks)(`bytes and status are those of the host: ${text}`, async () => {
      const run = { options: quiet, ...(stdin ? { stdin } : {}) };
      const [through, straight] = await Promise.all([door.ssh([text], run), direct(text, run)]);
      // Variables pass by an allow-list of the gateway's own.
      const expected = straight.stdout.toString("latin1").replace(/^1-/, "-");
      expect(digest(through.stdout)).toBe(digest(Buffer.from(expected, "latin1")));
      expect(digest(Buffer.from(through.stderr))).toBe(digest(Buffer.from(straight.stderr)));
      expect(through.code).toBe(straight.code);
    });
  }

  testWith(...lacks)("a terminal: its size, its change, what is typed, ^C and the status", async () => {
    const shown = new Shown();
    const child = Bun.spawn(["ssh", ...door.options(), "-t", "bastion@127.0.0.1"], {
      env: { PATH: process.env.PATH ?? "", HOME: join(door.folder, "home"), TERM: "xterm" },
      terminal: { cols: 91, rows: 31, data: (_terminal, bytes) => shown.add(bytes) },
    });
    const { terminal } = child;
    if (!terminal) throw new Error("no terminal");
    terminal.write("PS1=; stty -echo size; echo $TERM-$((40+2))\n");
    await shown.until("31 91");
    await shown.until("xterm-42");
    terminal.resize(120, 40);
    terminal.write("trap 'echo size $(stty size)' WINCH; kill -WINCH $$\n");
    await shown.until("size 40 120");
    // What says so is itself what ^C ends, whether it sleeps already or not.
    terminal.write("sh -c 'echo asleep; sleep 100'\n");
    await shown.until("asleep");
    terminal.write("\x03");
    terminal.write("echo status $?\n");
    await shown.until("status 130");
    terminal.write("exit 17\n");
    expect(await child.exited).toBe(17);
  });

  testWith(...lacks)("several sessions over one connection, each with its own status", async () => {
    const socket = join(door.folder, "control");
    const master = door.start(["-M", "-S", socket, "-N", "bastion@127.0.0.1"]);
    await door.until("the connection is there", async () => {
      return (await door.ended(door.start(["-S", socket, "-O", "check", "x"]))).code === 0;
    });
    const runs = Array.from({ length: 12 }, (_, index) =>
      door.ended(
        door.start(["-S", socket, "x", `read line; echo $line; exit ${index}`], { stdin: `n${index}\n` }),
      ),
    );
    const printed = await Promise.all(runs);
    expect(printed.map(({ code, stdout }) => `${stdout}`.trim() + code)).toEqual(
      runs.map((_, index) => `n${index}${index}`),
    );
    await door.ended(door.start(["-S", socket, "-O", "exit", "x"]));
    await master.exited;
    expect(door.entries("open")).toHaveLength(
      new Set(door.entries("open").map(({ session }) => session)).size,
    );
  });

  testWith(...lacks)("-L, -R and -D reach what the host reaches", async () => {
    const service = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data(socket, bytes) {
          socket.write(`echo ${bytes}`);
          socket.end();
        },
      },
    });
    const [local, dynamic, remote] = [free(), free(), free()];
    const child = door.start([
      ...["-N", "-v", "-L", `${local}:127.0.0.1:${service.port}`, "-D", `127.0.0.1:${dynamic}`],
      ...["-R", `${remote}:127.0.0.1:${service.port}`, "bastion@127.0.0.1"],
    ]);
    try {
      await door.until("all three listen", async () => (await talk(remote, "up")) === "echo up");
      expect(await talk(local, "local")).toBe("echo local");
      expect(await talk(dynamic, socks(service.port), "dynamic")).toBe("echo dynamic");
      expect(await talk(remote, "remote")).toBe("echo remote");
    } finally {
      child.kill();
      await child.exited;
      service.stop(true);
    }
    const asked = door.entries("operation").flatMap(({ actions }) => actions);
    expect(asked).toContainEqual({ effect: "connect", on: `tcp 127.0.0.1:${service.port}` });
    expect(asked).toContainEqual({ effect: "connect", on: `listen localhost:${remote}` });
    const id = door.entries("open").at(-1)?.session ?? "";
    await door.until("it is closed", () => door.entries("close").some(({ session }) => session === id));
    const { stdout } = await door.postern("sessions", "replay", id, "--instant");
    const sum = (text: string) => createHash("sha256").update(text).digest("hex");
    const carried = (to: string, said: string) =>
      `forwarded to=${to} sent=${said.length} sentSha256=${sum(said)} ` +
      `received=${said.length + 5} receivedSha256=${sum(`echo ${said}`)}`;
    expect(stdout).toContain(carried(`tcp 127.0.0.1:${service.port}`, "local"));
    expect(stdout).toContain(carried(`tcp 127.0.0.1:${service.port}`, "dynamic"));
    // There the caller is who answers.
    expect(stdout).toMatch(new RegExp(`forward to=listen \\S+:${remote} from=127\\.0\\.0\\.1:\\d+`));
    expect(stdout).toContain(`sent=11 sentSha256=${sum("echo remote")}`);
  });

  testWith(...lacks)("agent forwarding: the host signs with the caller's agent", async () => {
    const agent = join(door.folder, "agent");
    const running = Bun.spawn(["ssh-agent", "-D", "-a", agent], { stdout: "ignore" });
    try {
      const key = join(door.folder, "alice");
      await door.until("the agent is there", async () => {
        const added = Bun.spawn(["ssh-add", "-q", key], { env: { SSH_AUTH_SOCK: agent }, stderr: "ignore" });
        return (await added.exited) === 0;
      });
      const through = Bun.spawn(
        ["ssh", "-o", `IdentityAgent=${agent}`, ...door.options(), "-A", "bastion@127.0.0.1", "ssh-add -L"],
        { env: { PATH: process.env.PATH ?? "" }, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
      );
      const seen = await door.ended(through);
      expect(seen.stdout.toString()).toContain("ssh-ed25519 AAAA");
      expect((await door.ssh(["ssh-add -L"])).code).not.toBe(0);
    } finally {
      running.kill();
    }
  });

  testWith(...lacks)(
    "new keys for each megabyte of twenty, both ways",
    async () => {
      const sent = Buffer.concat(Array.from({ length: 20 }, () => big));
      const run = { options: ["-o", "RekeyLimit=1M"], stdin: sent };
      const { stdout, code } = await door.ssh(["cat"], run);
      expect([digest(stdout), code]).toEqual([digest(sent), 0]);
    },
    60_000,
  );

  if (process.env.POSTERN_LONG) {
    testWith(...lacks)(
      "new keys after a gigabyte, which neither the client nor the host has asked for",
      async () => {
        const count = 1_100;
        const child = door.start(["-v", "bastion@127.0.0.1", `head -c ${count}000000 /dev/zero`]);
        const [sum, said] = await Promise.all([
          (async () => {
            const hash = createHash("sha256");
            for await (const bytes of child.stdout) hash.update(bytes);
            return hash.digest("hex");
          })(),
          new Response(child.stderr).text(),
        ]);
        const whole = createHash("sha256");
        for (let part = 0; part < count; part++) whole.update(Buffer.alloc(1_000_000));
        expect([sum, await child.exited]).toEqual([whole.digest("hex"), 0]);
        expect(said.match(/SSH2_MSG_KEXINIT received/g)).toHaveLength(2);
      },
      180_000,
    );
  }

  testWith(...lacks)("what a rule does not name is refused on standard error, with status 126", async () => {
    const password = await door.token("eve", "strangers");
    const refused = await door.ssh(["echo secret"], { key: null, password });
    expect([refused.code, refused.stdout.toString()]).toEqual([126, ""]);
    expect(refused.stderr).toMatch(/postern: .*\(policy\.denied.*ses_/);
    expect((await door.ssh(["true"], { key: null, password })).code).toBe(0);
    const forward = await door.ssh(["-W", `127.0.0.1:${door.server.port}`], { key: null, password });
    expect(forward.code).not.toBe(0);
    expect(forward.stderr).toContain("policy.denied");
  });

  testWith(...lacks)("X11 is refused, and the command runs without", async () => {
    const { stdout } = await door.ssh(["-X", "echo display=$DISPLAY"]);
    expect(stdout.toString()).toBe("display=\n");
  });
});

/** What a terminal showed, and whoever waits for it. */
class Shown {
  #text = "";
  #waiting: (() => void) | undefined;

  add(bytes: Uint8Array): void {
    this.#text += Buffer.from(bytes).toString("latin1");
    this.#waiting?.();
  }

  /** Also what has been shown before; what comes behind it is looked for next. */
  async until(text: string): Promise<void> {
    const deadline = Date.now() + 20_000;
    while (!this.#text.includes(text)) {
      if (Date.now() > deadline) throw new Error(`Never shown: ${text}\n${this.#text}`);
      await Promise.race([
        Bun.sleep(1_000),
        new Promise<void>((resolve) => {
          this.#waiting = resolve;
        }),
      ]);
    }
    this.#text = this.#text.slice(this.#text.indexOf(text) + text.length);
  }
}

function digest(bytes: Uint8Array): string {
  return `${bytes.length} bytes ${createHash("sha256").update(bytes).digest("hex")}`;
}

function free(): number {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  probe.stop(true);
  return probe.port;
}

/** SOCKS5 without a login (RFC 1928): greeting and request in one piece. */
function socks(port: number): Uint8Array {
  return Uint8Array.from([5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 255]);
}

/** Sends the parts, and returns what comes back behind SOCKS5's own answers, until the other side closes. */
async function talk(port: number, ...parts: readonly (string | Uint8Array)[]): Promise<string> {
  const answer: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  const spoken = parts.length > 1 ? 12 : 0;
  try {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data(own, bytes) {
          const before = Buffer.concat(answer).length;
          answer.push(Buffer.from(bytes));
          if (before < spoken && before + bytes.length >= spoken) own.write(parts[1] ?? "");
        },
        close: () => closed.resolve(),
        end: (own) => void own.end(),
        error: () => closed.resolve(),
      },
    });
    socket.write(parts[0] ?? "");
    await closed.promise;
  } catch {
    return "";
  }
  return Buffer.concat(answer).subarray(spoken).toString();
}
