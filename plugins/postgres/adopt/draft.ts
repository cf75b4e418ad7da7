import type { Facts, RoleFacts, SchemaRights, Use } from "./facts.ts";

/** More tables than this are not listed one by one. */
const mostTables = 12;

/**
 * A policy file that would serve those who use the database now. What the database cannot tell stands beside it
 * as a comment that begins with CHECK. Every name is quoted: it comes from the database.
 */
export function draftPolicy(facts: Facts, now: Date): string {
  const resource = resourceName(facts.database);
  const admin = `${resource.replace(/[^A-Za-z0-9]/g, "_").toUpperCase()}_ADMIN_URL`;
  const used = facts.roles.filter(({ name }) => facts.uses.some(({ role }) => role === name));
  const idle = facts.roles.filter((role) => !used.includes(role));
  return `${[
    `// Drafted from ${comment(`${facts.host}:${facts.port}/${facts.database}`)}, PostgreSQL ${comment(facts.version)}, on ${now.toISOString().slice(0, 10)}.`,
    "// Read every line before it serves anybody. What the database could not tell begins with CHECK.",
    'import { anyone, define, gateway, machine, read, remove, write } from "postern";',
    'import { env, oidc, postgres, record, sessionRole } from "postern/plugins";',
    "",
    "export default gateway({",
    "  // CHECK: off this machine a listener needs a certificate; `postern certs` makes one to try.",
    "  listen: { postgres: { port: 6432, insecure: true } },",
    "  // CHECK: your provider. Whoever calls shows its token as password; the user name stays as it is.",
    '  identity: [oidc({ issuer: "https://login.example.com", audience: "postern" })],',
    "  always: [record()],",
    "  resources: {",
    ...renamed(facts.database, resource).map(indent(2)),
    `    // ${admin}: postgres://user:password@host/database of a role that may create roles (plugins/postgres/README.md).`,
    `    ${quoted(resource)}: postgres({`,
    `      host: ${quoted(facts.host)},`,
    ...(facts.port === 5432 ? [] : [`      port: ${facts.port},`]),
    `      database: ${quoted(facts.database)},`,
    ...(facts.tls
      ? []
      : [
          "      // CHECK: this connection was in clear. Leave it out once the server speaks TLS.",
          '      tls: "disable",',
        ]),
    `      credential: sessionRole({ admin: env(${quoted(admin)}) }),`,
    "    }),",
    "  },",
    "  rules: [",
    ...used.flatMap((role) => ruleOf(role, facts.uses, resource)).map(indent(2)),
    ...idle.flatMap((role) => unused(role, resource)).map(indent(2)),
    "    // What drivers ask for when they connect, and what touches nothing (select 1).",
    `    { name: "drivers", who: anyone, on: ${quoted(resource)}, may: [read("pg_catalog.*", "information_schema.*", "setting *", "(none)")] },`,
    "  ],",
    "});",
  ].join("\n")}\n`;
}

/** As `resources` takes it: what is left of the database's name. */
export function resourceName(database: string): string {
  const name = database.replace(/[^A-Za-z0-9_.-]/g, "_");
  return /^[A-Za-z0-9_]/.test(name) ? name : `_${name}`;
}

function renamed(database: string, resource: string): string[] {
  if (database === resource)
    return ["// Named as the database, so that clients change their host and their password alone."];
  return [
    `// CHECK: ${comment(quoted(database))} is no name for a resource; clients ask for ${comment(quoted(resource))} instead.`,
  ];
}

function ruleOf(role: RoleFacts, uses: readonly Use[], resource: string): string[] {
  const now = uses.filter(({ role: name }) => name === role.name);
  return [
    ...now.map(({ count, from, application }) =>
      comments(`${count} now from ${from}${application === "" ? "" : ` as ${application}`}`),
    ),
    ...warnings(role).map(comments),
    comments(
      `CHECK: the subject that your provider gives to whoever uses ${role.name}; one each, if they are several.`,
    ),
    ...literal(role, resource),
  ].flat();
}

function unused(role: RoleFacts, resource: string): string[] {
  return [
    comments(`CHECK: nobody was logged in as ${role.name}. Does anybody still use it?`),
    ...warnings(role).map(comments),
    ...literal(role, resource).map((line) => `// ${line}`),
  ];
}

function literal(role: RoleFacts, resource: string): string[] {
  const rights = [
    ...right("read", role, ({ readable }) => readable),
    ...right("write", role, ({ writable }) => writable),
    ...right("remove", role, ({ deletable }) => deletable),
    ...defines(role),
  ];
  return [
    "{",
    `  name: ${quoted(role.name)},`,
    `  who: machine(${quoted(role.name)}),`,
    `  on: ${quoted(resource)},`,
    ...(rights.length === 0 ? ["  may: [],"] : ["  may: [", ...rights.map((one) => `    ${one},`), "  ],"]),
    `  as: ${quoted(role.name)},`,
    "},",
  ];
}

function right(
  name: string,
  { schemas }: RoleFacts,
  of: (rights: SchemaRights) => readonly string[],
): string[] {
  const targets = schemas.flatMap((rights) => {
    const tables = of(rights);
    if (tables.length === 0) return [];
    const whole = tables.length === rights.tables || tables.length > mostTables;
    return whole ? [`${rights.schema}.*`] : tables.map((table) => `${rights.schema}.${table}`);
  });
  return targets.length === 0 ? [] : [`${name}(${targets.map(quoted).join(", ")})`];
}

function defines({ schemas }: RoleFacts): string[] {
  const targets = schemas.filter((rights) => rights.defines).map(({ schema }) => `${schema}.*`);
  return targets.length === 0 ? [] : [`define(${targets.map(quoted).join(", ")})`];
}

function warnings(role: RoleFacts): string[] {
  const { superuser, createsRoles, createsDatabases, replicates, bypassesRowSecurity, memberOf, schemas } =
    role;
  const many = schemas.filter(({ tables, ...rights }) =>
    [rights.readable, rights.writable, rights.deletable].some(
      ({ length }) => length > mostTables && length < tables,
    ),
  );
  return [
    ...(superuser
      ? [
          "CHECK: a superuser, whom no GRANT binds: name what it really needs, and let it run as another role.",
        ]
      : []),
    ...(createsRoles ? ['CHECK: may create roles; add the effect "grant" if it must.'] : []),
    ...(createsDatabases ? ["CHECK: may create databases."] : []),
    ...(replicates ? ["CHECK: may replicate, which does not pass this rule."] : []),
    ...(bypassesRowSecurity ? ["CHECK: row security does not bind it."] : []),
    ...(memberOf.length > 0 ? [`a member of ${memberOf.join(", ")}`] : []),
    ...many.map(({ schema }) => `CHECK: not all of ${schema}, but too many tables to list.`),
    ...(schemas.length > 0
      ? ['CHECK: functions of your own that it calls need execute("schema.function").']
      : []),
  ];
}

/** Escaped so that it stays on its line, in a comment as well. */
const quoted = (text: string) =>
  JSON.stringify(text).replace(/[\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16)}`);
const indent = (levels: number) => (line: string) => `${"  ".repeat(levels)}${line}`;
const comments = (text: string) => `// ${comment(text)}`;

/** Nothing that the database says ends a comment. */
function comment(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?");
}
