import { afterAll, beforeAll, expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { issuePermit } from "../../core/permit.ts";
import type { Arrival, CredentialSource, PosternError, Secret } from "../../core/plugin.ts";
import { needs, testWith } from "../../test/needs.ts";
import { makeKey, type OpenSshServer, startOpenSsh } from "../../test/servers/openssh.ts";
import { sshCertificates } from "./certificates/index.ts";
import type { SshConfig } from "./config.ts";
import { dial } from "./dial.ts";
import { hostOf } from "./host.ts";
import { ssh } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-dial-"));
const stranger = makeKey(join(folder, "stranger"));
const authority = makeKey(join(folder, "ca"));
const otherAuthority = makeKey(join(folder, "other-ca"));
const own = makeKey(join(folder, "host"));
const rsa = makeKey(join(folder, "rsa"), "rsa");
const ecdsa = makeKey(join(folder, "ecdsa"), "ecdsa");
let server: OpenSshServer;

beforeAll(async () => {
  if (needs.openssh) return;
  sign("-h", "-n", "127.0.0.1,other.example", "-V", "-1h:+1h", join(folder, "host.pub"));
  server = await startOpenSsh({
    users: ["ops", "web"],
    settings: [
      ...[`HostKey ${folder}/host`, `HostCertificate ${folder}/host-cert.pub`],
      ...[`HostKey ${folder}/rsa`, `HostKey ${folder}/ecdsa`],
    ],
  });
  for (const key of [authority, rsa, ecdsa]) server.trust(key);
  for (const user of Object.values(server.users)) server.principals(user, user.name);
}, 30_000);
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const lacks = needs.openssh;

function sign(...args: string[]): void {
  spawnSync("ssh-keygen", ["-q", "-s", join(folder, "ca"), "-I", "host", ...args], { stdio: "inherit" });
}

function secret(value: string, label = "test"): Secret {
  return { label, read: async () => value };
}

function keyOf(name: string): Secret {
  return secret(readFileSync(join(folder, name), "utf8"), name);
}

type Ways = Partial<SshConfig> & {
  readonly credential?: Secret | CredentialSource<SshConfig>;
  readonly as?: string;
};

/** Who the gateway is on the host, once it is logged in; else the error's code. */
async function dialed(
  { credential = secret(server.key), as, ...ways }: Ways,
  login?: string,
): Promise<string> {
  const { host, port, user, hostKey } = { ...server, user: server.user.name, hostKey: own };
  const trusted = ways.hostKey === undefined && ways.hostCa === undefined ? { hostKey } : {};
  const resource = ssh({ host, port, user, ...trusted, ...ways, credential });
  const permit = issuePermit(resource, {
    purpose: "session",
    session: "ses_dial",
    identity: { issuer: "test", subject: "alice", kind: "person", groups: [] },
    label: "alice via postern ses_dial",
    lease: () => Promise.reject(new Error("nothing is made on the host")),
    ...(as === undefined ? {} : { as }),
  });
  const state = { login } as unknown;
  try {
    const done = await dial(permit, { state } as Arrival);
    const { connection } = hostOf(done);
    const name = await new Promise<string>((resolve, reject) => {
      connection.exec("id -un", (error, channel) => {
        if (error) return reject(error);
        channel.on("data", (bytes: Buffer) => resolve(bytes.toString().trim()));
      });
    });
    connection.end();
    await done.wire.gone;
    return name;
  } catch (error) {
    return (error as PosternError).code;
  }
}

testWith(lacks)("a host whose key is pinned", async () => {
  expect(await dialed({ hostKey: own })).toBe(server.user.name);
  expect(await dialed({ hostKey: [stranger, own] })).toBe(server.user.name);
  expect(await dialed({ hostKey: rsa })).toBe(server.user.name);
  expect(await dialed({ hostKey: ecdsa })).toBe(server.user.name);
});

testWith(lacks)("a host that shows another key is told nothing", async () => {
  const before = server.logged().split("Accepted").length;
  expect(await dialed({ hostKey: stranger })).toBe("resource.host-key");
  expect(server.logged().split("Accepted")).toHaveLength(before);
});

testWith(lacks)("a host that is not there", async () => {
  const probe = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = probe;
  probe.stop(true);
  expect(await dialed({ port })).toBe("resource.unreachable");
  expect(await dialed({ port, hostCa: authority })).toBe("resource.unreachable");
});

testWith(lacks)("a host whose key an authority has signed", async () => {
  expect(await dialed({ hostCa: authority })).toBe(server.user.name);
  expect(await dialed({ hostCa: [otherAuthority, authority] })).toBe(server.user.name);
  expect(await dialed({ hostCa: otherAuthority })).toBe("resource.host-key");
  expect(await dialed({ hostCa: otherAuthority, hostKey: own })).toBe(server.user.name);
  expect(await dialed({ hostCa: otherAuthority, hostKey: stranger })).toBe("resource.host-key");
});

testWith(lacks)("only logins that the policy lists", async () => {
  const web = server.users.web?.name ?? "";
  expect(await dialed({ users: [web] }, web)).toBe(web);
  expect(await dialed({ users: [web] })).toBe(server.user.name);
  expect(await dialed({}, web)).toBe("ssh.login");
  expect(await dialed({ users: [web] }, "root")).toBe("ssh.login");
});

testWith(lacks)("a key that the host does not know, one that is none, one that is locked", async () => {
  expect(await dialed({ credential: keyOf("stranger") })).toBe("resource.login");
  expect(await dialed({ credential: secret("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n") })).toBe("ssh.key");
  expect(await dialed({ credential: keyOf("stranger.pub") })).toBe("ssh.key");
  const locked = join(folder, "locked");
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "open sesame", "-f", locked]);
  for (const user of Object.values(server.users))
    server.authorize(user, readFileSync(`${locked}.pub`, "utf8"));
  expect(await dialed({ credential: keyOf("locked") })).toBe("ssh.key");
  expect(await dialed({ credential: keyOf("locked"), passphrase: secret("wrong") })).toBe("ssh.key");
  expect(await dialed({ credential: keyOf("locked"), passphrase: secret("open sesame") })).toBe(
    server.user.name,
  );
});

for (const ca of ["ca", "rsa", "ecdsa"]) {
  testWith(lacks)(`a certificate for the session alone, by an authority of kind ${ca}`, async () => {
    const credential = sshCertificates({ ca: keyOf(ca) });
    expect(await dialed({ credential })).toBe(server.user.name);
    expect(server.logged()).toContain('ID "alice via postern ses_dial"');
  });
}

testWith(lacks)("the certificate is for the login that was asked for, or for the rule's own", async () => {
  const web = server.users.web?.name ?? "";
  const credential = sshCertificates({ ca: keyOf("ca") });
  expect(await dialed({ credential, users: [web] }, web)).toBe(web);
  expect(await dialed({ credential, as: web })).toBe(web);
  const principals = sshCertificates({ ca: keyOf("ca"), principals: ["nobody"] });
  expect(await dialed({ credential: principals })).toBe("resource.login");
});

testWith(lacks)("a certificate is good only from the addresses that it names", async () => {
  const from = (sourceAddress: string[]) => sshCertificates({ ca: keyOf("ca"), sourceAddress });
  expect(await dialed({ credential: from(["10.9.8.7/32"]) })).toBe("resource.login");
  expect(await dialed({ credential: from(["10.9.8.7/32", "127.0.0.0/8"]) })).toBe(server.user.name);
});
