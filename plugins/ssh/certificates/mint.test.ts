import { afterAll, expect } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utils } from "ssh2";
import type { CredentialRequest } from "../../../core/plugin.ts";
import { needs, testWith } from "../../../test/needs.ts";
import { makeKey } from "../../../test/servers/openssh.ts";
import type { SshConfig } from "../config.ts";
import { readCertificate } from "../keys/certificate.ts";
import { type SshCertificatesOptions, sshCertificates } from "./index.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-mint-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
if (!needs.openssh) makeKey(join(folder, "ca"));

const ca = { label: "env CA", read: async () => readFileSync(join(folder, "ca"), "utf8") };

const usualRequest: CredentialRequest<SshConfig> = {
  config: { host: "h", user: "ops", hostKey: "" },
  purpose: "session",
  session: "ses_1",
  identity: { issuer: "i", subject: "alice", kind: "person", groups: [] },
  label: "älice\nvia postern ses_1",
  lease: () => Promise.reject(new Error("nothing is made on the host")),
};

async function issued(
  options: Partial<SshCertificatesOptions> = {},
  request: Partial<CredentialRequest<SshConfig>> = {},
) {
  const { value } = await sshCertificates({ ca, ...options }).issue({ ...usualRequest, ...request });
  const line = value.trim().split("\n").at(-1) ?? "";
  return { line, blob: Buffer.from(line.split(" ")[1] ?? "", "base64") };
}

testWith(needs.openssh)("ssh-keygen reads what was minted", async () => {
  const { line } = await issued({
    sourceAddress: ["10.0.0.5/32"],
    extensions: ["permit-user-rc", "permit-pty"],
  });
  const file = join(folder, "minted-cert.pub");
  writeFileSync(file, `${line}\n`);
  const { stdout } = spawnSync("ssh-keygen", ["-L", "-f", file], { encoding: "utf8" });
  expect(stdout).toContain("user certificate");
  expect(stdout).toContain('Key ID: "?lice?via postern ses_1"');
  expect(stdout).toMatch(/Principals:\s+ops\n/);
  expect(stdout).toMatch(/Critical Options:\s+source-address 10\.0\.0\.5\/32\n/);
  expect(stdout).toMatch(/Extensions:\s+permit-pty\s+permit-user-rc\n/);
});

testWith(needs.openssh)("it is good for minutes, and never longer than its session", async () => {
  const now = BigInt(Math.floor(Date.now() / 1000));
  const usual = readCertificate((await issued()).blob);
  expect(Number(usual.validBefore - now)).toBeWithin(290, 311);
  expect(Number(now - usual.validAfter)).toBeWithin(50, 71);
  const short = readCertificate((await issued({}, { until: Date.now() + 30_000 })).blob);
  expect(Number(short.validBefore - now)).toBeWithin(25, 41);
  expect(() => sshCertificates({ ca, ttl: "2h" })).toThrow(/1s to 1h/);
});

testWith(needs.openssh)(
  "each has a key and a serial of its own, and nothing permitted but what is said",
  async () => {
    const [one, other] = [readCertificate((await issued()).blob), readCertificate((await issued()).blob)];
    expect(one.serial).not.toBe(other.serial);
    const raw = ({ object }: typeof one.key) => object.export({ format: "jwk" }).x;
    expect(raw(one.key)).not.toBe(raw(other.key));
    expect([...one.extensions]).toEqual(["permit-pty"]);
    expect([...readCertificate((await issued({ extensions: [] })).blob).extensions]).toEqual([]);
  },
);

testWith(needs.openssh)("each of a thousand is with a key that can be read", async () => {
  for (let index = 0; index < 1000; index++) {
    const { value } = await sshCertificates({ ca }).issue(usualRequest);
    const key = value.slice(0, value.indexOf("ssh-ed25519-cert"));
    expect(utils.parseKey(key)).not.toBeInstanceOf(Error);
  }
});
