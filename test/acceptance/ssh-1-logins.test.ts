import { afterAll, beforeAll, describe, expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync } from "node:fs";
import { join } from "node:path";
import { needs, testWith } from "../needs.ts";
import { audience, Browser, type OidcServer, publicClient, startOidc } from "../servers/oidc.ts";
import { makeKey } from "../servers/openssh.ts";
import { SshDoor } from "./ssh-door.ts";

const runs = testWith(needs.openssh);
let door: SshDoor;
let provider: OidcServer;
let keys: string;

beforeAll(async () => {
  if (needs.openssh !== undefined) return;
  provider = await startOidc();
  keys = (await Bun.$`mktemp -d`.text()).trim();
  for (const name of ["ca", "other-ca", "dana"]) makeKey(join(keys, name));
  door = await SshDoor.open({
    server: { users: ["ops", "deploy"] },
    identity: `
      sshCa({ ca: ${JSON.stringify(join(keys, "ca.pub"))}, kind: "person", groups: "group:" }),
      oidc({ issuer: "${provider.issuer}", audience: "${audience}", login: { clientId: "${publicClient}" } }),`,
    rules: `{ who: group("support"), on: "bastion", may: "all" }`,
  });
});
afterAll(async () => {
  await door?.close();
  await provider?.stop();
  if (keys) await Bun.$`rm -rf ${keys}`;
});

let made = 0;

