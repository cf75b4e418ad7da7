import { expect, test } from "bun:test";
import { PosternError } from "../../core/plugin.ts";
import { accept, startupState } from "./accept.ts";
import { ScramClient } from "./auth/scram-client.ts";
import { cancelKeys } from "./cancel.ts";
import { testDoor } from "./testing/door.ts";
import { TestWire } from "./testing/wire.ts";
import {
  authenticationCleartextPassword,
  authenticationRequest,
  authenticationSasl,
  passwordMessage,
  saslInitialResponse,
  saslResponse,
} from "./wire/authentication.ts";
import {
  cancelRequest,
  gssRequest,
  negotiateProtocolVersion,
  protocolVersion,
  sslRequest,
  startupMessage,
} from "./wire/startup.ts";

const { v3_0, v3_2 } = protocolVersion;
const hello = (parameters: Record<string, string> = {}, version: number = v3_0) =>
  startupMessage(version, Object.entries({ user: "alice", database: "orders", ...parameters }));

/** Feeds these bytes all at once, then an end of file, and says how accept ended. */
async function outcome(...parts: Uint8Array[]): Promise<string> {
  const caller = new TestWire();
  caller.feed(...parts);
  caller.finish();
  try {
    await accept(caller, testDoor());
    return "accepted";
  } catch (error) {
    if (error instanceof PosternError) return error.code;
    throw error;
  }
}

test("a token is the password, the database names the resource", async () => {
  const caller = new TestWire();
  const door = testDoor();
  caller.feed(
    hello({ application_name: "psql", DateStyle: "ISO", client_encoding: "utf-8" }),
    passwordMessage("good"),
  );
  const arrival = await accept(caller, door);
  expect(arrival).toMatchObject({ resource: "orders", application: "psql", identity: { subject: "alice" } });
  expect(arrival && startupState(arrival).settings).toEqual(
    new Map([
      ["application_name", "psql"],
      ["datestyle", "ISO"],
    ]),
  );
  expect(caller.sent).toEqual(Buffer.from(authenticationCleartextPassword));
  expect(door.shown).toEqual([{ kind: "token", token: "good" }]);
});

test("the same over every split of the bytes", async () => {
  const bytes = Buffer.concat([hello(), passwordMessage("good")]);
  for (let at = 0; at <= bytes.length; at += 1) {
    const caller = new TestWire();
    const accepted = accept(caller, testDoor());
    caller.feed(bytes.subarray(0, at));
    await Promise.resolve();
    caller.feed(bytes.subarray(at));
    expect((await accepted)?.resource).toBe("orders");
  }
});

test("every cut-off start ends as a closed wire, and asks core nothing", async () => {
  const bytes = Buffer.concat([hello(), passwordMessage("good")]);
  for (let at = 0; at < bytes.length; at += 1) {
    expect(await outcome(bytes.subarray(0, at))).toBe("wire.closed");
  }
});

test("a listener of one resource does not ask for its name; without a database the user is the name", async () => {
  for (const [listener, resource] of [
    [{ resource: "billing" }, "billing"],
    [{}, "alice"],
  ] as const) {
    const caller = new TestWire();
    caller.feed(startupMessage(v3_0, [["user", "alice"]]), passwordMessage("good"));
    expect((await accept(caller, testDoor(listener)))?.resource).toBe(resource);
  }
});

test("requests for encryption are answered N, each once, and nothing may come behind them", async () => {
  const caller = new TestWire();
  const accepted = accept(caller, testDoor());
  caller.feed(gssRequest);
  expect((await caller.wrote(1)).toString()).toBe("N");
  caller.feed(sslRequest);
  expect((await caller.wrote(2)).toString()).toBe("NN");
  caller.feed(hello(), passwordMessage("good"));
  expect((await accepted)?.resource).toBe("orders");

  const smuggled = new TestWire();
  smuggled.feed(sslRequest, hello());
  await expect(accept(smuggled, testDoor())).rejects.toMatchObject({ code: "postgres.protocol" });
  expect(smuggled.sent.length).toBe(0);

  const endless = new TestWire();
  const refused = accept(endless, testDoor());
  endless.feed(sslRequest);
  await endless.wrote(1);
  endless.feed(sslRequest);
  await endless.wrote(2);
  endless.feed(sslRequest);
  await expect(refused).rejects.toMatchObject({ code: "postgres.protocol" });
});

test("a credential does not cross a wire that others may read", async () => {
  for (const [wire, insecure] of [
    [new TestWire(false), true],
    [new TestWire(true), false],
  ] as const) {
    for (const user of ["alice", "pc_known"]) {
      wire.feed(hello({ user }));
      await expect(accept(wire, testDoor({ insecure }))).rejects.toMatchObject({ code: "postgres.insecure" });
      expect(wire.sent.length).toBe(0);
    }
  }
  const encrypted = new TestWire(false, true);
  encrypted.feed(hello(), passwordMessage("good"));
  expect(await accept(encrypted, testDoor({ insecure: false }))).toBeDefined();
});

test("a wrong token is refused with the door's own words", async () => {
  expect(await outcome(hello(), passwordMessage("bad"))).toBe("identity.refused");
});

