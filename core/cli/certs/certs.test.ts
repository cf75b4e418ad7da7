import { afterEach, beforeEach, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cli } from "../testing/cli.ts";

let folder: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "postern-certs-")), "tls");
});
afterEach(() => rmSync(join(folder, ".."), { recursive: true, force: true }));

const certificate = (name: string) => new X509Certificate(readFileSync(join(folder, name)));

test("makes an authority and a certificate for the names, keys for their owner alone, and says how to use them", async () => {
  const { code, out, err } = await cli([
    "certs",
    "--name",
    "db.example.com",
    "--name",
    "10.0.0.7",
    "--out",
    folder,
  ]);
  expect(code).toBe(0);
  expect(readdirSync(folder).toSorted()).toEqual(["ca.crt", "ca.key", "server.crt", "server.key"]);
  for (const key of ["ca.key", "server.key"]) expect(statSync(join(folder, key)).mode & 0o777).toBe(0o600);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  const server = certificate("server.crt");
  for (const name of ["db.example.com", "localhost"]) expect(server.checkHost(name)).toBe(name);
  for (const address of ["10.0.0.7", "127.0.0.1", "::1"]) expect(server.checkIP(address)).toBe(address);
  expect(server.checkHost("other.example.com")).toBeUndefined();
  expect(server.verify(certificate("ca.crt").publicKey)).toBe(true);
  expect(server.ca).toBe(false);
  expect(certificate("ca.crt").ca).toBe(true);
  expect(out).toContain(
    `tls: { cert: "${join(folder, "server.crt")}", key: "${join(folder, "server.key")}" }`,
  );
  expect(out).toContain("host=db.example.com");
  expect(out).toContain(`sslmode=verify-full sslrootcert=${join(folder, "ca.crt")}`);
  expect(out).toContain(`curl --cacert ${join(folder, "ca.crt")} https://db.example.com:PORT/RESOURCE/`);
  expect(err).toContain("ca.key");
  expect(`${out}${err}`).not.toContain("PRIVATE");
});

test("leaves what is there, renews when told to, and keeps the authority", async () => {
  await cli(["certs", "--out", folder]);
  const [authority, server] = [certificate("ca.crt"), certificate("server.crt")];
  const again = await cli(["certs", "--out", folder]);
  expect(again.code).toBe(1);
  expect(again.err).toContain("[certs.exist]");
  expect(certificate("server.crt").fingerprint256).toBe(server.fingerprint256);
  expect((await cli(["certs", "--renew", "--out", folder])).code).toBe(0);
  expect(certificate("server.crt").fingerprint256).not.toBe(server.fingerprint256);
  expect(certificate("ca.crt").fingerprint256).toBe(authority.fingerprint256);
  expect(readdirSync(folder).filter((name) => name.endsWith(".new"))).toEqual([]);
});

test("a client's certificate opens no listener as a server's, and its name is no path", async () => {
  const { out } = await cli(["certs", "--client", "alice", "--out", folder]);
  const alice = certificate("alice.crt");
  expect(alice.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect(alice.verify(certificate("ca.crt").publicKey)).toBe(true);
  expect(out).toContain("clientCa:");
  expect(out).toContain("mtls({ ca: ");
  expect(out).toContain("sslkey=");
  const server = certificate("server.crt").fingerprint256;
  expect((await cli(["certs", "--client", "bob", "--out", folder])).code).toBe(0);
  expect(certificate("bob.crt").subject).toBe("CN=bob");
  expect(certificate("server.crt").fingerprint256).toBe(server);
  for (const name of ["../x", "ca", "server", ".hidden"]) {
    expect((await cli(["certs", "--renew", "--client", name, "--out", folder])).code).toBe(2);
  }
  expect((await cli(["certs", "--renew", "--days", "0", "--out", folder])).code).toBe(2);
});

test("a key that others could read before is theirs no more", async () => {
  await cli(["certs", "--out", folder]);
  writeFileSync(join(folder, "server.key.new"), "", { mode: 0o644 });
  await cli(["certs", "--renew", "--out", folder]);
  expect(statSync(join(folder, "server.key")).mode & 0o777).toBe(0o600);
});
