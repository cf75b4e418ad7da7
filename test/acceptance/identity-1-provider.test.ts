import { afterAll, beforeAll, describe, expect } from "bun:test";
import { measured, needs, testWith } from "../needs.ts";
import { fields, query } from "../raw.ts";
import {
  audience,
  Browser,
  opaqueAudience,
  providerKey,
  refreshed,
  signInByCode,
  signInByDevice,
} from "../servers/oidc.ts";
import { OidcDoor } from "./oidc-door.ts";

const long = process.env.POSTERN_LONG === "1";
const patience = long ? 240_000 : 60_000;
const able = (name: string, body: () => Promise<void>) => testWith(needs.postgres15)(name, body, patience);

describe("must hold 1: a real OpenID provider", () => {
  let door: OidcDoor;
  beforeAll(async () => {
    if (!needs.postgres15) door = await OidcDoor.open();
  }, patience);
  afterAll(() => door?.close());

  /** Who the trail says came, over a session of this token. */
  async function opened(token: string) {
    const before = new Set(door.entries("open").map(({ session }) => session));
    const client = await door.login(token);
    client.send(query("select 1"));
    expect((await client.until("Z")).map(({ type }) => type).join("")).toBe("TDCZ");
    client.close();
    return door.entries("open").filter(({ session }) => !before.has(session));
  }

  able("client credentials: a machine", async () => {
    expect(await opened(await door.provider.clientCredentials())).toMatchObject([
      { identity: { issuer: door.provider.issuer, subject: "deploy-bot", kind: "machine" } },
    ]);
  });

  able("code with PKCE: a person, and again after a refresh", async () => {
    const tokens = await signInByCode(door.provider.issuer, new Browser("alice"));
    const alice = { identity: { subject: "alice", kind: "person", groups: ["support"] } };
    expect(await opened(tokens.access_token)).toMatchObject([alice]);
    const again = await refreshed(door.provider.issuer, tokens.refresh_token);
    expect(await opened(again.access_token)).toMatchObject([alice]);
  });

  able("device code: a person", async () => {
    const { access_token } = await signInByDevice(door.provider.issuer, new Browser("alice"));
    expect(await opened(access_token)).toMatchObject([{ identity: { subject: "alice" } }]);
  });

  able("key rotation during load without one failed login", async () => {
    const [rotations, callers] = long ? [60, 24] : [6, 8];
    const refusedBefore = door.entries("login-refused").length;
    let rotating = true;
    const logins = Array.from({ length: callers }, () => 0);
    const caller = async (_: unknown, which: number) => {
      while (rotating) {
        const client = await door.login(await door.provider.clientCredentials());
        client.send(query("select 1"));
        expect((await client.until("Z")).map(({ type }) => type).join("")).toBe("TDCZ");
        client.close();
        logins[which] = (logins[which] ?? 0) + 1;
      }
    };
    const callersDone = Promise.all(Array.from({ length: callers }, caller));
    for (let turn = 0; turn < rotations; turn++) {
      // The former key stays published until no caller holds a token of it, as with any provider.
      await door.provider.rotateKeys(1);
      const former = [...logins];
      const waiting = () => logins.some((count, which) => count === former[which]);
      while (waiting()) await Promise.race([Bun.sleep(5), callersDone]);
    }
    rotating = false;
    await callersDone;
    expect(door.entries("login-refused").slice(refusedBefore)).toEqual([]);
    measured(
      `${logins.reduce((sum, count) => sum + count)} logins by ${callers} callers over ${rotations} key rotations, none refused`,
    );
  });

  able(
    "while the provider is down, its known keys go on working, and an unknown one is refused for that",
    async () => {
      await door.provider.rotateKeys();
      const token = await door.provider.clientCredentials();
      const before = door.provider.requests.length;
      const fetches = () => door.provider.requests.slice(before).filter((path) => path === "/jwks").length;
      // Until both workers have the new key.
      while (fetches() < 2) await opened(token);
      door.provider.instead((_, response) => response.writeHead(503).end());
      expect(await opened(token)).toHaveLength(1);
      const unknown = await providerKey("made-up");
      const claims = { iss: door.provider.issuer, aud: audience, sub: "deploy-bot", exp: 4_000_000_000 };
      await door.login(await unknown.sign(claims));
      expect(door.entries("login-refused").map(({ check }) => check)).toEqual([
        expect.stringMatching(/gives no keys.*answers 503/),
      ]);
      door.provider.instead(undefined);
      expect(await opened(token)).toHaveLength(1);
    },
  );

  able("back-channel logout ends a running select pg_sleep(60)", async () => {
    const { access_token } = await signInByCode(door.provider.issuer, new Browser("alice"));
    const client = await door.login(access_token);
    const machine = await door.login(await door.provider.clientCredentials());
    client.send(query("select repeat('x', 20000); select pg_sleep(60)"));
    await client.until("T");
    const began = performance.now();
    const told = door.provider.logout("alice");
    const last = (await client.until("E")).at(-1);
    measured(
      `back-channel logout ended pg_sleep(60) ${Math.round(performance.now() - began)} ms after the provider sent it`,
    );
    await told;
    expect(last && fields(last)).toMatchObject({
      S: "FATAL",
      C: "57P01",
      M: expect.stringContaining("Signed out"),
      D: expect.stringContaining("access.logged-out"),
    });
    // Of the token that was signed out nothing opens again; the machine's session never noticed.
    expect((await (await door.login(access_token)).until("never")).length).toBe(0);
    machine.send(query("select 1"));
    expect((await machine.until("Z")).map(({ type }) => type).join("")).toBe("TDCZ");
    machine.close();
  });

  able(
    "introspection ends the session of somebody who was deactivated, and not of anybody else",
    async () => {
      const resource = { resource: opaqueAudience };
      const carol = await signInByCode(door.provider.issuer, new Browser("carol"), resource);
      const dave = await signInByCode(door.provider.issuer, new Browser("dave"));
      const [hers, others] = await Promise.all([
        door.login(carol.access_token),
        door.login(dave.access_token),
      ]);
      hers.send(query("select repeat('x', 20000); select pg_sleep(60)"));
      await hers.until("T");
      door.provider.deactivate("carol");
      const last = (await hers.until("E")).at(-1);
      expect(last && fields(last)).toMatchObject({ S: "FATAL", C: "57P01" });
      others.send(query("select 1"));
      expect((await others.until("Z")).map(({ type }) => type).join("")).toBe("TDCZ");
      others.close();
    },
  );
});
