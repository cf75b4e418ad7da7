import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import {
  type CredentialRequest,
  type CredentialSource,
  type Identity,
  PosternError,
  type Secret,
} from "../../../core/plugin.ts";
import { TestCertificates } from "../../../core/tls/testing/certificates.ts";
import { checkLogin, type LoginOption, loginFields } from "./login.ts";
import { type OAuthClientOptions, oauthClient } from "./oauth-client.ts";
import { Renewed } from "./renewed.ts";
import { type SignedJwtOptions, signedJwt } from "./signed-jwt.ts";

const held = (value: string): Secret => ({ label: "env TEST", read: () => Promise.resolve(value) });
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const alice: Identity = { issuer: "test", subject: "alice", groups: ["sre"], kind: "person" };

const requestOf = (identity: Identity): CredentialRequest => ({
  config: {},
  purpose: "session",
  session: "ses_1",
  identity,
  label: "alice via postern ses_1",
  lease: () => Promise.reject(new Error("nothing is made on the resource")),
});

async function why(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof PosternError) return `${error.code} ${error.message}`;
    throw error;
  }
  return "nothing";
}

describe("login", () => {
  test.each<[LoginOption, string, readonly string[]]>([
    ["bearer", "abc", ["Authorization", "Bearer abc"]],
    ["basic", "user:pä:ss", ["Authorization", `Basic ${Buffer.from("user:pä:ss").toString("base64")}`]],
    [{ header: "X-Api-Key" }, "a b", ["X-Api-Key", "a b"]],
    [{ header: "Authorization", prefix: "Token " }, "abc", ["Authorization", "Token abc"]],
  ])("%p", (login, secret, fields) => {
    checkLogin(login);
    expect(loginFields(secret, login)).toEqual([...fields]);
  });

  test.each<[LoginOption, string]>([
    ["bearer", "a\r\nX-Admin: 1"],
    ["bearer", "a\nb"],
    ["bearer", "a\0b"],
    ["bearer", "snow white"],
    ["bearer", " canary"],
    ["bearer", ""],
    ["bearer", "snow\u2603"],
    ["basic", "user:a\r\nb"],
    ["basic", "nocolon"],
    [{ header: "X-Api-Key" }, "a\rb"],
    [{ header: "X-Api-Key" }, "a\x7f"],
  ])("%p cannot carry %p", async (login, secret) => {
    const said = await why(() => loginFields(secret, login));
    expect(said).toStartWith("secret.unusable ");
    if (secret.length > 1) expect(said).not.toContain(secret);
  });

  test.each([
    { header: "Host" },
    { header: "Content-Length" },
    { header: "X-Forwarded-For" },
    { header: "Connection" },
    { header: "a b" },
    { header: "" },
    { header: "X-A", prefix: "a\r\n" },
    { header: "X-A", prefx: "a" },
    "digest",
  ])("%p is no login", async (login) => {
    expect(await why(() => checkLogin(login as LoginOption))).toStartWith("resource.config ");
  });
});