/** A certificate of dana's key, by ssh-keygen. */
function certificate(options: readonly string[], authority = "ca"): string {
  const name = join(keys, `dana-${++made}`);
  copyFileSync(join(keys, "dana.pub"), `${name}.pub`);
  const command = [
    "-q",
    "-s",
    join(keys, authority),
    "-I",
    "dana@example.com",
    "-z",
    String(made),
    ...options,
  ];
  const { status, stderr } = spawnSync("ssh-keygen", [...command, `${name}.pub`], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return `${name}-cert.pub`;
}

const dana = ["-n", "dana,group:support", "-V", "-1m:+5m"];

/** What the gateway wrote down of a login that it refused. */
const lastCheck = () => door.entries("login-refused").at(-1)?.check;

/** Each from an address of its own: who fails often waits. */
const as = (signed: string) => ({
  key: join(keys, "dana"),
  certificate: signed,
  options: ["-o", `BindAddress=127.0.1.${made}`],
});

describe("1: OpenSSH's client logs in", () => {
  runs("with a public key that is bound to an identity", async () => {
    const ran = await door.ssh(["echo in; exit 7"]);
    expect([ran.code, ran.stdout.toString()]).toEqual([7, "in\n"]);
    expect(door.entries("open").at(-1)?.identity).toMatchObject({ issuer: "ssh-keys", subject: "alice" });
    expect(door.entries("open").at(-1)?.application).toStartWith("OpenSSH_");
  });

  runs("with a certificate of the operator's authority", async () => {
    const ran = await door.ssh(["echo certified"], as(certificate(dana)));
    expect(ran.stdout.toString()).toBe("certified\n");
    expect(door.entries("open").at(-1)?.identity).toMatchObject({
      subject: "dana",
      groups: ["support"],
      kind: "person",
      credentialId: String(made),
    });
  });

  runs("with a token as password", async () => {
    const password = await door.token("bob", "support");
    const ran = await door.ssh(["echo by token"], { key: null, password });
    expect(ran.stdout.toString()).toBe("by token\n");
    expect(door.entries("open").at(-1)?.identity.subject).toBe("bob");
  });

  runs("with a short-lived credential as password, and not with half of one", async () => {
    const token = await door.token("carol", "support");
    const { stdout } = await door.gateway.postern(["credentials", "issue", "bastion", "--json"], token);
    const { id, password } = JSON.parse(stdout) as { id: string; password: string };
    const only = ["-o", "NumberOfPasswordPrompts=1", "-o", "PreferredAuthentications=password"];
    const ran = await door.ssh(["echo issued"], { key: null, password: `${id}:${password}` });
    expect(ran.stdout.toString()).toBe("issued\n");
    expect(door.entries("open").at(-1)?.identity).toMatchObject({ subject: "carol", credentialId: id });
    const wrong = await door.ssh(["true"], { key: null, password: `${id}:${password}x`, options: only });
    expect(wrong.code).toBe(255);
    expect(lastCheck()).toBe("the password of the issued credential is wrong");
    const half = await door.ssh(["true"], { key: null, password: id, options: only });
    expect(half.code).toBe(255);
  });

  runs(
    "by a browser, at the address that keyboard-interactive shows",
    async () => {
      const options = ["-o", "PreferredAuthentications=keyboard-interactive"];
      const child = door.start(["bastion@127.0.0.1", "echo by browser"], {
        key: null,
        password: "",
        options,
      });
      let said = "";
      const address = Promise.withResolvers<string>();
      const listen = async (stream: ReadableStream<Uint8Array>) => {
        for await (const bytes of stream) {
          said += Buffer.from(bytes).toString();
          const found = /or open (\S+)/.exec(said)?.[1];
          if (found) address.resolve(found);
        }
        address.reject(new Error(`It showed no address: ${said}`));
      };
      const heard = Promise.all([listen(child.stdout), listen(child.stderr)]);
      await new Browser("alice").visit(await address.promise);
      await heard;
      expect(await child.exited).toBe(0);
      expect(said).toContain("by browser");
      expect(door.entries("open").at(-1)?.identity).toMatchObject({
        issuer: provider.issuer,
        subject: "alice",
      });
    },
    30_000,
  );

  runs("as another user of the host, where the resource lists it", async () => {
    const { deploy } = door.server.users;
    const ran = await door.ssh(["id -un"], { user: `${deploy?.name}+bastion` });
    expect(ran.stdout.toString()).toBe(`${deploy?.name}\n`);
    const root = await door.ssh(["id -un"], { user: "root+bastion" });
    expect(root.code).toBe(255);
    expect(root.stdout.toString()).toBe("");
    expect(door.server.logged()).not.toContain("for root");
  });
});

describe("1: a login that fails", () => {
  const denied = /(^|\n)bastion@127\.0\.0\.1: Permission denied \([a-z,-]+\)\.\r?\n$/;

  /** What the trail and the log have of the one login that was refused, and nothing of which its caller is told. */
  async function refused(login: () => Promise<{ code: number; stderr: string }>, check: string) {
    const before = door.entries("login-refused").length;
    const { code, stderr } = await login();
    expect(code).toBe(255);
    expect(stderr).toMatch(denied);
    expect(stderr).not.toMatch(/refused|ref_|known by/);
    await door.until("the trail has it", () => door.entries("login-refused").length > before);
    const entries = door.entries("login-refused").slice(before);
    expect(entries).toMatchObject([{ check, protocol: "ssh" }]);
    await door.until("the log has it", () => {
      const line = door.gateway
        .logged()
        .split("\n")
        .find((each) => each.includes(entries[0]?.id ?? ""));
      return line?.includes(check) === true;
    });
  }
  const fingerprintOf = (file: string) =>
    spawnSync("ssh-keygen", ["-lf", file], { encoding: "utf8" }).stdout.split(" ")[1] ?? "";
  /** From an address of its own: who fails often waits. */
  const elsewhere = ["-o", "BindAddress=127.0.0.9"];
  const keysOnly = [...elsewhere, "-o", "PreferredAuthentications=publickey"];

  runs("with unknown keys alone is in the trail and the log, once a connection", async () => {
    const [one, other] = [join(keys, "dana"), join(keys, "other-ca")];
    await refused(
      () => door.ssh(["true"], { key: one, options: [...keysOnly, "-o", `IdentityFile=${other}`] }),
      `nobody is known by ${fingerprintOf(one)}, ${fingerprintOf(other)}`,
    );
  });

  runs("with somebody's public key and without the private one, too", async () => {
    const half = join(keys, "half.pub");
    copyFileSync(join(door.folder, "alice.pub"), half);
    chmodSync(half, 0o600);
    await refused(
      () => door.ssh(["true"], { key: half, options: keysOnly }),
      `${fingerprintOf(half)} is known, and nothing was signed with it`,
    );
  });

  runs("is none where a good key follows the unknown one", async () => {
    const before = door.entries("login-refused").length;
    const good = ["-o", `IdentityFile=${join(door.folder, "alice")}`];
    expect((await door.ssh(["true"], { key: join(keys, "dana"), options: good })).code).toBe(0);
    expect(door.entries("login-refused").length).toBe(before);
  });

  runs("by a certificate, tells of keys and certificates and not of tokens", async () => {
    const expired = certificate(["-n", "dana,group:support", "-V", "-10m:-5m"]);
    const { stderr } = await door.ssh(["true"], as(expired));
    expect(stderr).toContain("Show another key, or a certificate that is valid now");
    expect(stderr).not.toContain("token");
    const half = {
      key: null,
      password: "pc_nobody:guess",
      options: [...elsewhere, "-o", "NumberOfPasswordPrompts=1"],
    };
    expect((await door.ssh(["true"], half)).stderr).toContain("postern credentials issue");
  });
});

describe("1: what a certificate says is honoured", () => {
  const refused: [string, string[], RegExp][] = [
    ["has expired", ["-n", "dana,group:support", "-V", "-10m:-5m"], /expired/],
    ["is not valid yet", ["-n", "dana,group:support", "-V", "+5m:+10m"], /not valid yet/],
    ["names no principal", ["-V", "-1m:+5m"], /no principal/],
    ["names two people", ["-n", "dana,eve,group:support", "-V", "-1m:+5m"], /none or several/],
    ["is good from elsewhere", [...dana, "-O", "source-address=10.0.0.0/8"], /10\.0\.0\.0\/8/],
    [
      "has a critical option of a later day",
      [...dana, "-O", "critical:later@example.com=1"],
      /later@example/,
    ],
  ];
  for (const [what, options, check] of refused) {
    runs(`one that ${what} lets nobody in`, async () => {
      const ran = await door.ssh(["echo in"], as(certificate(options)));
      expect([ran.code, ran.stdout.toString()]).toEqual([255, ""]);
      expect(lastCheck()).toMatch(check);
    });
  }

  runs("one of another authority is nobody's", async () => {
    const ran = await door.ssh(["echo in"], as(certificate(dana, "other-ca")));
    expect([ran.code, ran.stdout.toString()]).toEqual([255, ""]);
  });

  runs("one from this address is good", async () => {
    const ran = await door.ssh(["echo here"], as(certificate([...dana, "-O", "source-address=127.0.0.0/8"])));
    expect(ran.stdout.toString()).toBe("here\n");
  });

  runs("force-command runs instead of whatever is asked for", async () => {
    const signed = certificate([...dana, "-O", "force-command=echo forced"]);
    const ran = await door.ssh(["echo wanted"], as(signed));
    expect(ran.stdout.toString()).toBe("forced\n");
    const shell = await door.ssh([], { ...as(signed), stdin: "echo wanted\n" });
    expect(shell.stdout.toString()).toBe("forced\n");
  });

  runs(
    "one without permit-pty gets no terminal, and without permit-port-forwarding carries nothing",
    async () => {
      const signed = certificate([...dana, "-O", "clear"]);
      const ran = await door.ssh(["true"], { ...as(signed), options: ["-tt"] });
      expect(ran.stderr).toContain("PTY allocation request failed");
      const jump = await door.ssh(["-W", "bastion:22"], { ...as(signed), user: "whoever" });
      expect(jump.code).toBe(255);
      expect(jump.stderr).toContain("ssh.jump");
    },
  );
});
