import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { needs } from "../../needs.ts";
import type { Target } from "../../suites/target.ts";
import { printed } from "../client.ts";
import { libpq18, versionIn } from "../psql.ts";
import { said, type Used, type UsedClient } from "./using.ts";

/** What is typed, by what of psql it uses. `FOLDER` is the client's own. */
const typed: Readonly<Record<string, string>> = {
  "`\\copy`": `\\copy fid.items to 'FOLDER/items.csv' csv header
\\copy fid.copied from 'FOLDER/items.csv' csv header
\\copy (select * from fid.copied order by id) to stdout
\\copy fid.copied from 'FOLDER/items.csv' csv header
\\copy fid.none from stdin`,
  "`COPY … STDIN`": `copy fid.copied (id, name) from stdin;
1	one
2	\\N
\\.
copy fid.copied (id) from stdin with (format csv);
no number
\\.
select id, name from fid.copied;`,
  "`\\watch`": "select 1 / (3 - nextval('fid.turns')) \\watch 0.01",
  "`\\lo_import`, `\\lo_export`": `\\lo_import 'FOLDER/large' 'a comment'
select obj_description(:LASTOID, 'pg_largeobject'), length(lo_get(:LASTOID));
\\lo_export :LASTOID 'FOLDER/large.out'
\\lo_unlink :LASTOID
\\lo_list`,
  "`\\gexec`": `select format('create table fid.made_%s (n int)', n) from generate_series(1, 3) n \\gexec
\\dt fid.made*
select 'select 1/0' union all select 'select 2' \\gexec`,
  "`\\gdesc`": "select id, price as cost, tags, now() from fid.items \\gdesc",
  "`\\gset`, `\\gx`": `select count(*) as many, max(name) as last from fid.items \\gset
\\echo :many :last
select * from fid.items where id = :many \\gx`,
  "`\\crosstabview`":
    "select id % 3 as row, id % 2 as col, count(*) from fid.items group by 1, 2 order by 1, 2 \\crosstabview",
  "`\\password`": `create role fid_user;
\\password fid_user
a new password
a new password
select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'fid_user';
drop role fid_user;`,
  "`\\d`": "\\d fid.items\n\\d+ fid.dear\n\\df fid.*\n\\sf fid.twice\n\\dp fid.*\n\\dd fid.*\n\\di+ fid.*",
  "`\\errverbose`":
    "select nothing from fid.items;\n\\errverbose\ninsert into fid.items (id) values (1);\n\\errverbose",
  "`FETCH_COUNT`": "\\set FETCH_COUNT 7\nselect id, name from fid.items order by id;",
  "`ON_ERROR_ROLLBACK`":
    "\\set ON_ERROR_ROLLBACK on\nbegin;\ninsert into fid.copied (id) values (9);\nselect 1/0;\ncommit;\nselect count(*) from fid.copied;",
  "notices, `LISTEN`": "call fid.add(3);\nlisten fid;\nnotify fid, 'a payload';\nselect 1;",
  "`PREPARE`":
    "prepare p (int, text) as select $1 + 1, $2;\nexecute p(4, 'x');\ndeallocate p;\nexecute p(4, 'x');",
  cursors:
    "begin;\ndeclare c scroll cursor with hold for select id from fid.items order by id;\nfetch 3 from c;\nfetch backward 1 from c;\ncommit;\nfetch last from c;\nclose c;",
  "many statements in one": "select 1 \\; select 2 \\; select 1/0 \\; select 3;\nselect 4;",
};

/** Longer than the buffers on its way. */
const large = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 31) % 251));

export const psqlUse = usedPsql("psql over libpq 15", {});
export const psql18Use = usedPsql("psql over libpq 18", { LD_LIBRARY_PATH: libpq18 }, needs.postgres18);

function usedPsql(name: string, environment: Readonly<Record<string, string>>, lacks?: string): UsedClient {
  return {
    name,
    lacks: needs.psql ?? lacks,
    async use(target, folder): Promise<Used> {
      writeFileSync(join(folder, "large"), large);
      const did: Record<string, string> = {};
      for (const [what, script] of Object.entries(typed))
        did[what] = await type(target, folder, script, environment);
      const back = readFileSync(join(folder, "large.out"));
      did["`\\lo_import`, `\\lo_export`"] += `, the same: ${back.equals(large)}`;
      return { version: versionIn(await printed(["psql", "--version"])), did };
    },
  };
}

/** Without a terminal, so that a password is read from what is typed. */
async function type(
  target: Target,
  folder: string,
  script: string,
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const command = ["setsid", "-w", "/usr/lib/postgresql/15/bin/psql", "-XtA", "-v", "VERBOSITY=verbose"];
  const out = await said(target, command, `${script.replaceAll("FOLDER", folder)}\n`, environment);
  // Numbers that the server hands out: of a large object, of its own process.
  return out.replaceAll(/(?<=lo_\w+ )\d+|with PID \d+/g, "").replaceAll(folder, "FOLDER");
}
