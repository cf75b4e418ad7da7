import { afterAll, beforeAll, expect } from "bun:test";
import { needs, testWith } from "../needs.ts";
import { SshDoor } from "./ssh-door.ts";

const lacks = [needs.openssh, needs.sshAudit];
let door: SshDoor;
beforeAll(async () => {
  if (lacks.every((lack) => lack === undefined)) door = await SshDoor.open({ rules: "" });
});
afterAll(() => door?.close());

interface Line {
  readonly algorithm: string;
  readonly notes: string;
}

/** What is wrong with anything that is offered, as ssh-audit sees it. */
function complaints(report: string): Line[] {
  return report.split("\n").flatMap((line) => {
    const [, algorithm = "", notes = ""] = /^\([a-z]+\) (\S+)\s+-- (.*)$/.exec(line) ?? [];
    return /\[(fail|warn)\]/.test(notes) ? [{ algorithm, notes }] : [];
  });
}

testWith(...lacks)("2: ssh-audit finds no fail and no warning with the default settings", async () => {
  const audit = Bun.spawnSync(["ssh-audit", "-n", "-p", String(door.port), "127.0.0.1"]);
  const report = audit.stdout.toString();
  expect(report).toContain("SSH-2.0-Postern");
  expect(report).toContain("curve25519-sha256");
  expect(report).toContain("ssh-ed25519");
  // Debian's ssh-audit is older than strict key exchange: that it is there is what matters.
  const known = complaints(report).filter(({ algorithm }) => algorithm !== "kex-strict-s-v00@openssh.com");
  expect(known).toEqual([]);
  expect(report).toContain("kex-strict-s-v00@openssh.com");
  expect(report).not.toMatch(/diffie-hellman|sha1|cbc|nistp/);
});

testWith(...lacks)("2: OpenSSH's client agrees with the gateway on strict key exchange", async () => {
  const { stderr } = await door.ssh(["true"], { options: ["-vvv"] });
  expect(stderr).toMatch(/kex: algorithm: curve25519-sha256/);
  expect(stderr).toMatch(/kex: host key algorithm: ssh-ed25519/);
  expect(stderr).toMatch(/will use strict KEX ordering/);
});

testWith(...lacks)("2: a client that knows only what is broken gets no connection", async () => {
  for (const option of [
    "KexAlgorithms=diffie-hellman-group14-sha256",
    "Ciphers=aes128-cbc",
    "Ciphers=chacha20-poly1305@openssh.com",
    "HostKeyAlgorithms=ssh-rsa",
  ]) {
    const { code, stderr } = await door.ssh(["true"], { options: ["-o", option] });
    expect(code).toBe(255);
    expect(stderr).toMatch(/no matching|Unable to negotiate|closed|ssh\.protocol/);
  }
});