test("a short-lived credential proves itself by SCRAM, a wrong or unknown one does not", async () => {
  for (const [user, password, accepted] of [
    ["pc_known", "pencil", true],
    ["pc_known", "pen", false],
    ["pc_unknown", "pencil", false],
  ] as const) {
    const caller = new TestWire();
    const door = testDoor();
    const arrival = accept(caller, door);
    arrival.catch(() => {});
    const offer = authenticationSasl(["SCRAM-SHA-256"]);
    caller.feed(hello({ user }));
    await caller.wrote(offer.length);
    expect(caller.sent).toEqual(offer);
    const client = new ScramClient(password);
    caller.feed(saslInitialResponse("SCRAM-SHA-256", client.first));
    const challenge = (await caller.wrote(offer.length + 20)).subarray(offer.length + 5);
    const request = authenticationRequest(challenge, 0, challenge.length);
    if (request.kind !== "saslContinue") throw new Error(request.kind);
    const sent = caller.sent.length;
    caller.feed(saslResponse(await client.respond(request.data)));
    if (!accepted) {
      await expect(arrival).rejects.toMatchObject({ code: "identity.refused" });
      expect(door.shown).toEqual([]);
      continue;
    }
    expect((await arrival)?.identity.subject).toBe("alice");
    expect(door.shown).toEqual([{ kind: "verified", id: user }]);
    const final = authenticationRequest(caller.sent.subarray(sent + 5), 0, caller.sent.length - sent - 5);
    expect(final.kind === "saslFinal" && client.verify(final.data)).toBe(true);
  }
});

test("unknown minor versions and options are negotiated, known ones are not spoken of", async () => {
  for (const [version, options, told, agreed] of [
    [v3_0, [], undefined, v3_0],
    [v3_2, [], undefined, v3_2],
    [0x3_270f, [], negotiateProtocolVersion(v3_2, []), v3_2],
    [v3_0, ["_pq_.x"], negotiateProtocolVersion(v3_0, ["_pq_.x"]), v3_0],
    [v3_2, ["_pq_.x", "_pq_.y"], negotiateProtocolVersion(v3_2, ["_pq_.x", "_pq_.y"]), v3_2],
  ] as const) {
    const caller = new TestWire();
    caller.feed(
      hello(Object.fromEntries(options.map((name) => [name, "1"])), version),
      passwordMessage("good"),
    );
    const arrival = await accept(caller, testDoor());
    expect(arrival && startupState(arrival).version).toBe(agreed);
    expect(caller.sent).toEqual(Buffer.concat([told ?? Buffer.alloc(0), authenticationCleartextPassword]));
  }
});

test("what is no start-up is refused at once", async () => {
  const caller = new TestWire();
  caller.feed(Buffer.of(0xff, 0xff, 0xff, 0xff));
  await expect(accept(caller, testDoor())).rejects.toMatchObject({ code: "postgres.protocol" });
  const tls = new TestWire();
  tls.feed(Buffer.of(0x16));
  await expect(accept(tls, testDoor())).rejects.toMatchObject({ code: "postgres.tls" });
  expect(await outcome(Buffer.from("GET / HTTP/1.1\r\n\r\n"))).toBe("postgres.protocol");
  expect(await outcome(startupMessage(0x2_0000, []))).toBe("postgres.version");
  expect(await outcome(startupMessage(v3_0, []))).toBe("postgres.user");
  for (const wish of ["perhaps", "", "DATABASE", "2"]) {
    expect(await outcome(hello({ replication: wish }))).toBe("postgres.setting");
  }
  expect(await outcome(hello({ replication: "off" }), passwordMessage("good"))).toBe("accepted");
  expect(await outcome(hello(), startupMessage(v3_0, []))).toBe("postgres.protocol");
});

test("a cancel request reaches the session whose key it shows, and no other", async () => {
  const cancelled: string[] = [];
  // Backends of two servers.
  const first = cancelKeys.register(4711, v3_0, { cancelled: () => void cancelled.push("first") });
  const second = cancelKeys.register(4711, v3_2, { cancelled: () => void cancelled.push("second") });
  expect([first.secret.length, second.secret.length]).toEqual([4, 32]);
  const send = async (key: { processId: number; secret: Uint8Array }) => {
    const caller = new TestWire();
    caller.feed(cancelRequest(key));
    expect(await accept(caller, testDoor())).toBeUndefined();
    expect(caller.sent.length).toBe(0);
  };
  await send(second);
  await send({ processId: first.processId + 1, secret: second.secret });
  await send({ processId: first.processId, secret: Buffer.alloc(4) });
  await send({ processId: -1, secret: Buffer.alloc(4) });
  expect(cancelled).toEqual(["second"]);
  second.release();
  await send(second);
  await send(first);
  expect(cancelled).toEqual(["second", "first"]);
  first.release();
});

test("a client that leaves before it said who it is hears nothing, as from the server", async () => {
  const caller = new TestWire();
  caller.feed(Buffer.of(0x58, 0, 0, 0, 4));
  caller.finish();
  expect(await accept(caller, testDoor())).toBeUndefined();
  expect(caller.sent).toEqual(Buffer.alloc(0));
});
