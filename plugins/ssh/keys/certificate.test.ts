import { afterAll, beforeAll, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mutated, Random, seeds } from "../../../test/fuzz.ts";
import { needs, testWith } from "../../../test/needs.ts";
import { readCertificate } from "./certificate.ts";
import { certified, type SubjectTerms } from "./certified.ts";
import { Fields, Malformed } from "./fields.ts";

const runs = testWith(needs.openssh);
const folder = mkdtempSync(join(tmpdir(), "postern-certificates-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The certificate that ssh-keygen makes, in SSH's wire form. */
function signed(authority: string, type: string, ...options: string[]): Buffer {
  const name = join(folder, `${authority}-${type}-${made++}`);
  copyFileSync(join(folder, `${type}.pub`), `${name}.pub`);
  keygen("-s", join(folder, authority), "-I", "alice@example.com", "-z", "42", ...options, `${name}.pub`);
  return blob(`${name}-cert.pub`);
}

let made = 0;
const keygen = (...args: string[]) => {
  const { status, stderr } = spawnSync("ssh-keygen", ["-q", ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
};
const blob = (file: string) => Buffer.from(readFileSync(file, "utf8").split(" ")[1] ?? "", "base64");
const authorityOf = (name: string) => blob(join(folder, `${name}.pub`));

const types = {
  ed25519: ["-t", "ed25519"],
  rsa: ["-t", "rsa", "-b", "2048"],
  p256: ["-t", "ecdsa", "-b", "256"],
  p384: ["-t", "ecdsa", "-b", "384"],
  p521: ["-t", "ecdsa", "-b", "521"],
};
const terms: SubjectTerms = {
  ...{ issuer: "ca", kind: "person", subject: "principal", groups: "group:", person: "keyId" },
};
const usual = ["-n", "alice,group:sre,group:leads", "-V", "-5m:+5m"];

beforeAll(() => {
  if (needs.openssh !== undefined) return;
  for (const [name, how] of Object.entries(types)) keygen(...how, "-N", "", "-f", join(folder, name));
});

runs("reads what ssh-keygen signs, with keys and authorities of every type", async () => {
  for (const authority of Object.keys(types)) {
    for (const type of Object.keys(types)) {
      const certificate = readCertificate(signed(authority, type, ...usual, "-O", "force-command=uptime -p"));
      expect(certificate).toMatchObject({
        ...{ kind: "user", keyId: "alice@example.com", serial: 42n },
        principals: ["alice", "group:sre", "group:leads"],
      });
      expect([...certificate.critical]).toEqual([["force-command", "uptime -p"]]);
      expect(certificate.extensions.has("permit-pty")).toBe(true);
      expect(certificate.authority).toEqual(authorityOf(authority));
    }
  }
});

runs("says who it is: the principal, its groups, and when that ends", async () => {
  const key = signed("ed25519", "p256", ...usual);
  const identity = certified(
    { key, user: "bastion", remote: "127.0.0.1:5" },
    [authorityOf("ed25519")],
    terms,
  );
  expect(identity).toMatchObject({
    ...{ issuer: "ca", subject: "alice", kind: "person", groups: ["sre", "leads"] },
    ...{ person: "alice@example.com", credentialId: "42" },
  });
  const { validAfter, validBefore } = readCertificate(key);
  expect(identity?.expires).toBe(Number(validBefore) * 1000);
  expect(identity?.issuedAt).toBe(Number(validAfter) * 1000);
  const byKeyId = certified({ key, user: "", remote: "" }, [authorityOf("ed25519")], {
    ...terms,
    subject: "keyId",
  });
  expect(byKeyId?.subject).toBe("alice@example.com");
});

runs("a certificate of another authority, a plain key and garbage are nobody's", async () => {
  const authorities = [authorityOf("ed25519")];
  const offer = (key: Buffer) => certified({ key, user: "", remote: "" }, authorities, terms);
  expect(offer(signed("p256", "rsa", ...usual))).toBeUndefined();
  expect(offer(authorityOf("p256"))).toBeUndefined();
  expect(offer(Buffer.from("garbage"))).toBeUndefined();
});

runs("a certificate that names our authority without its signature is nobody's", async () => {
  const mine = authorityOf("ed25519");
  const forged = signed("p256", "ed25519", ...usual);
  const theirs = authorityOf("p256");
  const at = forged.indexOf(theirs);
  const patched = Buffer.concat([
    forged.subarray(0, at - 4),
    length(mine),
    mine,
    forged.subarray(at + theirs.length),
  ]);
  expect(certified({ key: patched, user: "", remote: "" }, [mine], terms)).toBeUndefined();
});

runs("one for hosts, without an end or beginning that holds, or from elsewhere is refused", async () => {
  const authorities = [authorityOf("ed25519")];
  const offer = (...options: string[]) =>
    certified(
      { key: signed("ed25519", "ed25519", ...options), user: "", remote: "192.0.2.7:5" },
      authorities,
      terms,
    );
  expect(() => offer("-h", "-n", "alice", "-V", "-5m:+5m")).toThrow(/for hosts/);
  expect(() => offer("-V", "-5m:+5m")).toThrow(/no principal/);
  expect(() => offer("-n", "group:sre", "-V", "-5m:+5m")).toThrow(/none or several/);
  expect(() => offer("-n", "alice", "-V", "-10m:-5m")).toThrow(/expired/);
  expect(() => offer("-n", "alice", "-V", "+5m:+10m")).toThrow(/not valid yet/);
  expect(() => offer(...usual, "-O", "source-address=10.0.0.0/8,2001:db8::/32")).toThrow(/good from/);
  expect(() => offer(...usual, "-O", "verify-required")).toThrow(/verify-required/);
  expect(() => offer(...usual, "-O", "critical:new@example.com=x")).toThrow(/new@example\.com/);
  expect(offer(...usual, "-O", "source-address=192.0.2.0/24")?.subject).toBe("alice");
  // For ever.
  const endless = offer("-n", "alice");
  expect([endless?.expires, endless?.issuedAt]).toEqual([undefined, undefined]);
});

runs(
  "whatever is done to a certificate, it is not accepted, and nothing but Malformed is thrown",
  async () => {
    const good = signed("ed25519", "p384", ...usual, "-O", "source-address=10.0.0.0/8");
    for (let end = 0; end < good.length; end++) {
      expect(() => readCertificate(good.subarray(0, end))).toThrow(Malformed);
    }
    for (const seed of seeds(400)) {
      const bytes = mutated(new Random(seed), good);
      if (!bytes.equals(good)) expect(() => readCertificate(bytes)).toThrow(Malformed);
    }
  },
);

test("a length beyond the end, and one that is enormous, end the reading", () => {
  expect(() => new Fields(Buffer.from([0, 0, 0, 2, 1])).bytesField()).toThrow(Malformed);
  expect(() => new Fields(Buffer.from([255, 255, 255, 255, 1])).bytesField()).toThrow(Malformed);
  expect(() => new Fields(Buffer.from([0, 0, 0, 1, 0xff])).text()).toThrow(Malformed);
  expect(() => new Fields(Buffer.from([0, 0, 0, 1, 10])).text()).toThrow(Malformed);
  expect(() => new Fields(Buffer.from([0])).end()).toThrow(Malformed);
});

function length(bytes: Buffer): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(bytes.length);
  return field;
}
