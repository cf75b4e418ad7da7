import { describe, expect, test } from "bun:test";
import { PosternError } from "../../../core/plugin.ts";
import { mutated, Random, seeds } from "../../../test/fuzz.ts";
import { accept } from "../accept.ts";
import { testDoor } from "../testing/door.ts";
import { TestWire } from "../testing/wire.ts";
import {
  authenticationSasl,
  authenticationSaslContinue,
  passwordMessage,
  saslInitialResponse,
  saslResponse,
} from "../wire/authentication.ts";
import { protocolVersion, startupMessage } from "../wire/startup.ts";
import { bearerToken } from "./bearer.ts";

const good = "n,,\x01auth=Bearer good\x01\x01";

describe("an OAUTHBEARER message", () => {
  for (const [message, token] of [
    [good, "good"],
    ["y,,\x01auth=bearer   good\x01\x01", "good"],
    ["n,,\x01host=server.example.com\x01port=5432\x01auth=Bearer a.b-_~+/==\x01\x01", "a.b-_~+/=="],
    ["n,,\x01auth=Bearer good\x01mthd=POST\x01constructor=x\x01\x01", "good"],
    ["n,,\x01auth=\x01\x01", ""],
  ] as const) {
    test(`${JSON.stringify(message)} shows ${JSON.stringify(token)}`, () => {
      expect(bearerToken(message)).toBe(token);
    });
  }

  for (const message of [
    "",
    "\x01",
    "n,,",
    "n,,\x01",
    "n,,\x01\x01",
    "n,\x01auth=Bearer good\x01\x01",
    "n,,auth=Bearer good\x01\x01",
    "x,,\x01auth=Bearer good\x01\x01",
    "p=tls-server-end-point,,\x01auth=Bearer good\x01\x01",
    "n,a=admin,\x01auth=Bearer good\x01\x01",
    "n,,\x01auth=Bearer good\x01",
    "n,,\x01auth=Bearer good",
    `${good}x`,
    `${good}\x01`,
    "n,,\x01\x01auth=Bearer good\x01\x01",
    "n,,\x01auth=Bearer good\x01auth=Bearer good\x01\x01",
    "n,,\x01auth=\x01auth=Bearer good\x01\x01",
    "n,,\x01host=a\x01host=b\x01auth=Bearer good\x01\x01",
    "n,,\x01=x\x01auth=Bearer good\x01\x01",
    "n,,\x01a b=x\x01auth=Bearer good\x01\x01",
    "n,,\x01auth\x01\x01",
    "n,,\x01AUTH=Bearer good\x01\x01",
    "n,,\x01auth=good\x01\x01",
    "n,,\x01auth=Bearer\x01\x01",
    "n,,\x01auth=Bearer \x01\x01",
    "n,,\x01auth=Basic good\x01\x01",
    "n,,\x01auth=Bearer go od\x01\x01",
    "n,,\x01auth=Bearer go\u0000od\x01\x01",
    "n,,\x01auth=Bearer gööd\x01\x01",
    "n,,\x01auth=Bearer \ufffd\x01\x01",
    "n,,\x01auth=Bearer =good\x01\x01",
    "n,,\x01host=\x01auth=Bearer good\x01\x01",
    "n,,\x01host=a b\x01auth=Bearer good\x01\x01",
    `n,,\x01host=${"a".repeat(256)}\x01auth=Bearer good\x01\x01`,
    "n,,\x01port=x\x01auth=Bearer good\x01\x01",
    "n,,\x01port=123456\x01auth=Bearer good\x01\x01",
    "n,,\x01other=\u0000\x01auth=Bearer good\x01\x01",
  ]) {
    test(`${JSON.stringify(message.slice(0, 60))} is refused, and its words are in no error`, () => {
      try {
        bearerToken(message);
        expect("refused").toBe("taken");
      } catch (error) {
        if (!(error instanceof PosternError)) throw error;
        expect(error.code).toBe("postgres.protocol");
        expect(error.message).not.toContain("good");
      }
    });
  }
});

const discovery = { configuration: "https://idp.example/.well-known/openid-configuration", scope: "openid" };
const hello = (user: string) => startupMessage(protocolVersion.v3_0, [["user", user]]);

/** What becomes of it, and what was written to it. */
async function login(
  wire: TestWire,
  door: ReturnType<typeof testDoor>,
  ...messages: readonly Uint8Array[]
): Promise<string> {
  const accepted = accept(wire, door).then(
    (arrival) => arrival?.identity.subject ?? "over",
    (error) => {
      if (error instanceof PosternError) return error.code;
      throw error;
    },
  );
  wire.feed(...messages);
  wire.finish();
  return await accepted;
}

