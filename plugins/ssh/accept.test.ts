import { afterEach, beforeEach, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import ssh2, { type Client, type ConnectConfig } from "ssh2";
import { gateway, group } from "../../core/index.ts";
import { TestGateway, testIdentities } from "../../core/testing/gateway.ts";
import { Random, seeds } from "../../test/fuzz.ts";
import { ssh, sshKeys } from "./index.ts";
import { opensshKey, publicBlob } from "./keys/openssh-key.ts";
import { fingerprint } from "./keys/public-key.ts";

let door: TestGateway;
const alice = generateKeyPairSync("ed25519").privateKey;
const eve = generateKeyPairSync("ed25519").privateKey;
const line = (key: typeof alice) => `ssh-ed25519 ${publicBlob(key).toString("base64")}`;

beforeEach(async () => {
  door = await TestGateway.open(
    gateway({
      listen: { ssh: { host: "127.0.0.1", port: 0 } },
      identity: [testIdentities, sshKeys({ alice: { keys: [line(alice)], groups: ["staff"] } })],
      resources: {
        bastion: ssh({ host: "127.0.0.1", port: 1, user: "ops", hostKey: line(eve) }),
      },
      rules: [{ who: group("staff"), on: "bastion", may: "all" }],
    }),
  );
});
afterEach(() => door.stop());

/** A client that keeps what it was told, and why it ended. */
function client(config: ConnectConfig): { client: Client; banners: string[]; ended: Promise<string> } {
  const client = new ssh2.Client();
  const banners: string[] = [];
  client.on("banner", (text) => banners.push(text));
  let said = "nothing";
  const ended = new Promise<string>((resolve) => {
    client.on("error", () => {});
    client.on("close", () => resolve(said));
  });
  // ssh2 tells of a disconnect's text nowhere else.
  const debug = (text: string) => {
    said = /Received DISCONNECT \(11, "(.*)"\)/.exec(text)?.[1] ?? said;
  };
  client.connect({ host: "127.0.0.1", port: door.port, username: "bastion", debug, ...config });
  return { client, banners, ended };
}

async function raw(): Promise<Socket> {
  const socket = connect(door.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Whichever side closed it, and however. */
const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once("close", () => resolve()));

test("who fails is told so, with an id to quote, and has six tries", async () => {
  let tries = 0;
  const { banners, ended } = client({
    authHandler: (_left, _partial, next) => {
      tries++;
      next({ type: "password", username: "bastion", password: "bad" });
    },
  });
  expect(await ended).toStartWith("identity.refused: The credential was not accepted (ref_");
  expect(tries).toBe(6);
  expect(banners).toHaveLength(5);
  expect(banners[0]).toMatch(/^identity\.refused: The credential was not accepted \(ref_/);
  expect(door.trail.of("login-refused")).toHaveLength(6);
  expect(door.trail.of("open")).toEqual([]);
});

test("keys that nobody knows are one failed login in the end, and there is an end to offering", async () => {
  let offers = 0;
  const stranger = opensshKey(eve);
  const { ended } = client({
    authHandler: (_left, _partial, next) => {
      offers++;
      next({ type: "publickey", username: "bastion", key: stranger });
    },
  });
  expect(await ended).toContain("ssh.keys");
  expect(offers).toBe(31);
  const key = fingerprint(publicBlob(eve));
  expect(door.trail.of("login-refused")).toMatchObject([{ check: `nobody is known by ${key}` }]);
});

test("a known key without the private one lets nobody in", async () => {
  const forged = ssh2.utils.parseKey(opensshKey(eve));
  if (forged instanceof Error) throw forged;
  // Says that it is alice's key, and signs with another.
  const lying = Object.assign(Object.create(forged) as typeof forged, {
    getPublicSSH: () => publicBlob(alice),
  });
  let tries = 0;
  const { ended } = client({
    authHandler: (_left, _partial, next) => {
      if (tries++ === 0) next({ type: "publickey", username: "bastion", key: lying as never });
      else next(false as never);
    },
  });
  await ended;
  expect(door.trail.of("login-refused")).toMatchObject([{ check: "the signature of the login is wrong" }]);
  expect(door.trail.of("open")).toEqual([]);
});

test("what is refused after the login is told as the reason of the disconnect", async () => {
  const nobody = client({ username: "nowhere", privateKey: opensshKey(alice) });
  nobody.client.once("ready", () => nobody.client.exec("true", () => {}));
  expect(await nobody.ended).toContain("resource.unknown");
  const stranger = client({ password: "bob:visitors" });
  expect(await stranger.ended).toStartWith("policy.no-rule: No rule lets bob use bastion.");
});

test("garbage ends its own connection, before and after SSH has begun", async () => {
  for (const seed of seeds(30)) {
    const random = new Random(seed);
    const socket = await raw();
    if (random.chance(50)) socket.write("SSH-2.0-garbage\r\n");
    socket.write(random.bytes(1 + random.upTo(4_000)));
    socket.end();
    socket.resume();
    await closed(socket);
  }
  const good = client({ privateKey: opensshKey(alice) });
  await once(good.client, "ready");
  good.client.end();
});

test("a caller that sends without end before it has logged in is cut off", async () => {
  const socket = await raw();
  socket.resume();
  const chunk = Buffer.alloc(64 * 1024, "x\n");
  const pour = () => {
    while (!socket.destroyed && socket.write(chunk)) if (socket.bytesWritten > 64 * 1024 * 1024) return;
  };
  socket.on("drain", pour);
  pour();
  await closed(socket);
  expect(socket.bytesWritten).toBeLessThan(64 * 1024 * 1024);
});
