import { afterAll, beforeAll, describe, expect } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { run } from "../clients/client.ts";
import { libpq18 } from "../clients/psql.ts";
import { needs, testWith } from "../needs.ts";
import { openSecureDoor, type SecureDoor } from "./secure-door.ts";

/** Where psql connects; as whom, the environment says. */
interface Side {
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

interface Form {
  /** Behind host, port, database and user; `CA`, `OTHER`, `CERT` and `KEY` are paths. */
  readonly options: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** What is asked; `select 1` if nothing is. */
  readonly asks?: string;
  /** By SCRAM, with a credential that was issued. */
  readonly issued?: true;
  /** Only libpq 18 knows it. */
  readonly newer?: true;
  /** Direct, too, nobody comes in that way. */
  readonly fails?: true;
}

const forms: readonly Form[] = [
  { options: "sslmode=disable", fails: true },
  { options: "sslmode=allow" },
  { options: "sslmode=prefer" },
  { options: "sslmode=require" },
  { options: "sslmode=verify-ca sslrootcert=CA" },
  { options: "sslmode=verify-full sslrootcert=CA" },
  { options: "sslmode=verify-ca sslrootcert=OTHER", fails: true },
  { options: "sslmode=verify-full sslrootcert=CA host=127.0.0.2", fails: true },
  { options: "sslmode=verify-full sslrootcert=CA sslsni=0 ssl_min_protocol_version=TLSv1.3" },
  { options: "sslmode=require ssl_max_protocol_version=TLSv1.2" },
  { options: "sslmode=verify-full sslrootcert=CA sslcert=CERT sslkey=KEY" },
  { options: "sslmode=verify-full sslrootcert=CA sslnegotiation=direct", newer: true },
  {
    options: "sslmode=verify-full sslrootcert=CA sslnegotiation=direct channel_binding=require",
    newer: true,
    issued: true,
  },
  { options: "sslmode=verify-full sslrootcert=CA channel_binding=require", issued: true },
  { options: "sslmode=require channel_binding=disable", issued: true },
  { options: "sslmode=require require_auth=scram-sha-256", newer: true, issued: true },
  { options: "sslmode=require require_auth=none", newer: true, fails: true },
  { options: "sslmode=require gssencmode=prefer" },
  {
    options: "sslmode=require gssencmode=disable connect_timeout=5 keepalives_idle=10 tcp_user_timeout=10000",
  },
  { options: "sslmode=require min_protocol_version=3.2 max_protocol_version=latest", newer: true },
  { options: "sslmode=require max_protocol_version=3.0", newer: true },
  ...["any", "read-write", "primary", "prefer-standby"].map((target) => ({
    options: `sslmode=require target_session_attrs=${target}`,
    asks: "show transaction_read_only",
  })),
  { options: "sslmode=require target_session_attrs=read-only", fails: true },
  { options: "sslmode=require target_session_attrs=standby", fails: true },
  { options: "sslmode=require host=localhost,localhost port=1,PORT" },
  { options: "sslmode=require host=localhost,localhost port=PORT,1 target_session_attrs=read-write" },
  {
    options: "sslmode=require host=localhost,localhost port=PORT,PORT load_balance_hosts=random",
    newer: true,
  },
  { options: "sslmode=require hostaddr=127.0.0.1 host=localhost" },
  { options: "sslmode=require client_encoding=auto application_name= fallback_application_name=psql" },
  {
    options: "sslmode=require options='-c statement_timeout=7s -c TimeZone=UTC'",
    asks: "show statement_timeout",
  },
  {
    options: "sslmode=require",
    environment: { PGOPTIONS: "-c extra_float_digits=0 --datestyle=German", PGTZ: "Asia/Tokyo" },
    asks: "select 0.1::float8 + 0.2::float8, timestamptz '2024-01-01 00:00+00'",
  },
];

/** What libpq lets people write down, and what a server of one's own would make of it. */
describe("must hold 1: forms of login, TLS and options of libpq, as with the server itself", () => {
  const lacks = [needs.postgres18, needs.psql] as const;
  let door: SecureDoor;
  let byToken: Side;
  let byProof: Side;
  let direct: Side;
  beforeAll(async () => {
    if (lacks.some((lack) => lack !== undefined)) return;
    door = await openSecureDoor({
      version: 18,
      resource: 'tls: "verify-full", ...certs, channelBinding: "require"',
      serverAsks: true,
    });
    const { port, user, password } = door.server;
    const at = { port: door.port, database: "shop" };
    direct = { port, user, password, database: "postgres" };
    byToken = { ...at, user: "olga", password: await door.token("olga", "owners") };
    byProof = { ...at, ...(await door.credential("olga", "owners")) };
    chmodSync(door.file("alice.key"), 0o600);
  });
  afterAll(() => door?.close());

  const files = (text: string, { port }: Side) =>
    text
      .replace("CA", door.file("ca.crt"))
      .replace("OTHER", door.file("other/ca.crt"))
      .replace("CERT", door.file("alice.crt"))
      .replace("KEY", door.file("alice.key"))
      .replaceAll("PORT", String(port));

  /** Whether it came in, and what it was answered. */
  async function answered(
    side: Side,
    { options, environment = {}, asks = "select 1" }: Form,
    newer: boolean,
  ) {
    // The server here takes nobody without a certificate.
    const shown = side === direct && !options.includes("sslcert") ? "sslcert=CERT sslkey=KEY" : "";
    const where = `host=localhost port=${side.port} dbname=${side.database} user=${side.user} ${shown} ${options}`;
    const library = newer ? { LD_LIBRARY_PATH: libpq18 } : {};
    const { code, stdout } = await run(
      ["/usr/lib/postgresql/15/bin/psql", "-XAtqw", "-c", asks, files(where, side)],
      { PGPASSWORD: side.password, PGOPTIONS: "", ...library, ...environment },
    );
    return { came: code === 0, stdout };
  }

  for (const form of forms) {
    const { options, environment, issued, fails } = form;
    for (const newer of form.newer ? [true] : [false, true]) {
      const name = `libpq ${newer ? 18 : 15}: ${options}${environment ? ` ${JSON.stringify(environment)}` : ""}`;
      testWith(...lacks)(name, async () => {
        const expected = await answered(direct, form, newer);
        expect(expected.came).toBe(fails !== true);
        expect(await answered(issued ? byProof : byToken, form, newer)).toEqual(expected);
      });
    }
  }

  testWith(...lacks)("a service file, and a password file", async () => {
    const { port, user, password } = byToken;
    const [services, passwords] = [door.file("pg_service.conf"), door.file("pgpass")];
    const settings = {
      host: "localhost",
      port,
      dbname: "shop",
      user,
      sslmode: "verify-full",
      sslrootcert: door.file("ca.crt"),
    };
    writeFileSync(
      services,
      ["[gateway]", ...Object.entries(settings).map(([name, value]) => `${name}=${value}`), ""].join("\n"),
    );
    writeFileSync(passwords, `localhost:${port}:shop:${user}:${password}\n`, { mode: 0o600 });
    const { stdout, stderr } = await run(
      ["/usr/lib/postgresql/15/bin/psql", "-XAtqw", "-c", "select current_database()"],
      {
        ...{ PGSERVICE: "gateway", PGSERVICEFILE: services, PGPASSFILE: passwords, PGPASSWORD: "" },
      },
    );
    expect([stdout, stderr]).toEqual(["postgres\n", ""]);
  });
});
