import { afterAll, beforeAll, describe, expect } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pair } from "../../core/tls/authority.ts";
import { issue, type Wanted } from "../../plugins/mtls/testing/issue.ts";
import { run } from "../clients/client.ts";
import { needs, testWith } from "../needs.ts";
import { entriesIn } from "../trail.ts";
import { openSecureDoor, type SecureDoor } from "./secure-door.ts";

const hour = 3_600_000;
const email = "select email from customers order by id limit 1";

describe("must hold 2: client certificates as identities", () => {
  let door: SecureDoor;
  /** Vouches for people; vouches for nobody and may come in; may not even come in. */
  let people: Pair;
  let visitors: Pair;
  let strangers: Pair;

  beforeAll(async () => {
    if (needs.postgres18) return;
    const authority = (name: string) => issue({ subject: `CN=${name}`, authority: true });
    people = await authority("People");
    visitors = await authority("Visitors");
    strangers = await authority("People");
    door = await openSecureDoor({
      version: 18,
      async prepare(folder) {
        writeFileSync(join(folder, "people.crt"), people.cert);
        writeFileSync(join(folder, "clients.crt"), `${people.cert}\n${visitors.cert}\n`);
      },
      listener: "clientCa: folder + '/clients.crt', clientCertificates: 'ask'",
      identity: "mtls({ ca: folder + '/people.crt', kind: 'person', groups: 'ou' }),",
    });
  });
  afterAll(async () => await door?.close());

  let made = 0;
  /** Where a new certificate lies, without the ending of its files. */
  async function certificate(wanted: Wanted, signer: Pair): Promise<string> {
    const { cert, key } = await issue(wanted, signer);
    const path = door.file(`client-${made++}`);
    writeFileSync(`${path}.crt`, cert);
    writeFileSync(`${path}.key`, key, { mode: 0o600 });
    return path;
  }

  function connection(path: string | undefined, user = "anybody"): string {
    const own = path === undefined ? "sslcert=" : `sslcert=${path}.crt sslkey=${path}.key`;
    return `host=localhost port=${door.port} dbname=shop user=${user} sslmode=verify-full sslrootcert=${door.file("ca.crt")} ${own}`;
  }

  async function psql(path: string | undefined, password?: string, user?: string) {
    const environment = { PGPASSWORD: password ?? "", HOME: door.folder };
    return await run(["psql", "-wXAtc", email, connection(path, user)], environment);
  }

  const opened = () => entriesIn(door.file("data")).filter(({ kind }) => kind === "open");
  const alice = { subject: "CN=alice, OU=support" };

  async function refusedBecause(path: string, password?: string): Promise<string> {
    const { code, stdout, stderr } = await psql(path, password);
    expect([code, stdout]).toEqual([2, ""]);
    const id = /The credential was not accepted \((ref_\w+)\)/.exec(stderr)?.[1];
    const entry = entriesIn(door.file("data")).find(
      (each) => each.kind === "login-refused" && each.id === id,
    );
    return entry?.kind === "login-refused" ? entry.check : stderr;
  }

  testWith(needs.postgres18, needs.psql)(
    "a good one is asked for nothing else, and the trail has it",
    async () => {
      const path = await certificate(alice, people);
      const { stdout, stderr } = await psql(path);
      expect([stderr, stdout.trim()]).toEqual(["", expect.stringContaining("*")]);
      const print = new X509Certificate(readFileSync(`${path}.crt`)).fingerprint256.replaceAll(":", "");
      expect(opened().at(-1)).toMatchObject({
        identity: { issuer: "mtls:People", subject: "alice", kind: "person", groups: ["support"] },
        callerCredential: `sha256:${print.toLowerCase()}`,
      });
    },
  );

  testWith(needs.postgres18, needs.psql)(
    "without one, and with one that stands for nobody, a token is asked for",
    async () => {
      const visitor = await certificate({ subject: "CN=alice, OU=support" }, visitors);
      const token = await door.token("sam", "support");
      for (const path of [undefined, visitor]) {
        expect((await psql(path)).stderr).toContain("no password supplied");
        expect((await psql(path, token)).stdout).toContain("*");
        expect(opened().at(-1)).toMatchObject({ identity: { issuer: "postern:local", subject: "sam" } });
      }
    },
  );

  testWith(needs.postgres18, needs.psql)("who names an issued credential is that one", async () => {
    const owner = await certificate({ subject: "CN=root, OU=owners" }, people);
    const { user, password } = await door.credential("sam", "support");
    expect((await psql(owner, password, user)).stdout).toContain("*");
    expect(opened().at(-1)).toMatchObject({ identity: { subject: "sam" }, callerCredential: user });
    expect((await psql(owner, "guessed", user)).stderr).toContain("was not accepted");
  });

  const attacks: [string, Wanted, () => Pair][] = [
    ["of another authority with the same name", alice, () => strangers],
    ["expired", { ...alice, from: -2 * hour, until: -hour }, () => people],
    ["not valid yet", { ...alice, from: hour / 2 }, () => people],
    ["a server's", { ...alice, use: "server" }, () => people],
    ["with two names", { subject: "CN=alice, CN=root, OU=support" }, () => people],
  ];
  for (const [what, wanted, signer] of attacks) {
    testWith(needs.postgres18, needs.psql)(
      `${what}: refused, also when a good token would follow`,
      async () => {
        const sessions = opened().length;
        const check = await refusedBecause(
          await certificate(wanted, signer()),
          await door.token("sam", "support"),
        );
        expect(check).toMatch(/certificate/);
        expect(opened()).toHaveLength(sessions);
      },
    );
  }

  testWith(needs.postgres18, needs.psql)(
    "an ending stops its session and refuses it for good; a new certificate is accepted",
    async () => {
      const path = await certificate(alice, people);
      const session = run(["psql", "-wXAtc", "select pg_sleep(60)", connection(path)], { HOME: door.folder });
      const before = opened().length;
      while (opened().length === before) await Bun.sleep(5);
      const revoked = await door.gateway.postern(["revoke", "alice", "--because", "a lost laptop"]);
      expect([revoked.code, revoked.stderr]).toEqual([0, expect.any(String)]);
      expect((await session).stderr).toContain("a lost laptop");
      expect(await refusedBecause(path)).toContain("a lost laptop");
      // A certificate knows whole seconds.
      const next = (Math.floor(Date.now() / 1000) + 1) * 1000;
      while (Date.now() < next) await Bun.sleep(next - Date.now());
      expect((await psql(await certificate({ ...alice, from: 0 }, people))).stdout).toContain("*");
      expect(await refusedBecause(path)).toContain("a lost laptop");
    },
  );
});
