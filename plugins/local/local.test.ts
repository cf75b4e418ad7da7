import { afterEach, describe, expect, setSystemTime, test } from "bun:test";
import { createPrivateKey } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt, SignJWT } from "jose";
import { type MintRequest, NotAccepted, PosternError } from "../../core/plugin.ts";
import { local } from "./index.ts";

const alice: MintRequest = { subject: "alice", groups: ["support"], kind: "person", ttl: 3_600_000 };
const folder = () => mkdtemp(join(tmpdir(), "postern-local-"));

async function opened(options: Parameters<typeof local>[0] = {}, dataDir?: string) {
  const context = { dataDir: dataDir ?? (await folder()), loopbackOnly: true };
  const provider = await local(options).open(context);
  return { ...provider, mint: (request: MintRequest) => provider.mint?.(request) ?? "", ...context };
}

async function signed(
  dataDir: string,
  edit: (token: SignJWT) => SignJWT,
  typ = "postern+jwt",
  claims: object = {},
) {
  const pem = await readFile(join(dataDir, "identity", "local.key"), "utf8");
  const token = new SignJWT({ groups: [], kind: "person", ...claims })
    .setProtectedHeader({ alg: "EdDSA", typ })
    .setIssuer("postern:local")
    .setAudience("postern")
    .setSubject("alice")
    .setJti("j")
    .setIssuedAt()
    .setNotBefore("0s")
    .setExpirationTime("1h");
  return edit(token).sign(createPrivateKey(pem));
}

afterEach(() => {
  setSystemTime();
  delete process.env.POSTERN_LOCAL_OFF_LOOPBACK;
});

describe("tokens", () => {
  test("a minted token comes back as the identity it was minted for", async () => {
    const { mint, identify } = await opened();
    const token = await mint({ ...alice, kind: "machine" });
    const { jti, exp, iat } = decodeJwt(token);
    expect(await identify(token)).toEqual({
      issuer: "postern:local",
      subject: "alice",
      kind: "machine",
      groups: ["support"],
      credentialId: String(jti),
      expires: Number(exp) * 1000,
      issuedAt: Number(iat) * 1000,
    });
  });

  test("a person of several identities, and an agent that acts for them no longer than their own token lives", async () => {
    const { mint, identify } = await opened();
    const own = await identify(await mint({ ...alice, person: "alice@example.com", ttl: 60_000 }));
    expect(own?.person).toBe("alice@example.com");
    const agent = { subject: "planner", groups: ["agents"], kind: "machine" as const, ttl: 3_600_000 };
    const acting = await identify(await mint({ ...agent, ...(own ? { actingFor: own } : {}) }));
    expect(acting).toMatchObject({ subject: "planner", kind: "machine", groups: ["agents"] });
    expect(acting?.actingFor).toEqual({
      ...{ issuer: "postern:local", subject: "alice", kind: "person", groups: ["support"] },
      person: "alice@example.com",
    });
    expect(acting?.expires).toBe(own?.expires ?? 0);
    const nested = { ...agent, subject: "executor", ...(acting ? { actingFor: acting } : {}) };
    expect((await identify(await mint(nested)))?.actingFor?.actingFor?.subject).toBe("alice");
  });

  test("nobody acts for an identity of another provider, nor in a chain without an end", async () => {
    const { mint } = await opened();
    const other = { issuer: "https://else", subject: "root", kind: "person", groups: [] } as const;
    await expect(mint({ ...alice, actingFor: other })).rejects.toThrow(PosternError);
    const { dataDir, identify } = await opened();
    const edited = (claims: object) => signed(dataDir, (token) => token, "postern+jwt", claims);
    for (const claims of [{ for: "root" }, { for: null }, { for: { sub: "root" } }, { person: 7 }]) {
      await expect(identify(await edited(claims))).rejects.toThrow(NotAccepted);
    }
    let deep: object = { sub: "end", groups: [], kind: "person" };
    for (let at = 0; at < 10; at++) deep = { sub: `s${at}`, groups: [], kind: "person", for: deep };
    await expect(identify(await edited({ for: deep }))).rejects.toThrow(/too long/);
  });

  test("a token of another issuer is not ours to judge", async () => {
    const { dataDir, identify } = await opened();
    expect(await identify(await signed(dataDir, (token) => token.setIssuer("https://else")))).toBeUndefined();
    expect(await identify("not a token")).toBeUndefined();
  });

  test("a token of another installation is refused", async () => {
    const token = await (await opened()).mint(alice);
    await expect((await opened()).identify(token)).rejects.toThrow(NotAccepted);
  });

  test("an expired token is refused", async () => {
    const { mint, identify } = await opened();
    const token = await mint({ ...alice, ttl: 1000 });
    setSystemTime(Date.now() + 2000);
    await expect(identify(token)).rejects.toThrow(/"exp"/);
  });

  const refused: [string, (token: SignJWT) => SignJWT, string?][] = [
    ["another audience", (token) => token.setAudience("else")],
    ["not valid yet", (token) => token.setNotBefore("10m")],
    ["older than ttlMax", (token) => token.setIssuedAt("2 days ago")],
    ["issued in the future", (token) => token.setIssuedAt("10m")],
    ["without a subject", (token) => token.setSubject("")],
    ["of another type", (token) => token, "JWT"],
  ];
  for (const [what, edit, typ] of refused) {
    test(`a token ${what} is refused`, async () => {
      const { dataDir, identify } = await opened();
      await expect(identify(await signed(dataDir, edit, typ))).rejects.toThrow(NotAccepted);
    });
  }

  test("an unsigned token is refused", async () => {
    const { mint, identify } = await opened();
    const [, payload] = (await mint(alice)).split(".");
    const header = Buffer.from(JSON.stringify({ alg: "none", typ: "postern+jwt" })).toString("base64url");
    await expect(identify(`${header}.${payload}.`)).rejects.toThrow(NotAccepted);
  });

  test("every changed character of a token ends it", async () => {
    const { mint, identify } = await opened();
    const token = await mint(alice);
    for (let at = 0; at < token.length - 2; at += 7) {
      if (token[at] === ".") continue;
      const changed = token.slice(0, at) + (token[at] === "A" ? "B" : "A") + token.slice(at + 1);
      const identity = await identify(changed).catch((error: unknown) => error);
      expect(identity === undefined || identity instanceof NotAccepted).toBe(true);
    }
  });

  test("a life beyond ttlMax is not minted", async () => {
    const { mint } = await opened({ ttlMax: "1h" });
    await expect(mint({ ...alice, ttl: 3_600_001 })).rejects.toThrow(PosternError);
    await expect(mint({ ...alice, ttl: 0 })).rejects.toThrow(PosternError);
    await expect(mint({ ...alice, ttl: Number.NaN })).rejects.toThrow(PosternError);
  });
});

