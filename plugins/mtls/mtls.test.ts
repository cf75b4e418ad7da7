import { afterAll, beforeAll, describe, expect, setSystemTime, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Identity, NotAccepted, PosternError } from "../../core/plugin.ts";
import type { Pair } from "../../core/tls/authority.ts";
import { type MtlsOptions, mtls } from "./index.ts";
import { issue, revoke, type Wanted } from "./testing/issue.ts";
import { Extension, KeyUsageFlags } from "./x509.ts";

const folder = mkdtempSync(join(tmpdir(), "postern-mtls-"));
const file = (name: string) => join(folder, name);
const context = { dataDir: folder, loopbackOnly: true };
const ca = file("ca.crt");
const hour = 3_600_000;
let authority: Pair;
let stranger: Pair;

beforeAll(async () => {
  authority = await issue({ subject: "CN=People", authority: true });
  stranger = await issue({ subject: "CN=People", authority: true });
  writeFileSync(ca, authority.cert);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function shown({ cert }: Pair, options: Partial<MtlsOptions> = {}): Promise<Identity | undefined> {
  const provider = await mtls({ ca, kind: "person", ...options }).open(context);
  return await provider.certified?.(new X509Certificate(cert));
}

/** What the operator reads of it. */
function refusal(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    (identity) => `accepted: ${JSON.stringify(identity)}`,
    (error: Error) => (error instanceof NotAccepted ? error.message : String(error)),
  );
}

const alice = { subject: "CN=alice, OU=support, OU=leads, O=Example" };

describe("who it is", () => {
  test("the common name, of an issuer that names the authority", async () => {
    const pair = await issue(alice, authority);
    const { fingerprint256, validTo, validFrom } = new X509Certificate(pair.cert);
    expect(await shown(pair, { groups: "ou" })).toEqual({
      issuer: "mtls:People",
      subject: "alice",
      name: "alice",
      kind: "person",
      groups: ["support", "leads"],
      credentialId: `sha256:${fingerprint256.replaceAll(":", "").toLowerCase()}`,
      issuedAt: Date.parse(validFrom),
      expires: Date.parse(validTo),
    });
  });

  test("a SPIFFE ID (X509-SVID), whatever the rest says", async () => {
    const uri = "spiffe://example.org/ns/shop/sa/reports";
    const svid = await issue(
      { subject: "C=US, O=SPIRE", alternatives: [{ type: "url", value: uri }] },
      authority,
    );
    const identity = await shown(svid, { kind: "machine", subject: "uri", issuer: "spiffe://example.org" });
    expect(identity).toMatchObject({
      issuer: "spiffe://example.org",
      subject: uri,
      kind: "machine",
      groups: [],
    });
  });

  test("an e-mail address that tells that two identities are one person", async () => {
    const address = { type: "email", value: "alice@example.com" } as const;
    const pair = await issue({ ...alice, alternatives: [address] }, authority);
    expect(await shown(pair, { person: "email", groups: "o" })).toMatchObject({
      ...{ subject: "alice", person: "alice@example.com", groups: ["Example"] },
    });
    expect(await shown(pair, { subject: "email" })).toMatchObject({ subject: "alice@example.com" });
  });
});

describe("refused", () => {
  const dns = (value: string) => ({ type: "dns", value }) as const;
  const critical = new Extension("1.2.3.4", true, Buffer.from([5, 0]));
  const attacks: [string, Wanted, Partial<MtlsOptions>, string][] = [
    ["expired", { ...alice, from: -2 * hour, until: -hour }, {}, "has expired"],
    ["not valid yet", { ...alice, from: hour / 2 }, {}, "not valid yet"],
    ["a server's", { ...alice, use: "server" }, {}, "not meant for clients"],
    ["an authority's own", { ...alice, authority: true }, {}, "authority's own"],
    ["for encryption alone", { ...alice, keyUsage: KeyUsageFlags.keyEncipherment }, {}, "may not sign"],
    ["with an unknown critical extension", { ...alice, more: [critical] }, {}, "1.2.3.4"],
    ["with two common names", { subject: "CN=alice, CN=root" }, {}, "one cn and has 2"],
    ["without one", { subject: "O=Example" }, {}, "one cn and has 0"],
    ["with a name that looks like another", { subject: "CN=alice\u202e" }, {}, "no name"],
    [
      "with two SPIFFE IDs",
      {
        ...alice,
        alternatives: ["a", "b"].map((path) => ({ type: "url", value: `spiffe://x/${path}` }) as const),
      },
      { subject: "uri" },
      "one uri and has 2",
    ],
    [
      "whose name is in another place",
      { ...alice, alternatives: [dns("alice")] },
      { subject: "email" },
      "has 0",
    ],
    ["without the person it must name", alice, { person: "email" }, "one email and has 0"],
  ];
  for (const [what, wanted, options, why] of attacks) {
    test(what, async () => {
      const pair = await issue(wanted, authority);
      expect(await refusal(shown(pair, options))).toContain(why);
    });
  }

  test("what says nothing of its use, or any, is good", async () => {
    for (const use of ["nothing said", "any"] as const) {
      expect(await shown(await issue({ ...alice, use }, authority))).toMatchObject({ subject: "alice" });
    }
  });

  test("another authority's of the same name, a self-signed one, and one below a caller's are not ours", async () => {
    const caller = await issue(alice, authority);
    const below = await issue({ subject: "CN=root" }, caller);
    const own = await issue({ subject: "CN=People" });
    for (const pair of [await issue(alice, stranger), below, own]) expect(await shown(pair)).toBeUndefined();
  });

  test("an authority that has expired vouches for nobody", async () => {
    const old = await issue({ subject: "CN=Old", authority: true, until: hour }, undefined);
    writeFileSync(file("old.crt"), old.cert);
    const pair = await issue({ ...alice, until: 3 * hour }, old);
    const provider = await mtls({ ca: file("old.crt"), kind: "person" }).open(context);
    const ask = () => provider.certified?.(new X509Certificate(pair.cert)) ?? Promise.resolve();
    expect(await ask()).toMatchObject({ subject: "alice" });
    setSystemTime(Date.now() + 2 * hour);
    try {
      expect(await refusal(ask())).toContain("authority has expired");
    } finally {
      setSystemTime();
    }
  });
});

describe("files", () => {
  test("count as they are now: an authority that is taken out vouches for nobody any more", async () => {
    const path = file("changing.crt");
    const renewed = await issue({ subject: "CN=Renewed", authority: true });
    writeFileSync(path, `${authority.cert}\n${renewed.cert}`);
    const provider = await mtls({ ca: path, kind: "person" }).open(context);
    const ask = async (pair: Pair) => provider.certified?.(new X509Certificate(pair.cert));
    const [old, fresh] = [await issue(alice, authority), await issue(alice, renewed)];
    expect(await ask(old)).toMatchObject({ issuer: "mtls:People" });
    expect(await ask(fresh)).toMatchObject({ issuer: "mtls:Renewed" });
    writeFileSync(path, renewed.cert);
    expect(await ask(old)).toBeUndefined();
    expect(await ask(fresh)).toMatchObject({ subject: "alice" });
    rmSync(path);
    expect(await refusal(ask(fresh))).toContain("ENOENT");
  });

  test("that are no authorities, or whose limits cannot be kept, do not load", async () => {
    const nameConstraints = new Extension("2.5.29.30", false, Buffer.from("3000", "hex"));
    const flawed: [string, string][] = [
      [(await issue(alice, authority)).cert, "CA:TRUE"],
      [(await issue({ ...alice, authority: true, keyUsage: KeyUsageFlags.cRLSign })).cert, "may not sign"],
      [(await issue({ ...alice, authority: true, more: [nameConstraints] })).cert, "name constraints"],
      ["nothing", "no certificate"],
    ];
    for (const [text, why] of flawed) {
      writeFileSync(file("flawed.crt"), text);
      const opened = mtls({ ca: file("flawed.crt"), kind: "person" }).open(context);
      expect(await opened.catch((error: PosternError) => [error.code, error.message])).toEqual([
        ...["mtls.files", expect.stringContaining(why)],
      ]);
    }
  });

  test("a revocation list: who is on it, whoever signed it, and until when", async () => {
    const [good, bad] = [await issue(alice, authority), await issue({ subject: "CN=bob" }, authority)];
    const crl = file("people.crl");
    const ask = async (pair: Pair, list: string) => {
      writeFileSync(crl, list);
      return await refusal(shown(pair, { crl }));
    };
    expect(await ask(good, await revoke(authority, [bad]))).toContain('"subject":"alice"');
    expect(await ask(bad, await revoke(authority, [bad]))).toContain("was revoked");
    expect(await ask(good, await revoke(stranger, []))).toContain("no current revocation list");
    expect(await ask(good, await revoke(authority, [], -1000))).toContain("no current revocation list");
    expect(await ask(good, "nothing")).toContain("holds no revocation list");
  });
});

test("options that make no sense do not load", () => {
  const flaw = (options: object) => {
    try {
      mtls({ ca, kind: "person", ...options } as MtlsOptions);
      return "";
    } catch (error) {
      return error instanceof PosternError ? error.code : "";
    }
  };
  for (const options of [
    { kind: "robot" },
    { subject: "mail" },
    { groups: "cn" },
    { ca: "" },
    { kinds: 1 },
  ]) {
    expect(flaw(options)).toBe("policy.option");
  }
});
