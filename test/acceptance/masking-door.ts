import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Canaries } from "../canary.ts";
import { Postern } from "../postern.ts";
import { type PostgresServer, type PostgresVersion, startPostgres } from "../servers/postgres.ts";
import { openWiretap, type Wiretap } from "../wiretap.ts";

/** Invented customers. Each word of a masked value is one that nothing else has. */
const customers = [
  { id: 1, city: "Ulm", email: "quimby.zorblax@vextrap.example", card: "4929135724688642" },
  { id: 2, city: "Bonn", email: "wixhol.drumpet@klasvig.example", card: "5393814705926137" },
] as const;

const words = customers.flatMap(({ email, card }) => [
  ...email.replace(".example", "").split(/[.@]/),
  card.slice(0, 8),
  card.slice(8),
]);

/** All that must be in no byte: words of masked values in any case, backwards, and their digests. */
export const canaries = new Canaries(
  ...words.flatMap((word) => [
    word,
    word.toUpperCase(),
    // A part of a word, as far as an error code or a year's place quotes it.
    ...(/^[a-z]/.test(word) ? [word.slice(0, 4), word.slice(0, 5).toUpperCase()] : []),
    word.slice(0, 1).toUpperCase() + word.slice(1),
    [...word].toReversed().join(""),
  ]),
  ...customers.flatMap(({ email }) =>
    (["md5", "sha1", "sha256"] as const).map((name) =>
      new Bun.CryptoHasher(name).update(email).digest("hex"),
    ),
  ),
);

export const guesses = words;

const schema = `
create table customers (
  id int primary key, email text, card varchar(40), city text, tags text[], profile jsonb,
  loud text generated always as (upper(email)) stored, constraint customers_email_key unique (email)
);
${customers
  .map(
    ({ id, email, card, city }) => `insert into customers (id, email, card, city, tags, profile)
values (${id}, '${email}', '${card}', '${city}', '{gold,old}', '{"mail": "${email}", "n": [{"card": "${card}"}]}');`,
  )
  .join("\n")}
create table orders (id int primary key, customer int references customers, note text check (note <> 'never'));
insert into orders values (1, 1, 'Ulm'), (2, 2, 'Bonn');
create view contacts as select id, email as reach, lower(email) as low, city from customers;
create view reached as select reach as r, low || '' as l, city as c from contacts;
create view whole as select c as everything, city from customers c;
create materialized view stored as select id, email as mail, city from customers;
create table events (id int, email text, city text) partition by range (id);
create table events_low partition of events for values from (0) to (10);
insert into events select id, email, city from customers;
create table persons (city text, email text);
create table employees (boss text) inherits (persons);
insert into employees (city, email) select city, email from customers;
create type contact as (mail text, place text);
create function mail_of(int) returns text language sql stable as 'select email from public.customers where id = $1';
create function mails() returns setof text language sql stable as 'select email from public.customers';
create function contact_of(int) returns contact language sql stable as 'select row(email, city)::public.contact from public.customers where id = $1';
create function rows_of() returns table (a text, b text) language plpgsql stable as 'begin return query select email, city from public.customers; end';
create function same(anyelement) returns anyelement language sql immutable as 'select $1';
create function loudly(text) returns text language plpgsql as 'begin raise notice ''%'', $1; raise warning ''seen %'', $1; return ''said''; end';
create function fails(text) returns text language plpgsql as $$ begin raise exception using
  message = $1, detail = $1, hint = $1, errcode = upper(substr($1, 1, 5)), column = $1, constraint = $1, datatype = $1, table = $1, schema = $1; end $$;
create function runs(text) returns int language plpgsql as $$ begin execute 'select ' || quote_ident($1); return 1; end $$;
create function strict_int(text) returns int language sql as 'select $1::int';
create domain plain_text as text check (value !~ '@');
select lo_from_bytea(4711, (select string_agg(email, ',')::bytea from customers));
analyze;`;

/** A gateway before a real server, tapped: what it sends is kept to the last byte. */
export class MaskingDoor {
  constructor(
    readonly server: PostgresServer,
    readonly gateway: Postern,
    readonly wire: Wiretap,
    readonly folder: string,
  ) {}

  async token(group: string): Promise<string> {
    const { stdout, stderr, code } = await this.gateway.postern(
      ["token", "mint", "--subject", "sam", "--group", group],
      undefined,
    );
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  async close(): Promise<void> {
    await this.wire.close();
    await this.gateway.kill();
    await this.server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export async function openMaskingDoor(version: PostgresVersion): Promise<MaskingDoor> {
  const folder = mkdtempSync(join(tmpdir(), "postern-masking-"));
  const server = await startPostgres({ version });
  await server.sql(schema);
  const policy = join(folder, "policy.ts");
  writeFileSync(
    policy,
    `import { gateway, group } from "postern";
import { env, hash, local, mask, postgres } from "postern/plugins";
const columns = ["email", "card", "customers.profile"];
const may = "all";
const hashed = mask({ columns, strategy: hash(env("MASK_KEY")), copied: "allow" });
export default gateway({
  listen: { postgres: { host: "127.0.0.1", port: 0, insecure: true } },
  identity: [local()],
  limits: { sessionsPerIdentity: 500 },
  resources: {
    shop: postgres({
      host: "127.0.0.1", port: ${server.port}, database: "postgres", user: "postgres", credential: env("DATABASE_PASSWORD"),
    }),
  },
  rules: [
    { who: group("masked"), on: "shop", may, under: [mask({ columns, copied: "allow" })] },
    { who: group("partly"), on: "shop", may, under: [mask({ columns, strategy: "partial", copied: "allow" })] },
    { who: group("hashed"), on: "shop", may, under: [hashed] },
    { who: group("keeping"), on: "shop", may, under: [mask({ columns })] },
    { who: group("unasking"), on: "shop", may, under: [mask({ columns, predicates: "deny" })] },
  ],
});
`,
  );
  const gateway = new Postern(policy, join(folder, "data"), join(folder, "gateway.log"), {
    DATABASE_PASSWORD: server.password,
    MASK_KEY: "a key of enough length for pseudonyms",
  });
  try {
    await gateway.start();
    return new MaskingDoor(server, gateway, await openWiretap(gateway.port), folder);
  } catch (error) {
    await gateway.kill();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}