describe("a credential that is renewed", () => {
  function rig(life: number) {
    let now = 0;
    let made = 0;
    let next = Promise.withResolvers<void>();
    const renewed = new Renewed(
      async () => {
        const at = now;
        made++;
        const value = `token ${made}`;
        await next.promise;
        return { value, made: at, expires: at + life };
      },
      () => now,
    );
    return {
      renewed,
      made: () => made,
      at: (time: number) => {
        now = time;
      },
      gives: () => next.resolve(),
      fails: () => next.reject(new Error("no")),
      again: () => {
        next = Promise.withResolvers<void>();
      },
    };
  }

  test("is made once for all who wait", async () => {
    const { renewed, made, gives } = rig(100_000);
    const all = [renewed.current(), renewed.current(), renewed.current()];
    gives();
    expect([await Promise.all(all), made()]).toEqual([["token 1", "token 1", "token 1"], 1]);
  });

  test("is shown while the next one is made, and not when it has ended", async () => {
    const { renewed, made, at, gives, again } = rig(100_000);
    gives();
    await renewed.current();
    at(79_999);
    await renewed.current();
    expect(made()).toBe(1);
    again();
    at(80_000);
    expect([await renewed.current(), await renewed.current(), made()]).toEqual(["token 1", "token 1", 2]);
    at(95_000);
    const waits = renewed.current();
    gives();
    expect([await waits, made()]).toEqual(["token 2", 2]);
  });

  test("that cannot be made fails all who wait, and is not tried at once again", async () => {
    const { renewed, made, at, gives, fails, again } = rig(100_000);
    const all = [renewed.current(), renewed.current()].map((each) =>
      each.catch((error: Error) => error.message),
    );
    fails();
    expect(await Promise.all(all)).toEqual(["no", "no"]);
    again();
    gives();
    at(999);
    expect(await renewed.current().catch((error: Error) => error.message)).toBe("no");
    expect(made()).toBe(1);
    at(1_000);
    expect(await renewed.current()).toBe("token 2");
  });

  test("that has ended is never shown, though no other can be made", async () => {
    const { renewed, at, gives, fails, again } = rig(100_000);
    gives();
    await renewed.current();
    again();
    fails();
    at(80_000);
    expect(await renewed.current()).toBe("token 1");
    at(95_000);
    expect(await renewed.current().catch((error: Error) => error.message)).toBe("no");
  });
});

describe("a signed token", () => {
  const options: SignedJwtOptions = {
    key: held(pem),
    algorithm: "ES256",
    issuer: "https://a",
    audience: "api",
  };
  const issued = async (source: CredentialSource, identity: Identity) =>
    (await source.issue(requestOf(identity))).value;

  test("says who asks", async () => {
    const token = await issued(signedJwt({ ...options, keyId: "k1", claims: { tier: "gold" } }), alice);
    const { payload, protectedHeader } = await jwtVerify(token, publicKey, {
      issuer: "https://a",
      audience: "api",
    });
    expect(payload).toMatchObject({ sub: "alice", groups: ["sre"], tier: "gold" });
    expect(protectedHeader).toEqual({ alg: "ES256", typ: "JWT", kid: "k1" });
  });

  test("says who acts for whom", async () => {
    const agent: Identity = {
      issuer: "test",
      subject: "planner-7",
      groups: ["agents"],
      kind: "machine",
      actingFor: alice,
    };
    const token = await issued(signedJwt(options), agent);
    expect(decodeJwt(token)).toMatchObject({ sub: "alice", groups: ["sre"], act: { sub: "planner-7" } });
  });

  test("with a shared secret", async () => {
    const key = "k".repeat(32);
    const token = await issued(signedJwt({ ...options, key: held(key), algorithm: "HS256" }), alice);
    expect((await jwtVerify(token, Buffer.from(key))).payload.sub).toBe("alice");
  });

  test.each([
    [{ key: held("short"), algorithm: "HS256" }, "shorter than 32 bytes"],
    [{ key: held("-----BEGIN nonsense") }, "holds no private key"],
    [{ algorithm: "RS256" }, "for RS256"],
  ])("that cannot be signed is none: %#", async (more, said) => {
    const source = signedJwt({ ...options, ...more } as SignedJwtOptions);
    const error = await why(() => issued(source, alice));
    expect(error).toStartWith("credential.failed ");
    expect(error).toContain(said);
    expect(error).not.toContain("nonsense");
  });

  test.each([
    { ttl: "2h" },
    { ttl: "1s" },
    { claims: { sub: "root" } },
    { claims: { groups: [] } },
    { issuer: "" },
  ])("%p does not load", async (more) => {
    expect(await why(() => signedJwt({ ...options, ...more } as SignedJwtOptions))).toStartWith(
      "resource.config ",
    );
  });

  test("an algorithm that signs nothing does not load", async () => {
    const none = { ...options, algorithm: "none" } as unknown as SignedJwtOptions;
    expect(await why(() => signedJwt(none))).toContain("is no algorithm");
  });
});

