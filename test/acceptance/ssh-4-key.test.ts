import { afterAll, beforeAll, describe, expect } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Canaries } from "../canary.ts";
import { needs, testWith } from "../needs.ts";
import { makeKey } from "../servers/openssh.ts";
import { SshDoor } from "./ssh-door.ts";

const lacks = [needs.openssh, needs.proc];

describe("ssh, must hold 4: the host's key is nowhere outside the process", () => {
  const authorities = mkdtempSync(join(tmpdir(), "postern-ca-"));
  let door: SshDoor;
  let authority = "";
  beforeAll(async () => {
    if (needs.openssh) return;
    const publicKey = makeKey(join(authorities, "ca"));
    authority = readFileSync(join(authorities, "ca"), "utf8");
    door = await SshDoor.open({
      environment: { CA_KEY: authority, BROKEN_KEY: authority.slice(0, 300) },
      rules: '{ name: "all", who: group("support"), on: "*", may: "all" }',
      resources: ({ port, hostKey, user }) =>
        [
          ["certified", `hostKey: "${hostKey}", credential: sshCertificates({ ca: env("CA_KEY") })`],
          ["impostor", `hostKey: "${publicKey}", credential: env("BASTION_KEY")`],
          ["stranger", `hostKey: "${hostKey}", credential: env("CA_KEY")`],
          ["broken", `hostKey: "${hostKey}", credential: env("BROKEN_KEY")`],
        ]
          .map(
            ([name, more]) =>
              `${name}: ssh({ host: "127.0.0.1", port: ${port}, user: "${user.name}", ${more} }),`,
          )
          .join("\n"),
    });
    door.server.trust(publicKey);
    door.server.principals(door.server.user, door.server.user.name);
  }, 60_000);
  afterAll(async () => {
    await door?.close();
    rmSync(authorities, { recursive: true, force: true });
  });

  testWith(...lacks)(
    "no byte of it in what callers get, in a file, a log, an error or a command line",
    async () => {
      const keys = [door.server.key, authority];
      const canaries = new Canaries(...keys.flatMap(secretLines));
      const gateway = [() => canaries.inFiles(door.data), () => canaries.inCommandLines()];
      const found: string[] = [];
      const seen = new Map<string, number>();
      for (const user of ["bastion", "certified", "impostor", "stranger", "broken"]) {
        const { code, stdout, stderr } = await door.ssh(["-vvv", "cat; env; ssh-add -l"], {
          user,
          stdin: "x",
        });
        seen.set(user, code);
        found.push(...canaries.inBytes(user, Buffer.concat([stdout, Buffer.from(stderr)])));
        for (const look of gateway) found.push(...look());
      }
      // ssh-add has no agent to ask, which is status 2: the command ran.
      expect([...seen.values()]).toEqual([2, 2, 255, 255, 255]);
      const audit = await door.postern("audit", "query", "--json");
      expect(audit.stdout).toContain("certified");
      found.push(
        ...canaries.inBytes("audit", Buffer.from(audit.stdout)),
        ...canaries.inBytes("gateway's log", Buffer.from(door.gateway.logged())),
        ...canaries.inBytes("host's log", Buffer.from(door.server.logged())),
        ...canaries.inFiles(join(door.folder, "home")),
      );
      expect(found).toEqual([]);
    },
  );
});

