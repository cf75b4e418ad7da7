import { type Adopter, isLoopback, PosternError } from "../../../core/plugin.ts";
import { type Account, accountOf, type PostgresConfig } from "../config.ts";
import { Control } from "../control.ts";
import { ownSettings } from "../dial.ts";
import { connectAs } from "../log-in.ts";
import { draftPolicy } from "./draft.ts";
import { survey } from "./survey.ts";

/** Drafts a policy from a database's roles, their rights and who is logged in now. */
export const postgresAdopter: Adopter = {
  schemes: ["postgres", "postgresql"],
  async draft(address, environment) {
    const { account, config } = reached(address, environment);
    const control = new Control();
    const dial = () =>
      connectAs(account, config, ownSettings("postern adopt")).catch((error) => forOperator(error, account));
    try {
      const facts = await survey((text, parameters) => control.query(dial, text, parameters), {
        host: account.host,
        port: account.port,
        database: account.database,
        tls: config.tls !== "disable",
      });
      return draftPolicy(facts, new Date());
    } finally {
      await control.close();
    }
  },
};

/** Whoever runs this is the operator, and there is no log: the server's own words. */
function forOperator(error: unknown, { password }: Account): never {
  if (!(error instanceof PosternError)) throw error;
  if (error.code === "resource.login" && password === undefined) {
    throw new PosternError(error.code, "The database asks for a password.", { hint: "Set PGPASSWORD." });
  }
  if (!(error.cause instanceof Error)) throw error;
  throw new PosternError(error.code, `${error.message} It says: ${error.cause.message}`, {
    hint: "Look at the address and at PGPASSWORD.",
    cause: error.cause,
  });
}

/** As libpq reads it, as far as it goes: `sslmode` and `sslrootcert` in the query, `PGPASSWORD` for the password. */
function reached(
  address: string,
  { PGPASSWORD: password }: Readonly<Record<string, string | undefined>>,
): { account: Account; config: PostgresConfig } {
  const url = URL.parse(address);
  if (!url || url.hostname === "") {
    throw new PosternError("adopt.address", "That is no address of a database.", {
      hint: "Write postgres://user@host:5432/database, with the password in PGPASSWORD.",
    });
  }
  const host = decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, "$1"));
  const mode = url.searchParams.get("sslmode") ?? (isLoopback(host) ? "disable" : "verify-full");
  const tls = modes[mode];
  if (tls === undefined) {
    throw new PosternError("adopt.address", `sslmode=${mode} is not known here.`, {
      hint: `Write one of ${Object.keys(modes).join(", ")}.`,
    });
  }
  const ca = url.searchParams.get("sslrootcert");
  const config: PostgresConfig = { host, tls, ...(ca === null ? {} : { ca }) };
  const plain = new URL(address);
  plain.search = "";
  if (plain.password === "" && password !== undefined) plain.password = encodeURIComponent(password);
  return { account: accountOf(config, plain.href), config };
}

const modes: Readonly<Record<string, NonNullable<PostgresConfig["tls"]>>> = {
  disable: "disable",
  require: "require",
  "verify-ca": "verify-ca",
  "verify-full": "verify-full",
};
