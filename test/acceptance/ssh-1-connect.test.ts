import { afterAll, beforeAll, describe, expect } from "bun:test";
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { needs, testWith } from "../needs.ts";
import { type Printed, postern } from "../postern.ts";
import { SshDoor } from "./ssh-door.ts";

const runs = testWith(needs.openssh);
let door: SshDoor;
let token: string;

beforeAll(async () => {
  if (needs.openssh !== undefined) return;
  door = await SshDoor.open({ rules: `{ who: group("support"), on: "bastion", may: "all" }` });
  token = await door.token("carol", "support");
  mkdirSync(temporary());
});
afterAll(() => door?.close());

const temporary = () => join(door.folder, "tmp");

function connect(args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Printed> {
  const own = { POSTERN_TOKEN: token, HOME: join(door.folder, "home"), TMPDIR: temporary(), ...more };
  return postern(["connect", "--data", door.data, "bastion", ...args], own);
}

/** A program that brings ssh to another port of this machine. What outlives ssh of it holds no output that is waited for. */
const between = (port: number) =>
  `bash -c 'exec 2>/dev/null 3<>/dev/tcp/127.0.0.1/${port}; cat <&3 & cat >&3; kill $!'`;

describe("1: postern connect starts OpenSSH's client", () => {
  runs(
    "as the person, by the gateway's pinned key, with its exit status; and nothing is left behind",
    async () => {
      expect(await connect(["--", "echo in; exit 7"])).toEqual({ code: 7, stdout: "in\n", stderr: "" });
      const { identity } = door.entries("open").at(-1) ?? {};
      expect(identity).toMatchObject({ subject: "carol", resource: "bastion" });
      expect(identity?.credentialId).toStartWith("pc_");
      expect(readdirSync(temporary())).toEqual([]);
    },
  );

  runs("what stands behind -- are ssh's own options, too", async () => {
    const { stdout, code } = await connect(["--", "-tt", "test -t 0 && echo terminal"]);
    expect([code, stdout.trim()]).toEqual([0, "terminal"]);
  });

  runs("the password is on no command line, in no file, and reaches no program at the host", async () => {
    const look =
      "for f in $(ls -d $TMPDIR/postern-connect-*/*) /proc/$PPID/cmdline; do tr '\\0' ' ' < $f; done; echo $SSH_ASKPASS_REQUIRE";
    const options = ["-o", "PermitLocalCommand=yes", "-o", `LocalCommand=${look}`];
    const { stdout, code } = await connect(["--", ...options, "env"]);
    expect(code).toBe(0);
    const [, password = "none"] = /POSTERN_SSH_PASSWORD=(.*)/.exec(stdout) ?? [];
    expect(password).toBe("none");
    expect(stdout).toContain("ssh-ed25519 AAAA");
    expect(stdout).toContain("StrictHostKeyChecking=yes");
    expect(stdout).not.toMatch(/pc_[a-z0-9]+:/);
  });

  runs("another host's question for a password gets none", async () => {
    const before = door.entries("login-refused").length;
    const jump = `ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o NumberOfPasswordPrompts=1 -o PubkeyAuthentication=no -p ${door.port} -W 127.0.0.1:1 someone@127.0.0.1`;
    const { code } = await connect(["--", "-o", `ProxyCommand=${jump}`, "true"]);
    expect(code).toBe(255);
    const checks = door
      .entries("login-refused")
      .slice(before)
      .map(({ check }) => check);
    expect(checks).toEqual(["no token was given"]);
  });

  runs("a gateway that shows another key gets no password", async () => {
    const other = await SshDoor.open({ rules: `{ who: group("support"), on: "bastion", may: "all" }` });
    try {
      const before = other.entries("login-refused").length;
      const { code, stderr } = await connect(["--", "-o", `ProxyCommand=${between(other.port)}`, "true"]);
      expect(code).toBe(255);
      expect(stderr).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
      expect(other.entries("login-refused").length).toBe(before);
    } finally {
      await other.close();
    }
  });

  runs("an ssh that takes no password from a program is told of", async () => {
    const old = join(door.folder, "old");
    mkdirSync(old);
    await Bun.write(join(old, "ssh"), "#!/bin/sh\necho OpenSSH_8.3p1 >&2\n");
    await Bun.$`chmod 755 ${join(old, "ssh")}`;
    const { code, stderr } = await connect([], { PATH: `${old}:${process.env.PATH}` });
    expect([code, stderr.includes("connect.ssh")]).toEqual([1, true]);
  });
});
