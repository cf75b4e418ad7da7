import { expect, test } from "bun:test";
import fc from "fast-check";
import { decoyVerifier, scramVerifier } from "../../../core/credential/scram.ts";
import { PosternError } from "../../../core/plugin.ts";
import { sampled } from "../../../test/fuzz.ts";
import { md5Password } from "./login.ts";
import { ScramClient } from "./scram-client.ts";
import { keepKeys, scramKeys } from "./scram-keys.ts";
import { ScramServer } from "./scram-server.ts";

// RFC 7677, 3: user "user", password "pencil". PostgreSQL's clients leave the user name out, so the client here
// is checked against our server, and the server against the RFC.
const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const clientFinal =
  "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

test("the server agrees with RFC 7677", async () => {
  const server = new ScramServer(clientFirst, await scramVerifier("pencil", salt), { nonce: serverNonce });
  expect(server.serverFirst).toBe(
    "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  );
  expect(server.finish(clientFinal)).toBe("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
});

test("client and server agree; another password or a decoy does not", async () => {
  const real = await scramVerifier("pencil");
  for (const [verifier, password, agreed] of [
    [real, "pencil", true],
    [real, "pencil ", false],
    [decoyVerifier("pc_x"), "pencil", false],
  ] as const) {
    const client = new ScramClient(password);
    const server = new ScramServer(client.first, verifier);
    const proof = server.finish(await client.respond(server.serverFirst));
    expect(proof !== undefined).toBe(agreed);
    if (proof !== undefined) {
      expect(client.verify(proof)).toBe(true);
      const forged = Buffer.from(proof.slice(2), "base64");
      forged[0] = (forged[0] as number) ^ 1;
      expect(client.verify(`v=${forged.toString("base64")}`)).toBe(false);
      expect(new ScramClient(password).verify(proof)).toBe(false);
    }
  }
});

test("keys are derived anew for another password, salt or count, and kept for a server that proved itself alone", async () => {
  const known = await scramVerifier("kept", salt);
  const exchange = async (password: string, verifier = known, answers = true) => {
    const client = new ScramClient(password);
    const server = new ScramServer(client.first, verifier);
    const proof = server.finish(await client.respond(server.serverFirst));
    return proof !== undefined && (!answers || client.verify(proof));
  };
  const keys = (password: string, salted = salt, iterations = 4096) =>
    scramKeys(password, salted.toString("base64"), iterations);
  expect(await exchange("kept", known, false)).toBe(true);
  expect(await keys("kept")).not.toBe(await keys("kept"));
  expect(await exchange("kept")).toBe(true);
  expect(await keys("kept")).toBe(await keys("kept"));
  expect(await exchange("kept")).toBe(true);
  expect(await exchange("keptx")).toBe(false);
  const other = await scramVerifier("kept", Buffer.alloc(16, 7), 4097);
  expect(await exchange("kept", other)).toBe(true);
  expect(await exchange("other", other)).toBe(false);
  const inAll = await Promise.all([
    keys("kept"),
    keys("kept", Buffer.alloc(16, 7), 4097),
    keys("kept", salt, 4097),
  ]);
  expect(new Set(inAll.map(({ clientKey }) => clientKey.toString("hex"))).size).toBe(3);
  for (let one = 0; one < 64; one++) keepKeys(await keys(`${one}`, salt, 1));
  expect(await keys("kept")).not.toBe(await keys("kept"));
});

test("a proof is good for one exchange only", async () => {
  const verifier = await scramVerifier("pencil", salt);
  const server = new ScramServer(clientFirst, verifier);
  expect(() => server.finish(clientFinal)).toThrow(/nonce/);
});

test("the server takes channel binding, an authorization identity and other forms for what they are: not offered", async () => {
  const verifier = await scramVerifier("pencil", salt);
  for (const first of [
    "p=tls-server-end-point,,n=,r=abc",
    "n,a=admin,n=,r=abc",
    "n,,m=ext,n=,r=abc",
    "n,,n=,r=",
    "n,,n=,r=a,b",
    "",
  ]) {
    expect(() => new ScramServer(first, verifier)).toThrow(PosternError);
  }
  const server = new ScramServer(clientFirst, verifier, { nonce: serverNonce });
  for (const final of [
    clientFinal.replace("biws", "eSws"),
    clientFinal.replace("rOpr", "rOpx"),
    clientFinal.replace("AndVQ=", "AndVQ"),
    `${clientFinal},x=y`,
  ]) {
    expect(() => server.finish(final)).toThrow(PosternError);
  }
});

test("the client refuses a server that does not answer it, or would keep it busy", async () => {
  const client = new ScramClient("pencil", undefined, "abc");
  for (const first of [
    "r=abd123,s=AAAA,i=4096",
    "r=abc,s=AAAA,i=4096",
    "r=abc1,s=AAAA,i=0",
    "r=abc1,s=AAAA,i=999999999",
    "r=abc1,s=,i=4096",
    "m=x,r=abc1,s=AAAA,i=4096",
  ]) {
    await expect(client.respond(first)).rejects.toBeInstanceOf(PosternError);
  }
});

test("random messages are refused, never thrown at", async () => {
  const verifier = await scramVerifier("pencil", salt);
  const refused = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      expect(error).toBeInstanceOf(PosternError);
    }
  };
  fc.assert(
    fc.property(fc.string(), fc.nat(clientFinal.length), (noise, at) => {
      refused(() => new ScramServer(noise, verifier));
      refused(() => new ScramServer(clientFirst.slice(0, at % clientFirst.length) + noise, verifier));
      const server = new ScramServer(clientFirst, verifier, { nonce: serverNonce });
      refused(() => {
        const final = clientFinal.slice(0, at) + noise;
        if (final !== clientFinal) expect(server.finish(final)).toBeUndefined();
      });
    }),
    sampled(100),
  );
});

test("md5 as the server computes it", () => {
  expect(md5Password("alice", "secret", Buffer.of(1, 2, 3, 4))).toBe("md598a0412b9c31436fc53776e863350083");
});