describe("the key", () => {
  test("many that open a new folder at once share one key, and leave nothing else behind", async () => {
    const dataDir = await folder();
    const all = await Promise.all(Array.from({ length: 16 }, () => opened({}, dataDir)));
    const token = await all[0]!.mint(alice);
    for (const { identify } of all) expect((await identify(token))?.subject).toBe("alice");
    expect(await readdir(join(dataDir, "identity"))).toEqual(["local.key"]);
  });

  test("processes that open a new folder at once share one key", async () => {
    const dataDir = await folder();
    const script = `
      const { local } = await import(${JSON.stringify(join(import.meta.dir, "index.ts"))});
      const provider = await local().open({ dataDir: ${JSON.stringify(dataDir)}, loopbackOnly: true });
      console.log(await provider.mint(${JSON.stringify(alice)}));
    `;
    const children = Array.from({ length: 4 }, () => Bun.spawn([process.execPath, "-e", script]));
    const tokens = await Promise.all(children.map(({ stdout }) => new Response(stdout).text()));
    const { identify } = await opened({}, dataDir);
    for (const token of tokens) expect((await identify(token.trim()))?.subject).toBe("alice");
  });

  test("is readable by its owner alone, and refused when it is not", async () => {
    const { dataDir } = await opened();
    const path = join(dataDir, "identity", "local.key");
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, "identity"))).mode & 0o777).toBe(0o700);
    await chmod(path, 0o644);
    await expect(opened({}, dataDir)).rejects.toThrow(/can read the signing key/);
  });
});

describe("off loopback", () => {
  const open = async (options: Parameters<typeof local>[0]) =>
    local(options).open({ dataDir: await folder(), loopbackOnly: false });

  test("told once is not enough", async () => {
    await expect(open({})).rejects.toThrow(/loopback/);
    await expect(open({ offLoopback: true })).rejects.toThrow(/loopback/);
    process.env.POSTERN_LOCAL_OFF_LOOPBACK = "yes";
    await expect(open({})).rejects.toThrow(/loopback/);
  });

  test("told twice it serves", async () => {
    process.env.POSTERN_LOCAL_OFF_LOOPBACK = "yes";
    expect(await open({ offLoopback: true })).toBeDefined();
  });
});