describe("ssh, must hold 4: the gateway connects to nothing that a caller names", () => {
  let door: SshDoor;
  const peers: number[] = [];
  const service = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data() {},
      open(socket) {
        peers.push(socket.remotePort);
        for (const pid of door.gateway.processes()) {
          if (connectsFrom(pid, socket.remotePort)) ofTheGateway.push(pid);
        }
        socket.end("reached\n");
      },
    },
  });
  /** Processes of the gateway that were at the other end. */
  const ofTheGateway: string[] = [];
  beforeAll(async () => {
    if (needs.openssh) return;
    door = await SshDoor.open({
      rules: `{ name: "one", who: group("support"), on: "bastion", may: ["execute", "unknown", connect("tcp 127.0.0.1:${service.port}")] }`,
    });
  }, 60_000);
  afterAll(async () => {
    service.stop(true);
    await door?.close();
  });

  const inner = () => ["-o", `ProxyCommand=ssh ${door.options().join(" ")} -W %h:%p bastion@127.0.0.1`];

  testWith(...lacks)("-W to what the rule names: the host connects, and the gateway does not", async () => {
    const { stdout } = await door.ssh(["-W", `127.0.0.1:${service.port}`]);
    expect(stdout.toString()).toBe("reached\n");
    expect([peers.length, ofTheGateway]).toEqual([1, []]);
  });

  const elsewhere = ["localhost", "127.1", "0.0.0.0", "::1", "::ffff:127.0.0.1", "0x7f000001", "127.0.0.1 "];
  for (const host of elsewhere) {
    testWith(...lacks)(
      `-W to the same under another name (${host}) is another address, and refused`,
      async () => {
        const before = peers.length;
        const { code, stderr } = await door.ssh(["-W", `[${host}]:${service.port}`]);
        expect(code).not.toBe(0);
        expect(stderr).toContain("policy.denied");
        expect(peers).toHaveLength(before);
      },
    );
  }

  testWith(...lacks)("as a jump host it reaches resources and nothing else", async () => {
    const before = peers.length;
    for (const outer of ["bastion", "nobody", "anything"]) {
      const jump = ["-J", `${outer}@127.0.0.1`, "-p", String(service.port)];
      const { code } = await door.ended(door.start([...jump, "localhost", "true"]));
      expect(code).toBe(255);
    }
    expect(peers).toHaveLength(before);
    const { stdout } = await door.ended(
      Bun.spawn(["ssh", ...inner(), ...door.options(), "bastion@bastion", "echo through"], {
        env: { PATH: process.env.PATH ?? "" },
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
      }),
    );
    expect(stdout.toString()).toBe("through\n");
  });

  testWith(...lacks)("neither a listener nor a socket nor an agent that no rule names", async () => {
    const refused = [
      ["-o", "ExitOnForwardFailure=yes", "-R", `0:127.0.0.1:${service.port}`, "true"],
      [
        "-o",
        "ExitOnForwardFailure=yes",
        "-R",
        `${join(door.folder, "sock")}:127.0.0.1:${service.port}`,
        "true",
      ],
    ];
    for (const args of refused) expect((await door.ssh(args)).code).toBe(255);
    expect((await door.ssh(["-A", "ssh-add -l"])).code).toBe(2);
    const [near, far] = [join(door.folder, "near.sock"), join(door.data, "control.sock")];
    const child = door.start(["-N", "-L", `${near}:${far}`, "bastion@127.0.0.1"]);
    await door.until("the client listens", () => existsSync(near));
    const answer = await fetch("http://postern/v1/status", { unix: near }).catch(() => undefined);
    child.kill();
    expect(answer).toBeUndefined();
    expect(door.entries("denied").map(({ text }) => text)).toContain(`connect unix ${far}`);
    expect(door.entries("denied").map(({ text }) => text)).toContain("connect listen localhost:0");
  });
});

/** The lines of an OpenSSH private key that hold what is secret: behind its public half. */
function secretLines(key: string): string[] {
  const lines = key.trim().split("\n").slice(1, -1);
  return lines.slice(2).filter((line) => line.length > 20);
}

/** Whether a socket of this process has this local port (proc(5), net/tcp). */
function connectsFrom(pid: string, port: number): boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = ["tcp", "tcp6"].flatMap((file) =>
    readFileSync(`/proc/net/${file}`, "utf8")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local]) => local?.endsWith(`:${hex}`))
      .map((fields) => `socket:[${fields[9]}]`),
  );
  return readdirSync(`/proc/${pid}/fd`).some((fd) => {
    try {
      return inodes.includes(readlinkSync(`/proc/${pid}/fd/${fd}`));
    } catch {
      return false;
    }
  });
}
