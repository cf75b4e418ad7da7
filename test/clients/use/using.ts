import { environment, type Target } from "../../suites/target.ts";
import { run } from "../client.ts";

/** What a client was used for, and what each use showed: the same, direct and through the gateway. */
export interface Used {
  readonly version: string;
  /** By use: all that could be seen of it. */
  readonly did: Readonly<Record<string, string>>;
}

/** A client as people use it, with all that it has of its own. */
export interface UsedClient {
  readonly name: string;
  /** Why it cannot run here; undefined: it can. */
  readonly lacks: string | undefined;
  /** It takes no server newer than this. */
  readonly newest?: number;
  /** It takes long: only the long run does it. */
  readonly slow?: true;
  /** `folder` is empty. */
  use(target: Target, folder: string): Promise<Used>;
}

/** One client, and the servers with which all that it did was the same through the gateway. */
export interface UsesResult {
  readonly client: string;
  readonly version: string;
  readonly uses: readonly string[];
  readonly servers: readonly number[];
}

/** The database of all uses. */
export const database = "postgres";

/** What uses find, made anew before each run of a client. */
export const found = `
  drop schema if exists fid cascade;
  create schema fid;
  create sequence fid.turns;
  create table fid.items (id int primary key, name text, price numeric(10, 2), made timestamptz, tags text[], raw bytea, more jsonb);
  insert into fid.items select n, 'item ' || n, n * 1.25, '2024-02-29 12:00+00'::timestamptz + n * interval '1 hour',
    array['a' || n, null, 'c,"d'], decode(lpad(to_hex(n), 4, '0'), 'hex'), jsonb_build_object('n', n, 'o', jsonb_build_array(n, null))
    from generate_series(1, 50) n;
  create table fid.copied (like fid.items including all);
  create view fid.dear as select id, name, price from fid.items where price > 30;
  create function fid.twice(n int) returns int language sql immutable as 'select n * 2';
  create function fid.rows(most int) returns setof fid.items language sql as 'select * from fid.items where id <= most order by id';
  create procedure fid.add(n int) language plpgsql as 'begin insert into fid.copied (id) values (n); raise notice ''added %'', n; end';
  comment on table fid.items is 'What there is';
`;

/** All that a command printed, and how it ended. */
export async function said(
  target: Target,
  command: readonly string[],
  stdin = "",
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(command, { ...environment(target, database), ...more }, stdin);
  return `${stdout}${stderr}${code}`;
}

/** A program that prints a `Used` as JSON. It learns where to connect from the variables that libpq reads. */
export async function told(target: Target, command: readonly string[]): Promise<Used> {
  const { code, stdout, stderr } = await run(command, environment(target, database));
  if (code !== 0) throw new Error(`${command.join(" ")}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as Used;
}
