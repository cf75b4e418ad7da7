import { expect, test } from "bun:test";
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { string, uint32 } from "../message.ts";
import { certified, type SubjectTerms } from "./certified.ts";
import { publicBlob } from "./openssh-key.ts";

const authority = generateKeyPairSync("ed25519").privateKey;
const person = generateKeyPairSync("ed25519").privateKey;
const terms: SubjectTerms = {
  ...{ issuer: "ca", kind: "person", subject: "principal", groups: "group:", person: undefined },
};
const now = BigInt(Math.floor(Date.now() / 1000));
const forever = 2n ** 64n - 1n;

interface Made {
  readonly type?: string;
  readonly principals?: readonly string[];
  readonly after?: bigint;
  readonly before?: bigint;
  readonly critical?: readonly (readonly [string, Buffer])[];
  /** What stands where the authority's key does, and who signs. */
  readonly names?: Buffer;
  readonly signs?: KeyObject;
}

/** What no ssh-keygen would sign (OpenSSH's PROTOCOL.certkeys). */
function made({ type = "ssh-ed25519", signs = authority, ...more }: Made = {}): Buffer {
  const { principals = ["alice"], after = 0n, before = forever, critical = [] } = more;
  const body = Buffer.concat([
    ...[string(`${type}-cert-v01@openssh.com`), string(Buffer.alloc(32, 1))],
    ...[publicBlob(person).subarray(15), uint64(1n), uint32(1), string("key id")],
    ...[string(Buffer.concat(principals.map(string))), uint64(after), uint64(before)],
    string(Buffer.concat(critical.map(([name, value]) => Buffer.concat([string(name), string(value)])))),
    ...[string(""), string(""), string(more.names ?? publicBlob(signs))],
  ]);
  const signature = Buffer.concat([string("ssh-ed25519"), string(sign(null, body, signs))]);
  return Buffer.concat([body, string(signature)]);
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

const offer = (key: Buffer, remote = "192.0.2.7:5") =>
  certified({ key, user: "bastion", remote }, [publicBlob(authority)], terms);
const from = (list: string): Made => ({ critical: [["source-address", string(list)]] });

test("what is made here is good as long as nothing is odd about it", () => {
  expect(offer(made())).toMatchObject({ subject: "alice", groups: [] });
  expect(offer(made())?.expires).toBeUndefined();
});

test.each([
  ["ends at 0", { before: 0n }, /expired/],
  ["ends this second", { before: now }, /expired/],
  ["begins at the end of time", { after: forever }, /not valid yet/],
  ["ends before it begins", { after: now + 100n, before: now - 100n }, /not valid yet/],
  ["names nobody", { principals: [] }, /no principal/],
  ["names the empty principal", { principals: [""] }, /empty/],
  ["names the empty group", { principals: ["alice", "group:"] }, /empty/],
  ["names one twice", { principals: ["alice", "alice"] }, /several/],
  ["has an empty list of addresses", from(""), /no list of addresses/],
  ["has addresses that are negated", from("!10.0.0.1,192.0.2.7"), /no list of addresses/],
  ["has an address with a zone", from("fe80::1%eth0"), /no list of addresses/],
  ["is from IPv4 in IPv6's form", from("::ffff:192.0.2.7"), /no list of addresses/],
  ["is good from all of IPv6", from("::/0"), /good from/],
  ["has a critical option without a value", { critical: [["verify-required", Buffer.alloc(0)]] }, /verify/],
  ["has a critical option beyond ASCII", { critical: [["x\u00e9", string("")]] }, /not known here/],
] satisfies readonly (readonly [string, Made, RegExp])[])("one that %s is refused", (_what, odd, why) => {
  expect(() => offer(made(odd))).toThrow(why);
});

test.each([
  ["a plain key of the authority itself", publicBlob(authority)],
  ["one of somebody else", made({ signs: person })],
  [
    "one that is signed by its own key in the authority's name",
    made({ signs: person, names: publicBlob(authority) }),
  ],
  ["one whose authority is a certificate of the authority", made({ signs: person, names: made() })],
  ["one of another type than its key", made({ type: "ssh-rsa" })],
  ["one of a type that nobody knows", made({ type: "ssh-dss" })],
  [
    "one with an option twice",
    made({
      critical: [
        ["a", string("")],
        ["a", string("")],
      ],
    }),
  ],
  [
    "one with its options in another order",
    made({
      critical: [
        ["b", string("")],
        ["a", string("")],
      ],
    }),
  ],
  [
    "one with more behind an option's value",
    made({ critical: [["force-command", Buffer.concat([string("x"), string("y")])]] }),
  ],
  ["one with 257 principals", made({ principals: Array.from({ length: 257 }, (_, at) => `p${at}`) })],
  ["one with a line feed in a principal", made({ principals: ["alice\nroot"] })],
  ["one with more behind its end", Buffer.concat([made(), Buffer.from("x")])],
])("%s is nobody's", (_what, key) => {
  expect(offer(key)).toBeUndefined();
});

test("good from the addresses that it names, in any form", () => {
  expect(offer(made(from("192.0.2.7")))?.subject).toBe("alice");
  expect(offer(made(from("10.0.0.0/8,192.0.2.0/24")))?.subject).toBe("alice");
  expect(offer(made(from("2001:db8::/32")), "[2001:db8::5]:22")?.subject).toBe("alice");
  expect(() => offer(made(from("2001:db8::/32")), "[2001:db9::5]:22")).toThrow(/good from/);
  expect(() => offer(made(from("0.0.0.0/0")), "[2001:db9::5]:22")).toThrow(/good from/);
  expect(() => offer(made(from("0.0.0.0/0")), "unix")).toThrow(/good from/);
});