describe("an OAuth client", () => {
  let certificates: TestCertificates;
  let server: Server;
  let url = "";
  let answer: { status: number; body: string } = { status: 200, body: "" };
  let got = new URLSearchParams();
  const good = JSON.stringify({ access_token: "at-1", token_type: "Bearer", expires_in: 60 });

  beforeAll(async () => {
    certificates = await TestCertificates.make();
    const own = await certificates.server("127.0.0.1");
    server = createServer(
      { cert: readFileSync(own.cert), key: readFileSync(own.key) },
      (request, response) => {
        let body = "";
        request.on("data", (part: Buffer) => {
          body += part.toString();
        });
        request.on("end", () => {
          got = new URLSearchParams(body);
          const location = answer.status === 307 ? { location: "/elsewhere" } : {};
          response
            .writeHead(answer.status, { "content-type": "application/json", ...location })
            .end(answer.body);
        });
      },
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  });
  afterAll(() => {
    server.close();
    certificates[Symbol.dispose]();
  });

  const client = (more: Partial<OAuthClientOptions> = {}) =>
    oauthClient({
      tokenUrl: url,
      clientId: "postern",
      clientSecret: held("s3cret-canary"),
      ca: certificates.ca,
      ...more,
    });
  const token = async (source: CredentialSource) => (await source.issue(requestOf(alice))).value;

  test("shows its secret in the body", async () => {
    answer = { status: 200, body: good };
    expect(await token(client({ auth: "post", scope: "a b", audience: "api" }))).toBe("at-1");
    expect(Object.fromEntries(got)).toEqual({
      grant_type: "client_credentials",
      client_id: "postern",
      client_secret: "s3cret-canary",
      scope: "a b",
      audience: "api",
    });
  });

  test("shows a token that it signed", async () => {
    answer = { status: 200, body: good };
    expect(await token(client({ auth: "private_key_jwt", clientSecret: held(pem), keyId: "k1" }))).toBe(
      "at-1",
    );
    const assertion = got.get("client_assertion") ?? "";
    expect((await jwtVerify(assertion, publicKey, { audience: url, subject: "postern" })).payload.iss).toBe(
      "postern",
    );
    expect(decodeProtectedHeader(assertion).kid).toBe("k1");
  });

  test.each([
    [
      { status: 401, body: '{"error":"invalid_client","error_description":"s3cret-canary"}' },
      "says invalid_client",
    ],
    [{ status: 500, body: "s3cret-canary" }, "gave an answer"],
    [{ status: 200, body: '{"token_type":"Bearer"}' }, "gave an answer"],
    [{ status: 200, body: '{"access_token":"a","token_type":"DPoP"}' }, "another type"],
    [{ status: 200, body: `{"a":"${"x".repeat(300_000)}"}` }, "too long"],
    [{ status: 307, body: "" }, "gave an answer"],
  ])("that gets none has none: %#", async (given, said) => {
    answer = given;
    const error = await why(() => token(client()));
    expect(error).toStartWith("credential.failed ");
    expect(error).not.toContain("s3cret-canary");
    expect(error).toContain(said);
  });

  test("trusts nobody whom its authority does not vouch for", async () => {
    answer = { status: 200, body: good };
    expect(await why(() => token(client({ ca: certificates.otherCa })))).toStartWith("credential.failed ");
  });

  test.each([
    { tokenUrl: "http://login.example.com/token" },
    { tokenUrl: "token" },
    { tokenUrl: "https://user:pass@login.example.com/token" },
    { clientId: "" },
  ])("%p does not load", async (more) => {
    expect(await why(() => client(more))).toStartWith("resource.config ");
  });
});