const door = () => ({ ...testDoor(), discovery });
const said = authenticationSaslContinue(
  JSON.stringify({
    status: "invalid_token",
    "openid-configuration": discovery.configuration,
    scope: discovery.scope,
  }),
);
const offered = authenticationSasl(["OAUTHBEARER"]);
const kvsep = saslResponse("\x01");

describe("a caller that logs in as oauth", () => {
  test("comes in with a good token, in the first message or in answer to an empty challenge", async () => {
    const wire = new TestWire();
    expect(await login(wire, door(), hello("oauth"), saslInitialResponse("OAUTHBEARER", good))).toBe("alice");
    expect(wire.sent).toEqual(offered);
    const later = new TestWire();
    const none = Buffer.concat([Buffer.from("p\0\0\0\x14OAUTHBEARER\0"), Buffer.alloc(4, 0xff)]);
    expect(await login(later, door(), hello("oauth"), none, saslResponse(good))).toBe("alice");
    expect(later.sent).toEqual(Buffer.concat([offered, authenticationSaslContinue("")]));
  });

  test("without a token is told where to get one, and it counts as no failed login", async () => {
    const wire = new TestWire();
    const empty = saslInitialResponse("OAUTHBEARER", "n,,\x01auth=\x01\x01");
    const asked = door();
    expect(await login(wire, asked, hello("oauth"), empty, kvsep)).toBe("postgres.oauth");
    expect(wire.sent).toEqual(Buffer.concat([offered, said]));
    expect(asked.shown).toEqual([]);
  });

  test("with a wrong token is told the same, and then that it was not accepted", async () => {
    const wrong = saslInitialResponse("OAUTHBEARER", good.replace("good", "bad"));
    const wire = new TestWire();
    expect(await login(wire, door(), hello("oauth"), wrong, kvsep)).toBe("identity.refused");
    expect(wire.sent).toEqual(Buffer.concat([offered, said]));
    // A second token behind the first is none of the answers that there are.
    for (const answer of [good, "", "\x01\x01", "x"]) {
      const code = await login(new TestWire(), door(), hello("oauth"), wrong, saslResponse(answer));
      expect([answer, code]).toEqual([answer, "postgres.protocol"]);
    }
    expect(await login(new TestWire(), door(), hello("oauth"), wrong)).toBe("wire.closed");
  });

  test("may not choose another mechanism, nor send a password", async () => {
    for (const answer of [
      saslInitialResponse("SCRAM-SHA-256", good),
      saslInitialResponse("oauthbearer", good),
      passwordMessage("good"),
      saslInitialResponse("OAUTHBEARER", "x".repeat(70_000)),
    ]) {
      const asked = door();
      expect(await login(new TestWire(), asked, hello("oauth"), answer)).toBe("postgres.protocol");
      expect(asked.shown).toEqual([]);
    }
  });

  test("in clear over a network is refused before it is asked for a token", async () => {
    const wire = new TestWire(false);
    expect(await login(wire, door(), hello("oauth"), saslInitialResponse("OAUTHBEARER", good))).toBe(
      "postgres.insecure",
    );
    expect(wire.sent.length).toBe(0);
  });

  test("is a user like any other where no provider signs people in; and other users are asked for a password", async () => {
    expect(await login(new TestWire(), testDoor(), hello("oauth"), passwordMessage("good"))).toBe("alice");
    expect(await login(new TestWire(), door(), hello("oauth2"), passwordMessage("good"))).toBe("alice");
    expect(await login(new TestWire(), door(), hello("OAUTH"), passwordMessage("good"))).toBe("alice");
  });
});

test("mutated messages show the token, or nothing and are refused with a code", async () => {
  const start = Buffer.concat([saslInitialResponse("OAUTHBEARER", good), kvsep]);
  for (const seed of seeds(500)) {
    const random = new Random(seed);
    const bytes = mutated(random, start);
    const asked = door();
    const how = await login(new TestWire(), asked, hello("oauth"), bytes);
    const token = asked.shown.find((shown) => shown.kind === "token")?.token;
    // What is let in is the message as it was, whatever came behind it.
    if (how === "alice") expect({ seed, token }).toEqual({ seed, token: "good" });
    else expect({ seed, how }).toEqual({ seed, how: expect.stringMatching(/^(postgres|identity|wire)\./) });
  }
});
